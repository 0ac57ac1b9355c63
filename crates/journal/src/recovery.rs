//! What an opened journal holds, read back in order, one segment in memory at a time.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tracing::warn;

use crate::damage::{Damage, Missing, TornTail};
use crate::decode::{DecodedRecord, scan};
use crate::error::ReadError;
use crate::files::read_up_to;
use crate::format::{Lsn, SegmentHeader};
use crate::journal::Location;
use crate::segments::Segment;

/// What a journal held when it was opened.
///
/// Read all of it before anything is trimmed: damage in a segment is found when it is read.
pub struct Recovery {
    /// What an interrupted commit left and was cut off.
    pub torn_tail: Option<TornTail>,
    /// What is lost, as far as it was read. Complete when [`records`](Self::records) has ended.
    pub damage: Vec<Damage>,
    /// The number of the first record that is appended from now on.
    pub next_lsn: Lsn,
    plan: VecDeque<Planned>,
    current: Option<Current>,
    /// The number that the next record should have, once one was read.
    expected: Option<Lsn>,
    /// Entries of `damage` whose records are not known until the next segment is read.
    open_damage: Vec<usize>,
}

/// What is to be read.
pub(crate) enum Planned {
    Segment {
        segment: Arc<Segment>,
        header: SegmentHeader,
        /// The file ends before its end.
        cut: bool,
        /// Where the records of the last segment end in bytes; what follows is new.
        settled_end: Option<u64>,
    },
    /// A segment without a header, or one that is not there.
    Lost { file: PathBuf, bytes: u64 },
}

struct Current {
    segment: Arc<Segment>,
    bytes: Vec<u8>,
    records: std::vec::IntoIter<DecodedRecord>,
}

impl Recovery {
    pub(crate) fn new(plan: Vec<Planned>, damage: Vec<Damage>) -> Self {
        for damage in &damage {
            warn!(%damage, "journal damaged");
        }
        Self {
            torn_tail: None,
            damage,
            next_lsn: Lsn(1),
            plan: plan.into(),
            current: None,
            expected: None,
            open_damage: Vec::new(),
        }
    }

    pub(crate) fn with_end(mut self, next_lsn: Lsn, torn_tail: Option<TornTail>) -> Self {
        self.next_lsn = next_lsn;
        self.torn_tail = torn_tail;
        self
    }

    pub(crate) fn segment_count(&self) -> usize {
        self.plan.len()
    }

    /// Returns the records in order. Blocks while a segment is read. Ends after an error.
    pub fn records(&mut self) -> impl Iterator<Item = Result<(Location, Bytes), ReadError>> {
        Records { recovery: self }
    }

    fn next_record(&mut self) -> Option<(Location, Bytes)> {
        let current = self.current.as_mut()?;
        let Some(record) = current.records.next() else {
            self.current = None;
            return None;
        };
        let payload = current.bytes.get(record.payload.clone())?;
        let location = Location {
            lsn: record.lsn,
            segment: current.segment.number,
            offset: record.offset,
            // The length of a payload comes from 32 bits.
            length: u32::try_from(payload.len()).ok()?,
        };
        // A copy, so that one record that is kept does not keep its segment.
        Some((location, Bytes::copy_from_slice(payload)))
    }

    /// Reads the next segment. Returns false when there is none.
    fn load(&mut self) -> Result<bool, ReadError> {
        match self.plan.pop_front() {
            None => {
                self.close_damage(None);
                Ok(false)
            }
            Some(Planned::Lost { file, bytes }) => {
                self.open_damage.push(self.damage.len());
                self.damage.push(Damage {
                    file,
                    offset: 0,
                    bytes,
                    missing: Missing::Nothing,
                });
                Ok(true)
            }
            Some(Planned::Segment {
                segment,
                header,
                cut,
                settled_end,
            }) => {
                self.close_damage(Some(header.first_lsn));
                let length = settled_end.unwrap_or(segment.file_bytes);
                let bytes = read(&segment, length).map_err(|source| ReadError::Io {
                    file: segment.path.clone(),
                    source,
                })?;
                self.decode(
                    segment,
                    &header,
                    bytes,
                    SegmentEnd {
                        cut,
                        settled: settled_end.is_some(),
                    },
                );
                Ok(true)
            }
        }
    }

    fn decode(
        &mut self,
        segment: Arc<Segment>,
        header: &SegmentHeader,
        bytes: Vec<u8>,
        end: SegmentEnd,
    ) {
        let scan = scan(&bytes, header);
        let own_end = scan
            .records
            .last()
            .map_or(header.first_lsn, |record| Lsn(record.lsn.0 + 1));
        let next_lsn = match self.plan.front() {
            Some(Planned::Segment { header, .. }) if end.cut => header.first_lsn,
            Some(Planned::Segment { header, .. }) => header.continues_lsn,
            _ => own_end,
        };
        self.expected = Some(own_end.max(next_lsn));
        if !end.settled {
            let settled = scan.settle_sealed(header, next_lsn);
            let mut damage: Vec<_> = settled
                .damage
                .iter()
                .map(|missing| Damage::records(&segment.path, missing))
                .collect();
            if damage.is_empty() && segment.is_damaged() {
                damage.push(Damage {
                    file: segment.path.clone(),
                    offset: 0,
                    bytes: segment.file_bytes,
                    missing: Missing::Nothing,
                });
            }
            for damage in damage {
                warn!(%damage, "journal damaged");
                segment.mark_damaged();
                self.damage.push(damage);
            }
        }
        self.current = Some(Current {
            segment,
            bytes,
            records: scan.records.into_iter(),
        });
    }

    /// Says which records are lost with segments that could not be read, now that it is known.
    fn close_damage(&mut self, next_lsn: Option<Lsn>) {
        for index in self.open_damage.drain(..) {
            let Some(damage) = self.damage.get_mut(index) else {
                continue;
            };
            damage.missing = match (self.expected, next_lsn) {
                (Some(from), Some(to)) => Missing::range(from.0, to.0),
                (None, Some(to)) => Missing::range(1, to.0),
                (from, None) => Missing::From(from.unwrap_or(Lsn(1))),
            };
            warn!(%damage, "journal damaged");
        }
    }
}

impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovery")
            .field("torn_tail", &self.torn_tail)
            .field("damage", &self.damage)
            .field("next_lsn", &self.next_lsn)
            .finish_non_exhaustive()
    }
}

/// What is known about the end of a segment.
struct SegmentEnd {
    cut: bool,
    settled: bool,
}

fn read(segment: &Segment, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let read = read_up_to(&*segment.file, &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

struct Records<'a> {
    recovery: &'a mut Recovery,
}

impl Iterator for Records<'_> {
    type Item = Result<(Location, Bytes), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.recovery.next_record() {
                return Some(Ok(record));
            }
            match self.recovery.load() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.recovery.plan.clear();
                    return Some(Err(error));
                }
            }
        }
    }
}
