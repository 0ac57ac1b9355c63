//! How much row data waits in memory. Beyond the limit rows stay in the journal until their turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{PENDING_BYTES_MAX, PENDING_OVERHEAD_BYTES};

/// Bytes of rows that wait in memory, with what each record takes besides.
#[derive(Debug, Default)]
pub(super) struct Memory(AtomicUsize);

impl Memory {
    /// Counts rows that stay in memory; false, and counts nothing, when there is no room.
    pub(super) fn try_add(&self, bytes: usize) -> bool {
        let bytes = bytes + PENDING_OVERHEAD_BYTES;
        let add = |used: usize| (used + bytes <= PENDING_BYTES_MAX).then_some(used + bytes);
        (self.0)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .is_ok()
    }

    /// Counts rows that are read back because it is their turn.
    pub(super) fn add(&self, bytes: usize) {
        self.0
            .fetch_add(bytes + PENDING_OVERHEAD_BYTES, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, bytes: usize) {
        self.0
            .fetch_sub(bytes + PENDING_OVERHEAD_BYTES, Ordering::Relaxed);
    }
}
