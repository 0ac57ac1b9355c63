//! Creates the service data sources in the engine.

use birdhouse_engine::{Engine, EngineError, SERVICE_DATABASE};

use crate::SERVICE_DATASOURCES;

/// Creates the database and the tables of the service data sources where they are missing.
///
/// # Errors
/// Fails when the engine is not available or refuses a statement.
pub async fn ensure_tables(engine: &Engine) -> Result<(), EngineError> {
    let database = format!("CREATE DATABASE IF NOT EXISTS {SERVICE_DATABASE} ENGINE = Atomic");
    let tables = SERVICE_DATASOURCES
        .iter()
        .map(|datasource| datasource.ddl());
    for sql in std::iter::once(database).chain(tables) {
        engine.execute(&sql).await?;
    }
    Ok(())
}
