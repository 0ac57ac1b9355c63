//! `POST /v0/datasources/<name>/quarantine/reingest`: rows of a quarantine, repaired, once more.
//!
//! Not of the original: there the rows have to be read, repaired and appended by hand.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use birdhouse_ingest::limits::STORED_WAIT_MAX;
use birdhouse_ingest::{
    CsvDialect, DecodeOptions, Format, HeaderRule, Operation, Origin, QUARANTINE_SUFFIX, Schema,
};
use birdhouse_sql::quote_identifier;
use bytes::Bytes;
use serde_json::{Value, json};

use super::remove::hold;
use super::{checked_condition, removable};
use crate::api::sql::{all_params, query_call};
use crate::app::App;
use crate::append::{decode, not_stored};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;

/// Appends the rows of a quarantine again and removes them from it. `condition` says which rows, all
/// without it; `repair` says how: `replace(price, ',', '.') AS price, 'unknown' AS store`, expressions
/// over the columns of the quarantine, which are texts. Rows that still do not fit go to the
/// quarantine again.
///
/// The rows are on disk before they are removed. When the server dies in between, they are in both
/// places.
pub(in crate::api) async fn reingest(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let datasource = removable(&ctx, &name)?;
    if !ctx.scopes().is_admin() {
        return Err(ApiError::forbidden(
            "only an admin token may read a quarantine and append what it holds",
        ));
    }
    let schema = datasource.schema.clone().ok_or_else(|| {
        ApiError::bad_request(format!(
            "'{}' has no quarantine: materialized views fill it",
            datasource.name
        ))
    })?;
    let params = all_params(&ctx, body).await?;
    let given = |name: &str| params.text(name).filter(|text| !text.trim().is_empty());
    let quarantine = format!("{}{QUARANTINE_SUFFIX}", datasource.name);
    let condition = given("condition").unwrap_or("1");
    let condition = checked_condition(&ctx, &app, &quarantine, condition).await?;
    let select = selection(&schema, &quarantine, &condition, given("repair"));

    let database = ctx.caller.workspace.workspace.database.clone();
    // What goes to the quarantine meanwhile is not removed with what is read here.
    let held = hold(&app, &database, &datasource).await?;
    let table = format!("{}{QUARANTINE_SUFFIX}", datasource.table);
    let table = (database.as_str(), table.as_str());
    let selected = birdhouse_ingest::matching_rows(&app.engine, table, &condition).await?;
    if selected == 0 {
        return Ok(Json(
            json!({ "selected_rows": 0, "successful_rows": 0, "quarantined_rows": 0 }),
        ));
    }
    let no_params = Params::default();
    let answer = query_call(&ctx, &no_params, async |call| {
        app.queries.sql(call, &select, None, &|_| None).await
    });
    let rows: Bytes = answer.await?.body;
    let options = DecodeOptions {
        format: Format::Csv(ENGINE_CSV),
        now: ctx.started_at,
        import_id: Some(ctx.request_id.clone()),
    };
    let decoded = decode(Arc::clone(&schema), rows, options).await?;
    if decoded.rows + decoded.quarantined_rows != selected {
        return Err(ApiError::bad_request(format!(
            "{selected} rows match, but their repair gives {}; nothing was changed",
            decoded.rows + decoded.quarantined_rows
        )));
    }
    let origin = Origin {
        operation: Operation::Import,
        request_id: ctx.request_id.clone(),
        import_id: Some(ctx.request_id.clone()),
        at: ctx.started_at,
    };
    let receipt = app.ingestion.append(&schema, decoded, origin, None).await?;
    let counts = receipt.counts;
    birdhouse_ingest::delete(&app.engine, table, &condition).await?;
    drop(held);
    receipt
        .flushed(STORED_WAIT_MAX)
        .await
        .map_err(|failed| not_stored(&datasource.name, &failed))?;
    Ok(Json(json!({
        "selected_rows": selected,
        "successful_rows": counts.rows,
        "quarantined_rows": counts.quarantined_rows,
    })))
}

/// How the engine writes `CSVWithNames`.
const ENGINE_CSV: CsvDialect = CsvDialect {
    delimiter: Some(b','),
    quote: Some(b'"'),
    // It doubles quotes. A byte that stands before none of them keeps a backslash from being taken
    // for an escape.
    escape: Some(0),
    row_end: None,
    header: HeaderRule::Present,
};

/// Returns the query for the data source's columns in the rows that match.
fn selection(schema: &Schema, quarantine: &str, condition: &str, repair: Option<&str>) -> String {
    let columns: Vec<String> = schema.column_names().map(quote_identifier).collect();
    let repaired = repair.map_or_else(String::new, |repair| format!(" REPLACE (\n{repair}\n)"));
    // The condition is about the rows as they are: beside the repair it would see its names.
    format!(
        "SELECT {} FROM (SELECT *{repaired} FROM (SELECT * FROM {} WHERE (\n{condition}\n))) FORMAT CSVWithNames",
        columns.join(", "),
        quote_identifier(quarantine),
    )
}
