//! What the operator sets.

use std::path::PathBuf;

use crate::error::OpenError;
use crate::format::{RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES};
use crate::limits::{
    JOURNAL_BYTES_MAX, QUEUE_BYTES_MAX, SEGMENT_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN,
    SEGMENT_RESERVE_BYTES_MAX, SEGMENT_RESERVE_DIVISOR,
};

/// Where a journal is and how large it may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalConfig {
    /// The directory of its segments, created when missing. Nothing else may be in it.
    pub directory: PathBuf,
    /// Size of the segments that are created, in bytes.
    pub segment_bytes: u64,
    /// Most bytes that all segments may take before [`append`](crate::Journal::append) is refused.
    pub bytes_max: u64,
    /// Most bytes of records that wait for the disk.
    pub queue_bytes_max: usize,
}

impl JournalConfig {
    /// Returns the usual sizes: segments of 64 MiB, 8 GiB in all, 64 MiB waiting.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            segment_bytes: SEGMENT_BYTES,
            bytes_max: JOURNAL_BYTES_MAX,
            queue_bytes_max: QUEUE_BYTES_MAX,
        }
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes) {
            return Err(OpenError::Config(format!(
                "segments of {} bytes: expected {SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX}",
                self.segment_bytes
            )));
        }
        if self.bytes_max < 2 * self.segment_bytes {
            return Err(OpenError::Config(format!(
                "a journal of {} bytes: expected at least two segments of {} bytes",
                self.bytes_max, self.segment_bytes
            )));
        }
        Ok(())
    }

    /// Returns what is kept of each segment for control records.
    pub(crate) fn reserve_bytes(&self) -> u64 {
        SEGMENT_RESERVE_BYTES_MAX.min(self.segment_bytes / SEGMENT_RESERVE_DIVISOR)
    }

    /// Returns the size of the largest payload that can be appended.
    pub(crate) fn payload_bytes_max(&self) -> usize {
        let overhead = (2 * SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES) as u64;
        let fits = self.segment_bytes - overhead - self.reserve_bytes();
        usize::try_from(fits)
            .unwrap_or(usize::MAX)
            .min(self.queue_bytes_max)
    }
}
