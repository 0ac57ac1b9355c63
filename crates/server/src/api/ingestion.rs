//! `/v0/ingestion`: rows on their way to the engine, and what to do when they get stuck.

use std::path::{Component, Path as FilePath};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use birdhouse_ingest::{
    AsideError, Check, CheckResult, IngestionStatus, LastStop, SourceName, SourceStatus,
};
use serde_json::{Value, json};

use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /v0/ingestion`: the journal, and each data source with rows that wait.
pub(super) async fn status(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    let status = app.ingestion.status();
    let database = &ctx.caller.workspace.workspace.database;
    let sources: Vec<Value> = (status.sources.iter())
        .filter(|source| source.name.database == *database)
        .map(source)
        .collect();
    Ok(Json(json!({
        "journal": {
            "bytes": status.journal.bytes,
            "bytes_max": status.journal_bytes_max,
            "segments": status.journal.segments,
            "damaged_segments": status.journal.damaged_segments,
            "poisoned": status.journal.poisoned,
            "full": status.journal.full,
        },
        "datasources": sources,
        "last_start": last_start(&status, database),
    })))
}

/// `POST /v0/ingestion/<data source>/retry`: tries rows that fail again at once.
pub(super) async fn retry(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(datasource): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    app.ingestion.retry_now(&source_name(&ctx, &datasource)?);
    Ok(Json(json!({ "ok": true })))
}

/// `POST /v0/ingestion/<data source>/set-aside`: takes the batch that fails out of the way of the rows
/// behind it. The answer names the file that holds it.
pub(super) async fn set_aside(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(datasource): Path<String>,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    let name = source_name(&ctx, &datasource)?;
    let aside = app.ingestion.set_aside(&name).await?;
    let file = aside.path.file_name().unwrap_or_default();
    Ok(Json(json!({
        "rows": aside.rows,
        "file": file.to_string_lossy(),
    })))
}

/// `POST /v0/ingestion/put-back?file=<name>`: sends rows that were set aside again.
pub(super) async fn put_back(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    require_admin(&ctx)?;
    let file = ctx.params.text("file").unwrap_or_default();
    let mut parts = FilePath::new(file).components();
    let (Some(Component::Normal(name)), None) = (parts.next(), parts.next()) else {
        return Err(ApiError::bad_request(
            "the parameter 'file' must be the name of a file that set-aside returned",
        ));
    };
    let database = &ctx.caller.workspace.workspace.database;
    let rows = app
        .ingestion
        .put_back(database, FilePath::new(name))
        .await?;
    Ok(Json(json!({ "rows": rows })))
}

/// Says what the journal held when the server started, and what was found out about it since.
fn last_start(status: &IngestionStatus, database: &str) -> Value {
    let recovery = &status.recovery;
    let checks: Vec<Value> = (status.checks.iter())
        .filter(|check| check.source.database == database)
        .map(check)
        .collect();
    json!({
        "before": match recovery.last_stop {
            LastStop::New => "new",
            LastStop::Clean => "stopped",
            LastStop::Killed => "killed",
            LastStop::MachineStopped => "machine stopped",
        },
        "pending_rows": recovery.pending_rows,
        "replayed_batches": recovery.replayed_batches,
        "damage": recovery.damage,
        "doubtful_rows": recovery.doubtful_rows,
        "checks": checks,
    })
}

fn check(check: &Check) -> Value {
    let name = &check.source.datasource;
    match &check.result {
        CheckResult::Compared {
            rows,
            missing,
            surplus,
            unchecked,
        } => json!({
            "name": name,
            "rows": rows,
            "missing_rows": missing,
            "surplus_rows": surplus,
            "unchecked_requests": unchecked,
        }),
        CheckResult::NotCompared { reason } => json!({ "name": name, "not_compared": reason }),
    }
}

fn source(status: &SourceStatus) -> Value {
    let trouble = status.trouble.as_ref().map(|trouble| {
        json!({
            "reason": trouble.failed.reason,
            "is_view": trouble.failed.is_view,
            "is_engine_away": trouble.is_engine_away,
            "engine_deaths": trouble.engine_deaths,
            "attempts": trouble.attempts,
            "seconds": trouble.since.elapsed().as_secs_f64(),
            "how_to_unblock": match (trouble.is_engine_away, trouble.failed.is_view) {
                (true, _) => "nothing to do: the rows are stored when the engine is back",
                (false, true) => "correct the materialized view and deploy; the rows are tried again by themselves. Or POST to set-aside: they are in the data source, and what the view should have made of them is missing",
                (false, false) => "correct the data source and deploy; the rows are tried again by themselves. Or POST to set-aside: they are kept in a file and can be put back",
            },
        })
    });
    json!({
        "name": status.name.datasource,
        "pending_rows": status.pending_rows,
        "pending_bytes": status.pending_bytes,
        "lag_seconds": status.lag.as_secs_f64(),
        "is_held": status.is_held,
        "trouble": trouble,
    })
}

fn require_admin(ctx: &RequestContext) -> Result<(), ApiError> {
    match ctx.scopes().is_admin() {
        true => Ok(()),
        false => Err(ApiError::forbidden(
            "only an admin token may look at the ingestion or change it",
        )),
    }
}

fn source_name(ctx: &RequestContext, name: &str) -> Result<SourceName, ApiError> {
    let datasource = ctx
        .live
        .datasource(name)
        .ok_or_else(|| ApiError::not_found(format!("The data source '{name}' does not exist")))?;
    let database = &ctx.caller.workspace.workspace.database;
    Ok(SourceName::new(database, &datasource.table))
}

impl From<AsideError> for ApiError {
    fn from(error: AsideError) -> Self {
        match error {
            AsideError::NotFailing(_) | AsideError::NotRows(_) => {
                Self::bad_request(error.to_string())
            }
            AsideError::Io { ref source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Self::not_found("there is no file of that name with rows that were set aside")
            }
            AsideError::Append(error) => error.into(),
            error => {
                tracing::error!(%error, "rows could not be set aside or put back");
                Self::unavailable(error.to_string())
            }
        }
    }
}
