//! Why rows were not acknowledged, and when they may be sent again.

use std::time::Duration;

use birdhouse_journal::{AppendError as JournalError, FullCause};

use crate::limits::RETRY_AFTER;

/// Why rows were not acknowledged. Nothing of them is stored, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The journal has reached its limit: the engine does not keep up, or is away.
    #[error(
        "the journal is full: {bytes} bytes wait for the engine, the limit is {limit}; send the rows again later"
    )]
    Full {
        /// What it holds.
        bytes: u64,
        /// What it may hold.
        limit: u64,
    },
    /// The disk has no room.
    #[error("the disk is full; send the rows again when there is room")]
    DiskFull,
    /// Too many requests wait for the engine.
    #[error("{records} requests wait for the engine; send the rows again later")]
    Backlog {
        /// How many.
        records: usize,
    },
    /// The rows of the data source cannot be stored, and too many of them wait.
    #[error(
        "rows of '{datasource}' cannot be stored, and as many wait as may: {reason}; repair that or set rows aside, see /v0/ingestion"
    )]
    Stuck {
        /// The data source.
        datasource: String,
        /// What the engine says about its rows.
        reason: String,
    },
    /// Too much waits to be written at this moment.
    #[error("too many rows wait for the disk; send the rows again later")]
    Busy,
    /// A write failed, and nothing is acknowledged until a restart.
    #[error("the journal failed and takes no rows until the server is restarted: {reason}")]
    Poisoned {
        /// What failed.
        reason: String,
    },
    /// The rows are more than one record holds.
    #[error("the rows of one request take too many bytes; send fewer")]
    TooLarge,
    /// The server is stopping.
    #[error("the server is stopping; send the rows again later")]
    Stopping,
}

impl AppendError {
    /// Returns when the same request may succeed; nothing when it will not.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Full { .. }
            | Self::DiskFull
            | Self::Backlog { .. }
            | Self::Stuck { .. }
            | Self::Busy
            | Self::Stopping => Some(RETRY_AFTER),
            Self::Poisoned { .. } => Some(RETRY_AFTER * 10),
            Self::TooLarge => None,
        }
    }
}

impl From<JournalError> for AppendError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Poisoned { reason } => Self::Poisoned { reason },
            JournalError::Full(FullCause::Limit { bytes, bytes_max }) => Self::Full {
                bytes,
                limit: bytes_max,
            },
            JournalError::Full(_) => Self::DiskFull,
            JournalError::QueueFull { .. } => Self::Busy,
            JournalError::TooLarge { .. } => Self::TooLarge,
            JournalError::Closed => Self::Stopping,
            other => Self::Poisoned {
                reason: other.to_string(),
            },
        }
    }
}
