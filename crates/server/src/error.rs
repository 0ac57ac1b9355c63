//! The one place where errors become HTTP: status, compatible body, `Retry-After`, log line.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use birdhouse_catalog::CatalogError;
use birdhouse_engine::{EngineError, ErrorKind};
use birdhouse_query::QueryError;
use serde_json::{Value, json};
use tokio::task::JoinError;

use crate::append_rate::RateLimited;
use crate::limits::RETRY_AFTER_SECONDS;

const RATE_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// An answer that is not a success.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// Status of the answer.
    pub status: StatusCode,
    /// What the client may read; never empty.
    pub message: String,
    /// A whole body that a template's `custom_error()` asked for.
    pub body: Option<Value>,
    /// The rate that was exceeded.
    pub rate_limited: Option<Box<RateLimited>>,
}

impl ApiError {
    /// Returns an error with `status` and `message`.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        let message = if message.is_empty() {
            status.to_string()
        } else {
            message
        };
        Self {
            status,
            message,
            body: None,
            rate_limited: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Returns the answer to a fault of ours, which goes to the log.
    pub(crate) fn fault(what: &str, error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "{what}");
        Self::internal()
    }

    pub(crate) fn rate_limited(limited: RateLimited, what: &str) -> Self {
        let message = format!(
            "too many {what}: {} per second are allowed; send this again later",
            limited.limit
        );
        Self {
            rate_limited: Some(Box::new(limited)),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, message)
        }
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }

    pub(crate) fn body_too_large(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {limit_bytes} bytes; send it in smaller parts"),
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = self
            .body
            .unwrap_or_else(|| json!({ "error": self.message }));
        let mut response = (self.status, Json(body)).into_response();
        let retry = matches!(
            self.status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        );
        let headers = response.headers_mut();
        if let Some(limited) = self.rate_limited {
            // Whole seconds, not before the time.
            let seconds = limited.wait.as_secs() + u64::from(limited.wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            headers.insert(RATE_LIMIT, HeaderValue::from(limited.limit));
            headers.insert(RATE_REMAINING, HeaderValue::from(0));
            headers.insert(RATE_RESET, HeaderValue::from(seconds));
        } else if retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::UnknownWorkspace(_) | CatalogError::UnknownToken(_) => {
                Self::not_found(error.to_string())
            }
            CatalogError::WorkspaceExists(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            error if error.is_refusal() => Self::bad_request(error.to_string()),
            error => {
                tracing::error!(%error, "the catalog failed");
                Self::internal()
            }
        }
    }
}

impl From<JoinError> for ApiError {
    fn from(error: JoinError) -> Self {
        Self::fault("a task ended badly", &error)
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        Self::new(engine_status(&error), error.to_string())
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let message = error.to_string();
        let status = match &error {
            QueryError::PipeNotFound { .. }
            | QueryError::NoEndpoint { .. }
            | QueryError::ResourceNotFound { .. } => StatusCode::NOT_FOUND,
            QueryError::Forbidden { .. } => StatusCode::FORBIDDEN,
            QueryError::Template { source, .. } => {
                let status = StatusCode::from_u16(source.status).unwrap_or(StatusCode::BAD_REQUEST);
                return Self {
                    status,
                    message,
                    body: source.body().cloned(),
                    rate_limited: None,
                };
            }
            QueryError::Engine { source } => engine_status(source),
            QueryError::Tree(error) => {
                tracing::error!(%error, "the engine's query tree could not be read");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, message)
    }
}

/// Statuses of what goes wrong with a statement of a user.
fn engine_status(error: &EngineError) -> StatusCode {
    match error.kind() {
        // compat: whatever the engine has against a statement is a 400, also missing columns,
        // missing rights of the role, and results that are too large.
        ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::TooLarge => StatusCode::BAD_REQUEST,
        ErrorKind::Internal => {
            tracing::error!(%error, "the engine failed");
            StatusCode::INTERNAL_SERVER_ERROR
        }
        kind => status_of_kind(kind),
    }
}

/// Returns the usual status of a kind of failure.
pub(crate) fn status_of_kind(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        // compat: the reference says 408 for a query that takes too long.
        ErrorKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
