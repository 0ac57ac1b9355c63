//! `/v0/events`: rows in real time.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::{Format, Operation};
use serde_json::json;

use crate::app::App;
use crate::append::Append;
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
    let datasource = target(&ctx)?;
    let format = match ctx.params.text("format") {
        None | Some("" | "ndjson") => Format::Ndjson,
        Some("json") => Format::Json,
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "the format '{other}' is not supported; use ndjson or json"
            )));
        }
    };
    let body = body::read(body, &ctx.headers, EVENTS_BODY_BYTES_MAX).await?;
    let append = Append {
        datasource,
        format,
        operation: Operation::Events,
        import_id: None,
        wait: ctx.params.flag("wait"),
    };
    let taken = append.run(&ctx, &app, body).await?;
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

/// Returns the data source that the parameter `name` names and the token may append to.
pub(super) fn target(ctx: &RequestContext) -> Result<Arc<LiveDatasource>, ApiError> {
    let name = ctx
        .params
        .text("name")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            ApiError::bad_request("the parameter 'name' is missing; it names the data source")
        })?;
    let datasource = ctx.live.datasource(name);
    let may_append = ctx
        .scopes()
        .can_append(datasource.map_or(name, |found| &found.name));
    if !may_append {
        return Err(ApiError::forbidden(format!(
            "Not enough permissions to append to '{name}'"
        )));
    }
    datasource.map(Arc::clone).ok_or_else(|| {
        ApiError::not_found(format!(
            "The data source '{name}' does not exist; data sources are made by deploying a project"
        ))
    })
}
