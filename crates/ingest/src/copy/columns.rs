//! The columns of a copy: those of the data source, and those that the query gives.

use std::collections::BTreeSet;

use birdhouse_engine::{Engine, EngineError, Query};
use birdhouse_sql::{quote_identifier, quote_string};
use serde::Deserialize;

use super::{CopyError, CopyQuery};
use crate::ingestion::SourceName;
use crate::tables::{Named, rows};

/// A column of a data source's table.
#[derive(Debug, Deserialize)]
pub(super) struct TargetColumn {
    name: String,
    #[serde(rename = "type")]
    data_type: String,
    default_kind: String,
    default_expression: String,
}

impl TargetColumn {
    /// Returns false for a column whose value is always computed.
    fn is_brought(&self) -> bool {
        !matches!(self.default_kind.as_str(), "MATERIALIZED" | "ALIAS")
    }

    /// Returns false for a column that only takes part in computing others, too.
    pub(super) fn is_stored(&self) -> bool {
        self.is_brought() && self.default_kind != "EPHEMERAL"
    }

    /// Returns what `CREATE TABLE` says of it.
    pub(super) fn definition(&self) -> String {
        let (name, data_type) = (quote_identifier(&self.name), &self.data_type);
        let (kind, expression) = (&self.default_kind, &self.default_expression);
        format!("{name} {data_type} {kind} {expression}")
    }

    /// Returns an expression for the bytes that a value takes.
    pub(super) fn size(&self) -> String {
        let name = quote_identifier(&self.name);
        // What the engine says of a state is the size of its handle.
        match self.data_type.starts_with("AggregateFunction") {
            true => format!("length(CAST({name} AS String))"),
            false => format!("byteSize({name})"),
        }
    }
}

/// Returns the names of the columns that are stored.
pub(super) fn stored(columns: &[TargetColumn]) -> Vec<String> {
    let stored = columns.iter().filter(|column| column.is_stored());
    stored.map(|column| column.name.clone()).collect()
}

/// Returns the columns of a table.
pub(super) async fn target_columns(
    engine: &Engine,
    table: &SourceName,
) -> Result<Vec<TargetColumn>, EngineError> {
    let sql = format!(
        "SELECT name, type, default_kind, default_expression FROM system.columns \
         WHERE database = {} AND table = {} ORDER BY position",
        quote_string(&table.database),
        quote_string(&table.datasource)
    );
    rows(engine, &sql).await
}

/// Returns the names of the columns that a query gives.
pub(super) async fn given_columns(
    engine: &Engine,
    query: &CopyQuery,
) -> Result<Vec<String>, EngineError> {
    let mut describe = Query::admin(format!("DESCRIBE TABLE (\n{}\n)", query.sql), "JSONEachRow");
    describe.database = Some(query.database.clone());
    describe.parameters.clone_from(&query.parameters);
    let output = engine.query(describe).await?;
    let lines = output.body.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| match serde_json::from_slice::<Named>(line) {
            Ok(column) => Ok(column.name),
            Err(error) => Err(EngineError::Protocol {
                reason: format!("a column of a query cannot be read: {error}"),
            }),
        })
        .collect()
}

/// Refuses columns that the data source does not take.
pub(super) fn check(columns: &[TargetColumn], given: &[String]) -> Result<(), CopyError> {
    let mut seen = BTreeSet::new();
    for name in given {
        let why = match columns.iter().find(|column| column.name == *name) {
            None => "does not have",
            Some(column) if !column.is_brought() => "computes itself",
            Some(_) if !seen.insert(name) => "has once, more than once",
            Some(_) => continue,
        };
        return Err(CopyError::Column {
            column: name.clone(),
            why,
            known: stored(columns).join(", "),
        });
    }
    Ok(())
}
