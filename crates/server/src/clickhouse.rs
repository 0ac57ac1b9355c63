//! The ClickHouse HTTP interface: read-only SQL for `tb ch` and for tools that speak to ClickHouse.
//!
//! Everything goes the way of `/v0/sql`: the token is the password, the guard looks at the text, the
//! reader's role runs it. Only the dialect is another one: where token, query and parameters are
//! found, formats, and the shape of errors.

mod compress;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use birdhouse_engine::EngineError;
use birdhouse_query::{Answer, Dialect, QueryError};
use birdhouse_sql::bind::bind;
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use self::compress::Encoding;
use crate::api::{panicked, query_call, record, with_request_id};
use crate::app::App;
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::QUERY_BODY_BYTES_MAX;
use crate::params::Params;
use crate::unread;
use crate::views::schema;

const USER: &str = "x-clickhouse-user";
const KEY: &str = "x-clickhouse-key";
const FORMAT: &str = "x-clickhouse-format";
const DATABASE: &str = "x-clickhouse-database";
const EXCEPTION_CODE: HeaderName = HeaderName::from_static("x-clickhouse-exception-code");
const SUMMARY: HeaderName = HeaderName::from_static("x-clickhouse-summary");
const QUERY_ID: HeaderName = HeaderName::from_static("x-clickhouse-query-id");
const TIMEZONE: HeaderName = HeaderName::from_static("x-clickhouse-timezone");

/// What ClickHouse answers in without a `FORMAT`.
const DEFAULT_FORMAT: &str = "TabSeparated";

/// What ClickHouse calls the database of a client that names none.
const DEFAULT_DATABASE: &str = "default";

/// Parameters whose values are secret.
const PASSWORDS: [&str; 2] = ["password", "token"];

/// Codes of ClickHouse for errors that come from here.
mod code {
    pub(super) const BAD_ARGUMENTS: i32 = 36;
    pub(super) const UNKNOWN_TABLE: i32 = 60;
    pub(super) const SYNTAX_ERROR: i32 = 62;
    pub(super) const UNKNOWN_FORMAT: i32 = 73;
    pub(super) const UNKNOWN_DATABASE: i32 = 81;
    pub(super) const TIMEOUT_EXCEEDED: i32 = 159;
    pub(super) const ACCESS_DENIED: i32 = 497;
    pub(super) const AUTHENTICATION_FAILED: i32 = 516;
    pub(super) const UNKNOWN_EXCEPTION: i32 = 1002;
}

/// Returns the routes of the interface over `app`.
pub fn clickhouse_router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(run).post(run))
        .route("/query", get(run).post(run))
        .route("/ping", get(async || OK))
        .fallback(async || {
            Exception::new(
                StatusCode::NOT_FOUND,
                code::BAD_ARGUMENTS,
                "there is no such handle; send queries to /",
            )
        })
        .layer(CatchPanicLayer::custom(|_| panicked()))
        .layer(middleware::from_fn(with_request_id))
        .layer(middleware::from_fn(unread::discard))
        .with_state(app)
}

const OK: &str = "Ok.\n";

/// An error in ClickHouse's shape.
#[derive(Debug)]
struct Exception {
    status: StatusCode,
    code: i32,
    message: String,
}

/// `GET|POST /?query=…`: the query is the parameter, the body, or the one continued by the other.
async fn run(State(app): State<Arc<App>>, request: Request) -> Result<Response, Exception> {
    let (mut parts, body) = request.into_parts();
    let params = Params::from_urlencoded(parts.uri.query().unwrap_or_default());
    let body = read(&app, &parts.headers, body).await?;
    let text = [params.text("query").unwrap_or_default(), body.trim()]
        .map(str::trim)
        .join("\n");
    let text = text.trim();
    if text.is_empty() {
        // Clients look this way whether there is a server.
        return Ok(OK.into_response());
    }
    let ctx = authenticate(&mut parts, &params, &app).await?;
    let database = params
        .text("database")
        .or_else(|| text_of(&parts.headers, DATABASE));
    check_database(&ctx, database.unwrap_or_default())?;
    let text = bind(text, |name| params.text(&format!("param_{name}")))
        .map_err(|error| Exception::bad(code::BAD_ARGUMENTS, error.to_string()))?;
    let format = params.filled("default_format");
    let format = format.or_else(|| text_of(&parts.headers, FORMAT));
    let format = format.unwrap_or(DEFAULT_FORMAT);
    let nothing = Params::default();
    let result = query_call(&ctx, &nothing, async |call| {
        let workspace = &ctx.workspace().workspace;
        let views = |name: &str| schema::find(&ctx, call, name);
        let dialect = Dialect {
            format,
            database: &workspace.name,
            aliases: &[DEFAULT_DATABASE, &workspace.database],
            views: &views,
        };
        Ok(app.queries.clickhouse(call, &text, &dialect).await)
    });
    let (result, error) = match result.await.map_err(Exception::from)? {
        Ok(answer) => (Ok(answer), None),
        Err(error) => {
            let code = code_of(&error);
            let error = ApiError::from(error);
            (Err(error.clone()), Some((error, code)))
        }
    };
    let said = Params::from_json(
        [("q".to_owned(), Value::String(text))]
            .into_iter()
            .collect(),
    );
    record(&app, &ctx, None, &said, result.as_ref());
    match (result, error) {
        (Ok(answer), _) => {
            let is_wanted = params.flag("enable_http_compression");
            let encoding = Encoding::accepted(&ctx.headers).filter(|_| is_wanted);
            answered(answer, &ctx, encoding).await
        }
        (Err(error), known) => {
            let code = known.map_or(code::UNKNOWN_EXCEPTION, |(_, code)| code);
            Err(Exception::new(error.status, code, error.message))
        }
    }
}

async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<String, Exception> {
    let bytes = body::read(body, headers, QUERY_BODY_BYTES_MAX, &app.in_flight).await?;
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        Exception::bad(
            code::BAD_ARGUMENTS,
            format!("the body is not UTF-8: {error}"),
        )
    })
}

/// Finds the token, which is the password, and what it belongs to.
///
/// Whatever carried it is not part of the request any more.
async fn authenticate(
    parts: &mut Parts,
    params: &Params,
    app: &Arc<App>,
) -> Result<RequestContext, Exception> {
    let authorization = text_of(&parts.headers, header::AUTHORIZATION.as_str());
    let bearer = authorization.and_then(|value| value.strip_prefix("Bearer "));
    let basic = authorization
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| {
            let pair = STANDARD.decode(encoded.trim()).ok()?;
            String::from_utf8(pair).ok()
        })
        .and_then(|pair| Some(pair.split_once(':')?.1.to_owned()));
    let given = PASSWORDS.iter().find_map(|name| params.filled(name));
    let token = text_of(&parts.headers, KEY)
        .or(bearer)
        .or(basic.as_deref())
        .or(given);
    let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
        Exception::new(
            StatusCode::FORBIDDEN,
            code::AUTHENTICATION_FAILED,
            "authentication failed: the password is missing; it is a token of the workspace, sent as X-ClickHouse-Key, by Basic authentication or as the parameter 'password'",
        )
    })?;
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    let value = value
        .ok()
        .ok_or_else(|| Exception::unauthenticated("invalid authentication token"))?;
    for name in [KEY, USER] {
        parts.headers.remove(name);
    }
    parts.headers.insert(header::AUTHORIZATION, value);
    parts.uri = axum::http::Uri::from_static("/");
    RequestContext::from_request_parts(parts, app)
        .await
        .map_err(|error| match error.status {
            StatusCode::FORBIDDEN => Exception::unauthenticated(&error.message),
            _ => error.into(),
        })
}

/// A client may name the only database that there is for it: its workspace.
fn check_database(ctx: &RequestContext, named: &str) -> Result<(), Exception> {
    let workspace = &ctx.workspace().workspace;
    let known = ["", DEFAULT_DATABASE, &workspace.name, &workspace.database];
    if known.contains(&named) {
        return Ok(());
    }
    Err(Exception::new(
        StatusCode::NOT_FOUND,
        code::UNKNOWN_DATABASE,
        format!(
            "Database {named} does not exist; the token's database is {}",
            workspace.name
        ),
    ))
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

async fn answered(
    answer: Answer,
    ctx: &RequestContext,
    encoding: Option<Encoding>,
) -> Result<Response, Exception> {
    let summary = answer.summary;
    let summary = json!({
        "read_rows": summary.read_rows.to_string(),
        "read_bytes": summary.read_bytes.to_string(),
        "result_rows": summary.result_rows.to_string(),
        "result_bytes": summary.result_bytes.to_string(),
        "elapsed_ns": summary.elapsed_ns.to_string(),
    });
    let body = match encoding {
        None => answer.body,
        Some(encoding) => {
            let plain = answer.body;
            let packed = tokio::task::spawn_blocking(move || encoding.compress(&plain)).await;
            packed
                .ok()
                .and_then(Result::ok)
                .ok_or_else(|| Exception::from(ApiError::internal()))?
        }
    };
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    if let Some(encoding) = encoding {
        let name = HeaderValue::from_static(encoding.name());
        headers.insert(header::CONTENT_ENCODING, name);
    }
    let content_type = HeaderValue::from_static(answer.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(TIMEZONE, HeaderValue::from_static("UTC"));
    for (name, text) in [
        (SUMMARY, summary.to_string()),
        (QUERY_ID, ctx.request_id.clone()),
    ] {
        // Both are plain ASCII.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

fn code_of(error: &QueryError) -> i32 {
    match error {
        QueryError::Forbidden { .. } | QueryError::Refused { .. } => code::ACCESS_DENIED,
        QueryError::ResourceNotFound { .. }
        | QueryError::PipeNotFound { .. }
        | QueryError::NoEndpoint { .. } => code::UNKNOWN_TABLE,
        QueryError::Statement { .. } | QueryError::Syntax { .. } => code::SYNTAX_ERROR,
        QueryError::UnknownFormat { .. } => code::UNKNOWN_FORMAT,
        QueryError::Engine {
            source: EngineError::Exception { code, .. },
        } => *code,
        QueryError::Engine {
            source: EngineError::Timeout { .. },
        } => code::TIMEOUT_EXCEEDED,
        QueryError::Engine { .. } => code::UNKNOWN_EXCEPTION,
        _ => code::BAD_ARGUMENTS,
    }
}

impl Exception {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn bad(code: i32, message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn unauthenticated(message: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            code::AUTHENTICATION_FAILED,
            format!("authentication failed: {message}"),
        )
    }
}

impl From<ApiError> for Exception {
    fn from(error: ApiError) -> Self {
        Self::new(error.status, code::UNKNOWN_EXCEPTION, error.message)
    }
}

impl IntoResponse for Exception {
    fn into_response(self) -> Response {
        let message = self.message.trim_start_matches("[Error] ");
        let text = format!("Code: {}. DB::Exception: {message}\n", self.code);
        let code = HeaderValue::from(self.code);
        (self.status, [(EXCEPTION_CODE, code)], text).into_response()
    }
}
