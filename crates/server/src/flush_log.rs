//! Stored batches in the operations log: what was appended, and which views ran on it.

use std::sync::Arc;

use birdhouse_catalog::Catalog;
use birdhouse_ingest::{FlushObserver, FlushReport, Operation, OriginRows};
use birdhouse_telemetry::{DatasourceOperation, OperationType, Recorder};

use crate::app::LiveWorkspaces;

/// Records what the ingestion stores.
pub struct FlushLog {
    live: Arc<LiveWorkspaces>,
    catalog: Arc<Catalog>,
    recorder: Recorder,
}

impl FlushLog {
    /// Returns a log that looks names up in `live` and writes to `recorder`.
    #[must_use]
    pub fn new(live: Arc<LiveWorkspaces>, catalog: Arc<Catalog>, recorder: Recorder) -> Self {
        Self {
            live,
            catalog,
            recorder,
        }
    }
}

impl FlushObserver for FlushLog {
    fn is_deleted(&self, database: &str) -> bool {
        let view = self.catalog.view();
        let mut databases = view.workspaces().iter().map(|w| &w.workspace.database);
        databases.all(|known| known != database)
    }

    fn flushed(&self, report: &FlushReport) {
        let view = self.catalog.view();
        let workspace = (view.workspaces().iter())
            .find(|workspace| workspace.workspace.database == report.source.database);
        let Some(workspace) = workspace else {
            return;
        };
        if let Some(failed) = report.failed.as_ref().filter(|failed| failed.is_view) {
            self.live
                .view_failed(workspace.workspace.id, &report.source, &failed.reason);
        }
        let live = self.live.of(workspace.workspace.id);
        // Rows are stored by table.
        let table = &report.source.datasource;
        let mut datasources = live.datasources.values();
        let Some(datasource) = datasources.find(|datasource| datasource.table == *table) else {
            return;
        };
        let recorder = self.recorder.of(&report.source.database);
        let release = workspace.live.id.to_string();
        for rows in &report.origins {
            let common = |operation: DatasourceOperation| DatasourceOperation {
                elapsed: report.elapsed,
                error: report.failed.as_ref().map(|failed| failed.reason.clone()),
                request_id: rows.origin.request_id.clone(),
                import_id: rows.origin.import_id.clone(),
                operation_id: rows.origin.request_id.clone(),
                release: release.clone(),
                ..operation
            };
            let (written_rows, written_bytes) = written(report, rows);
            let (event_type, at) = (event_type(rows), rows.origin.at);
            let is_part = rows.origin.operation == Operation::Copy && report.failed.is_none();
            let operation = common(DatasourceOperation {
                rows: Some(rows.rows),
                rows_quarantine: Some(rows.quarantined_rows),
                written_rows: written_rows.saturating_sub(rows.quarantined_rows),
                written_bytes,
                written_rows_quarantine: rows.quarantined_rows,
                ..DatasourceOperation::new(at, event_type, &datasource.id, &datasource.name)
            });
            // A copy is recorded as a whole.
            if !is_part {
                recorder.record_operation(operation);
            }
            if rows.rows == 0 {
                continue;
            }
            for view in &datasource.views {
                let operation = DatasourceOperation::new(
                    at,
                    OperationType::Append,
                    &view.target_id,
                    &view.target,
                );
                recorder.record_operation(common(DatasourceOperation {
                    read_rows: rows.rows,
                    pipe_id: view.pipe_id.clone(),
                    pipe_name: view.pipe.clone(),
                    ..operation
                }));
            }
        }
    }
}

/// Returns what the engine wrote for one origin; what views wrote is known for the batch only.
fn written(report: &FlushReport, rows: &OriginRows) -> (u64, u64) {
    match report.origins.len() {
        1 => (report.written_rows, report.written_bytes),
        _ => (rows.rows + rows.quarantined_rows, 0),
    }
}

fn event_type(rows: &OriginRows) -> OperationType {
    match rows.origin.operation {
        Operation::Events => OperationType::AppendHfi,
        Operation::Import => OperationType::Append,
        Operation::Copy => OperationType::Copy,
    }
}
