//! Limits of one query.

use std::time::Duration;

/// Nodes in the expansion of one statement: a node counts as often as it is referenced, because
/// the engine executes and plans each reference anew.
pub const REFERENCES_MAX: usize = 200;

/// Threads that a template can ask for with `max_threads`.
pub(crate) const THREADS_MAX: u32 = 8;

/// Analysed texts that the guard remembers.
pub(crate) const ANALYSES_MAX: usize = 10_000;

/// How long a query waits for a worker that is being restarted before it is tried once more.
pub(crate) const RESTART_WAIT: Duration = Duration::from_secs(3);
