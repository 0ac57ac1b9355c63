//! What an earlier process left in the journal: which rows are not stored, and which batches it
//! may have begun.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use birdhouse_engine::Engine;
use birdhouse_journal::{
    Damage, DiskFiles, Journal, JournalConfig, Location, Lsn, Missing,
    OpenError as JournalOpenError, ReadError, Recovery,
};
use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::batch::{Batch, Pending};
use super::check::{Tail, Tails};
use super::counters::Counters;
use super::flusher::FlushObserver;
use super::keys::{Counts, Key, Keys};
use super::memory::Memory;
use super::record::{Flush, Outcome, Record, Rows, SourceName};
use super::recovery_report::{LastStop, RecoveryReport};
use super::{Ingestion, IngestionConfig, Shared, Unstored, check, trim};
use crate::limits::{INSERTS_AT_ONCE, KEY_LOG_BYTES_MAX};

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
struct Found {
    sources: Vec<SourceName>,
    source_numbers: HashMap<SourceName, usize>,
    rows: BTreeMap<Lsn, FoundRows>,
    flushes: BTreeMap<Lsn, Flush>,
    outcomes: HashMap<Lsn, (Lsn, Outcome)>,
    /// Outcomes of flushes that are not there, with the records of these.
    ended: Vec<(Lsn, Outcome, Vec<Lsn>)>,
    /// Records whose rows were written again.
    replaced: Vec<Lsn>,
    synced_before: Option<Lsn>,
    /// The number of the oldest record that the journal keeps.
    first: Lsn,
    boot_id: Option<String>,
    is_closed: bool,
    keys: Vec<(Lsn, Key, Counts, Timestamp)>,
    damage: Vec<String>,
    /// Records that cannot be read are below this.
    damaged_before: Lsn,
}

struct FoundRows {
    location: Location,
    order: Lsn,
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
            segment_bytes: config.segment_bytes,
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
            let first = journal.status().first_lsn;
            Ok::<_, OpenError>((journal, keys, Found::read(first, recovery)?))
        });
        let (journal, keys, found) = opened.await.map_err(|error| OpenError::Read {
            reason: error.to_string(),
        })??;
        let last_stop = found.last_stop(&config.boot_id);
        let opened = Record::Opened {
            boot_id: config.boot_id.clone(),
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
            recovery: OnceLock::new(),
            checks: Mutex::default(),
        });
        let (report, tails) = shared.resume(found, last_stop);
        report.log();
        let report = shared.recovery.get_or_init(|| report).clone();
        let trimming = trim::run(Arc::clone(&shared));
        let checking = check::run(Arc::clone(&shared), tails);
        {
            let mut tasks = shared.flushers.lock();
            tasks.spawn(trimming);
            tasks.spawn(checking);
        }
        Ok((Self { shared }, report))
    }
}

impl Shared {
    /// Fills the queues with what is not stored.
    fn resume(
        self: &Arc<Self>,
        mut found: Found,
        last_stop: LastStop,
    ) -> (RecoveryReport, Vec<Tail>) {
        for (lsn, key, counts, at) in std::mem::take(&mut found.keys) {
            self.keys.learn(lsn, key, counts, at);
        }
        let is_machine_stop = last_stop == LastStop::MachineStopped;
        let batches = found.take_batches(is_machine_stop);
        let replayed_batches = batches.len();
        let (mut pending_rows, mut doubtful_rows) = (0, 0);
        let mut tails = Tails::default();
        for (source, locations) in found.doubtful() {
            let counts = locations
                .iter()
                .filter_map(|place| found.rows.get(&place.lsn));
            doubtful_rows += counts.map(|rows| rows.count).sum::<u64>();
            tails.add(&source, locations);
        }
        for batch in batches {
            pending_rows += batch.count();
            if is_machine_stop {
                let locations = batch.records.iter().map(|record| record.location);
                tails.add(&batch.flush.source, locations);
            }
            let lsns = batch.records.iter().map(|record| record.location.lsn);
            self.unstored.lock().records.extend(lsns);
            self.source(&batch.flush.source.clone()).push_replay(batch);
        }
        let queues: Vec<_> = found.sources.iter().map(|name| self.source(name)).collect();
        let mut rest: Vec<_> = found.rows.into_values().collect();
        rest.sort_unstable_by_key(|rows| rows.order);
        for rows in rest {
            let Some(source) = queues.get(rows.source) else {
                continue;
            };
            pending_rows += rows.count;
            self.unstored.lock().records.insert(rows.location.lsn);
            source.push(rows.pending());
        }
        let report = RecoveryReport {
            last_stop,
            pending_rows,
            replayed_batches,
            damage: found.damage,
            doubtful_rows,
        };
        let tails = tails.finish();
        self.unstored.lock().checked_from = check::first(&tails);
        (report, tails)
    }
}

impl Found {
    fn new(first: Lsn) -> Self {
        Self {
            sources: Vec::new(),
            source_numbers: HashMap::new(),
            rows: BTreeMap::new(),
            flushes: BTreeMap::new(),
            outcomes: HashMap::new(),
            ended: Vec::new(),
            replaced: Vec::new(),
            synced_before: None,
            first,
            boot_id: None,
            is_closed: false,
            keys: Vec::new(),
            damage: Vec::new(),
            damaged_before: Lsn(0),
        }
    }

    fn read(first: Lsn, mut recovery: Recovery) -> Result<Self, OpenError> {
        let mut found = Self::new(first);
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
        for lsn in &found.replaced {
            found.rows.remove(lsn);
        }
        // Complete only now.
        let ends = recovery.damage.iter().map(|damage| match damage.missing {
            Missing::Nothing => Lsn(0),
            Missing::Between(_, last) => Lsn(last.0 + 1),
            Missing::From(_) => recovery.next_lsn,
        });
        found.damaged_before = ends.max().unwrap_or(Lsn(0));
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
            Record::Flushed {
                flush,
                outcome,
                records,
            } => {
                // What it says about a flush that is damaged; the others are looked up when the
                // journal was read.
                if !self.flushes.contains_key(&flush) {
                    self.ended.push((lsn, outcome, records));
                }
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
        let mut order = location.lsn;
        if let Some(carried) = rows.carried {
            order = carried.order;
            self.replaced.extend(carried.replaces);
        }
        let found = FoundRows {
            location,
            order,
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
        let counts = |lsn: Lsn, outcome| match outcome {
            Outcome::SetAside | Outcome::Dropped => true,
            Outcome::Stored => !is_machine_stop || lsn < synced_before,
        };
        for (lsn, outcome, records) in std::mem::take(&mut self.ended) {
            if counts(lsn, outcome) {
                for lsn in &records {
                    self.rows.remove(lsn);
                }
            }
        }
        let mut batches = Vec::new();
        for (intent, flush) in std::mem::take(&mut self.flushes) {
            let is_done = match self.outcomes.get(&intent) {
                // Only what is stored and synced is trimmed, and that as a batch. What is left of a
                // batch must not be stored again: fewer rows make other blocks.
                _ if self.is_trimmed(&flush) => true,
                None => false,
                Some((lsn, outcome)) => counts(*lsn, *outcome),
            };
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

    /// Returns true when records of a batch were trimmed; false when they may be damaged.
    fn is_trimmed(&self, flush: &Flush) -> bool {
        self.damage.is_empty() && flush.records.iter().any(|lsn| *lsn < self.first)
    }

    /// Returns the data sources with rows of which it is not known whether they are stored, because
    /// the journal is damaged where it may have said so.
    fn doubtful(&self) -> Vec<(SourceName, Vec<Location>)> {
        let mut found: BTreeMap<usize, Vec<Location>> = BTreeMap::new();
        for (_, rows) in self.rows.range(..self.damaged_before) {
            found.entry(rows.source).or_default().push(rows.location);
        }
        let named =
            |(source, locations): (usize, _)| Some((self.sources.get(source)?.clone(), locations));
        found.into_iter().filter_map(named).collect()
    }
}

impl FoundRows {
    fn pending(self) -> Pending {
        Pending {
            location: self.location,
            order: self.order,
            requests: 1,
            rows: None,
            token: self.token,
            count: self.count,
            bytes: self.bytes,
            arrived: Instant::now(),
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
