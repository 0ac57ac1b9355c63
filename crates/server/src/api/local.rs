//! What clients ask before anything else: the tokens of this machine, who they are, where they are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /tokens`: the tokens of the account and of the first workspace, for programs of this machine.
///
/// The route takes no token, so it makes sure that nobody else asks: the server must listen on a
/// loopback address only, and a browser must not be talked into it, neither by a page of another
/// origin nor by a name that somebody points at this machine.
pub(super) async fn tokens(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    if !app.is_local {
        return Err(ApiError::forbidden(
            "this server can be reached from other machines, so it gives its tokens to nobody; `birdhouse token ls` shows them, and clients take one as TB_TOKEN",
        ));
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_named = text(header::HOST).is_some_and(is_loopback);
    if !is_named || headers.contains_key(header::ORIGIN) {
        return Err(ApiError::forbidden(
            "tokens are given to programs of this machine only, and not to web pages",
        ));
    }
    let catalog = app.catalog.view();
    let account = catalog.account();
    let first = catalog.workspaces().first();
    let admin = first.and_then(|view| view.admin_token());
    let admin = admin.ok_or_else(ApiError::internal)?;
    Ok(Json(json!({
        "user_token": account.user_token.value.expose(),
        "admin_token": account.admin_token.value.expose(),
        "workspace_admin_token": admin.value.expose(),
    })))
}

/// Returns true for `host` or `host:port` of a name that always means this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// `GET /v0/auth`: whether the token is one, and whether it is the account's.
pub(super) async fn auth(ctx: RequestContext) -> Json<Value> {
    Json(json!({ "is_valid": true, "is_user": ctx.caller.is_account() }))
}

/// `GET /v0/regions`: regions are the hosted service's.
pub(super) async fn regions() -> Json<Value> {
    Json(json!({ "regions": [] }))
}

/// `GET /v1/infra`: self-managed regions are the hosted service's; this server is one.
pub(super) async fn infrastructures(_: RequestContext) -> Json<Value> {
    Json(json!({ "infras": [] }))
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_this_machine_pass() {
        for name in [
            "localhost",
            "LOCALHOST:7181",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]:7181",
            "[::1]",
        ] {
            assert!(is_loopback(name), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "localhost.evil.example:7181",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "[::]",
        ] {
            assert!(!is_loopback(name), "{name}");
        }
    }
}
