//! Helpers of the Classic command line: format a query, list its tables, replace names in it.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use birdhouse_engine::Query;
use birdhouse_sql::{Statement, quote_identifier, quote_string};
use serde_json::{Map, Value, json};

use super::form;
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;

/// `GET|POST /v0/sql_format` with `q`: the query as the engine prints it. A template stays as it is.
pub(super) async fn format(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let params = form(&ctx, body).await?;
    let q = required(&params, "q")?;
    if q.trim_start().starts_with('%') || q.contains("{{") || q.contains("{%") {
        return Ok(Json(json!({ "q": q })));
    }
    let sql = format!("SELECT formatQuery({}) AS q", quote_string(q));
    let output = app.engine.query(Query::admin(sql, "JSONEachRow")).await?;
    let row: Value = serde_json::from_slice(&output.body).unwrap_or_default();
    let formatted = row.get("q").cloned();
    Ok(Json(json!({ "q": formatted.unwrap_or_else(|| q.into()) })))
}

/// `POST /v0/sql_tables` with `q`: the names that stand for tables, as `[database, table, ""]`.
pub(super) async fn tables(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let params = form(&ctx, body).await?;
    let found = analyze(&app, required(&params, "q")?).await;
    // `raising=false` asks for silence about what cannot be read.
    let names = match found {
        Ok(names) => names,
        Err(_) if params.text("raising") == Some("false") => Vec::new(),
        Err(error) => return Err(error),
    };
    let tables: Vec<Value> = names
        .iter()
        .map(|name| match name.split_once('.') {
            Some((database, table)) => json!([database, table, ""]),
            None => json!(["", name, ""]),
        })
        .collect();
    Ok(Json(json!({ "tables": tables })))
}

/// `POST /v0/sql_replace` with `q` and `replacements`, a JSON object of names: the query that reads
/// the other ones.
pub(super) async fn replace(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let params = form(&ctx, body).await?;
    let q = required(&params, "q")?;
    let replacements = params.text("replacements").unwrap_or("{}");
    let replacements: Map<String, Value> = serde_json::from_str(replacements).map_err(|error| {
        ApiError::bad_request(format!(
            "the parameter 'replacements' must be a JSON object of names: {error}"
        ))
    })?;
    let read = analyze(&app, q).await?;
    let mut ctes = Vec::new();
    for (name, with) in &replacements {
        let with = with.as_str().filter(|with| *with != name);
        if let Some(with) = with.filter(|_| read.contains(name)) {
            let source: Vec<String> = with.split('.').map(quote_identifier).collect();
            let source = source.join(".");
            ctes.push(format!(
                "{} AS (SELECT * FROM {source})",
                quote_identifier(name)
            ));
        }
    }
    let query = if ctes.is_empty() {
        q.to_owned()
    } else {
        format!("WITH {} SELECT * FROM (\n{q}\n)", ctes.join(", "))
    };
    Ok(Json(json!({ "query": query })))
}

fn required<'p>(params: &'p Params, name: &str) -> Result<&'p str, ApiError> {
    params.filled(name).ok_or_else(|| {
        ApiError::bad_request(format!(
            "the parameter '{name}' is missing; it is the query"
        ))
    })
}

/// Returns the names that a query reads.
async fn analyze(app: &App, q: &str) -> Result<Vec<String>, ApiError> {
    let statement =
        Statement::parse(q).map_err(|error| ApiError::bad_request(format!("[Error] {error}")))?;
    let analysis = app.queries.guard().analyze(&statement, "", &[]).await?;
    Ok(analysis.tables.keys().cloned().collect())
}
