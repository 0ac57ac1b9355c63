//! Who asks, and what they sent besides the body.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use birdhouse_catalog::{Caller, Scopes};
use birdhouse_deploy::Live;
use jiff::Timestamp;

use crate::app::App;
use crate::error::ApiError;
use crate::limits::URL_BYTES_MAX;
use crate::params::Params;

/// The id of a request, in its extensions from the first middleware on.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// A request whose token is known. The first argument of every handler.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    /// ULID, also in the answer's `X-Request-Id`.
    pub(crate) request_id: String,
    /// HTTP verb.
    pub(crate) method: Method,
    /// Path and query string, as sent.
    pub(crate) url: String,
    /// Parameters of the query string.
    pub(crate) params: Params,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// The token and its workspace.
    pub(crate) caller: Caller,
    /// What is deployed in that workspace.
    pub(crate) live: Arc<Live>,
    /// When the request came, for durations.
    pub(crate) started: Instant,
    /// When the request came, for logs.
    pub(crate) started_at: Timestamp,
}

impl RequestContext {
    /// Returns what the token allows.
    pub(crate) fn scopes(&self) -> &Scopes {
        &self.caller.token.scopes
    }

    /// Returns the client's `User-Agent`.
    pub(crate) fn user_agent(&self) -> Option<String> {
        self.headers
            .get(header::USER_AGENT)?
            .to_str()
            .ok()
            .map(str::to_owned)
    }
}

impl FromRequestParts<Arc<App>> for RequestContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        if query.len() > URL_BYTES_MAX {
            return Err(ApiError::new(
                axum::http::StatusCode::URI_TOO_LONG,
                format!(
                    "the query string is longer than {URL_BYTES_MAX} bytes; send it as the body of a POST"
                ),
            ));
        }
        let params = Params::from_urlencoded(query);
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then_some(token.trim())
        });
        let presented = bearer.or_else(|| params.text("token"));
        let presented = presented.filter(|token| !token.is_empty()).ok_or_else(|| {
            ApiError::forbidden(
                "authentication token missing: send it as 'Authorization: Bearer <token>' or as the parameter 'token'",
            )
        })?;
        let caller = app
            .catalog
            .view()
            .find_token(presented)
            .ok_or_else(|| ApiError::forbidden("invalid authentication token"))?;
        let live = app.live(caller.workspace.workspace.id);
        Ok(Self {
            request_id: parts
                .extensions
                .get::<RequestId>()
                .map_or_else(String::new, |id| id.0.clone()),
            method: parts.method.clone(),
            url: parts.uri.to_string(),
            params,
            headers: parts.headers.clone(),
            caller,
            live,
            started: Instant::now(),
            started_at: Timestamp::now(),
        })
    }
}
