//! Whether the server is there, and which one.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::ApiError;

/// How long the engine may take to answer.
const ANSWER_MAX: Duration = Duration::from_millis(500);

/// `GET /v0/health`: 200 when the engine answers, else 503.
pub(super) async fn health(State(app): State<Arc<App>>) -> Result<Json<Value>, ApiError> {
    if app.engine.ready(ANSWER_MAX).await {
        Ok(Json(json!({ "status": "ok" })))
    } else {
        Err(ApiError::unavailable("the engine is being restarted"))
    }
}

/// `GET /health/liveness`: the server answers.
pub(super) async fn liveness() -> &'static str {
    "alive"
}

/// `GET /health/readiness`: the engine answers as well.
pub(super) async fn readiness(State(app): State<Arc<App>>) -> Result<&'static str, ApiError> {
    health(State(app)).await.map(|_| "ready")
}

/// `GET /version`: the server's version as plain text.
pub(super) async fn version() -> &'static str {
    concat!("birdhouse ", env!("CARGO_PKG_VERSION"), "\n")
}
