//! What all ways of appending share: decode, store, record.

use std::sync::Arc;

use axum::http::StatusCode;
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::{
    AppendError, AppendOptions, Appended, DecodeError, DecodeOptions, Format, Schema,
};
use birdhouse_telemetry::{DatasourceOperation, OperationType};
use bytes::Bytes;

use crate::app::App;
use crate::context::RequestContext;
use crate::error::{ApiError, status_of_kind};

/// One append, as asked for.
pub(crate) struct Append {
    /// Where to.
    pub(crate) datasource: Arc<LiveDatasource>,
    /// How to read the body.
    pub(crate) format: Format,
    /// Which way the rows came.
    pub(crate) operation: OperationType,
    /// Id of the import, for files.
    pub(crate) import_id: Option<String>,
}

impl Append {
    /// Stores the rows of `body` and records the operation.
    ///
    /// Runs to its end also when the client goes away: a half-stored batch would be in the data
    /// source but not in its materialized views.
    ///
    /// # Errors
    /// 400 when the body makes no sense as a whole, 503 when the engine is away, 422 when a
    /// materialized view failed.
    pub(crate) async fn run(
        self,
        ctx: &RequestContext,
        app: &Arc<App>,
        body: Bytes,
    ) -> Result<Appended, ApiError> {
        let (ctx, app) = (ctx.clone(), Arc::clone(app));
        let task = tokio::spawn(async move {
            let result = self.store(&ctx, &app, body).await;
            self.record(&ctx, &app, &result);
            result
        });
        task.await.map_err(|error| {
            tracing::error!(%error, "an append ended badly");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        })?
    }

    async fn store(
        &self,
        ctx: &RequestContext,
        app: &App,
        body: Bytes,
    ) -> Result<Appended, ApiError> {
        let schema = self.datasource.schema.clone().ok_or_else(|| {
            ApiError::bad_request(format!(
                "rows cannot be appended to '{}': materialized views fill it",
                self.datasource.name
            ))
        })?;
        let options = DecodeOptions {
            format: self.format.clone(),
            now: ctx.started_at,
            import_id: self.import_id.clone(),
        };
        let decoded = decode(Arc::clone(&schema), body, options).await?;
        let batch = AppendOptions::new(ctx.request_id.as_str());
        Ok(birdhouse_ingest::append(&app.engine, &schema, &decoded, &batch).await?)
    }

    fn record(&self, ctx: &RequestContext, app: &App, result: &Result<Appended, ApiError>) {
        let appended = result.as_ref().copied().unwrap_or_default();
        let common = |operation: DatasourceOperation| DatasourceOperation {
            elapsed: ctx.started.elapsed(),
            error: result.as_ref().err().map(|error| error.message.clone()),
            request_id: ctx.request_id.clone(),
            import_id: self.import_id.clone(),
            operation_id: ctx.request_id.clone(),
            release: ctx.caller.workspace.live.id.to_string(),
            ..operation
        };
        let landing = &self.datasource;
        ctx.recorder(app)
            .record_operation(common(DatasourceOperation {
                rows: Some(appended.rows),
                rows_quarantine: Some(appended.quarantined_rows),
                written_rows: appended
                    .written_rows
                    .saturating_sub(appended.quarantined_rows),
                written_bytes: appended.written_bytes,
                written_rows_quarantine: appended.quarantined_rows,
                ..DatasourceOperation::new(
                    ctx.started_at,
                    self.operation,
                    &landing.id,
                    &landing.name,
                )
            }));
        if appended.rows == 0 && result.is_ok() {
            return;
        }
        for view in &landing.views {
            ctx.recorder(app)
                .record_operation(common(DatasourceOperation {
                    read_rows: appended.rows,
                    pipe_id: view.pipe_id.clone(),
                    pipe_name: view.pipe.clone(),
                    ..DatasourceOperation::new(
                        ctx.started_at,
                        OperationType::Append,
                        &view.target_id,
                        &view.target,
                    )
                }));
        }
    }
}

/// Decodes off the threads that answer requests.
async fn decode(
    schema: Arc<Schema>,
    body: Bytes,
    options: DecodeOptions,
) -> Result<birdhouse_ingest::Decoded, ApiError> {
    let work = move || birdhouse_ingest::decode(&schema, &body, &options);
    match tokio::task::spawn_blocking(work).await {
        Ok(decoded) => Ok(decoded?),
        Err(error) => {
            tracing::error!(%error, "decoding ended badly");
            Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal error",
            ))
        }
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        Self::new(status_of_kind(error.kind()), error.to_string())
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        let status = match &error {
            // compat: the Events API says 422 when a dependent view failed.
            AppendError::View { source, .. } => {
                tracing::error!(error = %source, "a materialized view failed on appended rows");
                return Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    format!("{error}: {source}"),
                );
            }
            AppendError::Engine { source, .. } => {
                tracing::error!(error = %source, "the engine did not take rows");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            other => status_of_kind(other.kind()),
        };
        Self::new(status, error.to_string())
    }
}
