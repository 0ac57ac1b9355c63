//! Rows that wait, and those of them that are stored together.

use std::collections::VecDeque;

use birdhouse_journal::{Location, Lsn};
use tokio::time::Instant;

use super::record::{Flush, Rows};

/// A record that is not stored yet.
pub(crate) struct Pending {
    pub(crate) location: Location,
    /// The record with which the rows came first.
    pub(crate) order: Lsn,
    /// How many requests and chunks the rows are of.
    pub(crate) requests: u64,
    /// The record; nothing when it stays in the journal until its turn, to save memory. Boxed, because
    /// a queue may be long.
    pub(crate) rows: Option<Box<Rows>>,
    /// The token that it must be stored with, alone.
    pub(crate) token: Option<String>,
    /// Rows for data source and quarantine.
    pub(crate) count: u64,
    /// Size of the row data in bytes.
    pub(crate) bytes: usize,
    pub(crate) arrived: Instant,
}

/// Records that are stored together.
pub(crate) struct Batch {
    pub(crate) flush: Flush,
    /// The intent's record; nothing while it is not in the journal yet.
    pub(crate) intent: Option<Lsn>,
    /// An earlier process began it.
    pub(crate) is_replay: bool,
    pub(crate) records: Vec<Pending>,
}

/// All that waits in a source.
pub(crate) struct Queue {
    pub(crate) batches: Vec<Batch>,
    pub(crate) pending: VecDeque<Pending>,
}

/// How much that is.
pub(crate) struct Backlog {
    /// Size of the row data in bytes.
    pub(crate) bytes: usize,
    pub(crate) records: usize,
}

impl Batch {
    pub(crate) fn count(&self) -> u64 {
        self.records.iter().map(|record| record.count).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.bytes).sum()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.records.iter().map(|record| record.requests).sum()
    }
}
