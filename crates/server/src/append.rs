//! Rows of one request, in one piece: decode, acknowledge, wait. Files come by `import`.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::limits::STORED_WAIT_MAX;
use birdhouse_ingest::{
    AppendError, Claim, Counts, DecodeError, DecodeOptions, Decoded, FlushFailed, Format, Key,
    KeyConflict, Operation, Origin, Schema, SourceName,
};
use birdhouse_telemetry::{DatasourceOperation, OperationType};
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::append_rate::Appender;
use crate::context::RequestContext;
use crate::error::{ApiError, status_of_kind};
use crate::limits::{DECODED_INLINE_BYTES_MAX, DECODES_AT_ONCE, IDEMPOTENCY_KEY_BYTES_MAX};

/// The header by which a client makes a request safe to repeat.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// One append, as asked for.
pub(crate) struct Append {
    /// Where to.
    pub(crate) datasource: Arc<LiveDatasource>,
    /// How to read the body.
    pub(crate) format: Format,
    /// Whether to answer only when the rows are in their table.
    pub(crate) wait: bool,
}

/// Rows that are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// How many.
    pub(crate) counts: Counts,
    /// They are in their table, too.
    pub(crate) is_stored: bool,
}

impl Append {
    /// Takes the rows of `body`.
    ///
    /// # Errors
    /// 400 when the body makes no sense as a whole, 409 for an idempotency key that was used for
    /// other rows, 503 when they cannot be taken now, 422 when they are taken but the engine failed
    /// on them and `wait` was asked for.
    pub(crate) async fn run(
        self,
        ctx: &RequestContext,
        app: &App,
        body: &Bytes,
    ) -> Result<Acknowledged, ApiError> {
        let result = self.take(ctx, app, body).await;
        if let Err(error) = &result
            && error.status != StatusCode::UNPROCESSABLE_ENTITY
        {
            self.record_refusal(ctx, app, error);
        }
        result
    }

    async fn take(
        &self,
        ctx: &RequestContext,
        app: &App,
        body: &Bytes,
    ) -> Result<Acknowledged, ApiError> {
        let schema = self.datasource.schema.as_ref().ok_or_else(|| {
            ApiError::bad_request(format!(
                "rows cannot be appended to '{}': materialized views fill it",
                self.datasource.name
            ))
        })?;
        let claimed = match idempotency_key(&ctx.headers)? {
            None => None,
            Some(key) => {
                let source = SourceName::new(schema.database(), schema.datasource());
                match app.ingestion.claim(Key::new(&source, key, body)).await? {
                    Claim::New(claimed) => Some(claimed),
                    Claim::Answered(counts) => {
                        return Ok(Acknowledged {
                            counts,
                            is_stored: false,
                        });
                    }
                }
            }
        };
        let options = DecodeOptions {
            format: self.format.clone(),
            now: ctx.started_at,
            import_id: None,
        };
        let decoded = decode(Arc::clone(schema), body.clone(), options).await?;
        let rows = decoded.rows + decoded.quarantined_rows;
        app.append_rates
            .count_rows(appender(ctx, &self.datasource), rows)?;
        let origin = Origin {
            operation: Operation::Events,
            request_id: ctx.request_id.clone(),
            import_id: None,
            at: ctx.started_at,
        };
        let receipt = (app.ingestion)
            .append(schema, decoded, origin, claimed)
            .await?;
        let counts = receipt.counts;
        let is_stored = self.wait
            && (receipt.flushed(STORED_WAIT_MAX).await)
                .map_err(|failed| not_stored(&self.datasource.name, &failed))?;
        Ok(Acknowledged { counts, is_stored })
    }

    /// Records an append of which nothing was taken; the others are recorded when they are stored.
    fn record_refusal(&self, ctx: &RequestContext, app: &App, error: &ApiError) {
        ctx.recorder(app).record_operation(DatasourceOperation {
            elapsed: ctx.started.elapsed(),
            error: Some(error.message.clone()),
            request_id: ctx.request_id.clone(),
            operation_id: ctx.request_id.clone(),
            release: ctx.caller.workspace.live.id.to_string(),
            rows: Some(0),
            rows_quarantine: Some(0),
            ..DatasourceOperation::new(
                ctx.started_at,
                OperationType::AppendHfi,
                &self.datasource.id,
                &self.datasource.name,
            )
        });
    }
}

/// Returns whose rates an append counts for.
pub(crate) fn appender<'a>(
    ctx: &'a RequestContext,
    datasource: &'a LiveDatasource,
) -> Appender<'a> {
    Appender {
        token: &ctx.caller.token.id,
        datasource: &datasource.id,
    }
}

/// Returns the request's idempotency key.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().ok().filter(|key| !key.is_empty());
    match key.filter(|key| key.len() <= IDEMPOTENCY_KEY_BYTES_MAX) {
        Some(key) => Ok(Some(key)),
        None => Err(ApiError::bad_request(format!(
            "the header Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_BYTES_MAX} visible ASCII characters, such as a UUID"
        ))),
    }
}

/// Places for large bodies that are decoded.
static DECODES: Semaphore = Semaphore::const_new(DECODES_AT_ONCE);

/// Decodes large bodies off the threads that answer requests.
pub(crate) async fn decode(
    schema: Arc<Schema>,
    body: Bytes,
    options: DecodeOptions,
) -> Result<Decoded, ApiError> {
    if body.len() <= DECODED_INLINE_BYTES_MAX {
        return Ok(birdhouse_ingest::decode(&schema, &body, &options)?);
    }
    // Rows take much more memory than the body that they come in; the semaphore is never closed.
    let _place = DECODES.acquire().await.ok();
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

/// Says that rows are safe but not where they belong.
pub(crate) fn not_stored(datasource: &str, failed: &FlushFailed) -> ApiError {
    let what = match failed.is_view {
        true => format!(
            "the rows are in '{datasource}', but a materialized view failed on them; they are kept and tried again, do not send them again"
        ),
        false => format!(
            "the rows are kept, but the engine does not take them into '{datasource}'; they are tried again, do not send them again"
        ),
    };
    // compat: the Events API says 422 when a dependent view failed.
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!("{what}: {}", failed.reason),
    )
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        Self::new(status_of_kind(error.kind()), error.to_string())
    }
}

impl From<KeyConflict> for ApiError {
    fn from(error: KeyConflict) -> Self {
        Self::new(StatusCode::CONFLICT, error.to_string())
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        let status = match error.retry_after() {
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
            None => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Self::new(status, error.to_string())
    }
}
