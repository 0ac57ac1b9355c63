//! Creates the service data sources in the engine.

use birdhouse_engine::{Engine, EngineError, service_database};
use birdhouse_sql::quote_identifier;

use crate::SERVICE_DATASOURCES;

/// Creates the service data sources of a workspace where they are missing: a database beside the one
/// that holds the workspace's data, with tables and the views that fill the daily ones.
///
/// # Errors
/// Fails when the engine is not available or refuses a statement.
pub async fn ensure_tables(engine: &Engine, database: &str) -> Result<(), EngineError> {
    let service = service_database(database);
    let create = format!(
        "CREATE DATABASE IF NOT EXISTS {} ENGINE = Atomic",
        quote_identifier(&service)
    );
    engine.execute(&create).await?;
    for datasource in SERVICE_DATASOURCES {
        engine.execute(&datasource.ddl(&service)).await?;
    }
    for datasource in SERVICE_DATASOURCES {
        if let Some(view) = datasource.view_ddl(&service) {
            engine.execute(&view).await?;
        }
    }
    Ok(())
}
