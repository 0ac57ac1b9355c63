//! What becomes of copies when their server is killed: nothing was copied, or they are completed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use birdhouse_datafile::CopyMode;
use birdhouse_engine::{Engine, EngineError};
use birdhouse_ingest::{Settled, discard_gathered, gathered, settle_replacements};
use birdhouse_jobs::{CopyStage, Fate, Job, JobContext, JobError};
use uuid::Uuid;

use super::{CopyRun, KIND};
use crate::app::App;
use crate::params::Params;

/// What a copy says of which nothing was copied.
const NOTHING: &str = "the server stopped before the copy ended; nothing was copied, run it again";

/// What an earlier process left in the engine, by the ids of its jobs.
#[derive(Debug, Default)]
pub struct Interrupted {
    /// How its replacements ended.
    replacements: BTreeMap<Uuid, Settled>,
    /// Copies whose rows are aside.
    gathered: BTreeSet<Uuid>,
}

impl Interrupted {
    /// Completes or drops replacements that were interrupted, and looks for copies. For the start: nothing
    /// may be appended, queried or deployed meanwhile.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn settle(engine: &Engine) -> Result<Self, EngineError> {
        Ok(Self {
            replacements: settle_replacements(engine).await?,
            gathered: gathered(engine).await?,
        })
    }

    /// Returns what becomes of a job that had not ended.
    pub(crate) fn fate(&self, job: &Job) -> Fate {
        if job.kind != KIND {
            return Fate::default();
        }
        let nothing = || Fate::Failed(NOTHING.to_owned());
        match job.details.copy {
            CopyStage::Gathering => nothing(),
            CopyStage::Copied => Fate::Done,
            // Without a trace of it, it had been completed.
            CopyStage::Replacing => match self.replacements.get(&job.id.0) {
                Some(Settled::Dropped) => nothing(),
                Some(Settled::Completed) | None => Fate::Done,
            },
            CopyStage::Appending { .. } if self.gathered.contains(&job.id.0) => Fate::GoesOn,
            CopyStage::Appending { from, rows, .. } => Fate::Failed(format!(
                "the server stopped while rows were appended, and what was left of them is gone: {from} of {rows} rows were copied"
            )),
        }
    }
}

impl App {
    /// Goes on with the copies that an earlier process had begun to append, and drops what is aside of
    /// others.
    ///
    /// # Errors
    /// When the catalog or the engine fails.
    pub async fn resume_copies(
        self: &Arc<Self>,
        interrupted: Interrupted,
    ) -> Result<(), ResumeError> {
        let unfinished = self.imports.jobs.unfinished().await?;
        let goes_on: BTreeSet<Uuid> = unfinished.iter().map(|job| job.id.0).collect();
        for id in interrupted.gathered.difference(&goes_on) {
            discard_gathered(&self.engine, *id).await?;
        }
        for job in unfinished {
            tracing::info!(job = %job.id, pipe = job.details.pipe, "a copy goes on");
            let run = CopyRun {
                workspace: job.workspace,
                pipe_id: job.details.pipe_id.clone(),
                mode: CopyMode::Append,
                params: Params::from_texts(job.details.parameters.clone()),
                request_id: job.details.request_id.clone(),
                at: job.created_at,
            };
            let app = Arc::clone(self);
            let work = move |job: JobContext| async move { run.resume(&app, &job).await };
            self.imports.jobs.resume(job, work).await?;
        }
        Ok(())
    }
}

/// Why copies could not be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Jobs failed.
    #[error(transparent)]
    Jobs(#[from] JobError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
