//! `/v0/sql`: SQL over what the token may read. Also what endpoint calls share with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use birdhouse_catalog::{Scope, WorkspaceView};
use birdhouse_engine::SERVICE_DATABASE;
use birdhouse_query::{Answer, Call, OutputSettings, Pipe, QueryError, Restrictions};
use birdhouse_telemetry::{PipeCall, QUERY_API};
use birdhouse_template::Context;
use jiff::Timestamp;

use crate::app::App;
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::QUERY_BODY_BYTES_MAX;
use crate::params::Params;
use crate::views::organization;

/// `GET|POST /v0/sql`: the text is the parameter `q`, or the body.
pub(super) async fn run(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Response, ApiError> {
    let params = all_params(&ctx, body).await?;
    let result = execute(&ctx, &app, &params).await;
    record(&app, &ctx, None, &params, result.as_ref());
    result.map(|found| answer(found, "query"))
}

async fn execute(ctx: &RequestContext, app: &App, params: &Params) -> Result<Answer, ApiError> {
    let q = params
        .text("q")
        .filter(|q| !q.trim().is_empty())
        .ok_or_else(|| {
            ApiError::bad_request(
                "there is no query: send it as the parameter 'q' or as the body of a POST",
            )
        })?;
    let pipeline = params.text("pipeline").filter(|name| !name.is_empty());
    if let Some(name) = pipeline {
        let pipe = ctx.live.resources.pipe(name)?;
        // Seeing inner nodes takes more than calling the endpoint.
        if !ctx.scopes().can_read_all() {
            return Err(QueryError::Forbidden {
                name: pipe.name.clone(),
            }
            .into());
        }
    }
    query_call(ctx, params, async |call| {
        let catalog = app.catalog.view();
        let views = |name: &str| organization::find(ctx, &catalog, name);
        app.queries.sql(call, q, pipeline, &views).await
    })
    .await
}

/// Returns the parameters of the query string and, for a POST, of the body.
pub(super) async fn all_params(ctx: &RequestContext, body: Body) -> Result<Params, ApiError> {
    if ctx.method != Method::POST {
        return Ok(ctx.params.clone());
    }
    let body = body::read(body, &ctx.headers, QUERY_BODY_BYTES_MAX, &ctx.in_flight).await?;
    Ok(ctx
        .params
        .clone()
        .overridden_by(Params::from_body(&ctx.headers, &body)?))
}

/// Runs `work` with what is common to endpoints and SQL.
pub(crate) async fn query_call<T>(
    ctx: &RequestContext,
    params: &Params,
    work: impl AsyncFnOnce(&Call<'_>) -> Result<T, QueryError>,
) -> Result<T, ApiError> {
    let workspace = &ctx.caller.workspace;
    let scopes = ctx.scopes();
    let resources = &ctx.live.resources;
    let restrictions = restrictions(ctx);
    let access = |name: &str| match name.split_once('.') {
        Some((SERVICE_DATABASE, _)) => scopes.is_admin(),
        Some((organization::DATABASE, _)) => organization::is_readable(ctx),
        _ if resources.pipes.contains_key(name) => {
            scopes.can_read_pipe(name) || restrictions.pipes.contains_key(name)
        }
        _ => scopes.can_read_datasource(name) || restrictions.datasources.contains_key(name),
    };
    let secret = |name: &str| secret_of(workspace, name);
    let parameters = params.for_templates();
    let context = template_context(workspace, ctx.started_at);
    let call = Call {
        resources,
        parameters: &parameters,
        context: &context,
        secret: &secret,
        may_use_secrets: scopes.is_admin(),
        access: &access,
        restrictions: &restrictions,
        output: OutputSettings {
            quote_64bit_integers: params.flag("output_format_json_quote_64bit_integers"),
            quote_denormals: params.flag("output_format_json_quote_denormals"),
            parquet_string_as_string: params.flag("output_format_parquet_string_as_string"),
        },
        request_id: &ctx.request_id,
    };
    Ok(work(&call).await?)
}

/// Returns the value of a secret as templates name it.
pub(crate) fn secret_of(workspace: &WorkspaceView, name: &str) -> Option<String> {
    let found = workspace.secret(name);
    let found = found.or_else(|| workspace.secret(&format!("tb_secret_{name}")));
    Some(found?.value.expose().to_owned())
}

/// Returns how templates of a workspace are rendered at a time.
pub(crate) fn template_context(workspace: &WorkspaceView, now: Timestamp) -> Context {
    let secrets = workspace.secrets.iter();
    Context {
        secrets: Arc::new(secrets.map(|secret| secret.name.clone()).collect()),
        now: now.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        ..Context::default()
    }
}

/// Returns what the token's filters and fixed parameters change about what is read. Several filters on
/// one name allow what any of them does; a scope without a filter allows everything.
fn restrictions(ctx: &RequestContext) -> Restrictions {
    let scopes = ctx.scopes();
    let mut restrictions = Restrictions::default();
    let add = |all: &mut BTreeMap<String, String>, name: &str, filter: &str| {
        let known = all.entry(name.to_owned()).or_default();
        *known = match known.as_str() {
            "" => format!("({filter}\n)"),
            other => format!("{other} OR ({filter}\n)"),
        };
    };
    for scope in scopes.iter() {
        match scope {
            Scope::DatasourcesRead {
                datasource,
                filter: Some(filter),
            } if !scopes.can_read_datasource(datasource) => {
                add(&mut restrictions.datasources, datasource, filter);
            }
            Scope::PipesRead {
                pipe,
                filter: Some(filter),
            } if !scopes.can_read_pipe(pipe) => add(&mut restrictions.pipes, pipe, filter),
            _ => {}
        }
    }
    if let Some(signed) = &ctx.caller.signed {
        for (pipe, fixed) in &signed.fixed_params {
            let fixed = Params::from_json(fixed.clone()).for_templates();
            restrictions.parameters.insert(pipe.clone(), fixed);
        }
    }
    restrictions
}

/// Returns the HTTP answer; downloads get a file name.
pub(super) fn answer(found: Answer, name: &str) -> Response {
    let mut response = Response::new(Body::from(found.body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(found.content_type),
    );
    let extension = match found.content_type.split(';').next() {
        Some("text/csv") => Some("csv"),
        Some("application/vnd.apache.parquet") => Some("parquet"),
        _ => None,
    };
    let disposition = extension.and_then(|ext| {
        HeaderValue::from_str(&format!("attachment; filename=\"{name}.{ext}\"")).ok()
    });
    if let Some(disposition) = disposition {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// Records a call for `tinybird.pipe_stats_rt`, unless it only read service data sources.
pub(crate) fn record(
    app: &App,
    ctx: &RequestContext,
    pipe: Option<&Pipe>,
    params: &Params,
    result: Result<&Answer, &ApiError>,
) {
    let is_service = |name: &String| {
        let database = name.split_once('.').map(|(database, _)| database);
        matches!(database, Some(SERVICE_DATABASE | organization::DATABASE))
    };
    if result.is_ok_and(|answer| !answer.reads.is_empty() && answer.reads.iter().all(is_service)) {
        return;
    }
    let summary = result.map(|answer| answer.summary).unwrap_or_default();
    let (id, name) = pipe.map_or((QUERY_API, QUERY_API), |pipe| (&pipe.id, &pipe.name));
    ctx.recorder(app).record_pipe_call(PipeCall {
        token_id: ctx.caller.token_id(),
        token_name: ctx.caller.token.name.clone(),
        duration: ctx.started.elapsed(),
        read_bytes: summary.read_bytes,
        read_rows: summary.read_rows,
        result_rows: summary.result_rows,
        url: ctx.url.clone(),
        error: result.err().map(|error| error.message.clone()),
        status: result.map_or_else(|error| error.status.as_u16(), |_| 200),
        request_id: ctx.request_id.clone(),
        parameters: params.for_log(),
        method: ctx.method.to_string(),
        release: ctx.caller.workspace.live.id.to_string(),
        user_agent: ctx.user_agent(),
        ..PipeCall::new(ctx.started_at, id, name)
    });
}
