//! Limits of the journal, with their reasons.

/// Size of a segment file. Large enough that creating one is rare, small enough that space returns
/// soon after a flush and that one fits into memory while it is read at start.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Smallest segment that can be configured: room for the headers, the reserve and some records.
pub(crate) const SEGMENT_BYTES_MIN: u64 = 1024;

/// Largest segment that can be configured; one is read into memory as a whole.
pub(crate) const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Most bytes that all segment files together take before appends are refused.
pub const JOURNAL_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// Most bytes of records that wait for the disk; beyond that appends are refused at once.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a waiting record counts beside its payload, so that a flood of empty ones is bounded, too.
pub(crate) const QUEUED_RECORD_BYTES: usize = 256;

/// What control records may take of the queue beyond [`QUEUE_BYTES_MAX`], in bytes.
pub(crate) const QUEUE_RESERVE_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of each segment that are kept for control records, so that a flush can be recorded,
/// and space be freed, when there is no space for another segment.
pub(crate) const SEGMENT_RESERVE_BYTES_MAX: u64 = 1024 * 1024;

/// Parts of a segment that the reserve takes at most: one of so many.
pub(crate) const SEGMENT_RESERVE_DIVISOR: u64 = 16;

/// Small records are gathered in a buffer of so many bytes before they are written.
pub(crate) const WRITE_BUFFER_BYTES: usize = 1024 * 1024;

/// Parts of records from this size on are written from where they are, in bytes.
pub(crate) const DIRECT_WRITE_BYTES: usize = 128 * 1024;
