//! What the ingestion has done since the start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::flusher::FlushReport;
use super::keys::Counts;

/// Totals since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlushCounters {
    /// Requests and chunks that were acknowledged.
    pub acknowledged: u64,
    /// Their good rows.
    pub rows: u64,
    /// Their rows for quarantines.
    pub quarantined_rows: u64,
    /// Batches that were stored.
    pub batches: u64,
    /// Rows in them.
    pub batch_rows: u64,
    /// Rows in the largest.
    pub batch_rows_max: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Time that batches took in the engine, in all.
    pub elapsed: Duration,
    /// Time from acknowledgement to storage of the last batch's oldest rows.
    pub last_lag: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    acknowledged: AtomicU64,
    rows: AtomicU64,
    quarantined_rows: AtomicU64,
    batches: AtomicU64,
    batch_rows: AtomicU64,
    batch_rows_max: AtomicU64,
    failures: AtomicU64,
    elapsed_micros: AtomicU64,
    last_lag_micros: AtomicU64,
}

impl Counters {
    pub(super) fn acknowledged(&self, counts: Counts) {
        add(&self.acknowledged, 1);
        add(&self.rows, counts.rows);
        add(&self.quarantined_rows, counts.quarantined_rows);
    }

    pub(super) fn stored(&self, report: &FlushReport, rows: u64) {
        add(&self.batches, 1);
        add(&self.batch_rows, rows);
        self.batch_rows_max.fetch_max(rows, Ordering::Relaxed);
        add(&self.elapsed_micros, micros(report.elapsed));
        self.last_lag_micros
            .store(micros(report.lag), Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        add(&self.failures, 1);
    }

    pub(super) fn read(&self) -> FlushCounters {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FlushCounters {
            acknowledged: get(&self.acknowledged),
            rows: get(&self.rows),
            quarantined_rows: get(&self.quarantined_rows),
            batches: get(&self.batches),
            batch_rows: get(&self.batch_rows),
            batch_rows_max: get(&self.batch_rows_max),
            failures: get(&self.failures),
            elapsed: Duration::from_micros(get(&self.elapsed_micros)),
            last_lag: Duration::from_micros(get(&self.last_lag_micros)),
        }
    }
}

fn add(counter: &AtomicU64, value: u64) {
    counter.fetch_add(value, Ordering::Relaxed);
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
