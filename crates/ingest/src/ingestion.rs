//! Durable ingestion: rows are acknowledged when they are in the journal, and reach their table and
//! everything behind it exactly once, whatever dies in between.
//!
//! ```text
//! append ─► journal (fsync) ─► acknowledged ─► source's queue ─► flusher ─► engine
//!                │                                                  │
//!                └── recovery, after a restart ─────────────────────┘
//! ```
//!
//! Entry points: [`Ingestion::open`] at start, [`Ingestion::append`] for every way in,
//! [`Ingestion::hold`] for whoever changes tables. What is promised in which case stands in
//! `docs/durability.md`.

mod append_error;
mod aside;
mod batch;
mod carry;
mod check;
mod counters;
mod flusher;
mod hold;
mod keys;
mod kill_points;
mod memory;
mod record;
mod recovery;
mod recovery_report;
mod shared;
mod source;
mod trim;
mod unfailing;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use birdhouse_engine::Engine;
use birdhouse_journal::{Journal, Lsn, SEGMENT_BYTES, Status as JournalStatus};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub use append_error::AppendError;
pub use aside::{AsideError, SetAside};
pub use check::{Check, CheckResult};
pub use counters::FlushCounters;
pub use flusher::{FlushObserver, FlushReport, OriginRows};
pub use hold::{Hold, HoldError, HoldMode};
pub use keys::{Claim, Claimed, Counts, Key, KeyConflict};
pub use kill_points::INGEST_KILL_POINTS;
pub use record::{Operation, Origin, SourceName, describe_record};
pub use recovery::OpenError;
pub use recovery_report::{LastStop, RecoveryReport};
pub use source::{FlushFailed, SourceStatus, Trouble};

use crate::decode::Decoded;
use crate::limits::{JOURNAL_BYTES_MAX, SYNC_INTERVAL};
use crate::native::Block;
use crate::schema::Schema;
use counters::Counters;
use keys::Keys;
use memory::Memory;
use record::Rows;
use source::Source;
use unfailing::Unfailing;

/// How rows are kept.
#[derive(Debug, Clone)]
pub struct IngestionConfig {
    /// The journal's directory; created when missing.
    pub directory: PathBuf,
    /// The engine's directory, whose files are synced before the journal is trimmed.
    pub engine_directory: PathBuf,
    /// Bytes of the journal after which appends are refused.
    pub journal_bytes_max: u64,
    /// Size of the journal's segments in bytes.
    pub segment_bytes: u64,
    /// How often the engine's files are synced and the journal is trimmed, when anything was stored.
    pub sync_interval: Duration,
    /// What tells one run of the machine from another.
    pub boot_id: String,
}

impl IngestionConfig {
    /// Returns the usual configuration for a data directory.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            directory: data.join("journal"),
            engine_directory: data.join("engine"),
            journal_bytes_max: JOURNAL_BYTES_MAX,
            segment_bytes: SEGMENT_BYTES,
            sync_interval: SYNC_INTERVAL,
            boot_id: trim::boot_id(),
        }
    }
}

/// Rows that are acknowledged: they are in the journal.
pub struct Receipt {
    /// How many.
    pub counts: Counts,
    source: Arc<Source>,
    /// How many records had come to the source with this one.
    arrived: u64,
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Receipt {
    /// Waits until the rows are in their table and in what views feed; true then, false when that
    /// takes longer than `limit`. They get there in any case.
    ///
    /// # Errors
    /// When the engine failed on them. They stay in the journal and are tried again.
    pub async fn flushed(self, limit: Duration) -> Result<bool, FlushFailed> {
        match tokio::time::timeout(limit, self.source.stored(self.arrived)).await {
            Ok(ended) => ended.map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

/// A look at the whole ingestion.
#[derive(Debug, Clone)]
pub struct IngestionStatus {
    /// The journal.
    pub journal: JournalStatus,
    /// Bytes after which appends are refused.
    pub journal_bytes_max: u64,
    /// Every data source that had rows since the start, by name.
    pub sources: Vec<SourceStatus>,
    /// What was stored since the start.
    pub flushes: FlushCounters,
    /// What was found when the journal was opened.
    pub recovery: RecoveryReport,
    /// What the look at the tables after an unclean stop has found.
    pub checks: Vec<Check>,
}

/// Takes rows and stores them. Clones share everything.
#[derive(Clone)]
pub struct Ingestion {
    shared: Arc<Shared>,
}

/// What all tasks of an ingestion share.
struct Shared {
    config: IngestionConfig,
    engine: Engine,
    journal: Journal,
    keys: Arc<Keys>,
    observer: Arc<dyn FlushObserver>,
    sources: Mutex<HashMap<SourceName, Arc<Source>>>,
    unstored: Mutex<Unstored>,
    memory: Memory,
    inserts: Semaphore,
    counters: Counters,
    is_stopping: AtomicBool,
    /// Appends that must come to their end.
    appends: TaskTracker,
    flushers: Mutex<tokio::task::JoinSet<()>>,
    recovery: OnceLock<RecoveryReport>,
    checks: Mutex<Vec<Check>>,
}

/// Records that the journal must keep.
#[derive(Debug, Default)]
struct Unstored {
    /// Those that are not stored.
    records: BTreeSet<Lsn>,
    /// Appends that run, with a record that was before theirs.
    appending: BTreeMap<u64, Lsn>,
    next_append: u64,
    /// The first record that is still needed to look whether the tables are right.
    checked_from: Option<Lsn>,
}

impl Ingestion {
    /// Appends decoded rows. When this returns they are on disk and will be stored exactly once.
    ///
    /// Runs to its end also when the caller goes away.
    ///
    /// # Errors
    /// When the journal cannot take them; nothing of them is kept then.
    pub async fn append(
        &self,
        schema: &Schema,
        decoded: Decoded,
        origin: Origin,
        claimed: Option<Claimed>,
    ) -> Result<Receipt, AppendError> {
        let shared = Arc::clone(&self.shared);
        shared.check_open()?;
        let rows = Rows {
            source: SourceName::new(schema.database(), schema.table()),
            origin,
            key: claimed.as_ref().map(Claimed::key),
            token: None,
            rows: decoded.rows,
            quarantined_rows: decoded.quarantined_rows,
            blocks: decoded.blocks,
            quarantine_blocks: decoded.quarantine_blocks,
            carried: None,
        };
        let appends = shared.appends.clone();
        Unfailing::new(shared.append(rows, claimed), appends).await
    }

    /// Appends a block that counts once, whatever dies meanwhile and however often it is repeated: `id`
    /// must be its own for ever. Returns nothing when it was appended before.
    ///
    /// It is known by its id as long as idempotency keys are; beyond that by the engine, which knows the
    /// token of the last thousand inserts into a table.
    ///
    /// # Errors
    /// As [`Ingestion::append`].
    pub async fn append_once(
        &self,
        source: SourceName,
        block: Block,
        origin: Origin,
        id: &str,
    ) -> Result<Option<Receipt>, AppendError> {
        let shared = Arc::clone(&self.shared);
        shared.check_open()?;
        let in_workspace = SourceName::new(source.database.as_str(), "");
        let claimed = match self.claim(Key::new(&in_workspace, id, &[])).await {
            Ok(Claim::New(claimed)) => claimed,
            // There is one body to an id.
            Ok(Claim::Answered(_)) | Err(KeyConflict) => return Ok(None),
        };
        let rows = Rows {
            source,
            origin,
            key: Some(claimed.key()),
            token: Some(id.to_owned()),
            rows: block.rows() as u64,
            quarantined_rows: 0,
            blocks: vec![block],
            quarantine_blocks: Vec::new(),
            carried: None,
        };
        let appends = shared.appends.clone();
        let appended = Unfailing::new(shared.append(rows, Some(claimed)), appends).await?;
        Ok(Some(appended))
    }

    /// Writes to disk what the engine has stored, against a loss of power.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn sync_engine(&self) -> std::io::Result<()> {
        let directory = self.shared.config.engine_directory.clone();
        match tokio::task::spawn_blocking(move || trim::sync(&directory)).await {
            Ok(synced) => synced,
            Err(error) => Err(std::io::Error::other(error)),
        }
    }

    /// Returns the bytes that one record may have so that two of them fit into a segment.
    #[must_use]
    pub fn record_bytes_max(&self) -> u64 {
        self.shared.config.segment_bytes / 2
    }

    /// Takes an idempotency key for a request, or returns how it was answered before.
    ///
    /// # Errors
    /// When the key was used for another body.
    pub async fn claim(&self, key: Key) -> Result<Claim, KeyConflict> {
        self.shared.keys.claim(key).await
    }

    /// Waits until the batches that an earlier process left are stored, for at most `limit`. Tables
    /// must not change before.
    pub async fn replayed(&self, limit: Duration) -> bool {
        let sources = self.shared.all_sources();
        self.wait(limit, || sources.iter().all(|source| source.is_replayed()))
            .await
    }

    /// Waits until everything that was acknowledged is stored, for at most `limit`.
    pub async fn drained(&self, limit: Duration) -> bool {
        let sources = self.shared.all_sources();
        self.wait(limit, || sources.iter().all(|source| source.is_idle()))
            .await
    }

    /// Returns how things stand.
    #[must_use]
    pub fn status(&self) -> IngestionStatus {
        let now = Instant::now();
        let mut sources: Vec<_> = (self.shared.all_sources().iter())
            .map(|source| source.status(now))
            .collect();
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        IngestionStatus {
            journal: self.shared.journal.status(),
            journal_bytes_max: self.shared.config.journal_bytes_max,
            sources,
            flushes: self.shared.counters.read(),
            recovery: self.shared.recovery.get().cloned().unwrap_or_default(),
            checks: self.shared.checks.lock().clone(),
        }
    }

    /// Tries a data source that fails again at once.
    pub fn retry_now(&self, source: &SourceName) {
        self.shared.source(source).retry_now();
    }

    /// Stops in order: takes no more rows, stores what waits for at most `limit`, and closes the
    /// journal. What could not be stored is stored after the next start.
    pub async fn stop(self, limit: Duration) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        self.shared.appends.close();
        self.shared.appends.wait().await;
        let is_drained = self.drained(limit).await;
        self.shared.flushers.lock().abort_all();
        self.shared.close(is_drained).await;
    }

    /// Waits until `condition` holds; it is looked at whenever a source changes.
    async fn wait(&self, limit: Duration, condition: impl Fn() -> bool) -> bool {
        const LOOK_AGAIN: Duration = Duration::from_millis(5);
        let holds = async {
            while !condition() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(limit, holds).await.is_ok()
    }
}

impl Unstored {
    /// Returns the first record that the journal must keep; nothing when it needs none of those it
    /// has.
    fn keep_from(&self) -> Option<Lsn> {
        let records = self.records.first();
        let appending = self.appending.first_key_value().map(|(_, lsn)| lsn);
        let checked = self.checked_from.as_ref();
        (records.into_iter().chain(appending).chain(checked))
            .min()
            .copied()
    }
}
