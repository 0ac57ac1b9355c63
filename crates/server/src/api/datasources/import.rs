//! Files in: `POST /v0/datasources?mode=append|replace` answers when the rows are stored, or with a job
//! for a URL; `POST /v1/datasources/<name>/append|replace` always answers with a job.

use std::io::Read;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::{CsvDialect, Format};
use birdhouse_jobs::{Details, Draft, JobContext, JobId};
use serde_json::{Value, json};

use super::create::{self, creates, for_upload};
use super::{appendable, checked_condition, removable, target};
use crate::api::jobs::{block_json, submitted};
use crate::api::without_nulls;
use crate::app::App;
use crate::append::{appender, idempotency_key};
use crate::body::{Encoding, api_error};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::import::{FileFormat, Import, Imported, Mode, Source, fetch};
use crate::operations::Operations;
use crate::params::Params;
use crate::upload::{Received, Upload, empty, receive};

/// `POST /v0/datasources?mode=create|append|replace&name=<data source>&format=csv|ndjson|json|parquet`.
///
/// The body is the file, or a multipart form whose first file counts, whatever its part is called; or
/// the parameter `url` says where the file is. To create a data source it takes a file or a `schema`.
pub(in crate::api) async fn upload(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let has_url = is_given(&ctx.params, "url");
    // What the query string says is checked before the body is read.
    if is_given(&ctx.params, "mode") && is_given(&ctx.params, "name") && !creates(&ctx.params) {
        wanted(&ctx, &ctx.params)?;
    }
    let received = match has_url {
        true => Received::Empty,
        false => receive(&ctx, body).await?,
    };
    match received {
        Received::Form(form) => {
            let params = ctx.params.clone().overridden_by(form);
            by_url(&ctx, &app, &params).await
        }
        Received::Empty if has_url || creates(&ctx.params) => by_url(&ctx, &app, &ctx.params).await,
        Received::Empty => {
            wanted(&ctx, &ctx.params)?;
            Err(empty(&ctx))
        }
        Received::Upload(upload) if creates(&ctx.params) => {
            let (ctx, upload) = for_upload(&ctx, &app, upload).await?;
            by_body(&ctx, &app, upload).await
        }
        Received::Upload(upload) => by_body(&ctx, &app, upload).await,
    }
}

/// `POST /v1/datasources/<name>/append?format=…`: the body, or the file of `url`, as a job.
pub(in crate::api) async fn append(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let datasource = appendable(&ctx, &name)?;
    as_job(&ctx, &app, (datasource, false), body).await
}

/// `POST /v1/datasources/<name>/replace?format=…[&replace_condition=…]`: the same, in place of rows.
pub(in crate::api) async fn replace(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let datasource = removable(&ctx, &name)?;
    as_job(&ctx, &app, (datasource, true), body).await
}

/// Runs the import of a job again: only one from a URL can.
pub(in crate::api) async fn again(
    ctx: &RequestContext,
    app: &Arc<App>,
    details: &Details,
) -> Result<Json<Value>, ApiError> {
    let params = Params::from_texts(details.parameters.clone());
    let is_replace = details.mode.as_deref() == Some("replace");
    let datasource = match is_replace {
        true => removable(ctx, &details.datasource)?,
        false => appendable(ctx, &details.datasource)?,
    };
    let import = import(ctx, app, &params, (datasource, is_replace), None).await?;
    submit_url(ctx, app, import, &params).await
}

/// Returns the data source and whether its rows are replaced.
fn wanted(ctx: &RequestContext, params: &Params) -> Result<(Arc<LiveDatasource>, bool), ApiError> {
    match params
        .text("mode")
        .filter(|mode| !mode.is_empty())
        .unwrap_or("create")
    {
        "append" => Ok((target(ctx, params)?, false)),
        "replace" => {
            let datasource = target(ctx, params)?;
            Ok((removable(ctx, &datasource.name)?, true))
        }
        // It has been created.
        "create" => Ok((target(ctx, params)?, false)),
        other => Err(ApiError::bad_request(format!(
            "the mode '{other}' is unknown; use create, append or replace"
        ))),
    }
}

/// Imports the body while the client waits.
async fn by_body(
    ctx: &RequestContext,
    app: &Arc<App>,
    upload: Upload,
) -> Result<Json<Value>, ApiError> {
    let wanted = wanted(ctx, &ctx.params)?;
    let import = import(ctx, app, &ctx.params, wanted, upload.file_name.as_deref()).await?;
    let place = app.imports.places.acquire().await;
    let _place = place.map_err(|error| ApiError::fault("no place for an upload", &error))?;
    let (datasource, import_id) = (Arc::clone(&import.datasource), import.import_id.clone());
    let source = blocking(move || {
        Source::new(upload.reader, upload.encoding, upload.bytes).map_err(|e| api_error(&e))
    });
    let source = source.await?;
    let operations = Operations::of(ctx, app);
    let imported = import.run(app, operations, source, None).await?;
    Ok(Json(stored(&datasource, &import_id, &imported)))
}

/// Returns what the client reads when a file is stored.
fn stored(datasource: &LiveDatasource, import_id: &str, imported: &Imported) -> Value {
    let quarantined = imported.loaded.quarantined_rows;
    let error = match quarantined {
        0 => Value::Bool(false),
        n => format!("There was an error with file contents: {n} rows in quarantine.").into(),
    };
    let blocks = imported.blocks.iter().enumerate();
    let blocks: Vec<Value> = blocks
        .map(|(number, block)| block_json(&format!("{import_id}-{number}"), block))
        .collect();
    let replaced = imported.replaced.as_ref().map(|replaced| {
        json!({
            "rows": replaced.rows,
            "ignored_rows": replaced.ignored_rows,
            "rebuilt": replaced.rebuilt,
        })
    });
    without_nulls(json!({
        "import_id": import_id,
        "datasource": { "id": datasource.id, "name": datasource.name },
        "invalid_lines": 0,
        "quarantine_rows": quarantined,
        "error": error,
        "errors": imported.first_fault.as_ref().map(|fault| json!([fault])),
        "blocks": blocks,
        "block_log": [],
        "replaced": replaced,
    }))
}

/// Imports the file of the parameter `url` as a job.
async fn by_url(
    ctx: &RequestContext,
    app: &Arc<App>,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    if creates(params) {
        return create::by_url(ctx, app, params).await;
    }
    by_url_as_job(ctx, app, params).await
}

/// Does so with a data source that is there.
pub(super) async fn by_url_as_job(
    ctx: &RequestContext,
    app: &Arc<App>,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    let wanted = wanted(ctx, params)?;
    if !is_given(params, "url") {
        return Err(empty(ctx));
    }
    let import = import(ctx, app, params, wanted, None).await?;
    submit_url(ctx, app, import, params).await
}

/// Stores the body on disk, or takes the address of a file, and imports it as a job.
async fn as_job(
    ctx: &RequestContext,
    app: &Arc<App>,
    wanted: (Arc<LiveDatasource>, bool),
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (received, params) = match is_given(&ctx.params, "url") {
        true => (Received::Empty, ctx.params.clone()),
        false => match receive(ctx, body).await? {
            Received::Form(form) => (Received::Empty, ctx.params.clone().overridden_by(form)),
            received => (received, ctx.params.clone()),
        },
    };
    let Received::Upload(upload) = received else {
        if !is_given(&params, "url") {
            return Err(empty(ctx));
        }
        let import = import(ctx, app, &params, wanted, None).await?;
        return submit_url(ctx, app, import, &params).await;
    };
    let import = import(ctx, app, &params, wanted, upload.file_name.as_deref()).await?;
    let spool = app.imports.spool.clone();
    let Upload {
        mut reader,
        encoding,
        ..
    } = upload;
    let file = blocking(move || spool.store(&mut reader).map_err(|e| api_error(&e))).await?;
    let bytes = file.bytes();
    let source = move || {
        let reader = file.open()?;
        Source::new(KeepOpen(reader, file), encoding, Some(bytes))
    };
    let source = move || source().map_err(|error| api_error(&error));
    submit(ctx, app, (import, &params), source).await
}

/// A reader with what must not go before it.
struct KeepOpen<R, T>(R, T);

impl<R: Read, T> Read for KeepOpen<R, T> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(out)
    }
}

async fn submit_url(
    ctx: &RequestContext,
    app: &Arc<App>,
    import: Import,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    let uri = fetch::parse(&import.origin)?;
    let allows_private = app.imports.allows_private_urls;
    let source = move || fetch::get(&uri, allows_private);
    submit(ctx, app, (import, params), source).await
}

/// Makes a job of an import; `source` opens the file, on a thread, when it is the job's turn.
async fn submit(
    ctx: &RequestContext,
    app: &Arc<App>,
    (mut import, params): (Import, &Params),
    source: impl FnOnce() -> Result<Source, ApiError> + Send + 'static,
) -> Result<Json<Value>, ApiError> {
    let mode = match import.mode {
        Mode::Append => "append",
        Mode::Replace { .. } => "replace",
    };
    let details = Details {
        request_id: ctx.request_id.clone(),
        datasource_id: import.datasource.id.clone(),
        datasource: import.datasource.name.clone(),
        mode: Some(mode.to_owned()),
        parameters: params.for_log(),
        url: is_given(params, "url").then(|| import.origin.clone()),
        ..Details::default()
    };
    let draft = Draft {
        workspace: ctx.caller.workspace.workspace.id,
        kind: "import",
        is_cancellable: true,
        details,
    };
    let (in_job, operations) = (Arc::clone(app), Operations::of(ctx, app));
    let work = move |job: JobContext| async move {
        let id = job.id().to_string();
        import.job_id = Some(id.clone());
        import.import_id.clone_from(&id);
        let operations = operations.of_job(&id);
        let imported = match blocking(source).await {
            Ok(source) => {
                import
                    .run(&in_job, operations, source, Some(job.clone()))
                    .await
            }
            Err(error) => {
                operations.record_import(&import, &Imported::default(), Some(&error));
                Err(error)
            }
        };
        let imported = imported.map_err(|error| error.message)?;
        job.update(|details| {
            details.rows = imported.loaded.rows;
            details.ignored_rows = imported
                .replaced
                .map_or(0, |replaced| replaced.ignored_rows);
        });
        Ok(())
    };
    submitted(ctx, app, draft, work).await
}

/// Returns the import that parameters ask for.
async fn import(
    ctx: &RequestContext,
    app: &App,
    params: &Params,
    (datasource, is_replace): (Arc<LiveDatasource>, bool),
    file_name: Option<&str>,
) -> Result<Import, ApiError> {
    app.append_rates.count_request(appender(ctx, &datasource))?;
    // A file is stored in parts, so a key could not make it count once.
    if idempotency_key(&ctx.headers)?.is_some() {
        return Err(ApiError::bad_request(
            "the header Idempotency-Key is not supported for files; it is for /v0/events",
        ));
    }
    let url = params.text("url").filter(|url| !url.is_empty());
    let uri = url.map(fetch::parse).transpose()?;
    let file_name = file_name.or(uri.as_ref().map(fetch::file_name));
    let condition = params
        .text("replace_condition")
        .filter(|text| !text.trim().is_empty());
    let mode = match (is_replace, condition) {
        (false, None) => Mode::Append,
        (false, Some(_)) => {
            return Err(ApiError::bad_request(
                "replace_condition has no meaning for an append; use mode=replace",
            ));
        }
        (true, condition) => Mode::Replace {
            condition: match condition {
                None => None,
                Some(text) => Some(checked_condition(ctx, app, &datasource.name, text).await?),
            },
            allows_empty: params.flag("replace_truncate_when_empty"),
        },
    };
    Ok(Import {
        format: format(params, file_name)?,
        datasource,
        mode,
        import_id: JobId::next().to_string(),
        job_id: None,
        request_id: ctx.request_id.clone(),
        origin: url.unwrap_or("body").to_owned(),
        now: ctx.started_at,
    })
}

/// Returns the format that was asked for, else that of the file's extension, else CSV.
pub(in crate::api) fn format(
    params: &Params,
    file_name: Option<&str>,
) -> Result<FileFormat, ApiError> {
    let dialect = csv_dialect(params)?;
    let known = |name: &str| match name.to_ascii_lowercase().as_str() {
        "csv" | "tsv" => Some(FileFormat::Rows(Format::Csv(dialect))),
        "ndjson" | "jsonl" => Some(FileFormat::Rows(Format::Ndjson)),
        "json" => Some(FileFormat::Rows(Format::Json)),
        "parquet" => Some(FileFormat::Parquet),
        _ => None,
    };
    if let Some(name) = params.text("format").filter(|format| !format.is_empty()) {
        return known(name).ok_or_else(|| {
            ApiError::bad_request(format!(
                "the format '{name}' is not supported; use csv, ndjson, json or parquet"
            ))
        });
    }
    let file_name = file_name.map(|name| Encoding::of_file_name(name).1);
    let extension = file_name.and_then(|name| name.rsplit_once('.'));
    let by_extension = extension.and_then(|(_, extension)| known(extension));
    Ok(by_extension.unwrap_or(FileFormat::Rows(Format::Csv(dialect))))
}

fn csv_dialect(params: &Params) -> Result<CsvDialect, ApiError> {
    let given = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let byte = |name: &str| match given(name) {
        None => Ok(None),
        Some("\\t" | "tab") => Ok(Some(b'\t')),
        Some(text) => match text.as_bytes() {
            [byte] => Ok(Some(*byte)),
            _ => Err(ApiError::bad_request(format!(
                "{name} is '{text}'; give one ASCII character, or \\t for a tab"
            ))),
        },
    };
    let row_end = match given("dialect_new_line") {
        None | Some("\n" | "\r\n" | "\r" | "\\n" | "\\r\\n" | "\\r") => None,
        Some(_) => byte("dialect_new_line")?,
    };
    Ok(CsvDialect {
        delimiter: byte("dialect_delimiter")?,
        escape: byte("dialect_escapechar")?,
        row_end,
        ..CsvDialect::default()
    })
}

pub(super) fn is_given(params: &Params, name: &str) -> bool {
    params.text(name).is_some_and(|value| !value.is_empty())
}

/// Does what blocks on a thread.
pub(in crate::api) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await?
}
