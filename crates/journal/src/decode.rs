//! Bytes of a segment into records: what is intact, what is not, and what that means.
//!
//! Where something is not a record, the next one is looked for behind it. What is missing in between
//! was either on disk once, which is damage, or belongs to the commit that a crash interrupted,
//! which is a torn tail. [`Scan::settle_sealed`] and [`Scan::settle_last`] tell them apart.

use std::ops::Range;

use crate::format::{
    ALIGNMENT, HeaderFlaw, Lsn, RECORD_HEADER_BYTES, RECORD_MAGIC, RecordHeader,
    SEGMENT_HEADER_BYTES, SegmentHeader, record_bytes,
};

/// An intact record in the bytes of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedRecord {
    /// Its number.
    pub lsn: Lsn,
    /// The number of the first record of its commit.
    pub commit_lsn: Lsn,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// Where its payload is in the file, in bytes.
    pub payload: Range<usize>,
}

/// Bytes where a record was expected and none is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRange {
    /// Where they are in the file, in bytes.
    pub bytes: Range<u64>,
    /// The number of the first record that is missing.
    pub first_lsn: Lsn,
    /// The number of the intact record behind them, if there is one.
    pub next_lsn: Option<Lsn>,
}

/// What the bytes of a segment file hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedSegment {
    /// Its header, from the copy at the end when the one at the beginning is damaged.
    pub header: SegmentHeader,
    /// Tells whether one of the two headers is damaged or the file has another size than its
    /// header says.
    pub file_damaged: bool,
    /// The intact records, in order.
    pub records: Vec<DecodedRecord>,
    /// Where records are missing, in order; the last may be the bytes behind the last record.
    pub bad: Vec<BadRange>,
}

/// Why the bytes of a segment could not be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// Neither copy of the header is intact.
    #[error("both copies of the segment's header are damaged")]
    NoHeader,
    /// It was written by a newer program.
    #[error("the segment has format version {version}, newer than this program knows")]
    Newer {
        /// The version of its format.
        version: u32,
    },
}

/// Reads the bytes of a segment file.
///
/// # Errors
/// When there is no header to read the records by.
pub fn decode_segment(bytes: &[u8]) -> Result<DecodedSegment, SegmentError> {
    let start = bytes.len().saturating_sub(SEGMENT_HEADER_BYTES);
    let end = bytes.get(start..).unwrap_or_default();
    let (header, file_damaged) = choose_header(bytes, end, bytes.len() as u64)?;
    let scan = scan(bytes, &header);
    Ok(DecodedSegment {
        header,
        file_damaged,
        records: scan.records,
        bad: scan.bad,
    })
}

/// Returns the header of a file from its first and its last bytes, and whether anything is wrong
/// with them or with the size of the file.
pub(crate) fn choose_header(
    start: &[u8],
    end: &[u8],
    file_bytes: u64,
) -> Result<(SegmentHeader, bool), SegmentError> {
    match (SegmentHeader::decode(start), SegmentHeader::decode(end)) {
        (Err(HeaderFlaw::Version(version)), _) | (_, Err(HeaderFlaw::Version(version))) => {
            Err(SegmentError::Newer { version })
        }
        (Ok(first), Ok(last)) => {
            let damaged = first != last || first.file_bytes != file_bytes;
            Ok((first, damaged))
        }
        (Ok(header), Err(HeaderFlaw::Damaged)) | (Err(HeaderFlaw::Damaged), Ok(header)) => {
            Ok((header, true))
        }
        (Err(HeaderFlaw::Damaged), Err(HeaderFlaw::Damaged)) => Err(SegmentError::NoHeader),
    }
}

/// What was found behind the header.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) records: Vec<DecodedRecord>,
    pub(crate) bad: Vec<BadRange>,
    /// Everything below was on disk when some header found here was written; 0 when there is none.
    proven_lsn: u64,
    /// Where the next record would begin.
    end: u64,
}

/// Looks for the records of a segment. `file` begins as the file does and may be shorter.
pub(crate) fn scan(file: &[u8], header: &SegmentHeader) -> Scan {
    let records_end = header
        .file_bytes
        .saturating_sub(SEGMENT_HEADER_BYTES as u64);
    let region = usize::try_from(records_end)
        .ok()
        .and_then(|end| file.get(..end))
        .unwrap_or(file);
    Scanner {
        region,
        id: header.id,
        expected: header.first_lsn.0,
        bad_from: None,
        found: Scan::default(),
    }
    .run()
}

struct Scanner<'a> {
    region: &'a [u8],
    id: u64,
    /// The number that the next record should have.
    expected: u64,
    /// Where the bytes begin in which nothing was found.
    bad_from: Option<usize>,
    found: Scan,
}

impl Scanner<'_> {
    fn run(mut self) -> Scan {
        let mut offset = SEGMENT_HEADER_BYTES;
        loop {
            if let Some(header) = self.header_at(offset) {
                self.found.proven_lsn = self.found.proven_lsn.max(header.commit_lsn.0);
                if !self.take(offset, &header) {
                    self.bad_from.get_or_insert(offset);
                }
                // No overflow: it was in the region, or the region ends here.
                offset = offset.saturating_add(span(&header));
            } else if let Some(next) = self.find_header(offset) {
                self.bad_from.get_or_insert(offset);
                offset = next;
            } else {
                break;
            }
        }
        self.finish(offset)
    }

    /// Keeps the record that begins here if its payload is intact.
    fn take(&mut self, offset: usize, header: &RecordHeader) -> bool {
        let start = offset + RECORD_HEADER_BYTES;
        let payload = start..start.saturating_add(header.length as usize);
        let intact = self
            .region
            .get(payload.clone())
            .is_some_and(|bytes| crc32c::crc32c(bytes) == header.checksum);
        if !intact {
            return false;
        }
        if self.bad_from.is_some() || header.lsn.0 != self.expected {
            let from = self.bad_from.take().unwrap_or(offset);
            self.found.bad.push(BadRange {
                bytes: from as u64..offset as u64,
                first_lsn: Lsn(self.expected),
                next_lsn: Some(header.lsn),
            });
        }
        self.expected = header.lsn.0 + 1;
        self.found.end = (offset + span(header)) as u64;
        self.found.records.push(DecodedRecord {
            lsn: header.lsn,
            commit_lsn: header.commit_lsn,
            offset: offset as u64,
            payload,
        });
        true
    }

    /// Closes the list: what is not zero behind the last record is bad, too.
    fn finish(mut self, offset: usize) -> Scan {
        if self.found.records.is_empty() {
            self.found.end = SEGMENT_HEADER_BYTES as u64;
        }
        let from = self.bad_from.unwrap_or(offset);
        let rest = self.region.get(from..).unwrap_or_default();
        let used = rest.len() - trailing_zeros(rest);
        if used > 0 {
            self.found.bad.push(BadRange {
                bytes: from as u64..(from + used) as u64,
                first_lsn: Lsn(self.expected),
                next_lsn: None,
            });
        }
        self.found
    }

    fn header_at(&self, offset: usize) -> Option<RecordHeader> {
        let bytes = self.region.get(offset..)?;
        RecordHeader::decode(bytes, self.id, offset as u64)
            .filter(|header| header.lsn.0 >= self.expected)
    }

    /// Returns where the next header is, behind an offset that has none.
    fn find_header(&self, offset: usize) -> Option<usize> {
        const BLOCK: usize = 4096;
        let mut from = offset + ALIGNMENT;
        while let Some(rest) = self.region.get(from..).filter(|rest| !rest.is_empty()) {
            let block = rest.get(..BLOCK).unwrap_or(rest);
            if !is_zero(block) {
                let found = (from..from + block.len()).step_by(ALIGNMENT).find(|&at| {
                    self.region
                        .get(at..)
                        .is_some_and(|bytes| bytes.starts_with(&RECORD_MAGIC))
                        && self.header_at(at).is_some()
                });
                if found.is_some() {
                    return found;
                }
            }
            from += BLOCK;
        }
        None
    }
}

fn span(header: &RecordHeader) -> usize {
    usize::try_from(record_bytes(header.length)).unwrap_or(usize::MAX)
}

fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes
        .chunks(ZEROS.len())
        .all(|chunk| ZEROS.starts_with(chunk))
}

fn trailing_zeros(bytes: &[u8]) -> usize {
    let blocks = bytes.rchunks(4096).take_while(|block| is_zero(block));
    let zeros: usize = blocks.map(<[u8]>::len).sum();
    let rest = bytes.get(..bytes.len() - zeros).unwrap_or_default();
    zeros + rest.iter().rev().take_while(|&&byte| byte == 0).count()
}

/// The records of a segment that count, and what is wrong with the others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// How many of the records count, from the first.
    pub(crate) records: usize,
    /// The number after the last record that is or was here.
    pub(crate) next_lsn: Lsn,
    /// Where the next record would begin, in bytes.
    pub(crate) end: u64,
    /// Records that were on disk and are not any more.
    pub(crate) damage: Vec<MissingRecords>,
    /// What a commit left that did not come to its end, if anything.
    pub(crate) torn: Option<Torn>,
}

/// Records that were on disk and are not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingRecords {
    pub(crate) bytes: Range<u64>,
    pub(crate) lsns: Range<u64>,
}

/// What a commit left that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Torn {
    pub(crate) bytes: Range<u64>,
    /// Records among it that are whole.
    pub(crate) records: usize,
}

impl Scan {
    /// Settles a segment behind which there is another: all of it was on disk, up to `next_lsn`.
    pub(crate) fn settle_sealed(&self, header: &SegmentHeader, next_lsn: Lsn) -> Settled {
        let mut damage: Vec<_> = self
            .bad
            .iter()
            .map(|bad| MissingRecords {
                bytes: bad.bytes.clone(),
                lsns: bad.first_lsn.0..bad.next_lsn.unwrap_or(next_lsn).0,
            })
            .collect();
        let end_lsn = self.end_lsn(header.first_lsn);
        let tail_is_bad = self.bad.last().is_some_and(|bad| bad.next_lsn.is_none());
        if end_lsn < next_lsn && !tail_is_bad {
            damage.push(MissingRecords {
                bytes: self.end..self.end,
                lsns: end_lsn.0..next_lsn.0,
            });
        }
        Settled {
            records: self.records.len(),
            next_lsn: next_lsn.max(end_lsn),
            end: self.end,
            damage,
            torn: None,
        }
    }

    fn end_lsn(&self, otherwise: Lsn) -> Lsn {
        self.records
            .last()
            .map_or(otherwise, |record| Lsn(record.lsn.0 + 1))
    }

    /// Settles the last segment, whose last commit may have been interrupted.
    ///
    /// When something is missing that was on disk, nothing is cut off: every record that is whole
    /// counts, and another start comes to the same result.
    pub(crate) fn settle_last(&self, header: &SegmentHeader) -> Settled {
        let end_lsn = self.end_lsn(header.first_lsn);
        let Some(first_bad) = self.bad.first() else {
            return Settled {
                records: self.records.len(),
                next_lsn: end_lsn,
                end: self.end,
                damage: Vec::new(),
                torn: None,
            };
        };
        if first_bad.first_lsn.0 < self.proven_lsn {
            // Behind the last record there may be as many as there is room for.
            let lost = self.bad.last().filter(|bad| bad.next_lsn.is_none());
            let lost = lost.map_or(0, |bad| bad.bytes.end - bad.bytes.start);
            let known = end_lsn.0.max(self.proven_lsn);
            let next_lsn = Lsn(known + lost.div_ceil(RECORD_HEADER_BYTES as u64));
            return self.settle_sealed(header, next_lsn);
        }
        let cut = first_bad.first_lsn;
        let records = self.records.partition_point(|record| record.lsn < cut);
        let used = self.bad.last().map_or(0, |bad| bad.bytes.end);
        Settled {
            records,
            next_lsn: cut,
            end: first_bad.bytes.start,
            damage: Vec::new(),
            torn: Some(Torn {
                bytes: first_bad.bytes.start..used.max(self.end),
                records: self.records.len() - records,
            }),
        }
    }

    /// Returns where the commit begins that nothing proves to be on disk, if it has records that
    /// count.
    pub(crate) fn unproven_from(&self, settled: &Settled) -> Option<u64> {
        self.records
            .get(..settled.records)?
            .iter()
            .find(|record| record.lsn.0 >= self.proven_lsn)
            .map(|record| record.offset)
    }
}
