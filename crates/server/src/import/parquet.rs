//! Parquet: the engine reads the file and gives its rows as JSON.

use std::io;
use std::sync::Arc;

use axum::http::StatusCode;
use birdhouse_engine::{Query, QueryStream};
use birdhouse_sql::quote_string;
use serde::Deserialize;

use super::Source;
use crate::app::App;
use crate::body::{ChannelReader, Limited, ReadError, api_error};
use crate::error::ApiError;
use crate::limits::PARQUET_BYTES_MAX;
use crate::spool::SpoolFile;

/// A column of a file.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FileColumn {
    pub(crate) name: String,
    /// Its type in the engine.
    #[serde(rename = "type")]
    pub(crate) data_type: String,
}

/// Returns the rows of a Parquet file as lines of JSON.
///
/// # Errors
/// When the file cannot be read, is too large, or is no Parquet.
pub(crate) async fn as_json_rows(app: &Arc<App>, source: Source) -> Result<Source, ApiError> {
    let file = store(app, source).await?;
    let select = format!("SELECT * FROM {}", table(&file));
    let mut query = Query::admin(select, "JSONEachRow");
    // Without quotes infinity and its like would be null.
    for setting in ["quote_denormals", "quote_decimals"] {
        let name = format!("output_format_json_{setting}");
        query.settings.push((name, "1".to_owned()));
    }
    let rows = app.engine.query_stream(query).await;
    let rows = rows.map_err(|error| not_parquet(&error.into()))?;
    let (sender, reader) = ChannelReader::new();
    tokio::spawn(async move {
        let mut rows: QueryStream = rows;
        while let Some(piece) = rows.next().await {
            let piece = piece.map_err(|error| ReadError::Broken(error.to_string()));
            if sender.send(piece).await.is_err() {
                break;
            }
        }
        drop(file);
    });
    Ok(Source::derived(reader))
}

/// Returns the columns of a Parquet file and its first rows as lines of JSON.
///
/// # Errors
/// When the file cannot be read, is too large, or is no Parquet.
pub(crate) async fn columns_of(
    app: &Arc<App>,
    source: Source,
    rows_max: usize,
) -> Result<(Vec<FileColumn>, Vec<u8>), ApiError> {
    let file = store(app, source).await?;
    let describe = format!("DESCRIBE TABLE {}", table(&file));
    let described = app
        .engine
        .query(Query::admin(describe, "JSONEachRow"))
        .await;
    let described = described.map_err(|error| not_parquet(&error.into()))?;
    let lines = described.body.split(|byte| *byte == b'\n');
    let columns = lines
        .filter(|line| !line.is_empty())
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()
        .map_err(|error| ApiError::fault("columns of a file cannot be read", &error))?;
    let select = format!("SELECT * FROM {} LIMIT {rows_max}", table(&file));
    let rows = app
        .engine
        .query(Query::admin(select, "JSONEachRow"))
        .await?;
    Ok((columns, rows.body.to_vec()))
}

async fn store(app: &Arc<App>, source: Source) -> Result<SpoolFile, ApiError> {
    let spool = app.imports.spool.clone();
    let mut limited = Limited::new(source, PARQUET_BYTES_MAX);
    let store = move || spool.store(&mut limited);
    let stored: io::Result<SpoolFile> = tokio::task::spawn_blocking(store)
        .await
        .map_err(|error| ApiError::fault("storing a file ended badly", &error))?;
    stored.map_err(|error| api_error(&error))
}

/// Returns the file as a table. Its name is ours.
fn table(file: &SpoolFile) -> String {
    let path = quote_string(&file.path().to_string_lossy());
    format!("file({path}, 'Parquet')")
}

/// Keeps the engine's words about paths to ourselves.
fn not_parquet(error: &ApiError) -> ApiError {
    if error.status != StatusCode::BAD_REQUEST && error.status != StatusCode::INTERNAL_SERVER_ERROR
    {
        return error.clone();
    }
    tracing::debug!(error = error.message, "a file is no Parquet");
    ApiError::bad_request(
        "the file is not valid Parquet, or has a column of a type that cannot be read",
    )
}
