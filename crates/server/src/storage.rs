//! How much each data source holds, for `tinybird.datasources_storage`.

use std::collections::HashMap;
use std::convert::Infallible;

use birdhouse_engine::{DATABASE_PREFIX, Query};
use birdhouse_ingest::QUARANTINE_SUFFIX;
use birdhouse_telemetry::DatasourceStorage;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use tokio::time::interval;

use crate::app::App;
use crate::error::ApiError;
use crate::limits::STORAGE_SAMPLE_PERIOD;

/// Rows and bytes of a table.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Size {
    rows: u64,
    bytes: u64,
}

/// A table with its size.
#[derive(Debug, Deserialize)]
struct Sized {
    database: String,
    name: String,
    #[serde(flatten)]
    size: Size,
}

/// Notes again and again how much the data sources of all workspaces hold, where that has changed.
pub async fn watch_storage(app: &App) -> Infallible {
    let mut known = HashMap::new();
    let mut ticks = interval(STORAGE_SAMPLE_PERIOD);
    loop {
        ticks.tick().await;
        if let Err(error) = sample(app, &mut known).await {
            tracing::warn!(
                error = error.message,
                "the sizes of data sources are not known now"
            );
        }
    }
}

/// Records what differs from `known`, by id of the data source.
async fn sample(app: &App, known: &mut HashMap<String, DatasourceStorage>) -> Result<(), ApiError> {
    let sizes = sizes(app).await?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).start_of_day();
    let today = today.map_err(|error| ApiError::fault("the day is not known", &error))?;
    let mut seen = HashMap::new();
    for view in app.catalog.view().workspaces() {
        let workspace = &view.workspace;
        let size = |table: String| {
            let found = sizes.get(&(workspace.database.clone(), table));
            found.copied().unwrap_or_default()
        };
        for datasource in app.live(workspace.id).datasources.values() {
            let own = size(datasource.table.clone());
            let quarantine = size(format!("{}{QUARANTINE_SUFFIX}", datasource.table));
            let storage = DatasourceStorage {
                datasource_id: datasource.id.clone(),
                datasource_name: datasource.name.clone(),
                timestamp: today.timestamp(),
                bytes: own.bytes,
                rows: own.rows,
                bytes_quarantine: quarantine.bytes,
                rows_quarantine: quarantine.rows,
            };
            if known.get(&storage.datasource_id) != Some(&storage) {
                app.recorder(workspace).record_storage(storage.clone());
            }
            seen.insert(storage.datasource_id.clone(), storage);
        }
    }
    *known = seen;
    Ok(())
}

/// Reads the sizes of all tables of workspaces, by database and name.
async fn sizes(app: &App) -> Result<HashMap<(String, String), Size>, ApiError> {
    let sql = format!(
        "SELECT database, name, total_rows AS rows, total_bytes AS bytes FROM system.tables \
         WHERE startsWith(database, '{DATABASE_PREFIX}') AND total_rows > 0"
    );
    let output = app.engine.query(Query::admin(sql, "JSONEachRow")).await?;
    let lines = output.body.split(|byte| *byte == b'\n');
    let tables = lines.filter_map(|line| serde_json::from_slice::<Sized>(line).ok());
    Ok(tables
        .map(|table| ((table.database, table.name), table.size))
        .collect())
}
