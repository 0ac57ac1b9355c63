//! Limits of deployments, with their reasons.

use std::time::Duration;

/// How long a deployment waits until the rows that were acknowledged before are stored.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(30);

/// How long it waits until no row is being stored.
pub(crate) const QUIET_MAX: Duration = Duration::from_secs(30);

/// Rows that one statement of a backfill reads: bounds its memory, and what a failure repeats.
pub(crate) const CHUNK_ROWS: u64 = 1_000_000;

/// Parts that one statement of a backfill names.
pub(crate) const CHUNK_PARTS: usize = 200;
