//! The segments that exist: found by number to be read, removed from the oldest on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::error::ReadError;
use crate::files::{File, read_up_to};
use crate::format::{Lsn, RECORD_HEADER_BYTES, RecordHeader};
use crate::journal::Location;

/// A segment file that is open.
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn File>,
    pub(crate) file_bytes: u64,
    /// The random id of its records; none when its header is damaged.
    pub(crate) id: Option<u64>,
    /// No record in it is lower. Not lower than the records of the segments before, either.
    pub(crate) first_lsn: Lsn,
    /// Set when something of it is not as it was written.
    damaged: AtomicBool,
}

impl Segment {
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(crate) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Reads a record of this segment.
    pub(crate) fn read(&self, location: Location) -> Result<Bytes, ReadError> {
        let mut bytes = vec![0; RECORD_HEADER_BYTES + location.length as usize];
        let read = read_up_to(&*self.file, &mut bytes, location.offset).map_err(|source| {
            ReadError::Io {
                file: self.path.clone(),
                source,
            }
        })?;
        bytes.truncate(read);
        if !self.is_record(location, &bytes) {
            return Err(ReadError::Damaged {
                lsn: location.lsn,
                file: self.path.clone(),
            });
        }
        Ok(Bytes::from(bytes).slice(RECORD_HEADER_BYTES..))
    }

    fn is_record(&self, location: Location, bytes: &[u8]) -> bool {
        let header = self
            .id
            .and_then(|id| RecordHeader::decode(bytes, id, location.offset));
        let payload = bytes.get(RECORD_HEADER_BYTES..).unwrap_or_default();
        header.is_some_and(|header| {
            header.lsn == location.lsn
                && header.length as usize == payload.len()
                && header.checksum == crc32c::crc32c(payload)
        })
    }

    /// Returns the name that a damaged segment gets when it is no longer needed.
    pub(crate) fn path_aside(&self) -> PathBuf {
        self.path.with_extension("segment.damaged")
    }
}

/// What is known of a segment when it is put into the list.
pub(crate) struct NewSegment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn File>,
    pub(crate) file_bytes: u64,
    pub(crate) id: Option<u64>,
    pub(crate) first_lsn: Lsn,
    pub(crate) damaged: bool,
}

/// All segments, by number.
#[derive(Default)]
pub(crate) struct Segments {
    list: Mutex<BTreeMap<u64, Arc<Segment>>>,
}

impl Segments {
    /// Adds a segment, in place of one with the same number.
    pub(crate) fn add(&self, new: NewSegment) -> Arc<Segment> {
        let segment = Arc::new(Segment {
            number: new.number,
            path: new.path,
            file: new.file,
            file_bytes: new.file_bytes,
            id: new.id,
            first_lsn: new.first_lsn,
            damaged: AtomicBool::new(new.damaged),
        });
        self.list.lock().insert(new.number, segment.clone());
        segment
    }

    pub(crate) fn get(&self, number: u64) -> Option<Arc<Segment>> {
        self.list.lock().get(&number).cloned()
    }

    pub(crate) fn remove(&self, number: u64) {
        self.list.lock().remove(&number);
    }

    /// Returns the oldest segment if all its records are below `keep_from` and there is a newer one.
    pub(crate) fn oldest_below(&self, keep_from: Lsn) -> Option<Arc<Segment>> {
        let list = self.list.lock();
        let mut segments = list.values();
        let oldest = segments.next()?;
        let next = segments.next()?;
        (next.first_lsn <= keep_from).then(|| oldest.clone())
    }

    pub(crate) fn summary(&self) -> SegmentsSummary {
        let list = self.list.lock();
        SegmentsSummary {
            bytes: list.values().map(|segment| segment.file_bytes).sum(),
            segments: list.len(),
            damaged: list.values().filter(|segment| segment.is_damaged()).count(),
            first_lsn: list.values().next().map(|segment| segment.first_lsn),
        }
    }
}

/// All segments together.
pub(crate) struct SegmentsSummary {
    pub(crate) bytes: u64,
    pub(crate) segments: usize,
    pub(crate) damaged: usize,
    pub(crate) first_lsn: Option<Lsn>,
}
