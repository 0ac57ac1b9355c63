//! The state of a source's queue, and what follows from it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::FlushFailed;
use crate::ingestion::batch::{Batch, Pending};
use crate::ingestion::record::{Flush, SourceName};
use crate::limits::{BATCH_BYTES, BATCH_ROWS, LINGER, LINGER_WAITED_FOR};

/// Why a data source's rows are not being stored.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What the engine said last.
    pub failed: FlushFailed,
    /// Attempts so far.
    pub attempts: u32,
    /// When the first one failed.
    pub since: Instant,
    /// The engine is away: nothing is wrong with the rows.
    pub is_engine_away: bool,
    /// How often the engine went away while it had the rows.
    pub engine_deaths: u32,
    pub(super) retry_at: Instant,
}

/// What a source's tasks share.
#[derive(Default)]
pub(super) struct State {
    /// Batches of an earlier process whose outcome is not known.
    pub(super) replays: VecDeque<Batch>,
    /// Those, and the one of them that is being stored.
    pub(super) replays_left: usize,
    pub(super) pending: VecDeque<Pending>,
    pub(super) pending_rows: u64,
    pub(super) pending_bytes: usize,
    /// The batch that failed and is tried again.
    pub(super) retried: Option<Batch>,
    pub(super) is_storing: bool,
    /// Records so far: those that came, and those that were stored. They are stored in the order in
    /// which they came.
    pub(super) arrived: u64,
    pub(super) stored: u64,
    /// Who waits for records to be stored.
    pub(super) waiting: usize,
    pub(super) holds: usize,
    /// Records that must be stored before a hold begins.
    pub(super) drain_to: u64,
    pub(super) trouble: Option<Trouble>,
    /// When the last batch was begun.
    pub(super) last_begun: Option<Instant>,
    /// Rows that went to quarantine since the log last said so, and when it did.
    pub(super) quarantined: u64,
    pub(super) last_notice: Option<Instant>,
}

impl State {
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.replays.is_empty() && self.retried.is_none()
    }

    pub(super) fn is_drained(&self) -> bool {
        self.stored >= self.drain_to
    }

    /// Returns why rows cannot be stored; nothing when they can, or the engine is away.
    pub(super) fn stuck(&self) -> Option<&FlushFailed> {
        let trouble = self.trouble.as_ref().filter(|t| !t.is_engine_away)?;
        Some(&trouble.failed)
    }

    /// Returns how the first `arrived` records fare; nothing while that is open.
    pub(super) fn outcome(&self, arrived: u64) -> Option<Result<(), FlushFailed>> {
        if self.stored >= arrived {
            return Some(Ok(()));
        }
        let failing = self.retried.as_ref()?.requests();
        let failed = self.stuck()?;
        (arrived <= self.stored + failing).then(|| Err(failed.clone()))
    }

    /// Returns the pause between two batches. Many rows in few batches keep the engine fast; who waits
    /// for an answer sends nothing meanwhile.
    pub(super) fn linger(&self) -> Duration {
        match self.waiting > 0 {
            true => LINGER_WAITED_FOR,
            false => LINGER,
        }
    }

    /// Makes a batch of the oldest records, as many as one may hold.
    pub(super) fn take_batch(&mut self, name: &SourceName) -> Option<Batch> {
        let (mut rows, mut bytes) = (0, 0);
        let mut count = 0;
        for record in &self.pending {
            rows += record.count;
            bytes += record.bytes;
            let is_alone = record.token.is_some();
            if count > 0 && (is_alone || rows > BATCH_ROWS || bytes > BATCH_BYTES) {
                break;
            }
            count += 1;
            if is_alone {
                break;
            }
        }
        let records: Vec<Pending> = self.pending.drain(..count).collect();
        if records.is_empty() {
            return None;
        }
        let own_token = records.first().and_then(|record| record.token.clone());
        Some(Batch {
            flush: Flush {
                source: name.clone(),
                token: own_token.unwrap_or_else(|| format!("bh-{}", uuid::Uuid::now_v7().simple())),
                records: records.iter().map(|record| record.location.lsn).collect(),
            },
            intent: None,
            is_replay: false,
            records,
        })
    }

    pub(super) fn forget(&mut self, batch: &Batch) {
        self.stored += batch.requests();
        self.replays_left -= usize::from(batch.is_replay);
        self.pending_rows = self.pending_rows.saturating_sub(batch.count());
        self.pending_bytes = self.pending_bytes.saturating_sub(batch.bytes());
    }
}
