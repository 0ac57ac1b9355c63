//! `/v0/analyze`: what columns a file has, and a data source for it.

use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use birdhouse_ingest::{Analysis, CsvDialect, FileKind, analyze as analyze_rows, file_kind};
use serde_json::{Map, Value, json};

use super::datasources::import::blocking;
use super::without_nulls;
use crate::app::App;
use crate::body::{Encoding, api_error};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::import::{Source, columns_of, fetch};
use crate::limits::ANALYZE_BYTES_MAX;
use crate::params::Params;
use crate::upload::{Received, Upload, empty, receive};

/// Rows that are shown.
const PREVIEW_ROWS: usize = 10;

/// Rows of a Parquet file that are looked at.
const PARQUET_ROWS: usize = 1000;

/// `POST /v0/analyze[?url=…]`: of the body, or of the file of a URL. What it is is seen by its content.
pub(super) async fn analyze(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let scopes = ctx.scopes();
    if !scopes.can_remove_rows() && !scopes.can_deploy() {
        return Err(ApiError::forbidden(
            "Not enough permissions to analyze files: the token needs DATASOURCES:CREATE or ADMIN",
        ));
    }
    let began = Instant::now();
    let url = |params: &Params| {
        let url = params.text("url").filter(|url| !url.is_empty());
        url.map(str::to_owned)
    };
    let source = match url(&ctx.params) {
        Some(url) => by_url(&app, url).await?,
        None => match receive(&ctx, body).await? {
            Received::Form(form) => match url(&form) {
                Some(url) => by_url(&app, url).await?,
                None => return Err(empty(&ctx)),
            },
            Received::Empty => return Err(empty(&ctx)),
            Received::Upload(Upload {
                reader, encoding, ..
            }) => blocking(move || opened(reader, encoding)).await?,
        },
    };
    let (head, source) = blocking(move || head(source)).await?;
    let bytes = head.len();
    let analysis = analyzed(&app, head, source).await?;
    Ok(Json(answer(&analysis, bytes, began)))
}

/// Returns the columns that a file has as the schema of a data source, and the file from its beginning.
pub(super) async fn schema_of(
    app: &Arc<App>,
    upload: Upload,
) -> Result<(Upload, String), ApiError> {
    let Upload {
        reader, encoding, ..
    } = upload;
    let source = blocking(move || opened(reader, encoding)).await?;
    let (head, rest) = blocking(move || head(source)).await?;
    if file_kind(&head) == FileKind::Parquet && head.len() >= ANALYZE_BYTES_MAX {
        return Err(ApiError::bad_request(format!(
            "the columns of a Parquet file of more than {ANALYZE_BYTES_MAX} bytes cannot be guessed; say them as the parameter 'schema'"
        )));
    }
    let again = Upload {
        reader: Box::new(std::io::Cursor::new(head.clone()).chain(rest)),
        encoding: None,
        bytes: None,
        file_name: upload.file_name,
    };
    let analysis = analyzed(app, head, Source::derived(std::io::empty())).await?;
    Ok((again, analysis.schema()))
}

/// Does the same for the file of a URL.
pub(super) async fn schema_of_url(app: &Arc<App>, url: &str) -> Result<String, ApiError> {
    let source = by_url(app, url.to_owned()).await?;
    let (head, source) = blocking(move || head(source)).await?;
    Ok(analyzed(app, head, source).await?.schema())
}

/// Looks at the beginning of a file; of a Parquet file it takes all.
async fn analyzed(app: &Arc<App>, head: Vec<u8>, rest: Source) -> Result<Analysis, ApiError> {
    match file_kind(&head) {
        FileKind::Parquet => {
            let source = Source::derived(std::io::Cursor::new(head).chain(rest));
            let (columns, rows) = columns_of(app, source, PARQUET_ROWS).await?;
            let types = columns
                .into_iter()
                .map(|column| (column.name, column.data_type));
            let types: Vec<_> = types.collect();
            blocking(move || {
                let analysis = analyze_rows(&rows, FileKind::Json, CsvDialect::default())?;
                Ok(analysis.with_types(&types))
            })
            .await
        }
        kind => blocking(move || Ok(analyze_rows(&head, kind, CsvDialect::default())?)).await,
    }
}

async fn by_url(app: &App, url: String) -> Result<Source, ApiError> {
    let allows_private = app.imports.allows_private_urls;
    blocking(move || fetch::get(&fetch::parse(&url)?, allows_private)).await
}

fn opened(reader: Box<dyn Read + Send>, encoding: Option<Encoding>) -> Result<Source, ApiError> {
    Source::new(reader, encoding, None).map_err(|error| api_error(&error))
}

/// Reads the beginning of a file.
fn head(mut source: Source) -> Result<(Vec<u8>, Source), ApiError> {
    let mut head = Vec::new();
    let limit = ANALYZE_BYTES_MAX as u64;
    let read = (&mut source).take(limit).read_to_end(&mut head);
    read.map_err(|error| api_error(&error))?;
    Ok((head, source))
}

fn answer(analysis: &Analysis, bytes: usize, began: Instant) -> Value {
    let columns: Vec<Value> = analysis
        .columns
        .iter()
        .map(|column| {
            without_nulls(json!({
                "path": column.path,
                "recommended_type": column.data_type,
                "present_pct": column.present,
                "name": column.name,
            }))
        })
        .collect();
    let meta: Vec<Value> = analysis
        .columns
        .iter()
        .map(|column| json!({ "name": column.name, "type": column.data_type }))
        .collect();
    let rows = analysis.rows.iter().take(PREVIEW_ROWS);
    let rows: Vec<Value> = rows
        .map(|row| {
            let names = analysis.columns.iter().map(|column| column.name.clone());
            Value::Object(names.zip(row.iter().cloned()).collect::<Map<_, _>>())
        })
        .collect();
    let dialect = analysis.dialect.as_ref().map(|dialect| {
        json!({
            "delimiter": dialect.delimiter,
            "has_header": dialect.has_header,
            "newline": dialect.newline,
            "quotechar": dialect.quote,
            "escapechar": dialect.escape,
        })
    });
    without_nulls(json!({
        "analysis": { "columns": columns, "schema": analysis.schema() },
        "preview": {
            "meta": meta,
            "rows": rows.len(),
            "data": rows,
            "statistics": {
                "elapsed": began.elapsed().as_secs_f64(),
                "rows_read": analysis.row_count,
                "bytes_read": bytes,
            },
        },
        "dialect": dialect,
    }))
}
