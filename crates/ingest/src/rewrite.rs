//! Rows that go: all of a table, or those that match a condition.
//!
//! A condition is a text of a user. The caller has had it checked by the guard: it is one
//! expression and reads nothing but data sources. Materialized views are not touched by any of this.

use birdhouse_engine::{Engine, EngineError, Query, QueryLimits};
use birdhouse_sql::quote_string;
use uuid::Uuid;

use crate::tables::{count, qualified, run};

/// How a lightweight delete is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LightweightDelete {
    /// The only partition to look into, as its value is written.
    pub partition: Option<String>,
    /// What happens to projections: `throw`, `drop` or `rebuild`.
    pub projection_mode: Option<String>,
}

/// Removes all rows of a table.
///
/// # Errors
/// When the engine refuses or is not available.
pub async fn truncate(engine: &Engine, database: &str, table: &str) -> Result<(), EngineError> {
    let sql = format!("TRUNCATE TABLE {}", qualified(database, table));
    engine.execute(&sql).await
}

/// Returns how many rows match the condition. Reads with the rights of a reader.
///
/// # Errors
/// When the condition does not fit the table, or the engine is not available.
pub async fn matching_rows(
    engine: &Engine,
    (database, table): (&str, &str),
    condition: &str,
) -> Result<u64, EngineError> {
    let sql = format!(
        "SELECT count() FROM {} WHERE (\n{condition}\n)",
        qualified(database, table)
    );
    let mut query = Query::reader(sql, database, "TSVRaw");
    query.limits = QueryLimits::internal();
    let output = engine.query(query).await?;
    let text = String::from_utf8_lossy(&output.body);
    text.trim().parse().map_err(|error| EngineError::Protocol {
        reason: format!("'{}' is no count: {error}", text.trim()),
    })
}

/// Removes the rows that match the condition and returns how many there were.
///
/// The caller holds the table, so that the number is right.
///
/// # Errors
/// When the condition does not fit the table, or the engine is not available.
pub async fn delete(
    engine: &Engine,
    (database, table): (&str, &str),
    condition: &str,
) -> Result<u64, EngineError> {
    let rows = matching_rows(engine, (database, table), condition).await?;
    let sql = format!(
        "ALTER TABLE {} DELETE WHERE (\n{condition}\n)",
        qualified(database, table)
    );
    let mut query = Query::admin(sql, "Null");
    query.database = Some(database.to_owned());
    query.settings = vec![("mutations_sync".to_owned(), "1".to_owned())];
    engine.query(query).await?;
    Ok(rows)
}

/// Hides the rows that match the condition; merges remove them later. Returns how many there were.
///
/// # Errors
/// When the condition does not fit the table, or the engine is not available.
pub async fn delete_lightweight(
    engine: &Engine,
    (database, table): (&str, &str),
    condition: &str,
    options: &LightweightDelete,
) -> Result<u64, EngineError> {
    let before = rows_of(engine, database, table).await?;
    let partition = match &options.partition {
        Some(partition) => format!(" IN PARTITION {}", quote_string(partition)),
        None => String::new(),
    };
    let sql = format!(
        "DELETE FROM {}{partition} WHERE (\n{condition}\n)",
        qualified(database, table)
    );
    let mut query = Query::admin(sql, "Null");
    query.database = Some(database.to_owned());
    query.id = Uuid::now_v7().to_string();
    if let Some(mode) = &options.projection_mode {
        let setting = "lightweight_mutation_projection_mode".to_owned();
        query.settings.push((setting, mode.clone()));
    }
    engine.query(query).await?;
    let after = rows_of(engine, database, table).await?;
    Ok(before.saturating_sub(after))
}

async fn rows_of(engine: &Engine, database: &str, table: &str) -> Result<u64, EngineError> {
    let sql = format!("SELECT count() FROM {}", qualified(database, table));
    count(engine, database, &sql).await
}

/// Writes the rows of `source` that match `filter` to `target`, a table with the same columns.
pub(crate) async fn copy_rows(
    engine: &Engine,
    database: &str,
    (source, target): (&str, &str),
    columns: &str,
    filter: &str,
) -> Result<u64, EngineError> {
    let sql = format!("INSERT INTO {target} ({columns}) SELECT {columns} FROM {source} {filter}");
    run(engine, database, sql).await
}
