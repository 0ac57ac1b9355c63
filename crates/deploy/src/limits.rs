//! Limits of deployments, with their reasons.

/// Rows that one statement of a backfill reads: bounds its memory, and what a failure repeats.
pub(crate) const CHUNK_ROWS: u64 = 1_000_000;

/// Parts that one statement of a backfill names.
pub(crate) const CHUNK_PARTS: usize = 200;
