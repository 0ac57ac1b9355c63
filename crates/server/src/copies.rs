//! Copies: the rows of a pipe's node into a data source, all or nothing.
//!
//! A run is a job ([`run`]). Its rows are gathered aside by the engine; until that is done it can be
//! cancelled, and nothing has been copied. Then they replace what is there in one step, or are
//! appended through the journal in chunks of which each counts once. How far that is stands in the
//! job, so that a copy whose server was killed is completed by the next one ([`interrupted`]).

pub(crate) mod interrupted;
mod place;
mod record;
mod run;
pub(crate) mod schedules;

use std::sync::Arc;

use birdhouse_catalog::{WorkspaceId, WorkspaceView};
use birdhouse_datafile::CopyMode;
use birdhouse_deploy::{Live, LiveCopy, LiveDatasource};
use birdhouse_ingest::{CopyError, CopyQuery, SourceName, check_copy};
use birdhouse_jobs::{Details, Draft, Job, JobContext};
use birdhouse_query::{Call, OutputSettings, QueryError, Restrictions, in_their_words};
use jiff::Timestamp;

use crate::api::{job_error, secret_of, template_context};
use crate::app::App;
use crate::error::ApiError;
use crate::params::Params;

/// The kind of the jobs.
pub(crate) const KIND: &str = "copy";

/// Parameters that are not the template's.
const OPTIONS: [&str; 2] = ["_mode", "on_demand_compute"];

/// A run of a copy, as asked for.
#[derive(Debug, Clone)]
pub(crate) struct CopyRun {
    pub(crate) workspace: WorkspaceId,
    /// Id of its pipe.
    pub(crate) pipe_id: String,
    pub(crate) mode: CopyMode,
    /// As they were sent.
    pub(crate) params: Params,
    pub(crate) request_id: String,
    /// When it was asked for, or the time of its schedule: `job_timestamp` of templates.
    pub(crate) at: Timestamp,
}

/// Returns how a mode is written.
pub(crate) fn mode_name(mode: CopyMode) -> &'static str {
    match mode {
        CopyMode::Append => "append",
        CopyMode::Replace => "replace",
    }
}

/// What a run works on, as it is deployed at one moment.
struct Deployed {
    workspace: Arc<WorkspaceView>,
    live: Arc<Live>,
    copy: Arc<LiveCopy>,
    target: Arc<LiveDatasource>,
}

impl Deployed {
    /// Returns the table that rows go to.
    fn table(&self) -> SourceName {
        let database = self.workspace.workspace.database.as_str();
        SourceName::new(database, &self.target.table)
    }

    /// Returns what the client is told when the query does not do.
    fn refused(&self, error: CopyError) -> ApiError {
        match error {
            CopyError::Engine(error) => {
                QueryError::from(in_their_words(error, &self.live.resources)).into()
            }
            other => ApiError::bad_request(other.to_string()),
        }
    }
}

impl CopyRun {
    /// Makes a job of the run, after a look at whether it can be.
    ///
    /// # Errors
    /// 400 when the pipe, its parameters or its query do not fit; 429 when the pipe's copy waits or runs
    /// already.
    pub(crate) async fn submit(self, app: &Arc<App>) -> Result<Job, ApiError> {
        let deployed = self.deployed(app)?;
        if self.mode == CopyMode::Replace {
            app.refuse_while_staged(&deployed.workspace.workspace.database)?;
        }
        let query = self.query(app, &deployed).await?;
        let checked = check_copy(&app.engine, &deployed.table(), &query).await;
        checked.map_err(|error| deployed.refused(error))?;
        let draft = Draft {
            workspace: self.workspace,
            kind: KIND,
            is_cancellable: true,
            details: Details {
                request_id: self.request_id.clone(),
                datasource_id: deployed.target.id.clone(),
                datasource: deployed.target.name.clone(),
                pipe_id: self.pipe_id.clone(),
                pipe: deployed.copy.pipe.clone(),
                mode: Some(mode_name(self.mode).to_owned()),
                parameters: self.params.for_log(),
                ..Details::default()
            },
        };
        let in_job = Arc::clone(app);
        let work = move |job: JobContext| async move { self.run(&in_job, &job).await };
        let job = app.imports.jobs.submit(draft, work).await;
        job.map_err(job_error)
    }

    /// Looks up what is deployed now.
    fn deployed(&self, app: &App) -> Result<Deployed, ApiError> {
        let gone = || ApiError::not_found("the copy is not part of the live deployment any more");
        let workspace = app.catalog.view();
        let workspace = workspace.workspace(self.workspace).ok_or_else(gone)?;
        let live = app.live(self.workspace);
        let copy = Arc::clone(live.copy(&self.pipe_id).ok_or_else(gone)?);
        let target = Arc::clone(live.datasource(&copy.target).ok_or_else(gone)?);
        Ok(Deployed {
            workspace: Arc::clone(workspace),
            live,
            copy,
            target,
        })
    }

    /// Returns the query of the copy, which has passed the guard. It reads with the rights of the pipe's
    /// author, as an endpoint does.
    async fn query(&self, app: &App, deployed: &Deployed) -> Result<CopyQuery, ApiError> {
        let Deployed {
            workspace,
            live,
            copy,
            ..
        } = deployed;
        let parameters = self.params.clone().without(&OPTIONS).for_templates();
        let context = template_context(workspace, self.at);
        let secret = |name: &str| secret_of(workspace, name);
        let call = Call {
            resources: &live.resources,
            parameters: &parameters,
            context: &context,
            secret: &secret,
            may_use_secrets: true,
            access: &|_: &str| true,
            restrictions: &Restrictions::default(),
            output: OutputSettings::default(),
            request_id: &self.request_id,
        };
        let statement = app.queries.statement(&call, &copy.pipe, &copy.node);
        let (assembled, parameters) = statement.await?;
        Ok(CopyQuery {
            sql: assembled.sql,
            parameters,
            database: live.resources.database.clone(),
            threads: assembled.max_threads,
            request_id: self.request_id.clone(),
        })
    }
}
