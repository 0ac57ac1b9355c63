//! `/openapi.json`: every operation of the server, and the scopes that it takes.
//!
//! The list says for people what routes and handlers do. It cannot drift from them: a test walks the
//! document, and asks each operation with each scope, and each path with every method.

mod operations;

use axum::Json;
use serde_json::{Map, Value, json};

use super::without_nulls;
use crate::context::RequestContext;

/// Who may ask for an operation.
#[derive(Debug, Clone, Copy)]
enum Access {
    /// Anybody, without a token. The list of these may only shrink.
    Open,
    /// Every token, for what it sees itself.
    Token,
    /// The owner of the server.
    Account,
    /// `ADMIN`, or one of these scopes; on the resource of the path when they name one.
    Scopes(&'static [&'static str]),
}

/// A method of a path.
struct Operation {
    /// In upper case.
    method: &'static str,
    /// As the router has it.
    path: &'static str,
    access: Access,
    summary: &'static str,
}

/// `GET /openapi.json`: this list as an OpenAPI 3.0.3 document. `x-scopes` are the scopes of which one
/// is needed; without it any token will do, and `account` is the owner of the server.
pub(super) async fn document(ctx: RequestContext) -> Json<Value> {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::OPERATIONS {
        let methods = paths
            .entry(operation.path.replace("{*", "{"))
            .or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(operation.method.to_ascii_lowercase(), shown(operation));
        }
    }
    Json(json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Birdhouse",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every operation of the server. /v0/pipes/openapi.json describes the endpoints of a workspace.",
        },
        "servers": [{ "url": ctx.base_url() }],
        "security": [{ "token": [] }, { "token_parameter": [] }],
        "paths": paths,
        "components": { "securitySchemes": {
            "token": { "type": "http", "scheme": "bearer" },
            "token_parameter": { "type": "apiKey", "in": "query", "name": "token" },
        } },
    }))
}

fn shown(operation: &Operation) -> Value {
    let segments = operation.path.split('/');
    let parameters = segments.filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({
            "name": name.trim_start_matches('*'),
            "in": "path",
            "required": true,
            "schema": { "type": "string" },
        }))
    });
    let parameters: Vec<Value> = parameters.collect();
    let (security, scopes) = match operation.access {
        Access::Open => (Some(json!([])), None),
        Access::Token => (None, None),
        Access::Account => (None, Some(vec!["account"])),
        Access::Scopes(scopes) => {
            let scopes = ["ADMIN"].iter().chain(scopes).copied();
            (None, Some(scopes.collect()))
        }
    };
    without_nulls(json!({
        "summary": operation.summary,
        "parameters": parameters,
        "security": security,
        "x-scopes": scopes,
        "responses": {
            "default": { "description": "JSON, with the reason in `error` when it is refused" },
        },
    }))
}
