//! What can go wrong, one type per operation.

use std::io;
use std::path::PathBuf;

use crate::format::{FORMAT_VERSION, Lsn};

/// Why a journal could not be opened. Nothing that is intact was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The configuration makes no sense.
    #[error("{0}")]
    Config(String),
    /// Another process uses the directory.
    #[error("the journal in {} is in use by another process; stop that one first", directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "{} has format version {version}, and this program knows {FORMAT_VERSION}; use the newer program",
        file.display()
    )]
    Newer {
        /// The segment.
        file: PathBuf,
        /// The version of its format.
        version: u32,
    },
    /// The file system failed.
    #[error("{operation} {}", path.display())]
    Io {
        /// What was done.
        operation: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No random number for a new segment.
    #[error("no random numbers")]
    Random(#[source] getrandom::Error),
}

/// Why a record was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A write or sync failed before, so nothing can be promised until a restart. The record may
    /// or may not be found then.
    #[error("the journal takes nothing more after a failure; restart to recover: {reason}")]
    Poisoned {
        /// What failed.
        reason: String,
    },
    /// There is no space. Nothing of the record was stored; it may be sent again.
    #[error("the journal is full: {0}")]
    Full(FullCause),
    /// Too many bytes wait for the disk. Nothing of the record was stored; it may be sent again.
    #[error("{queued_bytes} bytes wait to be written already")]
    QueueFull {
        /// How many wait.
        queued_bytes: usize,
    },
    /// The record does not fit into a segment.
    #[error("a record of {record_bytes} bytes exceeds the limit of {bytes_max} bytes")]
    TooLarge {
        /// Bytes of the record.
        record_bytes: usize,
        /// Most bytes it may have.
        bytes_max: usize,
    },
    /// The journal was closed. Nothing of the record was stored.
    #[error("the journal is closed")]
    Closed,
}

/// What there is no space for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FullCause {
    /// The segments take all that they may.
    #[error("{bytes} of {bytes_max} bytes are taken by records that were not flushed yet")]
    Limit {
        /// What all segments take.
        bytes: u64,
        /// What they may take.
        bytes_max: u64,
    },
    /// No further segment could be created.
    #[error("no space for another segment: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Its segment was trimmed.
    #[error("record {lsn} was trimmed")]
    Trimmed {
        /// The record.
        lsn: Lsn,
    },
    /// Its bytes are not those that were written.
    #[error("record {lsn} in {} is damaged", file.display())]
    Damaged {
        /// The record.
        lsn: Lsn,
        /// Its segment.
        file: PathBuf,
    },
    /// The file system failed.
    #[error("read {}", file.display())]
    Io {
        /// The segment.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why segments were not removed. Those before the one that failed are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrimError {
    /// A write or sync failed before: what is recorded as flushed may not be on disk.
    #[error("the journal removes nothing after a failure; restart to recover: {reason}")]
    Poisoned {
        /// What failed.
        reason: String,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
    /// The file system failed.
    #[error("{operation} {}", path.display())]
    Io {
        /// What was done.
        operation: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
