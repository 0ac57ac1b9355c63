//! The tables of a workspace as the engine knows them at this moment.

use std::collections::HashMap;

use birdhouse_engine::Query;
use birdhouse_sql::quote_string;
use serde_json::Value;

use crate::app::App;
use crate::error::ApiError;

/// What the engine says about a table; empty for one that it does not have.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) engine: String,
    /// The engine with its clauses, without settings.
    pub(super) engine_full: String,
    pub(super) sorting_key: String,
    pub(super) partition_key: String,
    pub(super) primary_key: String,
    /// Names and types of its columns, in order.
    pub(super) columns: Vec<(String, String)>,
}

/// Reads the tables of a database, by name.
pub(super) async fn read(app: &App, database: &str) -> Result<HashMap<String, Table>, ApiError> {
    let database = quote_string(database);
    let sql = format!(
        "SELECT t.name AS name, ifNull(total_rows, 0) AS rows, ifNull(total_bytes, 0) AS bytes, \
         engine, engine_full, sorting_key, partition_key, primary_key, c.columns AS columns \
         FROM system.tables AS t LEFT JOIN (SELECT table, arrayMap(x -> (x.2, x.3), \
         arraySort(groupArray((position, name, type)))) AS columns FROM system.columns \
         WHERE database = {database} GROUP BY table) AS c ON c.table = t.name \
         WHERE t.database = {database}"
    );
    let output = app.engine.query(Query::admin(sql, "JSONEachRow")).await?;
    let mut tables = HashMap::new();
    for line in output.body.split(|byte| *byte == b'\n') {
        let Ok(row) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        let field = |name: &str| row.get(name).cloned().unwrap_or_default();
        let text = |name: &str| field(name).as_str().unwrap_or_default().to_owned();
        let number = |name: &str| field(name).as_u64().unwrap_or_default();
        let engine_full = text("engine_full");
        let table = Table {
            rows: number("rows"),
            bytes: number("bytes"),
            engine: text("engine"),
            engine_full: engine_full
                .split(" SETTINGS ")
                .next()
                .unwrap_or_default()
                .to_owned(),
            sorting_key: text("sorting_key"),
            partition_key: text("partition_key"),
            primary_key: text("primary_key"),
            columns: serde_json::from_value(field("columns")).unwrap_or_default(),
        };
        tables.insert(text("name"), table);
    }
    Ok(tables)
}
