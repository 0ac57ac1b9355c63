//! Chunks of a copy into the journal, however long that takes.

use std::collections::VecDeque;

use birdhouse_engine::{EngineError, ErrorKind};
use birdhouse_ingest::limits::{ENGINE_WAIT_MAX, RETRY_PAUSE_MAX, STORED_WAIT_MAX};
use birdhouse_ingest::{
    AppendError, FlushFailed, Gathered, Operation, Origin, Receipt, SourceName,
};
use birdhouse_jobs::JobContext;
use jiff::Timestamp;
use uuid::Uuid;

use super::CopyRun;
use crate::app::App;
use crate::append::not_stored;
use crate::error::ApiError;
use crate::limits::{CHUNKS_UNSTORED_MAX, COPY_READS_MAX, JOURNAL_PAUSE};

/// Where chunks go.
pub(super) struct Place<'a> {
    run: &'a CopyRun,
    app: &'a App,
    id: Uuid,
    datasource_id: String,
    datasource: String,
    /// Chunks that are in the journal, of which the engine may not have all.
    receipts: VecDeque<Receipt>,
    /// Why the engine did not take one; it is tried again without us.
    failed: Option<FlushFailed>,
}

impl<'a> Place<'a> {
    pub(super) fn new(run: &'a CopyRun, app: &'a App, job: &JobContext) -> Self {
        let details = job.details();
        Self {
            run,
            app,
            id: job.id().0,
            datasource_id: details.datasource_id,
            datasource: details.datasource,
            receipts: VecDeque::new(),
            failed: None,
        }
    }

    /// Appends the rows from `from` to `to`, when that was not done before.
    pub(super) async fn append(
        &mut self,
        gathered: &Gathered,
        (from, to): (u64, u64),
    ) -> Result<(), ApiError> {
        // The engine sets the pace, so that a copy does not fill the journal.
        while self.receipts.len() >= CHUNKS_UNSTORED_MAX {
            self.first_stored().await;
        }
        let block = patiently(self.app, || gathered.block(from, to)).await?;
        let chunk = format!("copy-{}-{from}", self.id.simple());
        loop {
            // A deployment may have given the data source another table; this keeps it until the chunk
            // is in the journal.
            let live = self.app.live(self.run.workspace);
            let target = live.datasource(&self.datasource_id).ok_or_else(|| {
                ApiError::not_found(format!(
                    "the data source '{}' was removed while rows were copied into it",
                    self.datasource
                ))
            })?;
            let view = self.app.catalog.view();
            let workspace = view.workspace(self.run.workspace);
            let Some(workspace) = workspace.map(|view| &view.workspace) else {
                return Err(ApiError::not_found("the workspace was deleted"));
            };
            let source = SourceName::new(workspace.database.as_str(), &target.table);
            let origin = Origin {
                operation: Operation::Copy,
                request_id: self.run.request_id.clone(),
                import_id: Some(self.id.to_string()),
                at: Timestamp::now(),
            };
            let appended = (self.app.ingestion)
                .append_once(source, block.clone(), origin, &chunk)
                .await;
            match appended {
                Ok(receipt) => {
                    self.receipts.extend(receipt);
                    return Ok(());
                }
                Err(error @ AppendError::TooLarge) => return Err(error.into()),
                Err(error) if self.app.imports.jobs.is_stopping() => return Err(error.into()),
                // What was begun comes to its end, however long there is no room; a journal that failed
                // needs a restart, which goes on from here.
                Err(error) => tracing::debug!(%error, "a copy waits for the journal"),
            }
            tokio::time::sleep(JOURNAL_PAUSE).await;
        }
    }

    async fn first_stored(&mut self) {
        if let Some(receipt) = self.receipts.pop_front()
            && let Err(failed) = receipt.flushed(STORED_WAIT_MAX).await
        {
            self.failed.get_or_insert(failed);
        }
    }

    /// Waits until all rows are in their table, or long enough: they get there in any case.
    pub(super) async fn stored(mut self) -> Result<(), ApiError> {
        while !self.receipts.is_empty() {
            self.first_stored().await;
        }
        match self.failed {
            None => Ok(()),
            Some(failed) => Err(not_stored(&self.datasource, &failed)),
        }
    }
}

/// Reads what is aside, again and again while the engine is away, and some times when it fails or ends
/// meanwhile.
pub(super) async fn patiently<T, F>(app: &App, read: impl Fn() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, EngineError>>,
{
    let mut failures = 0;
    loop {
        let was_up = app.engine.worker_pid().is_some();
        match read().await {
            Ok(value) => return Ok(value),
            Err(error) if app.imports.jobs.is_stopping() => return Err(error.into()),
            Err(error) if error.kind() == ErrorKind::Unavailable && !was_up => {
                app.engine.ready(ENGINE_WAIT_MAX).await;
            }
            Err(error) if failures == COPY_READS_MAX => {
                return Err(ApiError::fault(
                    "what a copy gathered cannot be read",
                    &error,
                ));
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "what a copy gathered is read again");
            }
        }
        let pause = JOURNAL_PAUSE * 2_u32.saturating_pow(failures);
        tokio::time::sleep(pause.min(RETRY_PAUSE_MAX)).await;
    }
}
