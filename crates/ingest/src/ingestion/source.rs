//! The rows of one data source on their way from the journal to the engine.
//!
//! ```text
//! arrive ─► pending ─► batch (intent in the journal) ─► stored (outcome in the journal)
//!                        ▲         │ the engine fails
//!                        └─ pause ─┘ same records, same token
//! ```
//!
//! One batch of a data source is stored at a time, so rows that were acknowledged one after the
//! other are stored in that order. A hold keeps new batches from starting.

mod state;

use std::sync::Arc;
use std::time::Duration;

use birdhouse_journal::Lsn;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::batch::{Backlog, Batch, Pending, Queue};
use super::record::SourceName;
use crate::limits::{
    BATCH_BYTES, BATCH_ROWS, ENGINE_DEATHS_MAX, NOTICE_PAUSE, RETRY_PAUSE, RETRY_PAUSE_MAX,
};
use state::State;
pub use state::Trouble;

/// One data source's queue.
pub(crate) struct Source {
    pub(crate) name: SourceName,
    state: Mutex<State>,
    /// For the source's task: there may be something to do.
    pub(crate) wake: Notify,
    /// For everybody else: the state has changed.
    pub(crate) changed: Notify,
    /// Owned by whoever changes the data source's tables.
    pub(crate) exclusive: Arc<tokio::sync::Mutex<()>>,
}

/// The engine did not take a batch. Its rows are safe in the journal, and it is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FlushFailed {
    /// What the engine said.
    pub reason: String,
    /// The rows are in the data source; a materialized view failed on them.
    pub is_view: bool,
}

/// What kind of failure an attempt ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The rows were refused.
    Refused,
    /// The engine was not there.
    EngineAway,
    /// The engine went away while it had the rows.
    EngineDied,
}

/// What the source's task is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing, until it is woken.
    Sleep,
    /// Nothing, until then or until it is woken.
    SleepUntil(Instant),
    /// Store a batch.
    Store,
}

/// A look at a source's queue.
#[derive(Debug, Clone)]
pub struct SourceStatus {
    /// The data source.
    pub name: SourceName,
    /// Rows that are acknowledged and not stored yet.
    pub pending_rows: u64,
    /// Size of these in bytes.
    pub pending_bytes: usize,
    /// How long the oldest of them has waited.
    pub lag: Duration,
    /// Whether flushes are held back by a change of the tables.
    pub is_held: bool,
    /// Why they are not stored, when that fails.
    pub trouble: Option<Trouble>,
}

impl Source {
    pub(crate) fn new(name: SourceName) -> Self {
        Self {
            name,
            state: Mutex::default(),
            wake: Notify::new(),
            changed: Notify::new(),
            exclusive: Arc::default(),
        }
    }

    /// Adds a record that is in the journal. Returns how many have come, with this one.
    pub(crate) fn push(&self, record: Pending) -> u64 {
        let mut state = self.state.lock();
        state.arrived += 1;
        state.pending_rows += record.count;
        state.pending_bytes += record.bytes;
        state.pending.push_back(record);
        let arrived = state.arrived;
        drop(state);
        self.wake.notify_one();
        arrived
    }

    /// Waits until the first `arrived` records are stored.
    ///
    /// # Errors
    /// When the batch with the last of them failed. It is tried again.
    pub(crate) async fn stored(&self, arrived: u64) -> Result<(), FlushFailed> {
        let _waiting = Waiting::enter(self);
        loop {
            let changed = self.changed.notified();
            if let Some(ended) = self.state.lock().outcome(arrived) {
                return ended;
            }
            changed.await;
        }
    }

    /// Adds a batch whose outcome an earlier process did not record.
    pub(crate) fn push_replay(&self, batch: Batch) {
        let mut state = self.state.lock();
        state.arrived += batch.requests();
        state.pending_rows += batch.count();
        state.pending_bytes += batch.bytes();
        state.replays.push_back(batch);
        state.replays_left += 1;
        drop(state);
        self.wake.notify_one();
    }

    /// Says what is to be done now.
    pub(crate) fn step(&self, now: Instant) -> Step {
        let state = self.state.lock();
        if state.is_storing || state.is_empty() || (state.holds > 0 && state.is_drained()) {
            return Step::Sleep;
        }
        if let Some(trouble) = &state.trouble {
            return match trouble.retry_at > now {
                true => Step::SleepUntil(trouble.retry_at),
                false => Step::Store,
            };
        }
        let is_full = state.pending_rows >= BATCH_ROWS || state.pending_bytes >= BATCH_BYTES;
        let due = state.last_begun.map_or(now, |begun| begun + state.linger());
        match is_full || due <= now || state.holds > 0 || !state.replays.is_empty() {
            true => Step::Store,
            false => Step::SleepUntil(due),
        }
    }

    /// Takes the batch to store next; nothing when there is none any more.
    pub(crate) fn begin(&self, now: Instant) -> Option<Batch> {
        let mut state = self.state.lock();
        if state.is_storing || (state.holds > 0 && state.is_drained()) {
            return None;
        }
        let batch = match state.retried.take().or_else(|| state.replays.pop_front()) {
            Some(batch) => batch,
            None => state.take_batch(&self.name)?,
        };
        state.is_storing = true;
        state.last_begun = Some(now);
        Some(batch)
    }

    /// A batch is stored, or was set aside.
    pub(crate) fn end(&self, batch: &Batch) {
        let mut state = self.state.lock();
        state.is_storing = false;
        state.trouble = None;
        state.forget(batch);
        drop(state);
        self.wake.notify_one();
        self.changed.notify_waiters();
    }

    /// Counts rows that went to quarantine; returns how many the log should speak of, now and then.
    pub(crate) fn quarantined(&self, rows: u64, now: Instant) -> Option<u64> {
        let mut state = self.state.lock();
        state.quarantined += rows;
        let is_due = state.last_notice.is_none_or(|at| now - at >= NOTICE_PAUSE);
        if state.quarantined == 0 || !is_due {
            return None;
        }
        state.last_notice = Some(now);
        Some(std::mem::take(&mut state.quarantined))
    }

    /// A batch was not stored; it is the next one to be tried. Rows that the engine ended on again and
    /// again are taken for the cause: they are tried ever more seldom, so that others get through.
    pub(crate) fn fail(&self, batch: Batch, mut failed: FlushFailed, failure: Failure) {
        let mut state = self.state.lock();
        state.is_storing = false;
        state.retried = Some(batch);
        let now = Instant::now();
        let (attempts, since, deaths) = match &state.trouble {
            Some(before) => (
                before.attempts.saturating_add(1),
                before.since,
                before.engine_deaths,
            ),
            None => (1, now, 0),
        };
        let engine_deaths = deaths + u32::from(failure == Failure::EngineDied);
        let is_engine_away = failure != Failure::Refused && engine_deaths < ENGINE_DEATHS_MAX;
        if failure != Failure::Refused && !is_engine_away {
            failed.reason = format!(
                "the engine ended {engine_deaths} times while it stored these rows: {}",
                failed.reason
            );
        }
        let pause = match is_engine_away {
            true => RETRY_PAUSE,
            false => (RETRY_PAUSE * 2_u32.saturating_pow(attempts)).min(RETRY_PAUSE_MAX),
        };
        state.trouble = Some(Trouble {
            failed,
            attempts,
            since,
            is_engine_away,
            engine_deaths,
            retry_at: now + pause,
        });
        drop(state);
        self.wake.notify_one();
        self.changed.notify_waiters();
    }

    /// Takes the batch that fails out of the queue; nothing when none fails.
    pub(crate) fn take_failing(&self) -> Option<Batch> {
        let mut state = self.state.lock();
        state.stuck()?;
        let batch = state.retried.take()?;
        state.is_storing = true;
        Some(batch)
    }

    /// Returns why rows cannot be stored; nothing when they can, or the engine is away.
    pub(crate) fn stuck(&self) -> Option<FlushFailed> {
        self.state.lock().stuck().cloned()
    }

    /// Returns how much waits to be stored.
    pub(crate) fn backlog(&self) -> Backlog {
        let state = self.state.lock();
        let batches = state.retried.iter().chain(&state.replays);
        Backlog {
            bytes: state.pending_bytes,
            records: batches.map(|batch| batch.records.len()).sum::<usize>() + state.pending.len(),
        }
    }

    /// Returns the first record that waits.
    pub(crate) fn oldest(&self) -> Option<Lsn> {
        let state = self.state.lock();
        let batches = state.retried.iter().chain(&state.replays);
        let records = batches.flat_map(|batch| &batch.records);
        let records = records.chain(&state.pending);
        records.map(|record| record.location.lsn).min()
    }

    /// Takes everything out of the queue of a data source that is stuck; nothing when it is not. Until
    /// [`Source::put_queue`] nothing of it is stored.
    pub(crate) fn take_queue(&self) -> Option<Queue> {
        let mut state = self.state.lock();
        if state.is_storing || state.stuck().is_none() {
            return None;
        }
        state.is_storing = true;
        let retried = state.retried.take();
        Some(Queue {
            batches: retried.into_iter().chain(state.replays.drain(..)).collect(),
            pending: std::mem::take(&mut state.pending),
        })
    }

    /// Puts a queue back, before what has come meanwhile.
    pub(crate) fn put_queue(&self, queue: Queue) {
        let mut state = self.state.lock();
        state.is_storing = false;
        let mut batches = queue.batches.into_iter();
        state.retried = batches.next();
        state.replays = batches.collect();
        let newer = std::mem::replace(&mut state.pending, queue.pending);
        state.pending.extend(newer);
        drop(state);
        self.wake.notify_one();
        self.changed.notify_waiters();
    }

    /// Tries again at once.
    pub(crate) fn retry_now(&self) {
        if let Some(trouble) = &mut self.state.lock().trouble {
            trouble.retry_at = Instant::now();
        }
        self.wake.notify_one();
    }

    /// Asks for a hold: from now on batches are stored only until what has come so far is stored.
    pub(crate) fn hold(&self, is_drained: bool) {
        let mut state = self.state.lock();
        state.holds += 1;
        // An earlier hold may have been given up before it was drained.
        state.drain_to = match is_drained {
            true => state.arrived,
            false => state.stored,
        };
        drop(state);
        self.wake.notify_one();
    }

    pub(crate) fn release(&self) {
        let mut state = self.state.lock();
        state.holds = state.holds.saturating_sub(1);
        drop(state);
        self.wake.notify_one();
        self.changed.notify_waiters();
    }

    /// Returns true when a hold that was asked for has begun, or an error when it cannot.
    pub(crate) fn is_held(&self, is_drained: bool) -> Result<bool, FlushFailed> {
        let state = self.state.lock();
        if state.is_storing {
            return Ok(false);
        }
        if !is_drained || state.is_drained() {
            return Ok(true);
        }
        match state.stuck() {
            Some(failed) => Err(failed.clone()),
            None => Ok(false),
        }
    }

    /// Returns true when nothing waits and nothing is being stored.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        !state.is_storing && state.is_empty()
    }

    /// Returns true when no batch of an earlier process is left.
    pub(crate) fn is_replayed(&self) -> bool {
        let state = self.state.lock();
        state.replays_left == 0
    }

    pub(crate) fn status(&self, now: Instant) -> SourceStatus {
        let state = self.state.lock();
        let oldest = (state.retried.iter().chain(&state.replays))
            .flat_map(|batch| batch.records.first())
            .chain(state.pending.front())
            .map(|record| now - record.arrived)
            .max();
        SourceStatus {
            name: self.name.clone(),
            pending_rows: state.pending_rows,
            pending_bytes: state.pending_bytes,
            lag: oldest.unwrap_or_default(),
            is_held: state.holds > 0,
            trouble: state.trouble.clone(),
        }
    }
}

/// Somebody who waits for records to be stored, which makes batches follow each other faster.
struct Waiting<'s>(&'s Source);

impl<'s> Waiting<'s> {
    fn enter(source: &'s Source) -> Self {
        source.state.lock().waiting += 1;
        source.wake.notify_one();
        Self(source)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state.lock().waiting -= 1;
    }
}
