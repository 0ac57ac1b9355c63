//! What was done to data sources, for `tinybird.datasources_ops_log`.

use std::time::Instant;

use birdhouse_deploy::{LiveDatasource, LiveView};
use birdhouse_ingest::Appended;
use birdhouse_telemetry::{DatasourceOperation, OperationType, Recorder};
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
            recorder: app.recorder.clone(),
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

    /// Records an append, and the views that ran.
    pub(crate) fn record_append(
        &self,
        event_type: OperationType,
        datasource: &LiveDatasource,
        result: Result<&Appended, &ApiError>,
    ) {
        let appended = result.copied().unwrap_or_default();
        self.record_rows(event_type, datasource, &appended, result.err());
        if appended.rows == 0 && result.is_ok() {
            return;
        }
        for view in &datasource.views {
            self.record_view(OperationType::Append, view, &appended, result.err());
        }
    }

    /// Records an import, and the data sources that were filled or rebuilt with it.
    pub(crate) fn record_import(
        &self,
        import: &Import,
        imported: &Imported,
        error: Option<&ApiError>,
    ) {
        let import_id = Some(import.import_id.clone());
        let this = Self {
            import_id,
            ..self.clone()
        };
        let event_type = match import.mode {
            Mode::Append => OperationType::Append,
            Mode::Replace { .. } => OperationType::Replace,
        };
        let datasource = &import.datasource;
        let mut appended = imported.appended;
        if error.is_some() && event_type == OperationType::Replace {
            // They were loaded, but nobody will see them.
            appended.rows = 0;
            appended.written_rows = appended.quarantined_rows;
        }
        this.record_rows(event_type, datasource, &appended, error);
        let had_effect = error.is_none() && (appended.rows > 0 || imported.replaced.is_some());
        for view in datasource.views.iter().filter(|_| had_effect) {
            this.record_view(event_type, view, &appended, None);
        }
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
        appended: &Appended,
        error: Option<&ApiError>,
    ) {
        let operation = DatasourceOperation {
            rows: Some(appended.rows),
            rows_quarantine: Some(appended.quarantined_rows),
            written_rows: appended
                .written_rows
                .saturating_sub(appended.quarantined_rows),
            written_bytes: appended.written_bytes,
            written_rows_quarantine: appended.quarantined_rows,
            ..DatasourceOperation::new(self.began_at, event_type, &datasource.id, &datasource.name)
        };
        self.record(operation, error);
    }

    fn record_view(
        &self,
        event_type: OperationType,
        view: &LiveView,
        appended: &Appended,
        error: Option<&ApiError>,
    ) {
        let operation = DatasourceOperation {
            read_rows: appended.rows,
            pipe_id: view.pipe_id.clone(),
            pipe_name: view.pipe.clone(),
            ..DatasourceOperation::new(self.began_at, event_type, &view.target_id, &view.target)
        };
        self.record(operation, error);
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
