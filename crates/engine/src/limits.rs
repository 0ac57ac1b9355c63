//! Limits of the engine's client, worker and supervisor: one place, with units and reasons.

use std::time::Duration;

/// Longest SQL text in bytes; also what the engine's parser is allowed to read.
pub(crate) const SQL_BYTES_MAX: usize = 4 << 20;

/// Result size of a materialized query unless the request says less. The buffer is not charged to
/// the query's memory limit and peaks at three to four times this.
pub(crate) const RESULT_BYTES_MAX: u64 = 256 << 20;

/// Result rows of a materialized query unless the request says less.
pub(crate) const RESULT_ROWS_MAX: u64 = 20_000_000;

/// Largest body of an insert. All of it is one block, and is kept until it is stored.
pub(crate) const INSERT_BYTES_MAX: usize = 256 << 20;

/// Requests that may wait for a connection of one pool; further ones are refused.
pub(crate) const POOL_WAITING_MAX: usize = 1024;

/// Chunks of a body that wait between the socket and the engine, in either direction.
pub(crate) const CHUNKS_WAITING_MAX: usize = 2;

/// Longest exception text that travels in a trailer.
pub(crate) const TRAILER_TEXT_BYTES_MAX: usize = 4096;

/// How much of the worker's last output is kept for error reports.
pub(crate) const WORKER_OUTPUT_BYTES_MAX: usize = 8 << 10;

/// Time that a stopping worker gives to running requests before it cancels them.
pub(crate) const DRAIN_TIME: Duration = Duration::from_secs(3);

/// Time after which a stopping worker exits even when the engine does not let go.
pub(crate) const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// Time after which the supervisor kills a worker that was told to stop.
pub(crate) const KILL_TIME: Duration = Duration::from_secs(12);

/// Time that the first start of a worker may take (many tables are opened then).
pub(crate) const START_TIME_MAX: Duration = Duration::from_secs(120);

/// How long a worker waits for the one before to end, whose gateway may have been killed.
pub(crate) const LOCK_WAIT_MAX: Duration = STOP_TIME_MAX;

/// How often it looks.
pub(crate) const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How long a worker may be silent, unless configured, before it is killed.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Pings in a row that must fail in that time.
pub(crate) const SILENT_PINGS_MAX: u32 = 3;

/// First and longest pause before a dead worker is replaced. The first death costs no pause.
pub(crate) const RESTART_PAUSE_MIN: Duration = Duration::from_millis(100);
pub(crate) const RESTART_PAUSE_MAX: Duration = Duration::from_secs(5);

/// A worker that lived this long starts the next series of restarts without a pause.
pub(crate) const HEALTHY_TIME: Duration = Duration::from_secs(30);

/// What a client of an unavailable engine is told to wait.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Time beyond its own limit that a query may take before the client gives up on it: the engine
/// looks at the clock only between blocks.
pub(crate) const QUERY_GRACE: Duration = Duration::from_secs(2);

/// Pause between two attempts to cancel a statement that has not ended yet.
pub(crate) const KILL_INTERVAL: Duration = Duration::from_millis(50);

/// Time that an insert may take before the client gives up on it and may repeat it.
pub(crate) const INSERT_TIME_MAX: Duration = Duration::from_secs(600);

/// Time after which a query has looked up its tables: a few milliseconds, this much on a loaded
/// machine. An exchange of tables waits no longer for queries that run.
pub(crate) const LOOKUP_TIME_MAX: Duration = Duration::from_millis(250);

/// Running time of a copy's query. The hosted product allows 20 s to some minutes; here nobody else
/// pays for it.
pub(crate) const COPY_TIME_MAX: Duration = Duration::from_secs(3600);

/// Memory of a copy's query. What it writes is not kept in memory.
pub(crate) const COPY_MEMORY_BYTES_MAX: u64 = 4 << 30;
