//! What the handle, the writer and the recovery of one journal share.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tracing::error;

use crate::config::JournalConfig;
use crate::files::Files;
use crate::format::Lsn;
use crate::queue::Queue;
use crate::segments::Segments;
use crate::status::{Status, SyncTimes};

pub(crate) struct Shared {
    pub(crate) config: JournalConfig,
    pub(crate) files: Arc<dyn Files>,
    pub(crate) segments: Segments,
    pub(crate) queue: Queue,
    pub(crate) progress: Mutex<Progress>,
    /// Held while segments are removed.
    pub(crate) trimming: Mutex<()>,
    /// Why nothing more is written.
    poison: OnceLock<String>,
    /// Keeps other processes out; given up when the journal is closed.
    lock: Mutex<Option<Box<dyn Any + Send + Sync>>>,
}

/// What was written so far.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) next_lsn: u64,
    pub(crate) durable_lsn: u64,
    pub(crate) full: Option<String>,
    pub(crate) last_error: Option<String>,
    pub(crate) records: u64,
    pub(crate) record_bytes: u64,
    pub(crate) syncs: SyncTimes,
}

/// The journal takes nothing more; the reason is in [`Shared`].
#[derive(Debug)]
pub(crate) struct Poisoned;

impl Shared {
    pub(crate) fn new(
        config: JournalConfig,
        files: Arc<dyn Files>,
        lock: Box<dyn Any + Send + Sync>,
    ) -> Self {
        Self {
            queue: Queue::new(config.queue_bytes_max),
            config,
            files,
            segments: Segments::default(),
            progress: Mutex::default(),
            trimming: Mutex::default(),
            poison: OnceLock::new(),
            lock: Mutex::new(Some(lock)),
        }
    }

    /// Refuses everything from now on, because the disk may not hold what it should.
    pub(crate) fn poison(&self, operation: &str, path: &Path, error: &io::Error) -> Poisoned {
        let reason = self.failed(operation, path, error);
        error!(%reason, "journal poisoned: nothing is acknowledged until a restart");
        // The first reason is the one that counts.
        self.poison.set(reason).ok();
        Poisoned
    }

    pub(crate) fn poison_reason(&self) -> Option<&str> {
        self.poison.get().map(String::as_str)
    }

    /// Remembers a failure of the file system; returns its text.
    pub(crate) fn failed(&self, operation: &str, path: &Path, error: &io::Error) -> String {
        let reason = format!("{operation} {}: {error}", path.display());
        self.progress.lock().last_error = Some(reason.clone());
        reason
    }

    /// Lets other processes use the directory.
    pub(crate) fn unlock(&self) {
        let lock = self.lock.lock().take();
        drop(lock);
    }

    pub(crate) fn status(&self) -> Status {
        let segments = self.segments.summary();
        let queued_bytes = self.queue.bytes();
        let progress = self.progress.lock();
        let next_lsn = Lsn(progress.next_lsn);
        Status {
            bytes: segments.bytes,
            segments: segments.segments,
            damaged_segments: segments.damaged,
            first_lsn: segments.first_lsn.unwrap_or(next_lsn),
            next_lsn,
            durable_lsn: Lsn(progress.durable_lsn),
            queued_bytes,
            poisoned: self.poison.get().cloned(),
            full: progress.full.clone(),
            last_error: progress.last_error.clone(),
            records: progress.records,
            record_bytes: progress.record_bytes,
            syncs: progress.syncs.clone(),
        }
    }
}
