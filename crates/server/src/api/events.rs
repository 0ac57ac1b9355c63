//! `/v0/events`: rows in real time.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use birdhouse_ingest::Format;
use serde_json::json;

use super::datasources::target;
use crate::app::App;
use crate::append::{Append, appender};
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::EVENTS_BODY_BYTES_MAX;

/// `POST /v0/events?name=<data source>[&wait=true][&format=ndjson|json]`.
///
/// The rows are on disk when this answers; with `wait=true` they are in their table, too, and the
/// status is 200, else 202.
pub(super) async fn append(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Response, ApiError> {
    let datasource = target(&ctx, &ctx.params)?;
    let format = match ctx.params.text("format") {
        None | Some("" | "ndjson") => Format::Ndjson,
        Some("json") => Format::Json,
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "the format '{other}' is not supported; use ndjson or json"
            )));
        }
    };
    app.append_rates
        .count_request(appender(&ctx, &datasource))?;
    let body = body::read(body, &ctx.headers, EVENTS_BODY_BYTES_MAX, &ctx.in_flight).await?;
    let append = Append {
        datasource,
        format,
        wait: ctx.params.flag("wait"),
    };
    let taken = append.run(&ctx, &app, &body).await?;
    let status = match taken.is_stored {
        true => StatusCode::OK,
        false => StatusCode::ACCEPTED,
    };
    let counts = json!({
        "successful_rows": taken.counts.rows,
        "quarantined_rows": taken.counts.quarantined_rows,
    });
    Ok((status, Json(counts)).into_response())
}
