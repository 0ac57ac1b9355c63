//! What the parts of the ingestion do together: append, queue, read back, let go.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use birdhouse_journal::{Location, kill_point};
use tokio::time::Instant;
use tracing::{info, warn};

use super::batch::{Batch, Pending};
use super::keys::{Claimed, Counts};
use super::record::{Outcome, Record, Rows, SourceName};
use super::source::Source;
use super::{AppendError, Receipt, Shared, flusher};
use crate::limits::PENDING_RECORDS_MAX;

impl Shared {
    pub(super) fn check_open(&self) -> Result<(), AppendError> {
        if self.is_stopping.load(Ordering::SeqCst) {
            return Err(AppendError::Stopping);
        }
        Ok(())
    }

    pub(super) async fn append(
        self: Arc<Self>,
        rows: Rows,
        claimed: Option<Claimed>,
    ) -> Result<Receipt, AppendError> {
        let counts = Counts {
            rows: rows.rows,
            quarantined_rows: rows.quarantined_rows,
        };
        let at = rows.origin.at;
        let source = self.source(&rows.source);
        self.check_share(&source)?;
        let ticket = {
            let mut unstored = self.unstored.lock();
            let records = unstored.records.len() + unstored.appending.len();
            if records >= PENDING_RECORDS_MAX {
                return Err(AppendError::Backlog { records });
            }
            let ticket = unstored.next_append;
            unstored.next_append += 1;
            unstored.appending.insert(ticket, self.journal.next_lsn());
            ticket
        };
        let written = (self.journal).append(rows.encode()).await;
        {
            let mut unstored = self.unstored.lock();
            unstored.appending.remove(&ticket);
            if let Ok(location) = &written {
                unstored.records.insert(location.lsn);
            }
        }
        let location = written?;
        if let Some(claimed) = claimed {
            claimed.answered(location.lsn, counts, at);
        }
        self.counters.acknowledged(counts);
        let arrived = source.push(self.pending(location, rows));
        Ok(Receipt {
            counts,
            source,
            arrived,
        })
    }

    /// Makes a queue's entry of a record, with its rows as long as there is memory for them.
    pub(super) fn pending(&self, location: Location, rows: Rows) -> Pending {
        let bytes = rows.bytes();
        Pending {
            location,
            order: location.lsn,
            requests: 1,
            token: rows.token.clone(),
            count: rows.rows + rows.quarantined_rows,
            bytes,
            arrived: Instant::now(),
            rows: self.memory.try_add(bytes).then(|| Box::new(rows)),
        }
    }

    /// Reads rows back from the journal.
    pub(super) async fn read(&self, locations: Vec<Location>) -> Result<Vec<Rows>, String> {
        if locations.is_empty() {
            return Ok(Vec::new());
        }
        let journal = self.journal.clone();
        let read = move |location| {
            let record = journal.read(location).map_err(|error| error.to_string())?;
            match Record::decode(&record) {
                Some(Record::Rows(rows)) => Ok(rows),
                _ => Err(format!("the journal's record {} has no rows", location.lsn)),
            }
        };
        let read = move || locations.into_iter().map(read).collect();
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(|error| error.to_string())?
    }

    /// Returns a data source's queue; the first call starts its task.
    pub(super) fn source(self: &Arc<Self>, name: &SourceName) -> Arc<Source> {
        let mut sources = self.sources.lock();
        if let Some(source) = sources.get(name) {
            return Arc::clone(source);
        }
        let source = Arc::new(Source::new(name.clone()));
        sources.insert(name.clone(), Arc::clone(&source));
        drop(sources);
        let task = flusher::run(Arc::clone(&source), Arc::clone(self));
        self.flushers.lock().spawn(task);
        source
    }

    pub(super) fn all_sources(&self) -> Vec<Arc<Source>> {
        self.sources.lock().values().cloned().collect()
    }

    /// Records how a batch ended, and lets its records go.
    pub(super) fn finish(&self, batch: &mut Batch, outcome: Outcome) {
        if let Some(flush) = batch.intent {
            let records = batch.flush.records.clone();
            let record = Record::Flushed {
                flush,
                outcome,
                records,
            }
            .encode();
            // Without it the batch is stored again after a restart, with the same token.
            if let Err(error) = self.journal.append_unsynced(record) {
                warn!(%error, "the outcome of a batch was not recorded");
            }
            kill_point!("flush.after_outcome");
        }
        let mut unstored = self.unstored.lock();
        for record in &batch.records {
            unstored.records.remove(&record.location.lsn);
        }
        drop(unstored);
        self.forget_rows(&batch.records);
    }

    /// Counts the rows of records out of the memory; they are about to be dropped.
    pub(super) fn forget_rows(&self, records: &[Pending]) {
        for record in records.iter().filter(|record| record.rows.is_some()) {
            self.memory.remove(record.bytes);
        }
    }

    pub(super) async fn close(&self, is_drained: bool) {
        if is_drained {
            // The engine stops in order after this, so its files need no sync here.
            if let Err(error) = self.journal.append_control(Record::Closed.encode()).await {
                warn!(%error, "the journal was not closed in order");
            }
        } else {
            info!("rows wait in the journal for the next start");
        }
        self.keys.close().await;
        self.journal.clone().close().await;
    }
}
