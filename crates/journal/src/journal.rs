//! The handle of a journal.

use std::fmt;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::config::JournalConfig;
use crate::error::{AppendError, OpenError, ReadError, TrimError};
use crate::files::Files;
use crate::format::Lsn;
use crate::queue::{Ack, Class, Pending};
use crate::recover;
use crate::recovery::Recovery;
use crate::shared::Shared;
use crate::status::Status;
use crate::trim::{Trimmed, trim};

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Location {
    /// Its number.
    pub lsn: Lsn,
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    pub(crate) length: u32,
}

impl Location {
    /// Returns the size of the record in bytes.
    #[must_use]
    pub fn record_bytes(&self) -> u32 {
        self.length
    }
}

/// A durable log of records, appended at one end and trimmed at the other.
///
/// A cheap handle; clones are the same journal. When the last one is dropped, what waits is still
/// written, but nobody can wait for that: see [`close`](Self::close).
#[derive(Clone)]
pub struct Journal {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

impl Journal {
    /// Opens a journal, or creates it, and starts its writer. Blocks while the last segment is
    /// read, its torn end cut off, and both synced.
    ///
    /// # Errors
    /// When the directory cannot be used. Damage is no error: see [`Recovery`].
    pub fn open(
        config: JournalConfig,
        files: Arc<dyn Files>,
    ) -> Result<(Self, Recovery), OpenError> {
        let (writer, shared, recovery) = recover::open(config, files)?;
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| OpenError::Io {
                operation: "start the writer of",
                path: shared.config.directory.clone(),
                source,
            })?;
        let handle = Arc::new(Handle { shared });
        Ok((Self { handle }, recovery))
    }

    /// Appends a record, given as parts that follow each other. Returns when it is on disk.
    ///
    /// Records are written in the order of the calls' first polls. When the future is dropped
    /// before it is ready, the record is written all the same.
    ///
    /// # Errors
    /// When it is not known to be on disk. It is certain not to be unless the error is
    /// [`AppendError::Poisoned`].
    pub async fn append(&self, record: Vec<Bytes>) -> Result<Location, AppendError> {
        self.append_as(Class::Data, record).await
    }

    /// Appends a record as [`append`](Self::append) does, also when the journal is full, from what
    /// is reserved. For records by which space becomes free in the end.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub async fn append_control(&self, record: Vec<Bytes>) -> Result<Location, AppendError> {
        self.append_as(Class::Control, record).await
    }

    /// Appends a record as [`append_control`](Self::append_control) does, without waiting: it is
    /// written in order with the next commit, and nobody learns when, or that it was not.
    ///
    /// # Errors
    /// When it does not even wait to be written.
    pub fn append_unsynced(&self, record: Vec<Bytes>) -> Result<(), AppendError> {
        self.enqueue(Class::Control, record, None)
    }

    async fn append_as(&self, class: Class, record: Vec<Bytes>) -> Result<Location, AppendError> {
        let (ack, acknowledged) = oneshot::channel();
        self.enqueue(class, record, Some(ack))?;
        match acknowledged.await {
            Ok(result) => result,
            // Dropped without an answer: the writer has failed.
            Err(_closed) => Err(self.poisoned().unwrap_or(AppendError::Closed)),
        }
    }

    fn enqueue(
        &self,
        class: Class,
        parts: Vec<Bytes>,
        ack: Option<Ack>,
    ) -> Result<(), AppendError> {
        if let Some(error) = self.poisoned() {
            return Err(error);
        }
        let shared = &self.handle.shared;
        let record_bytes = parts.iter().map(Bytes::len).sum();
        let bytes_max = shared.config.payload_bytes_max();
        let length = u32::try_from(record_bytes)
            .ok()
            .filter(|_| record_bytes <= bytes_max)
            .ok_or(AppendError::TooLarge {
                record_bytes,
                bytes_max,
            })?;
        shared.queue.push(Pending::new(parts, length, class, ack))
    }

    fn poisoned(&self) -> Option<AppendError> {
        let reason = self.handle.shared.poison_reason()?.to_owned();
        Some(AppendError::Poisoned { reason })
    }

    /// Reads a record. Blocks.
    ///
    /// # Errors
    /// When it was trimmed, is damaged, or the file system fails.
    pub fn read(&self, location: Location) -> Result<Bytes, ReadError> {
        let segments = &self.handle.shared.segments;
        let segment = segments
            .get(location.segment)
            .ok_or(ReadError::Trimmed { lsn: location.lsn })?;
        segment.read(location)
    }

    /// Removes the oldest segments as long as all records in them are below `keep_from`; the newest
    /// segment stays. Damaged ones are renamed to `*.damaged` instead. What was removed stays
    /// removed when this returns. Blocks.
    ///
    /// # Errors
    /// When the file system fails; the next call tries again.
    pub fn trim(&self, keep_from: Lsn) -> Result<Trimmed, TrimError> {
        trim(&self.handle.shared, keep_from)
    }

    /// Returns a number that no record appended from now on is below.
    #[must_use]
    pub fn next_lsn(&self) -> Lsn {
        Lsn(self.handle.shared.progress.lock().next_lsn)
    }

    /// Returns the state of the journal.
    #[must_use]
    pub fn status(&self) -> Status {
        self.handle.shared.status()
    }

    /// Takes no more records, and returns when those that wait are on disk and the directory is
    /// free for others. Clones of the handle can still read.
    pub async fn close(self) {
        let stopped = self.handle.shared.queue.stopped();
        self.handle.shared.queue.close();
        // An error means that it has stopped before.
        stopped.await.ok();
    }

    /// As [`close`](Self::close), for code that is not async.
    pub fn close_blocking(self) {
        self.handle.shared.queue.close();
        self.handle.shared.queue.wait_stopped();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("directory", &self.handle.shared.config.directory)
            .finish_non_exhaustive()
    }
}
