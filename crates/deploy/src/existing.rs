//! What is in the engine's database already.

use std::collections::HashMap;

use birdhouse_engine::{Engine, Query};
use birdhouse_sql::quote_string;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::DeployError;

/// A table or view in the engine.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExistingTable {
    pub(crate) name: String,
    pub(crate) engine: String,
    /// The fingerprint of the definition it was made from.
    pub(crate) comment: String,
    pub(crate) rows: u64,
    /// Names and types of its columns, in order.
    pub(crate) columns: Vec<(String, String)>,
    /// Names of the materialized views that an insert runs.
    pub(crate) views: Vec<String>,
}

impl ExistingTable {
    /// Returns true for a materialized view.
    pub(crate) fn is_view(&self) -> bool {
        self.engine == "MaterializedView"
    }
}

/// The tables and views of a database, by name.
pub(crate) type Existing = HashMap<String, ExistingTable>;

/// Reads the tables and views of `database`.
pub(crate) async fn read(engine: &Engine, database: &str) -> Result<Existing, DeployError> {
    let database = quote_string(database);
    let tables = format!(
        "SELECT name, engine, comment, ifNull(total_rows, 0) AS rows, \
         c.columns AS columns, dependencies_table AS views FROM system.tables AS t LEFT JOIN (SELECT table, \
         arrayMap(x -> (x.2, x.3), arraySort(groupArray((position, name, type)))) AS columns \
         FROM system.columns WHERE database = {database} GROUP BY table) AS c ON c.table = t.name \
         WHERE t.database = {database}"
    );
    let output = admin_query(engine, None, &tables, "JSONEachRow").await?;
    let mut existing = Existing::new();
    for line in output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let table: ExistingTable = serde_json::from_slice(line)?;
        existing.insert(table.name.clone(), table);
    }
    Ok(existing)
}

/// Runs a statement of ours with all rights and returns its result.
///
/// An `INSERT` among them is an insert of its own: it has a deduplication token that nothing else has.
pub(crate) async fn admin_query(
    engine: &Engine,
    database: Option<&str>,
    sql: &str,
    format: &str,
) -> Result<Vec<u8>, DeployError> {
    let output = engine
        .query(Query {
            database: database.map(str::to_owned),
            id: "deploy".to_owned(),
            settings: vec![(
                "insert_deduplication_token".to_owned(),
                Uuid::now_v7().to_string(),
            )],
            ..Query::admin(sql, format)
        })
        .await?;
    Ok(output.body.to_vec())
}

/// A column of the result of a query.
#[derive(Debug, Deserialize)]
pub(crate) struct Described {
    /// Its name.
    pub(crate) name: String,
    /// Its type, as the engine prints it.
    #[serde(rename = "type")]
    pub(crate) data_type: String,
}

/// Returns the columns of the result of `sql` over the tables of `database`.
pub(crate) async fn describe(
    engine: &Engine,
    database: &str,
    sql: &str,
) -> Result<Vec<Described>, DeployError> {
    let described = format!("DESCRIBE TABLE (\n{sql}\n)");
    let output = admin_query(engine, Some(database), &described, "JSONEachRow").await?;
    let lines = output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    Ok(lines
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()?)
}
