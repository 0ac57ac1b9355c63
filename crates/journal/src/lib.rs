//! A durable log of records: appended at one end, synced before it is acknowledged, read back after
//! a crash, trimmed at the other end.
//!
//! The log is a directory of segment files of one size. One thread writes: what waits while it syncs
//! shares the next sync. A failed write or sync ends all acknowledgement until a restart. Recovery
//! stops exactly at a torn tail and reports what is damaged elsewhere.
//!
//! The crate does not know what a record means: tables, rows and checkpoints are the caller's.

mod config;
mod create;
mod damage;
mod decode;
mod error;
mod files;
mod format;
mod found;
mod inspect;
mod journal;
mod kill_point;
mod limits;
mod queue;
mod recover;
mod recovery;
mod segments;
mod settle;
mod shared;
mod status;
#[cfg(test)]
mod tests;
mod trim;
mod writer;

pub use config::JournalConfig;
pub use damage::{Damage, Missing, TornTail};
pub use decode::{BadRange, DecodedRecord, DecodedSegment, SegmentError, decode_segment};
pub use error::{AppendError, FullCause, OpenError, ReadError, TrimError};
pub use files::{DiskFiles, File, Files};
pub use format::{FORMAT_VERSION, Lsn, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader};
pub use inspect::{Report, SegmentReport, inspect, inspect_records};
pub use journal::{Journal, Location};
pub use kill_point::{KILL_CHILDREN_VARIABLE, KILL_POINT_VARIABLE, KILL_POINTS, reach_kill_point};
pub use limits::{JOURNAL_BYTES_MAX, QUEUE_BYTES_MAX, SEGMENT_BYTES};
pub use recovery::Recovery;
pub use status::{SYNC_TIME_BOUNDS, Status, SyncTimes};
pub use trim::Trimmed;
