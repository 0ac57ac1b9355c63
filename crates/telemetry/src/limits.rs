//! Limits of the way from a request to a row, with their reasons.

use std::time::Duration;

/// Longest a row waits for others. With the time of an insert it is well below the promised second.
pub(crate) const LINGER: Duration = Duration::from_millis(250);

/// Rows after which a batch does not wait any longer.
pub(crate) const BATCH_ROWS: u64 = 10_000;

/// Most bytes of rows that wait for the writer; as much again may be on its way to the engine.
pub(crate) const QUEUE_BYTES_MAX: usize = 8 << 20;

/// Longest text of a row, in bytes: an url, an error, one value. What is longer is cut.
pub(crate) const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Longest that a batch is tried again while the engine is away; then its rows are dropped.
pub(crate) const RETRY_TIME_MAX: Duration = Duration::from_secs(30);

/// Pause after a failed insert; it doubles up to the longest.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Longest pause between two attempts.
pub(crate) const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Longest that a shutdown waits for the rows that are left.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);

/// Shortest time between two warnings about dropped rows.
pub(crate) const WARNING_PAUSE: Duration = Duration::from_secs(10);

/// Blocks whose deduplication token a table remembers: far more than are ever tried again.
pub(crate) const DEDUPLICATION_WINDOW: u32 = 1000;
