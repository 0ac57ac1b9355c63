//! The queue between requests and the writer.
//!
//! A record is turned into a line of JSON at once and added to the batch of its table, so the size of the
//! queue is known exactly and a batch is ready when the writer comes. The lock is held for a copy of
//! a few hundred bytes.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use birdhouse_engine::service_database;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::limits::{BATCH_ROWS, QUEUE_BYTES_MAX};
use crate::service_datasources::{Record, ServiceDatasource};
use crate::{
    DatasourceOperation, DatasourceStorage, EndpointError, JobState, PipeCall, StoredBlock,
};

/// Takes records from anywhere. Cheap to clone; no method waits or fails.
///
/// [`crate::Telemetry`] sends what it takes; one made by `default` only collects, up to its limit.
/// What is recorded belongs to the workspace that [`Recorder::of`] names.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    queue: Arc<Queue>,
    /// Where the rows go.
    database: Arc<str>,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    pending: Mutex<Pending>,
    arrived: Notify,
    filled: Notify,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Pending {
    batches: Vec<Batch>,
    rows: u64,
    bytes: usize,
}

/// Rows of one table as lines of JSON.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) datasource: &'static ServiceDatasource,
    /// The database of its table.
    pub(crate) database: Arc<str>,
    pub(crate) rows: u64,
    pub(crate) lines: Vec<u8>,
}

impl Recorder {
    /// Returns a recorder for the workspace whose data is in `database`.
    #[must_use]
    pub fn of(&self, database: &str) -> Self {
        Self {
            queue: Arc::clone(&self.queue),
            database: service_database(database).into(),
        }
    }

    /// Records a request to an endpoint or to the Query API; a failed one also as an endpoint error.
    pub fn record_pipe_call(&self, call: PipeCall) {
        self.queue.push(&self.database, &call);
        if let Some(error) = call.into_endpoint_error() {
            self.queue.push(&self.database, &error);
        }
    }

    /// Records an operation on a data source.
    pub fn record_operation(&self, operation: DatasourceOperation) {
        self.queue.push(&self.database, &operation);
    }

    /// Records a job in a new state.
    pub fn record_job(&self, job: JobState) {
        self.queue.push(&self.database, &job);
    }

    /// Records a stored block of a file.
    pub fn record_block(&self, block: StoredBlock) {
        self.queue.push(&self.database, &block);
    }

    /// Records what a data source holds.
    pub fn record_storage(&self, storage: DatasourceStorage) {
        self.queue.push(&self.database, &storage);
    }

    /// Records a failed request that is no [`PipeCall`], such as one to a pipe that does not exist.
    pub fn record_endpoint_error(&self, error: EndpointError) {
        self.queue.push(&self.database, &error);
    }

    /// Returns how many rows were lost since the start, because the queue was full or the engine did not
    /// take them.
    #[must_use]
    pub fn dropped_rows(&self) -> u64 {
        self.queue.dropped_rows()
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }
}

impl Queue {
    fn push(&self, database: &Arc<str>, record: &impl Record) {
        let mut line = Vec::with_capacity(512);
        // Fails for no record that we have: keys are texts and nothing is written but memory.
        if record.write_row(&mut line).is_err() {
            self.count_dropped(1);
            return;
        }
        line.push(b'\n');
        match self
            .pending
            .lock()
            .add((record.datasource(), database), &line)
        {
            None => self.count_dropped(1),
            Some(rows) => {
                if rows == 1 {
                    self.arrived.notify_one();
                }
                if rows == BATCH_ROWS {
                    self.filled.notify_one();
                }
            }
        }
    }

    /// Takes all rows that wait.
    pub(crate) fn take(&self) -> Vec<Batch> {
        mem::take(&mut *self.pending.lock()).batches
    }

    /// Waits for a row. May return early, never late.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Waits until there are enough rows for a full batch. May return early, never late.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    pub(crate) fn count_dropped(&self, rows: u64) {
        self.dropped.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn dropped_rows(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Pending {
    /// Adds a row and returns how many there are now, or nothing when it does not fit.
    fn add(
        &mut self,
        (datasource, database): (&'static ServiceDatasource, &Arc<str>),
        line: &[u8],
    ) -> Option<u64> {
        let bytes = self.bytes.checked_add(line.len())?;
        if bytes > QUEUE_BYTES_MAX {
            return None;
        }
        self.bytes = bytes;
        self.rows += 1;
        let batch = self
            .batches
            .iter_mut()
            .find(|batch| batch.datasource.name == datasource.name && batch.database == *database);
        match batch {
            Some(batch) => {
                batch.rows += 1;
                batch.lines.extend_from_slice(line);
            }
            None => self.batches.push(Batch {
                datasource,
                database: Arc::clone(database),
                rows: 1,
                lines: line.to_vec(),
            }),
        }
        Some(self.rows)
    }
}

#[cfg(test)]
mod tests;
