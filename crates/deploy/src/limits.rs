//! Limits of deployments, with their reasons.

use std::time::Duration;

/// How long a deployment waits until the rows that were acknowledged before are stored.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(30);

/// How long it waits until no row is being stored.
pub(crate) const QUIET_MAX: Duration = Duration::from_secs(30);

/// How long the removal of a deployment waits for an engine that went away, each time.
pub(crate) const ENGINE_WAIT_MAX: Duration = Duration::from_secs(15);

/// How often the removal of a deployment is begun.
pub(crate) const REMOVE_TRIES: usize = 4;

/// Rows that one statement of a backfill reads: bounds its memory, and what a failure repeats.
pub(crate) const CHUNK_ROWS: u64 = 1_000_000;

/// Parts that one statement of a backfill names.
pub(crate) const CHUNK_PARTS: usize = 200;
