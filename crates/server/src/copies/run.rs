//! The work of a copy's job.

use std::sync::Arc;

use axum::http::StatusCode;
use birdhouse_datafile::CopyMode;
use birdhouse_ingest::limits::ENGINE_WAIT_MAX;
use birdhouse_ingest::{Gathered, Gathering, Replacement, SourceName, discard_gathered};
use birdhouse_jobs::{CopyStage, JobContext, Outcome};
use uuid::Uuid;

use super::place::{Place, patiently};
use super::record::Done;
use super::{CopyRun, Deployed};
use crate::api::job_error;
use crate::app::App;
use crate::error::ApiError;

/// Part of the work, in percent, that is done when all rows are aside.
const GATHERED_PERCENTAGE: f64 = 50.0;

impl CopyRun {
    /// Runs to the end, and records it.
    pub(super) async fn run(self, app: &Arc<App>, job: &JobContext) -> Outcome {
        let mut done = Done::begin();
        let deployed = self.deployed(app).map_err(|error| error.message)?;
        let copied = self.copy(app, job, deployed, &mut done).await;
        let is_left = copied.is_err()
            && app.imports.jobs.is_stopping()
            && matches!(job.details().copy, CopyStage::Appending { .. });
        if !is_left {
            // The next start goes on with what is aside.
            discard(app, job.id().0).await;
            let error = copied.as_ref().err().map(|error| error.message.as_str());
            self.record(app, job, &done, error);
        }
        copied.map_err(|error| error.message)
    }

    /// Runs on from where an earlier process was.
    pub(super) async fn resume(self, app: &Arc<App>, job: &JobContext) -> Outcome {
        let mut done = Done::begin();
        let limit = app.ingestion.record_bytes_max();
        let reopened = patiently(app, || Gathered::reopen(&app.engine, job.id().0, limit)).await;
        let appended = match reopened {
            Ok(gathered) => {
                done.rows.rows = gathered.rows();
                self.append(app, job, &gathered).await
            }
            Err(error) => Err(error),
        };
        if appended.is_ok() || !app.imports.jobs.is_stopping() {
            discard(app, job.id().0).await;
            let error = appended.as_ref().err().map(|error| error.message.as_str());
            self.record(app, job, &done, error);
        }
        appended.map_err(|error| error.message)
    }

    async fn copy(
        &self,
        app: &Arc<App>,
        job: &JobContext,
        deployed: Deployed,
        done: &mut Done,
    ) -> Result<(), ApiError> {
        let query = self.query(app, &deployed).await?;
        let target = deployed.table();
        let id = job.id().0;
        let limit = app.ingestion.record_bytes_max();
        let refused = |error| deployed.refused(error);
        let gathering = Gathering::begin(&app.engine, id, &target, query, limit).await;
        let gathering = gathering.map_err(refused)?;
        let gathered = tokio::select! {
            gathered = gathering.run() => gathered,
            () = job.cancelled() => return Err(cancelled()),
        };
        let (gathered, rows) = gathered.map_err(refused)?;
        done.rows = rows;
        job.update(|details| {
            details.rows = rows.rows;
            details.bytes = rows.summary.read_bytes;
        });
        job.progress(GATHERED_PERCENTAGE);
        match self.mode {
            CopyMode::Replace => {
                self.replace(app, job, (&gathered, target)).await?;
                done.is_replaced = true;
                Ok(())
            }
            CopyMode::Append => {
                // From here on requests go on with what is deployed when they come.
                drop(deployed);
                self.begin_append(app, job, &gathered).await?;
                self.append(app, job, &gathered).await
            }
        }
    }

    /// Puts the rows in the place of those that are there.
    async fn replace(
        &self,
        app: &Arc<App>,
        job: &JobContext,
        (gathered, target): (&Gathered, SourceName),
    ) -> Result<(), ApiError> {
        app.refuse_while_staged(&target.database)?;
        let id = job.id().0;
        let database = target.database.clone();
        let replacement = Replacement::begin(&app.engine, target, id, None).await?;
        let taken = tokio::select! {
            taken = replacement.take(gathered) => taken.map_err(ApiError::from),
            () = job.cancelled() => Err(cancelled()),
        };
        let held = match taken {
            Ok(()) => app.hold_to_replace(&replacement, &database).await,
            Err(error) => Err(error),
        };
        let hold = match held {
            Ok(hold) => hold,
            Err(error) => {
                replacement.discard().await;
                return Err(error);
            }
        };
        let begins = async || {
            if !job.commit() {
                return false;
            }
            job.update(|details| details.copy = CopyStage::Replacing);
            // What happened must be known after a crash.
            job.store().await.is_ok()
        };
        // A snapshot of nothing is nothing.
        let replaced = replacement.switch(hold, true, begins).await;
        if let Err(error) = replaced {
            job.update(|details| details.copy = CopyStage::Gathering);
            return Err(error.into());
        }
        job.update(|details| details.copy = CopyStage::Copied);
        Ok(())
    }

    /// Notes that the rows are appended from now on, whatever happens.
    async fn begin_append(
        &self,
        app: &Arc<App>,
        job: &JobContext,
        gathered: &Gathered,
    ) -> Result<(), ApiError> {
        let synced = app.ingestion.sync_engine().await;
        synced.map_err(|error| ApiError::fault("what was gathered was not synced", &error))?;
        if !job.commit() {
            return Err(cancelled());
        }
        let rows = gathered.rows();
        let (from, to) = (0, 0);
        job.update(|details| details.copy = CopyStage::Appending { from, to, rows });
        if let Err(error) = job.store().await {
            job.update(|details| details.copy = CopyStage::Gathering);
            return Err(job_error(error));
        }
        Ok(())
    }

    /// Appends what is aside from where the job says, in chunks that count once.
    async fn append(
        &self,
        app: &Arc<App>,
        job: &JobContext,
        gathered: &Gathered,
    ) -> Result<(), ApiError> {
        let CopyStage::Appending {
            mut from,
            mut to,
            rows,
        } = job.details().copy
        else {
            return Ok(());
        };
        let mut place = Place::new(self, app, job);
        while from < rows {
            let incomplete = |error: ApiError| {
                let what = format!("only {from} of {rows} rows were copied: {}", error.message);
                ApiError::new(error.status, what)
            };
            if to <= from {
                let next = patiently(app, || gathered.next_chunk(from)).await;
                to = next.map_err(incomplete)?;
            }
            job.update(|details| details.copy = CopyStage::Appending { from, to, rows });
            if let Err(error) = job.store().await {
                // Chunks that are appended already are known by their ids.
                tracing::warn!(%error, job = %job.id(), "how far a copy is was not stored");
            }
            let appended = place.append(gathered, (from, to)).await;
            appended.map_err(incomplete)?;
            from = to;
            job.progress(appended_percentage(from, rows));
        }
        let stored = place.stored().await;
        job.update(|details| details.copy = CopyStage::Copied);
        if let Err(error) = job.store().await {
            tracing::warn!(%error, job = %job.id(), "the end of a copy was not stored");
        }
        stored
    }
}

/// Drops what is aside; when the engine does not come back, the next start does.
async fn discard(app: &App, id: Uuid) {
    app.engine.ready(ENGINE_WAIT_MAX).await;
    if let Err(error) = discard_gathered(&app.engine, id).await {
        tracing::warn!(%error, %id, "rows of a copy are left aside until the next start");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage")]
fn appended_percentage(from: u64, rows: u64) -> f64 {
    let part = from as f64 / rows.max(1) as f64;
    GATHERED_PERCENTAGE + part * (100.0 - GATHERED_PERCENTAGE)
}

fn cancelled() -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "the job was cancelled; nothing was copied",
    )
}
