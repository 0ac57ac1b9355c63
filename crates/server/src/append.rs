//! Rows of one request, in one piece: decode, store, record. And the one place where rows are stored.

use std::sync::Arc;

use axum::http::StatusCode;
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::{
    AppendError, AppendOptions, Appended, DecodeError, DecodeOptions, Decoded, Format, Schema,
};
use birdhouse_telemetry::OperationType;
use bytes::Bytes;

use crate::app::App;
use crate::context::RequestContext;
use crate::error::{ApiError, status_of_kind};
use crate::operations::Operations;

/// Stores decoded rows. All appends come here; a batch has an id of its own.
pub(crate) async fn store_chunk(
    app: &App,
    schema: &Schema,
    rows: &Decoded,
    batch_id: &str,
) -> Result<Appended, AppendError> {
    let holds = &app.imports.holds;
    let _inserting = holds.insert(schema.database(), schema.datasource()).await;
    birdhouse_ingest::append(&app.engine, schema, rows, &AppendOptions::new(batch_id)).await
}

/// One append, as asked for.
pub(crate) struct Append {
    /// Where to.
    pub(crate) datasource: Arc<LiveDatasource>,
    /// How to read the body.
    pub(crate) format: Format,
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
            let operations = Operations::of(&ctx, &app);
            operations.record_append(OperationType::AppendHfi, &self.datasource, result.as_ref());
            result
        });
        task.await
            .unwrap_or_else(|error| Err(ApiError::internal("an append ended badly", &error)))
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
            import_id: None,
        };
        let decoded = decode(Arc::clone(&schema), body, options).await?;
        Ok(store_chunk(app, &schema, &decoded, &ctx.request_id).await?)
    }
}

/// Decodes off the threads that answer requests.
async fn decode(
    schema: Arc<Schema>,
    body: Bytes,
    options: DecodeOptions,
) -> Result<Decoded, ApiError> {
    let work = move || birdhouse_ingest::decode(&schema, &body, &options);
    match tokio::task::spawn_blocking(work).await {
        Ok(decoded) => Ok(decoded?),
        Err(error) => Err(ApiError::internal("decoding ended badly", &error)),
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
