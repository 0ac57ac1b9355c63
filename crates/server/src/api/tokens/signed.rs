//! Signed tokens (JWT): made on request, stored nowhere.

use axum::Json;
use birdhouse_catalog::sign;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// Returns a token that is valid until `expiration` (Unix seconds), with the scopes and limits that
/// the JSON body says.
///
/// # Errors
/// 400 when time, body or scopes make no sense.
pub(super) fn create(
    ctx: &RequestContext,
    app: &App,
    expiration: &str,
    body: &[u8],
) -> Result<Json<Value>, ApiError> {
    let exp: i64 = expiration.parse().map_err(|error| {
        ApiError::bad_request(format!(
            "the parameter 'expiration_time' must be a time in Unix seconds: {error}"
        ))
    })?;
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        ApiError::bad_request(format!(
            "the body must be a JSON object with the list 'scopes': {error}"
        ))
    })?;
    let name = ctx.params.filled("name");
    let name = name.or_else(|| body.get("name").and_then(Value::as_str));
    let name = name.ok_or_else(|| {
        ApiError::bad_request("the token needs a name; its requests are counted under it")
    })?;
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    claim(
        "workspace_id",
        ctx.workspace().workspace.id.to_string().into(),
    );
    claim("name", name.into());
    claim("exp", exp.into());
    claim("scopes", body.get("scopes").cloned().unwrap_or_default());
    if let Some(limits) = body.get("limits") {
        claim("limits", limits.clone());
    }
    let key = ctx
        .workspace()
        .admin_token()
        .ok_or_else(ApiError::internal)?;
    let token = sign(&key.value, &claims);
    // Whatever would be refused later is refused now.
    let check = app
        .catalog
        .view()
        .verify_jwt(token.expose(), Timestamp::now());
    check.map_err(|error| ApiError::bad_request(error.to_string()))?;
    Ok(Json(json!({ "token": token.expose() })))
}
