//! What the journal's records say.
//!
//! ```text
//! record     := kind (1 byte) body
//! rows       := carried? database datasource operation request_id import_id at (i64 µs) key? token rows
//!               quarantined blocks (varint) block* data*
//! carried    := order (varint) records (varint) delta*: a kind of its own
//! block      := table (1 byte: 0 data source, 1 quarantine) columns (varint) name* rows length
//! flush      := database datasource token tables (varint) (database table)* records (varint) delta*
//!               (tables: none now; older versions wrote where the rows go, the data source itself)
//! flushed    := lsn of the flush (varint) outcome (1 byte: 0 stored, 1 set aside,
//!               2 dropped)
//!               records (varint) delta*, as in the flush, which may be damaged
//! synced     := lsn before which outcomes are on disk (varint), boot id
//! opened     := boot id, time (i64 µs)
//! closed     :=
//! ```
//!
//! Numbers are varints, texts have their length before them, a delta is the zigzag difference to
//! the record before. The journal's own checksum covers all of it; what cannot be read in spite of
//! that was written by a newer binary.

mod describe;

use birdhouse_journal::Lsn;
use bytes::Bytes;
use jiff::Timestamp;

use super::keys::{KEY_BYTES, Key};
use crate::native::{Block, read_varint, write_string, write_varint};
pub use describe::describe_record;

/// A data source in a workspace's database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName {
    /// The database of its workspace.
    pub database: String,
    /// The data source, or a table of that name.
    pub datasource: String,
}

impl SourceName {
    /// Names a data source.
    #[must_use]
    pub fn new(database: impl Into<String>, datasource: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            datasource: datasource.into(),
        }
    }
}

impl std::fmt::Display for SourceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.database, self.datasource)
    }
}

/// Which way rows came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The Events API.
    Events,
    /// A file, from a body or a URL.
    Import,
    /// The rows of a query.
    Copy,
}

/// A record of the journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Record {
    /// Rows that were acknowledged.
    Rows(Rows),
    /// These rows are being stored under this token.
    Flush(Flush),
    /// A flush has ended.
    Flushed {
        flush: Lsn,
        outcome: Outcome,
        records: Vec<Lsn>,
    },
    /// What flushes before this record stored is on disk, also after a power loss.
    Synced { before: Lsn, boot_id: String },
    /// A process began to use the journal.
    Opened { boot_id: String, at: Timestamp },
    /// It stopped in order, with nothing left to store.
    Closed,
}

/// Rows of one request or chunk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    pub(crate) source: SourceName,
    pub(crate) origin: Origin,
    /// The client's key, when the request had one.
    pub(crate) key: Option<Key>,
    /// The token that these rows are stored with, alone: that of a copy, or one that they were sent with
    /// before they were set aside.
    pub(crate) token: Option<String>,
    pub(crate) rows: u64,
    pub(crate) quarantined_rows: u64,
    pub(crate) blocks: Vec<Block>,
    pub(crate) quarantine_blocks: Vec<Block>,
    /// What these rows stand for, when they were written again.
    pub(crate) carried: Option<Carried>,
}

/// The place of rows that were written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The record with which they came first; they are stored in this order.
    pub(crate) order: Lsn,
    /// The records whose rows these are.
    pub(crate) replaces: Vec<Lsn>,
}

/// Where rows come from, for the operations log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Which way.
    pub operation: Operation,
    /// The request.
    pub request_id: String,
    /// The import, for files.
    pub import_id: Option<String>,
    /// When the request came.
    pub at: Timestamp,
}

/// A batch that is being stored: the same records in the same order with the same token, until it
/// has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flush {
    pub(crate) source: SourceName,
    pub(crate) token: String,
    pub(crate) records: Vec<Lsn>,
}

/// How a flush has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All rows are stored.
    Stored,
    /// An operator took the rows out of the way, into a file.
    SetAside,
    /// Its workspace was deleted.
    Dropped,
}

const ROWS: u8 = 1;
const FLUSH: u8 = 2;
const FLUSHED: u8 = 3;
const SYNCED: u8 = 4;
const OPENED: u8 = 5;
const CLOSED: u8 = 6;
const CARRIED: u8 = 7;

impl Record {
    /// Returns the record as parts to be written one after the other; row data is not copied.
    pub(crate) fn encode(&self) -> Vec<Bytes> {
        let mut out = Vec::with_capacity(64);
        match self {
            Self::Rows(rows) => return rows.encode(),
            Self::Flush(flush) => {
                out.push(FLUSH);
                flush.encode(&mut out);
            }
            Self::Flushed {
                flush,
                outcome,
                records,
            } => {
                out.push(FLUSHED);
                write_u64(flush.0, &mut out);
                out.push(match outcome {
                    Outcome::Stored => 0,
                    Outcome::SetAside => 1,
                    Outcome::Dropped => 2,
                });
                write_lsns(records, &mut out);
            }
            Self::Synced { before, boot_id } => {
                out.push(SYNCED);
                write_u64(before.0, &mut out);
                write_string(boot_id.as_bytes(), &mut out);
            }
            Self::Opened { boot_id, at } => {
                out.push(OPENED);
                write_string(boot_id.as_bytes(), &mut out);
                write_time(*at, &mut out);
            }
            Self::Closed => out.push(CLOSED),
        }
        vec![out.into()]
    }

    /// Reads a record; nothing when this binary does not understand it.
    pub(crate) fn decode(record: &Bytes) -> Option<Self> {
        let mut input = &record[..];
        let kind = take_byte(&mut input)?;
        let decoded = match kind {
            ROWS => return Rows::decode(record, input, None).map(Self::Rows),
            CARRIED => {
                let carried = Carried {
                    order: Lsn(take_u64(&mut input)?),
                    replaces: take_lsns(&mut input)?,
                };
                return Rows::decode(record, input, Some(carried)).map(Self::Rows);
            }
            FLUSH => Self::Flush(Flush::decode(&mut input)?),
            FLUSHED => Self::Flushed {
                flush: Lsn(take_u64(&mut input)?),
                outcome: match take_byte(&mut input)? {
                    0 => Outcome::Stored,
                    1 => Outcome::SetAside,
                    2 => Outcome::Dropped,
                    _ => return None,
                },
                records: take_lsns(&mut input)?,
            },
            SYNCED => Self::Synced {
                before: Lsn(take_u64(&mut input)?),
                boot_id: take_text(&mut input)?,
            },
            OPENED => Self::Opened {
                boot_id: take_text(&mut input)?,
                at: take_time(&mut input)?,
            },
            CLOSED => Self::Closed,
            _ => return None,
        };
        input.is_empty().then_some(decoded)
    }
}

impl Rows {
    /// Returns the record, as [`Record::encode`] does.
    pub(super) fn encode(&self) -> Vec<Bytes> {
        let mut out = Vec::with_capacity(256);
        match &self.carried {
            None => out.push(ROWS),
            Some(carried) => {
                out.push(CARRIED);
                write_u64(carried.order.0, &mut out);
                write_lsns(&carried.replaces, &mut out);
            }
        }
        write_source(&self.source, &mut out);
        out.push(match self.origin.operation {
            Operation::Events => 0,
            Operation::Import => 1,
            Operation::Copy => 2,
        });
        write_string(self.origin.request_id.as_bytes(), &mut out);
        let import_id = self.origin.import_id.as_deref().unwrap_or_default();
        write_string(import_id.as_bytes(), &mut out);
        write_time(self.origin.at, &mut out);
        match &self.key {
            None => out.push(0),
            Some(key) => {
                out.push(1);
                out.extend_from_slice(&key.encode());
            }
        }
        write_string(
            self.token.as_deref().unwrap_or_default().as_bytes(),
            &mut out,
        );
        write_u64(self.rows, &mut out);
        write_u64(self.quarantined_rows, &mut out);
        let blocks = (self.blocks.iter().map(|block| (0, block)))
            .chain(self.quarantine_blocks.iter().map(|block| (1, block)));
        write_varint(blocks.clone().count(), &mut out);
        for (table, block) in blocks.clone() {
            out.push(table);
            write_varint(block.columns().len(), &mut out);
            for name in block.columns() {
                write_string(name.as_bytes(), &mut out);
            }
            write_varint(block.rows(), &mut out);
            write_varint(block.data().len(), &mut out);
        }
        let mut parts = vec![Bytes::from(out)];
        parts.extend(blocks.map(|(_, block)| block.data().clone()));
        parts
    }

    /// Reads the rest of a record; blocks stay slices of it.
    fn decode(record: &Bytes, mut input: &[u8], carried: Option<Carried>) -> Option<Self> {
        let input = &mut input;
        let source = take_source(input)?;
        let operation = match take_byte(input)? {
            0 => Operation::Events,
            1 => Operation::Import,
            2 => Operation::Copy,
            _ => return None,
        };
        let request_id = take_text(input)?;
        let import_id = Some(take_text(input)?).filter(|id| !id.is_empty());
        let at = take_time(input)?;
        let key = match take_byte(input)? {
            0 => None,
            1 => Some(Key::decode(take(input, KEY_BYTES)?)?),
            _ => return None,
        };
        let token = Some(take_text(input)?).filter(|token| !token.is_empty());
        let rows = take_u64(input)?;
        let quarantined_rows = take_u64(input)?;
        let mut heads = Vec::new();
        for _ in 0..read_varint(input)? {
            let table = take_byte(input)?;
            let columns = (0..read_varint(input)?)
                .map(|_| take_text(input))
                .collect::<Option<Vec<_>>>()?;
            heads.push((table, columns, read_varint(input)?, read_varint(input)?));
        }
        let (mut blocks, mut quarantine_blocks) = (Vec::new(), Vec::new());
        for (table, columns, rows, length) in heads {
            let data = record.slice_ref(take(input, length)?);
            let block = Block::from_parts(columns.into(), rows, data);
            match table {
                0 => blocks.push(block),
                1 => quarantine_blocks.push(block),
                _ => return None,
            }
        }
        input.is_empty().then_some(Self {
            source,
            origin: Origin {
                operation,
                request_id,
                import_id,
                at,
            },
            key,
            token,
            rows,
            quarantined_rows,
            blocks,
            quarantine_blocks,
            carried,
        })
    }

    /// Returns the size of the row data in bytes.
    pub(crate) fn bytes(&self) -> usize {
        (self.blocks.iter().chain(&self.quarantine_blocks))
            .map(|block| block.data().len())
            .sum()
    }
}

impl Flush {
    fn encode(&self, out: &mut Vec<u8>) {
        write_source(&self.source, out);
        write_string(self.token.as_bytes(), out);
        write_varint(0, out);
        write_lsns(&self.records, out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        let source = take_source(input)?;
        let token = take_text(input)?;
        for _ in 0..read_varint(input)? {
            take_source(input)?;
        }
        Some(Self {
            source,
            token,
            records: take_lsns(input)?,
        })
    }
}

fn write_lsns(lsns: &[Lsn], out: &mut Vec<u8>) {
    write_varint(lsns.len(), out);
    let mut before = 0;
    for lsn in lsns {
        write_u64(zigzag(lsn.0, before), out);
        before = lsn.0;
    }
}

fn take_lsns(input: &mut &[u8]) -> Option<Vec<Lsn>> {
    let mut before = 0;
    (0..read_varint(input)?)
        .map(|_| {
            before = unzigzag(take_u64(input)?, before);
            Some(Lsn(before))
        })
        .collect()
}

/// Returns the difference of two numbers as an unsigned one, small for small differences.
fn zigzag(value: u64, before: u64) -> u64 {
    let difference = value.wrapping_sub(before).cast_signed();
    ((difference << 1) ^ (difference >> 63)).cast_unsigned()
}

fn unzigzag(encoded: u64, before: u64) -> u64 {
    let difference = (encoded >> 1) ^ (encoded & 1).wrapping_neg();
    before.wrapping_add(difference)
}

fn write_u64(value: u64, out: &mut Vec<u8>) {
    // The server runs on 64 bits only.
    write_varint(usize::try_from(value).unwrap_or(usize::MAX), out);
}

fn write_time(at: Timestamp, out: &mut Vec<u8>) {
    out.extend_from_slice(&at.as_microsecond().to_le_bytes());
}

fn write_source(source: &SourceName, out: &mut Vec<u8>) {
    write_string(source.database.as_bytes(), out);
    write_string(source.datasource.as_bytes(), out);
}

fn take<'i>(input: &mut &'i [u8], length: usize) -> Option<&'i [u8]> {
    let (taken, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(taken)
}

fn take_byte(input: &mut &[u8]) -> Option<u8> {
    take(input, 1)?.first().copied()
}

fn take_u64(input: &mut &[u8]) -> Option<u64> {
    read_varint(input).and_then(|value| u64::try_from(value).ok())
}

fn take_text(input: &mut &[u8]) -> Option<String> {
    let length = read_varint(input)?;
    let text = str::from_utf8(take(input, length)?).ok()?;
    Some(text.to_owned())
}

fn take_time(input: &mut &[u8]) -> Option<Timestamp> {
    let micros = take(input, 8)?.first_chunk()?;
    Timestamp::from_microsecond(i64::from_le_bytes(*micros)).ok()
}

fn take_source(input: &mut &[u8]) -> Option<SourceName> {
    Some(SourceName {
        database: take_text(input)?,
        datasource: take_text(input)?,
    })
}

#[cfg(test)]
mod tests;
