//! The format of a segment file, version 1. All numbers are little-endian.
//!
//! ```text
//! segment file   <number, 20 digits>.segment, allocated at its full size when it is created
//!   header           64 bytes
//!   records          one after the other, each beginning at a multiple of 8 bytes
//!   zeros            up to the copy of the header
//!   header copy      64 bytes, the last of the file
//!
//! header                                record
//!    0  8  "bhjrnl\r\n"                    0  4  b1 'r' 'e' 'c'
//!    8  4  version of the format           4  4  length of the payload
//!   12  4  zero                            8  8  lsn
//!   16  8  number of the segment          16  8  lsn of the first record of its commit
//!   24  8  id, random                     24  4  crc32c of the payload
//!   32  8  lsn of the first record        28  4  crc32c of id, offset in the file, bytes 0..28
//!   40  8  lsn after the last record      32  n  payload, then zeros up to a multiple of 8
//!          of the segments before
//!   48  8  size of the file
//!   56  4  zero
//!   60  4  crc32c of bytes 0..60
//! ```
//!
//! The checksum of a record's header covers the segment's random id and the place of the record, so
//! bytes that belong elsewhere, were there before, or were put into a payload on purpose never pass
//! for a record. The header is there twice, because without the id no record could be read.
//!
//! A commit is what one fsync covers, and it is written only after the fsync of the one before has
//! returned. So a record proves that everything below the first lsn of its commit was on disk.
//!
//! A segment that was opened again after its end had been lost continues with higher numbers than
//! necessary, so that no number is used twice. Then bytes 32 and 40 differ.
//!
//! Every version has its header at this place with magic, version and checksum as they are here, so
//! that an older program can say that it is older.

use std::fmt;

/// Number of a record, from 1, in the order of the journal.
///
/// A number that was acknowledged is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The newest version of the format that this program writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Bytes of a segment's header.
pub const SEGMENT_HEADER_BYTES: usize = 64;

/// Bytes before the payload of a record.
pub const RECORD_HEADER_BYTES: usize = 32;

/// Records begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

/// The first bytes of a record.
pub(crate) const RECORD_MAGIC: [u8; 4] = *b"\xb1rec";

const SEGMENT_MAGIC: [u8; 8] = *b"bhjrnl\r\n";

/// What a segment says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its position in the journal, as in the name of its file.
    pub number: u64,
    /// Random, and part of the checksum of each record.
    pub id: u64,
    /// The number of its first record.
    pub first_lsn: Lsn,
    /// The number after the last record that was known when it was created. Lower than `first_lsn`
    /// only when the end of the segment before had been lost.
    pub continues_lsn: Lsn,
    /// Size of the file in bytes.
    pub file_bytes: u64,
}

/// Why bytes are not the header of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFlaw {
    /// They are too few or their checksum is wrong.
    Damaged,
    /// They are intact, but of a version that this program does not know.
    Version(u32),
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[0..8].copy_from_slice(&SEGMENT_MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.id.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first_lsn.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.continues_lsn.0.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.file_bytes.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderFlaw> {
        Self::decode_checked(bytes).unwrap_or(Err(HeaderFlaw::Damaged))
    }

    fn decode_checked(bytes: &[u8]) -> Option<Result<Self, HeaderFlaw>> {
        let intact = bytes.get(..8)? == SEGMENT_MAGIC
            && u32_at(bytes, 60)? == crc32c::crc32c(bytes.get(..60)?);
        if !intact {
            return None;
        }
        let version = u32_at(bytes, 8)?;
        if version != FORMAT_VERSION {
            return Some(Err(HeaderFlaw::Version(version)));
        }
        Some(Ok(Self {
            number: u64_at(bytes, 16)?,
            id: u64_at(bytes, 24)?,
            first_lsn: Lsn(u64_at(bytes, 32)?),
            continues_lsn: Lsn(u64_at(bytes, 40)?),
            file_bytes: u64_at(bytes, 48)?,
        }))
    }
}

/// What stands before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) length: u32,
    pub(crate) lsn: Lsn,
    pub(crate) commit_lsn: Lsn,
    pub(crate) checksum: u32,
}

impl RecordHeader {
    /// Returns the bytes of the header of a record that begins at `offset` of segment `id`.
    pub(crate) fn encode(&self, id: u64, offset: u64) -> [u8; RECORD_HEADER_BYTES] {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        bytes[0..4].copy_from_slice(&RECORD_MAGIC);
        bytes[4..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.lsn.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.commit_lsn.0.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.checksum.to_le_bytes());
        let checksum = header_checksum(id, offset, &bytes[..28]);
        bytes[28..32].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the header of a record that begins at `offset` of segment `id`, if there is one.
    pub(crate) fn decode(bytes: &[u8], id: u64, offset: u64) -> Option<Self> {
        if bytes.get(..4)? != RECORD_MAGIC {
            return None;
        }
        if u32_at(bytes, 28)? != header_checksum(id, offset, bytes.get(..28)?) {
            return None;
        }
        let header = Self {
            length: u32_at(bytes, 4)?,
            lsn: Lsn(u64_at(bytes, 8)?),
            commit_lsn: Lsn(u64_at(bytes, 16)?),
            checksum: u32_at(bytes, 24)?,
        };
        (header.commit_lsn <= header.lsn && header.lsn.0 < u64::MAX).then_some(header)
    }
}

fn header_checksum(id: u64, offset: u64, header: &[u8]) -> u32 {
    let mut place = [0; 16];
    place[..8].copy_from_slice(&id.to_le_bytes());
    place[8..].copy_from_slice(&offset.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&place), header)
}

/// Returns what a record with a payload of `length` bytes takes in a segment.
pub(crate) fn record_bytes(length: u32) -> u64 {
    (RECORD_HEADER_BYTES as u64 + u64::from(length)).next_multiple_of(ALIGNMENT as u64)
}

/// Returns the name of the file of a segment.
pub(crate) fn segment_file_name(number: u64) -> String {
    format!("{number:020}.segment")
}

/// Returns the number of the segment in a file of this name.
pub(crate) fn segment_number(file_name: &str) -> Option<u64> {
    let number = file_name.strip_suffix(".segment")?.parse().ok()?;
    (segment_file_name(number) == file_name).then_some(number)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
