//! `/examples/query.http`: a URL that calls an endpoint, ready to use.

use axum::response::Response;

use super::{pipe_list, plain_text};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::encode;

/// `GET /examples/query.http?pipe=<pipe>&format=json&q=&token=<token>`.
pub(super) async fn query(ctx: RequestContext) -> Result<Response, ApiError> {
    let text = |name| ctx.params.filled(name);
    let wanted = text("pipe").ok_or_else(|| {
        ApiError::bad_request("the parameter 'pipe' is missing; it names the pipe to call")
    })?;
    let pipe = pipe_list::find(&ctx, wanted)?;
    let format = text("format").unwrap_or("json");
    let options = ["q", "__tb__deployment"]
        .into_iter()
        .filter_map(|name| Some((name, text(name)?)));
    let token = ctx.caller.token.value.expose();
    let query: Vec<String> = options
        .chain([("token", token)])
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let (base, query) = (ctx.base_url(), query.join("&"));
    Ok(plain_text(format!(
        "{base}/v0/pipes/{}.{}?{query}",
        pipe.name,
        encode(format)
    )))
}
