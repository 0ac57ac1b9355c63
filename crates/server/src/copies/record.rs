//! Runs in the operations log.

use std::time::Instant;

use birdhouse_ingest::GatheredRows;
use birdhouse_jobs::JobContext;
use birdhouse_telemetry::{DatasourceOperation, OperationType};
use jiff::Timestamp;

use super::{CopyRun, OPTIONS, mode_name};
use crate::app::App;

/// What a run has done.
#[derive(Debug)]
pub(super) struct Done {
    began: Instant,
    began_at: Timestamp,
    /// What was gathered.
    pub(super) rows: GatheredRows,
    /// Whether it took the place of other rows.
    pub(super) is_replaced: bool,
}

impl Done {
    /// Nothing so far.
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            began_at: Timestamp::now(),
            rows: GatheredRows::default(),
            is_replaced: false,
        }
    }
}

impl CopyRun {
    /// Records a run that has ended, for `tinybird.datasources_ops_log`.
    pub(super) fn record(&self, app: &App, job: &JobContext, done: &Done, error: Option<&str>) {
        let view = app.catalog.view();
        let Some(workspace) = view.workspace(self.workspace) else {
            return;
        };
        let details = job.details();
        let recorder = app.recorder(&workspace.workspace);
        let common = |operation: DatasourceOperation| DatasourceOperation {
            elapsed: done.began.elapsed(),
            error: error.map(str::to_owned),
            request_id: self.request_id.clone(),
            job_id: Some(job.id().to_string()),
            operation_id: self.request_id.clone(),
            release: workspace.live.id.to_string(),
            ..operation
        };
        let rows = if error.is_none() { done.rows.rows } else { 0 };
        let mut options = vec![("mode".to_owned(), mode_name(self.mode).to_owned())];
        options.extend(self.params.clone().without(&OPTIONS).for_log());
        recorder.record_operation(common(DatasourceOperation {
            options,
            rows: Some(rows),
            written_rows: rows,
            read_rows: done.rows.summary.read_rows,
            read_bytes: done.rows.summary.read_bytes,
            pipe_id: details.pipe_id.clone(),
            pipe_name: details.pipe.clone(),
            ..DatasourceOperation::new(
                done.began_at,
                OperationType::Copy,
                &details.datasource_id,
                &details.datasource,
            )
        }));
        if !done.is_replaced {
            // Views that ran on appended rows are recorded with these.
            return;
        }
        let live = app.live(self.workspace);
        let target = live.datasource(&details.datasource_id);
        for view in target.iter().flat_map(|target| &target.views) {
            let operation = DatasourceOperation::new(
                done.began_at,
                OperationType::Replace,
                &view.target_id,
                &view.target,
            );
            recorder.record_operation(common(DatasourceOperation {
                read_rows: rows,
                pipe_id: view.pipe_id.clone(),
                pipe_name: view.pipe.clone(),
                ..operation
            }));
        }
    }
}
