//! What a journal does not hold any more, in words for an operator.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::decode::MissingRecords;
use crate::format::Lsn;

/// What a commit left that a crash interrupted. None of it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment.
    pub file: PathBuf,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How much it is, in bytes.
    pub bytes: u64,
    /// Records among it that are whole, and are dropped because one before them in the same commit
    /// is not.
    pub whole_records: usize,
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            offset,
            bytes,
            whole_records,
        } = self;
        write!(
            f,
            "{}: {bytes} bytes at {offset} with {whole_records} whole records",
            file.display()
        )
    }
}

/// Part of a journal that was on disk and is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The segment.
    pub file: PathBuf,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How much it is, in bytes; 0 when the bytes are gone.
    pub bytes: u64,
    /// The records that are lost with it.
    pub missing: Missing,
}

/// Records that are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// None: only the description of the segment is damaged.
    Nothing,
    /// From the first to the last of these, at most.
    Between(Lsn, Lsn),
    /// Perhaps some from this number on; how many is not known.
    From(Lsn),
}

impl Missing {
    /// Returns the records of a range whose end is not part of it.
    pub(crate) fn range(from: u64, to: u64) -> Self {
        if from < to {
            Self::Between(Lsn(from), Lsn(to - 1))
        } else {
            Self::Nothing
        }
    }
}

impl Damage {
    pub(crate) fn records(file: &Path, missing: &MissingRecords) -> Self {
        Self {
            file: file.to_owned(),
            offset: missing.bytes.start,
            bytes: missing.bytes.end - missing.bytes.start,
            missing: Missing::range(missing.lsns.start, missing.lsns.end),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        write!(f, "{file}: {} bytes at {} ", self.bytes, self.offset)?;
        match self.missing {
            Missing::Nothing => write!(f, "are damaged, no record is lost"),
            Missing::Between(first, last) if first == last => {
                write!(f, "are damaged, record {first} is lost")
            }
            Missing::Between(first, last) => {
                write!(f, "are damaged, records {first} to {last} are lost at most")
            }
            Missing::From(first) => {
                write!(f, "are damaged, records from {first} on may be lost")
            }
        }
    }
}
