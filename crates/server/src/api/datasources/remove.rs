//! Rows out: `truncate`, `delete` as a job, and the lightweight `delete` of `/v1`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::limits::HOLD_WAIT_MAX;
use birdhouse_ingest::{Hold, HoldMode, LightweightDelete, QUARANTINE_SUFFIX, SourceName};
use birdhouse_jobs::{Details, Draft, JobContext};
use birdhouse_telemetry::OperationType;
use serde_json::{Value, json};

use super::{check_removal, checked_condition, existing, removable};
use crate::api::jobs::submitted;
use crate::api::sql::all_params;
use crate::app::{App, to_the_end};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::operations::Operations;
use crate::params::Params;

/// `POST /v0/datasources/<name>/truncate`: a data source, or the quarantine of one.
pub(in crate::api) async fn truncate(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    check_removal(&ctx, &name)?;
    let owner = name
        .strip_suffix(QUARANTINE_SUFFIX)
        .filter(|_| ctx.live.datasource(&name).is_none());
    let datasource = existing(&ctx, owner.unwrap_or(&name))?;
    let table = match owner {
        Some(_) => format!("{}{QUARANTINE_SUFFIX}", datasource.table),
        None => datasource.table.clone(),
    };
    let database = ctx.caller.workspace.workspace.database.clone();
    let result = async {
        let _hold = hold(&app, &database, &datasource).await?;
        Ok(birdhouse_ingest::truncate(&app.engine, &database, &table).await?)
    };
    let result: Result<(), ApiError> = result.await;
    Operations::of(&ctx, &app).record_removal(
        OperationType::Truncate,
        (&datasource.id, &name),
        Vec::new(),
        result.as_ref().map(|()| None),
    );
    result.map(|()| Json(json!({})))
}

/// `POST /v0/datasources/<name>/delete` with `delete_condition`: a job, or with `dry_run=true` the
/// number of rows.
pub(in crate::api) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let removal = Removal::new(&ctx, &app, &name, body).await?;
    if removal.params.flag("dry_run") {
        let table = (removal.database.as_str(), removal.datasource.table.as_str());
        let rows = birdhouse_ingest::matching_rows(&app.engine, table, &removal.condition).await?;
        return Ok(Json(json!({ "rows_to_be_deleted": rows })));
    }
    removal.submit(&ctx, &app, None).await
}

/// `POST /v1/datasources/<name>/delete` with `delete_condition`, `wait`, `partition` and
/// `projection_mode`: rows are hidden at once and removed by later merges.
pub(in crate::api) async fn delete_lightweight(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let removal = Removal::new(&ctx, &app, &name, body).await?;
    let given = |name: &str| {
        let text = removal.params.text(name)?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let projection_mode = given("projection_mode");
    let is_known = |mode: &String| matches!(mode.as_str(), "throw" | "drop" | "rebuild");
    if let Some(mode) = projection_mode.as_ref().filter(|mode| !is_known(mode)) {
        return Err(ApiError::bad_request(format!(
            "projection_mode is '{mode}'; use throw, drop or rebuild"
        )));
    }
    let options = LightweightDelete {
        partition: given("partition"),
        projection_mode,
    };
    let waits = removal.params.text("wait").is_none() || removal.params.flag("wait");
    if !waits {
        return removal.submit(&ctx, &app, Some(options)).await;
    }
    let operations = Operations::of(&ctx, &app);
    let removing = async move { removal.run(&app, &operations, Some(&options)).await };
    let rows = to_the_end(removing).await?;
    Ok(Json(json!({
        "rows_affected": rows,
        "mutation": { "partitions_scanned": 1, "partitions_done": 1, "partitions_in_progress": 0 },
    })))
}

/// Deletes again what a job should have deleted.
pub(in crate::api) async fn again(
    ctx: &RequestContext,
    app: &Arc<App>,
    details: &Details,
) -> Result<Json<Value>, ApiError> {
    let params = Params::from_texts(details.parameters.clone());
    let removal = Removal::of(ctx, app, &details.datasource, params).await?;
    removal.submit(ctx, app, None).await
}

/// Rows of a data source that are to go.
struct Removal {
    datasource: Arc<LiveDatasource>,
    database: String,
    /// Checked by the guard.
    condition: String,
    params: Params,
}

impl Removal {
    async fn new(
        ctx: &RequestContext,
        app: &App,
        name: &str,
        body: Body,
    ) -> Result<Self, ApiError> {
        removable(ctx, name)?;
        let params = all_params(ctx, body).await?;
        Self::of(ctx, app, name, params).await
    }

    async fn of(
        ctx: &RequestContext,
        app: &App,
        name: &str,
        params: Params,
    ) -> Result<Self, ApiError> {
        let datasource = removable(ctx, name)?;
        let condition = params
            .text("delete_condition")
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| {
                ApiError::bad_request(
                    "the parameter 'delete_condition' is missing: it says which rows go, as in id = 7; to remove all rows use /truncate",
                )
            })?;
        let condition = checked_condition(ctx, app, &datasource.name, condition).await?;
        Ok(Self {
            datasource,
            database: ctx.caller.workspace.workspace.database.clone(),
            condition,
            params,
        })
    }

    /// Makes a job of it.
    async fn submit(
        self,
        ctx: &RequestContext,
        app: &Arc<App>,
        lightweight: Option<LightweightDelete>,
    ) -> Result<Json<Value>, ApiError> {
        let draft = Draft {
            workspace: ctx.caller.workspace.workspace.id,
            kind: "delete_data",
            is_cancellable: true,
            details: Details {
                request_id: ctx.request_id.clone(),
                datasource_id: self.datasource.id.clone(),
                datasource: self.datasource.name.clone(),
                parameters: self.params.for_log(),
                ..Details::default()
            },
        };
        let (in_job, operations) = (Arc::clone(app), Operations::of(ctx, app));
        let work = move |job: JobContext| async move {
            if !job.commit() {
                return Err("the job was cancelled".to_owned());
            }
            let operations = operations.of_job(&job.id().to_string());
            let rows = self.run(&in_job, &operations, lightweight.as_ref()).await;
            let rows = rows.map_err(|error| error.message)?;
            job.update(|details| details.rows_affected = Some(rows));
            Ok(())
        };
        submitted(ctx, app, draft, work).await
    }

    /// Deletes while nothing is inserted, and returns how many rows there were.
    async fn run(
        &self,
        app: &App,
        operations: &Operations,
        lightweight: Option<&LightweightDelete>,
    ) -> Result<u64, ApiError> {
        let table = (self.database.as_str(), self.datasource.table.as_str());
        let deleted = async {
            let _hold = hold(app, &self.database, &self.datasource).await?;
            let condition = &self.condition;
            Ok(match lightweight {
                None => birdhouse_ingest::delete(&app.engine, table, condition).await?,
                Some(options) => {
                    birdhouse_ingest::delete_lightweight(&app.engine, table, condition, options)
                        .await?
                }
            })
        };
        let result: Result<u64, ApiError> = deleted.await;
        operations.record_removal(
            OperationType::Delete,
            (&self.datasource.id, &self.datasource.name),
            vec![("delete_condition".to_owned(), self.condition.clone())],
            result.as_ref().map(|rows| Some(*rows)),
        );
        result
    }
}

/// Returns when all acknowledged rows of the data source are stored, and keeps others waiting.
pub(super) async fn hold(
    app: &App,
    database: &str,
    datasource: &LiveDatasource,
) -> Result<Hold, ApiError> {
    let source = SourceName::new(database, &datasource.table);
    let hold = app
        .ingestion
        .hold(&[source], HoldMode::Drained, HOLD_WAIT_MAX)
        .await;
    let hold =
        hold.map_err(|error| ApiError::unavailable(format!("nothing was removed: {error}")))?;
    // A deployment takes its copy under such a hold.
    app.refuse_while_staged(database)?;
    Ok(hold)
}
