//! What an earlier process left in the journal: which rows are not stored, and which batches it
//! may have begun.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use birdhouse_engine::Engine;
use birdhouse_journal::{
    Damage, DiskFiles, Journal, JournalConfig, Location, Lsn, OpenError as JournalOpenError,
    ReadError, Recovery,
};
use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::counters::Counters;
use super::flusher::FlushObserver;
use super::keys::{Counts, Key, Keys};
use super::memory::Memory;
use super::record::{Flush, Outcome, Record, Rows, SourceName};
use super::source::{Batch, Pending};
use super::{Ingestion, IngestionConfig, Shared, Unstored, trim};
use crate::limits::{INSERTS_AT_ONCE, KEY_LOG_BYTES_MAX};

/// How the last process that used the journal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastStop {
    /// There was none.
    New,
    /// In order, with nothing left to store.
    Clean,
    /// It was killed or crashed; what it had written to files is there.
    Killed,
    /// The machine stopped; what was not synced may be missing from the engine's files.
    MachineStopped,
}

/// What was found when the journal was opened.
#[derive(Debug, Clone)]
pub struct RecoveryReport {
    /// How the last process ended.
    pub last_stop: LastStop,
    /// Rows that are acknowledged and not stored, as far as is known.
    pub pending_rows: u64,
    /// Batches that are sent again with their token, because their outcome is not known.
    pub replayed_batches: usize,
    /// Places of the journal that cannot be read, each as a sentence.
    pub damage: Vec<String>,
}

/// Why the ingestion cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The journal cannot be opened.
    #[error("open the journal")]
    Journal(#[from] JournalOpenError),
    /// A record is of a kind that this binary does not know.
    #[error(
        "record {lsn} of the journal was written by a newer version of birdhouse; start that version"
    )]
    NewerRecord {
        /// The record.
        lsn: Lsn,
    },
    /// The journal does not take the first record.
    #[error("write to the journal")]
    Write(#[from] birdhouse_journal::AppendError),
    /// The reading did not come to its end.
    #[error("read the journal: {reason}")]
    Read {
        /// Why.
        reason: String,
    },
}

/// The journal's records, understood.
#[derive(Default)]
struct Found {
    sources: Vec<SourceName>,
    source_numbers: HashMap<SourceName, usize>,
    rows: BTreeMap<Lsn, FoundRows>,
    flushes: BTreeMap<Lsn, Flush>,
    outcomes: HashMap<Lsn, (Lsn, Outcome)>,
    synced_before: Option<Lsn>,
    boot_id: Option<String>,
    is_closed: bool,
    keys: Vec<(Lsn, Key, Counts, Timestamp)>,
    damage: Vec<String>,
}

struct FoundRows {
    location: Location,
    source: usize,
    count: u64,
    bytes: usize,
    token: Option<String>,
}

impl Ingestion {
    /// Opens the journal of a data directory and begins to store what is in it.
    ///
    /// # Errors
    /// When the journal cannot be opened, is in use by another process, or was written by a newer
    /// binary. Damage is no error: what can be read is used, and the report says what is missing.
    pub async fn open(
        config: IngestionConfig,
        engine: Engine,
        observer: Arc<dyn FlushObserver>,
    ) -> Result<(Self, RecoveryReport), OpenError> {
        let journal_config = JournalConfig {
            bytes_max: config.journal_bytes_max,
            ..JournalConfig::new(&config.directory)
        };
        let key_config = JournalConfig {
            bytes_max: KEY_LOG_BYTES_MAX,
            ..JournalConfig::new(config.directory.with_file_name("journal-keys"))
        };
        let opened = tokio::task::spawn_blocking(move || {
            let (keys, recovery) = Journal::open(key_config, Arc::new(DiskFiles))?;
            let keys = Keys::new(keys, read_keys(recovery), Timestamp::now());
            let (journal, recovery) = Journal::open(journal_config, Arc::new(DiskFiles))?;
            Ok::<_, OpenError>((journal, keys, Found::read(recovery)?))
        });
        let (journal, keys, found) = opened.await.map_err(|error| OpenError::Read {
            reason: error.to_string(),
        })??;
        let boot_id = trim::boot_id();
        let last_stop = found.last_stop(&boot_id);
        let opened = Record::Opened {
            boot_id,
            at: Timestamp::now(),
        };
        journal.append_control(opened.encode()).await?;
        let shared = Arc::new(Shared {
            config,
            engine,
            journal,
            keys,
            observer,
            sources: Mutex::default(),
            unstored: Mutex::new(Unstored::default()),
            memory: Memory::default(),
            inserts: Semaphore::new(INSERTS_AT_ONCE),
            counters: Counters::default(),
            is_stopping: false.into(),
            appends: TaskTracker::new(),
            flushers: Mutex::default(),
        });
        let report = shared.resume(found, last_stop);
        report.log();
        let trimming = trim::run(Arc::clone(&shared));
        shared.flushers.lock().spawn(trimming);
        Ok((Self { shared }, report))
    }
}

impl Shared {
    /// Fills the queues with what is not stored.
    fn resume(self: &Arc<Self>, mut found: Found, last_stop: LastStop) -> RecoveryReport {
        for (lsn, key, counts, at) in std::mem::take(&mut found.keys) {
            self.keys.learn(lsn, key, counts, at);
        }
        let batches = found.take_batches(last_stop == LastStop::MachineStopped);
        let replayed_batches = batches.len();
        let mut pending_rows = 0;
        for batch in batches {
            pending_rows += batch.count();
            let lsns = batch.records.iter().map(|record| record.location.lsn);
            self.unstored.lock().records.extend(lsns);
            self.source(&batch.flush.source.clone()).push_replay(batch);
        }
        let queues: Vec<_> = found.sources.iter().map(|name| self.source(name)).collect();
        for (lsn, rows) in found.rows {
            let Some(source) = queues.get(rows.source) else {
                continue;
            };
            pending_rows += rows.count;
            self.unstored.lock().records.insert(lsn);
            source.push(rows.pending());
        }
        RecoveryReport {
            last_stop,
            pending_rows,
            replayed_batches,
            damage: found.damage,
        }
    }
}

impl Found {
    fn read(mut recovery: Recovery) -> Result<Self, OpenError> {
        let mut found = Self::default();
        if let Some(torn) = &recovery.torn_tail {
            // Never acknowledged: the process ended while it wrote.
            info!(%torn, "the end of the journal was cut off");
        }
        for record in recovery.records() {
            match record {
                Ok((location, record)) => found.add(location, &record)?,
                Err(error) => found.damage.push(error.to_string()),
            }
        }
        // Complete only now.
        (found.damage).extend(recovery.damage.iter().map(Damage::to_string));
        Ok(found)
    }

    fn add(&mut self, location: Location, record: &Bytes) -> Result<(), OpenError> {
        let lsn = location.lsn;
        self.is_closed = false;
        match Record::decode(record).ok_or(OpenError::NewerRecord { lsn })? {
            Record::Rows(rows) => self.add_rows(location, rows),
            Record::Flush(flush) => {
                self.flushes.insert(lsn, flush);
            }
            Record::Flushed { flush, outcome } => {
                self.outcomes.insert(flush, (lsn, outcome));
            }
            Record::Synced { before, boot_id } => {
                self.synced_before = Some(before);
                self.boot_id = Some(boot_id);
            }
            Record::Opened { boot_id, .. } => self.boot_id = Some(boot_id),
            Record::Closed => self.is_closed = true,
        }
        Ok(())
    }

    fn add_rows(&mut self, location: Location, rows: Rows) {
        if let Some(key) = rows.key {
            let counts = Counts {
                rows: rows.rows,
                quarantined_rows: rows.quarantined_rows,
            };
            self.keys.push((location.lsn, key, counts, rows.origin.at));
        }
        let (count, bytes) = (rows.rows + rows.quarantined_rows, rows.bytes());
        let source = match self.source_numbers.get(&rows.source) {
            Some(number) => *number,
            None => {
                self.sources.push(rows.source.clone());
                self.source_numbers
                    .insert(rows.source, self.sources.len() - 1);
                self.sources.len() - 1
            }
        };
        let found = FoundRows {
            location,
            source,
            count,
            bytes,
            token: rows.token,
        };
        self.rows.insert(location.lsn, found);
    }

    fn last_stop(&self, boot_id: &str) -> LastStop {
        match &self.boot_id {
            _ if self.is_closed => LastStop::Clean,
            None => LastStop::New,
            Some(before) if before == boot_id => LastStop::Killed,
            Some(_) => LastStop::MachineStopped,
        }
    }

    /// Removes the rows of all flushes, and returns the flushes that must be repeated, in order.
    ///
    /// After the machine stopped, an outcome counts only when the engine's files were synced after
    /// it.
    fn take_batches(&mut self, is_machine_stop: bool) -> Vec<Batch> {
        let synced_before = self.synced_before.unwrap_or(Lsn(0));
        let mut batches = Vec::new();
        for (intent, flush) in std::mem::take(&mut self.flushes) {
            let is_done = match self.outcomes.get(&intent) {
                None => false,
                Some((_, Outcome::SetAside | Outcome::Dropped)) => true,
                Some((lsn, Outcome::Stored)) => !is_machine_stop || *lsn < synced_before,
            };
            // Records that were trimmed are stored and synced for certain.
            let records: Vec<Pending> = (flush.records.iter())
                .filter_map(|lsn| self.rows.remove(lsn))
                .map(FoundRows::pending)
                .collect();
            if !is_done && !records.is_empty() {
                batches.push(Batch {
                    flush,
                    intent: Some(intent),
                    is_replay: true,
                    records,
                });
            }
        }
        batches
    }
}

impl FoundRows {
    fn pending(self) -> Pending {
        Pending {
            location: self.location,
            rows: None,
            token: self.token,
            count: self.count,
            bytes: self.bytes,
            arrived: Instant::now(),
            waiter: None,
        }
    }
}

impl RecoveryReport {
    fn log(&self) {
        for damage in &self.damage {
            error!(
                damage,
                "acknowledged rows may be lost: the journal is damaged"
            );
        }
        match self.last_stop {
            LastStop::New | LastStop::Clean => {}
            LastStop::Killed => info!(
                rows = self.pending_rows,
                batches = self.replayed_batches,
                "the last process was killed; its rows are stored from the journal"
            ),
            LastStop::MachineStopped => warn!(
                rows = self.pending_rows,
                batches = self.replayed_batches,
                "the machine stopped; rows since the last sync are stored again from the journal"
            ),
        }
    }
}

fn read_keys(mut recovery: Recovery) -> Vec<(Lsn, Bytes)> {
    let report = |error: ReadError| warn!(%error, "idempotency keys were lost");
    recovery
        .records()
        .filter_map(|record| record.map_err(report).ok())
        .map(|(location, record)| (location.lsn, record))
        .collect()
}

/// Returns where the files of set-aside batches are, beside the journal.
pub(super) fn aside_directory(journal: &Path) -> PathBuf {
    journal.with_file_name("set-aside")
}
