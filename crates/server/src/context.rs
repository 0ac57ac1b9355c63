//! Who asks, and what they sent besides the body.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use birdhouse_catalog::{
    Caller, DeploymentId, Resource, ResourceKind, Scope, Scopes, WorkspaceView,
};
use birdhouse_deploy::Live;
use birdhouse_telemetry::Recorder;
use jiff::Timestamp;

use crate::app::App;
use crate::error::ApiError;
use crate::in_flight::InFlight;
use crate::limits::URL_BYTES_MAX;
use crate::params::Params;
use crate::rate::Rate;

/// The id of a request, in its extensions from the first middleware on.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Where the rate limit of the request's token is noted for the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateNote(Arc<OnceLock<Rate>>);

impl RateNote {
    /// Returns what was noted.
    pub(crate) fn get(&self) -> Option<Rate> {
        self.0.get().copied()
    }
}

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
    /// What is deployed in that workspace, live or staged as the request asks.
    pub(crate) live: Arc<Live>,
    /// Whether that is the staged deployment.
    pub(crate) is_staging: bool,
    /// Room for its body.
    pub(crate) in_flight: Arc<InFlight>,
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

    /// Returns true when the token may call the pipe's endpoint, be it with a filter on its rows.
    pub(crate) fn can_call(&self, pipe: &str) -> bool {
        self.scopes().can_read_pipe(pipe)
            || self.scopes().iter().any(|scope| match scope {
                Scope::PipesRead { pipe: name, .. } => name == pipe,
                _ => false,
            })
    }

    /// Returns the workspace that the token belongs to.
    pub(crate) fn workspace(&self) -> &WorkspaceView {
        &self.caller.workspace
    }

    /// Returns the deployment that the request sees, with its resources in order of kind and name.
    pub(crate) fn deployed(&self) -> (DeploymentId, &[Resource]) {
        let workspace = self.workspace();
        match workspace.staging.as_ref().filter(|_| self.is_staging) {
            Some(staging) => (staging.deployment.id, &staging.resources),
            None => (workspace.live.id, &workspace.resources),
        }
    }

    /// Returns a resource of that deployment by kind and name.
    pub(crate) fn resource(&self, kind: ResourceKind, name: &str) -> Option<&Resource> {
        let (_, resources) = self.deployed();
        let index = resources.binary_search_by(|r| (r.kind, r.name.as_str()).cmp(&(kind, name)));
        index.ok().and_then(|index| resources.get(index))
    }

    /// Returns a resource of that deployment by kind, and by name or id.
    pub(crate) fn find_resource(&self, kind: ResourceKind, name_or_id: &str) -> Option<&Resource> {
        let (_, resources) = self.deployed();
        let by_id = |r: &&Resource| r.kind == kind && r.id.as_str() == name_or_id;
        self.resource(kind, name_or_id)
            .or_else(|| resources.iter().find(by_id))
    }

    /// Fails unless the token is an admin of the workspace.
    pub(crate) fn require_admin(&self, what: &str) -> Result<(), ApiError> {
        if self.scopes().is_admin() {
            return Ok(());
        }
        Err(ApiError::forbidden(format!(
            "Not enough permissions to {what}: it takes a token with the scope ADMIN"
        )))
    }

    /// Returns the context of the same caller with what is live now.
    pub(crate) fn renewed(&self, app: &App) -> Self {
        let id = self.workspace().workspace.id;
        let catalog = app.catalog.view();
        let workspace = catalog.workspace(id).map(Arc::clone);
        Self {
            caller: Caller {
                workspace: workspace.unwrap_or_else(|| Arc::clone(&self.caller.workspace)),
                ..self.caller.clone()
            },
            live: app.live(id),
            is_staging: false,
            ..self.clone()
        }
    }

    /// Returns where records of this request go.
    pub(crate) fn recorder(&self, app: &App) -> Recorder {
        app.recorder(&self.workspace().workspace)
    }

    /// Returns scheme, host and port under which the client reached this server.
    pub(crate) fn base_url(&self) -> String {
        let text = |name: &str| self.headers.get(name)?.to_str().ok();
        let scheme = match text("x-forwarded-proto") {
            Some("https") => "https",
            _ => "http",
        };
        format!("{scheme}://{}", text("host").unwrap_or("localhost"))
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
                StatusCode::URI_TOO_LONG,
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
        let caller = find_caller(app, presented)?;
        let rate = app.rates.count(&caller);
        if let (Some(rate), Some(note)) = (rate, parts.extensions.get::<RateNote>()) {
            // Nobody else notes it.
            note.0.set(rate).ok();
        }
        if let Some(rate) = rate.filter(|rate| rate.is_over) {
            return Err(ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "the tokens named '{}' may make {} requests per second together",
                    caller.token.name, rate.limit
                ),
            ));
        }
        let (live, is_staging) = deployment(app, &caller, params.text("__tb__deployment"))?;
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
            in_flight: Arc::clone(&app.in_flight),
            is_staging,
            started: Instant::now(),
            started_at: Timestamp::now(),
        })
    }
}

/// Returns the deployment that a request asks for, and whether it is the staged one: the live one
/// unless it says otherwise.
fn deployment(
    app: &App,
    caller: &Caller,
    asked: Option<&str>,
) -> Result<(Arc<Live>, bool), ApiError> {
    let workspace = &caller.workspace;
    let id = workspace.workspace.id;
    let staged = || Some((app.staging(id)?, true));
    let number = workspace
        .staging
        .as_ref()
        .map(|s| s.deployment.id.to_string());
    let found = match asked {
        None | Some("" | "live") => Some((app.live(id), false)),
        Some("staging") => staged(),
        Some(asked) if Some(asked) == number.as_deref() => staged(),
        Some(asked) if asked == workspace.live.id.to_string() => Some((app.live(id), false)),
        Some(_) => None,
    };
    found.ok_or_else(|| {
        ApiError::not_found(format!(
            "there is no deployment '{}' that is ready; __tb__deployment is live, staging or a number",
            asked.unwrap_or_default()
        ))
    })
}

/// Returns who presents a token, one that is stored or one that is signed.
///
/// # Errors
/// 403 when it is neither, or its time is over.
pub(crate) fn find_caller(app: &App, presented: &str) -> Result<Caller, ApiError> {
    let catalog = app.catalog.view();
    if let Some(caller) = catalog.find_token(presented) {
        return Ok(caller);
    }
    catalog
        .verify_jwt(presented, Timestamp::now())
        .map_err(|error| ApiError::forbidden(error.to_string()))
}
