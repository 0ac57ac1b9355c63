//! `/v0/datasources`: files into data sources.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::header;
use birdhouse_ingest::{CsvDialect, Format, Operation};
use bytes::Bytes;
use serde_json::{Value, json};

use super::events::target;
use crate::app::App;
use crate::append::Append;
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::UPLOAD_BODY_BYTES_MAX;

/// A file as it was sent.
struct Upload {
    /// The name that the client gave it.
    file_name: Option<String>,
    data: Bytes,
}

/// `POST /v0/datasources?mode=append&name=<data source>&format=csv|ndjson|json`.
///
/// The body is the file, or a multipart form whose first file counts, whatever its part is called.
pub(super) async fn upload(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    match ctx.params.text("mode").unwrap_or("create") {
        "append" => {}
        mode @ ("create" | "replace") => {
            return Err(ApiError::bad_request(format!(
                "mode={mode} is not supported; data sources are made by deploying a project, rows are added with mode=append"
            )));
        }
        other => {
            return Err(ApiError::bad_request(format!(
                "the mode '{other}' is unknown; use append"
            )));
        }
    }
    let datasource = target(&ctx)?;
    let upload = receive(&ctx, body).await?;
    let format = format(&ctx, upload.file_name.as_deref())?;
    let bytes = upload.data.len();
    let import_id = ctx.request_id.clone();
    let append = Append {
        datasource: Arc::clone(&datasource),
        format,
        operation: Operation::Import,
        import_id: Some(import_id.clone()),
        wait: true,
    };
    let taken = append.run(&ctx, &app, upload.data).await?;
    let (rows, quarantined) = (taken.counts.rows, taken.counts.quarantined_rows);
    let seconds = ctx.started.elapsed().as_secs_f64();
    let error = match quarantined {
        0 => Value::Bool(false),
        n => format!("There was an error with file contents: {n} rows in quarantine.").into(),
    };
    Ok(Json(json!({
        "import_id": import_id,
        "datasource": { "id": datasource.id, "name": datasource.name },
        "invalid_lines": 0,
        "quarantine_rows": quarantined,
        "error": error,
        "blocks": [{
            "block_id": import_id,
            "process_return": [{
                "lines": rows + quarantined,
                "parser": "birdhouse",
                "quarantine": quarantined,
                "time": seconds,
                "bytes": bytes,
                "invalid_lines": 0,
                "empty_lines": 0,
            }],
            "processing_time": seconds,
        }],
        "block_log": [],
    })))
}

async fn receive(ctx: &RequestContext, body: Body) -> Result<Upload, ApiError> {
    let data = body::read(body, &ctx.headers, UPLOAD_BODY_BYTES_MAX).await?;
    let content_type = ctx.headers.get(header::CONTENT_TYPE);
    let is_multipart = content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("multipart/form-data"));
    let Some(content_type) = content_type.filter(|_| is_multipart) else {
        return Ok(Upload {
            file_name: None,
            data,
        });
    };
    let mut request = Request::new(Body::from(data));
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type.clone());
    let broken = |error: &dyn std::fmt::Display| {
        ApiError::bad_request(format!("the multipart form cannot be read: {error}"))
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| broken(&error))?;
    while let Some(part) = form.next_field().await.map_err(|error| broken(&error))? {
        if let Some(file_name) = part.file_name().map(str::to_owned) {
            let data = part.bytes().await.map_err(|error| broken(&error))?;
            return Ok(Upload {
                file_name: Some(file_name),
                data,
            });
        }
    }
    Err(ApiError::bad_request(
        "the multipart form has no file; send it as a part with a file name",
    ))
}

/// Returns the format that was asked for, else that of the file's extension, else CSV.
fn format(ctx: &RequestContext, file_name: Option<&str>) -> Result<Format, ApiError> {
    let asked = ctx
        .params
        .text("format")
        .filter(|format| !format.is_empty());
    let extension = file_name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, extension)| extension);
    let known = |name: &str| match name {
        "csv" => Some(Format::Csv(csv_dialect(ctx))),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "json" => Some(Format::Json),
        _ => None,
    };
    match asked {
        Some(name) => known(name).ok_or_else(|| {
            ApiError::bad_request(format!(
                "the format '{name}' is not supported; use csv, ndjson or json"
            ))
        }),
        None => Ok(extension
            .and_then(known)
            .unwrap_or_else(|| Format::Csv(csv_dialect(ctx)))),
    }
}

fn csv_dialect(ctx: &RequestContext) -> CsvDialect {
    let delimiter = ctx
        .params
        .text("dialect_delimiter")
        .and_then(|text| match text.as_bytes() {
            [byte] => Some(*byte),
            b"\\t" => Some(b'\t'),
            _ => None,
        });
    CsvDialect {
        delimiter,
        ..CsvDialect::default()
    }
}
