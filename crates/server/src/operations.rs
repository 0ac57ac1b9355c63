//! What was done to data sources, for `tinybird.datasources_ops_log`.

use std::time::Instant;

use axum::http::StatusCode;
use birdhouse_deploy::{LiveDatasource, LiveView};
use birdhouse_ingest::Loaded;
use birdhouse_telemetry::{DatasourceOperation, OperationType, Recorder, StoredBlock};
use jiff::Timestamp;

use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::import::{Import, Imported, Mode};

/// Records the operations of one request, also when they outlive it.
#[derive(Debug, Clone)]
pub(crate) struct Operations {
    recorder: Recorder,
    request_id: String,
    import_id: Option<String>,
    job_id: Option<String>,
    release: String,
    began: Instant,
    began_at: Timestamp,
}

/// A data source, by id and name.
type Named<'a> = (&'a str, &'a str);

impl Operations {
    /// Returns the operations of a request.
    pub(crate) fn of(ctx: &RequestContext, app: &App) -> Self {
        Self {
            recorder: ctx.recorder(app),
            request_id: ctx.request_id.clone(),
            import_id: None,
            job_id: None,
            release: ctx.caller.workspace.live.id.to_string(),
            began: ctx.started,
            began_at: ctx.started_at,
        }
    }

    /// Returns them as those of a job that begins now.
    pub(crate) fn of_job(&self, job_id: &str) -> Self {
        Self {
            job_id: Some(job_id.to_owned()),
            began: Instant::now(),
            began_at: Timestamp::now(),
            ..self.clone()
        }
    }

    /// Records an import: a replacement with the data sources that were rebuilt with it, and an append
    /// of which nothing was taken. Rows that were taken are recorded when they are stored.
    pub(crate) fn record_import(
        &self,
        import: &Import,
        imported: &Imported,
        error: Option<&ApiError>,
    ) {
        let this = Self {
            import_id: Some(import.import_id.clone()),
            ..self.clone()
        };
        let mut loaded = imported.loaded;
        if error.is_some() {
            // They were loaded, but nobody will see them.
            loaded.rows = 0;
            loaded.written_rows = loaded.quarantined_rows;
        }
        let datasource = &import.datasource;
        match (&import.mode, error) {
            (Mode::Append, None) => {}
            (Mode::Append, Some(error)) => {
                if error.status != StatusCode::UNPROCESSABLE_ENTITY {
                    this.record_rows(
                        OperationType::Append,
                        datasource,
                        &Loaded::default(),
                        Some(error),
                    );
                }
            }
            (Mode::Replace { .. }, error) => {
                this.record_rows(OperationType::Replace, datasource, &loaded, error);
                for view in datasource.views.iter().filter(|_| error.is_none()) {
                    this.record_view(OperationType::Replace, view, &loaded);
                }
            }
        }
    }

    /// Records a part of a file that was taken.
    pub(crate) fn record_block(&self, block: StoredBlock) {
        self.recorder.record_block(block);
    }

    /// Records that rows went.
    pub(crate) fn record_removal(
        &self,
        event_type: OperationType,
        (id, name): Named<'_>,
        options: Vec<(String, String)>,
        result: Result<Option<u64>, &ApiError>,
    ) {
        let operation = DatasourceOperation {
            rows: result.ok().flatten(),
            options,
            ..DatasourceOperation::new(self.began_at, event_type, id, name)
        };
        self.record(operation, result.err());
    }

    fn record_rows(
        &self,
        event_type: OperationType,
        datasource: &LiveDatasource,
        loaded: &Loaded,
        error: Option<&ApiError>,
    ) {
        let operation = DatasourceOperation {
            rows: Some(loaded.rows),
            rows_quarantine: Some(loaded.quarantined_rows),
            written_rows: loaded.written_rows.saturating_sub(loaded.quarantined_rows),
            written_bytes: loaded.written_bytes,
            written_rows_quarantine: loaded.quarantined_rows,
            ..DatasourceOperation::new(self.began_at, event_type, &datasource.id, &datasource.name)
        };
        self.record(operation, error);
    }

    fn record_view(&self, event_type: OperationType, view: &LiveView, loaded: &Loaded) {
        let operation = DatasourceOperation {
            read_rows: loaded.rows,
            pipe_id: view.pipe_id.clone(),
            pipe_name: view.pipe.clone(),
            ..DatasourceOperation::new(self.began_at, event_type, &view.target_id, &view.target)
        };
        self.record(operation, None);
    }

    fn record(&self, operation: DatasourceOperation, error: Option<&ApiError>) {
        self.recorder.record_operation(DatasourceOperation {
            elapsed: self.began.elapsed(),
            error: error.map(|error| error.message.clone()),
            request_id: self.request_id.clone(),
            import_id: self.import_id.clone(),
            job_id: self.job_id.clone(),
            operation_id: self.request_id.clone(),
            release: self.release.clone(),
            ..operation
        });
    }
}
