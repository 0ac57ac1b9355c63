//! A stream of bytes, cut where rows end, so that a file of any size is read with bounded memory.
//!
//! A row that is longer than a row may be keeps only its beginning, one byte more than the limit:
//! decoding then says what is wrong with it. A JSON document is one chunk.

use std::io::{self, Read};

use super::Ends;
use crate::decode::Format;
use crate::limits::{
    CHUNK_BYTES, CHUNK_ROWS, CSV_SAMPLE_BYTES, JSON_DOCUMENT_BYTES_MAX, ROW_BYTES_MAX,
};

#[cfg(test)]
mod tests;

/// Bytes that are asked of the reader at once.
const READ_BYTES: usize = 128 << 10;

/// Whole rows of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Their bytes.
    pub data: Vec<u8>,
    /// True when the stream ends with them.
    pub is_last: bool,
}

/// Cuts what a reader gives into chunks.
pub struct Chunks<R> {
    reader: R,
    format: Format,
    rows: RowEnds,
    buffer: Vec<u8>,
    /// How much of `buffer` was looked at.
    scanned: usize,
    /// Behind the last whole row in `buffer`.
    row_end: usize,
    row_count: usize,
    at_end: bool,
    is_done: bool,
    /// Bytes read so far.
    read_bytes: u64,
}

/// How rows end.
enum RowEnds {
    Lines,
    Delimited(Ends),
    /// Only with the stream.
    Document,
}

impl<R: Read> Chunks<R> {
    /// Reads the beginning of the stream and finds out what `format` leaves open.
    ///
    /// # Errors
    /// When the reader fails.
    pub fn open(reader: R, format: &Format) -> io::Result<Self> {
        let mut chunks = Self {
            reader,
            format: format.clone(),
            rows: RowEnds::Lines,
            buffer: Vec::new(),
            scanned: 0,
            row_end: 0,
            row_count: 0,
            at_end: false,
            is_done: false,
            read_bytes: 0,
        };
        while !chunks.at_end && chunks.buffer.len() < CSV_SAMPLE_BYTES {
            chunks.fill()?;
        }
        match format {
            Format::Csv(dialect) => {
                let dialect = dialect.guess(&chunks.buffer);
                chunks.rows = RowEnds::Delimited(Ends::new(&dialect));
                chunks.format = Format::Csv(dialect);
            }
            Format::Json => chunks.rows = RowEnds::Document,
            Format::Ndjson => {}
        }
        Ok(chunks)
    }

    /// Returns the format with everything found out.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Returns the bytes that were read so far.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// Returns the next rows, or nothing behind the last ones. An empty stream has one empty chunk.
    ///
    /// # Errors
    /// When the reader fails, or a JSON document is too long ([`io::ErrorKind::FileTooLarge`]).
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        if self.is_done {
            return Ok(None);
        }
        loop {
            self.scan();
            if self.buffer.len() - self.row_end > ROW_BYTES_MAX && self.has_rows() {
                self.cut_row()?;
                return Ok(Some(self.take()));
            }
            let is_full = self.row_end >= CHUNK_BYTES || self.row_count >= CHUNK_ROWS;
            if self.row_end > 0 && is_full {
                return Ok(Some(self.take()));
            }
            if self.at_end {
                self.row_end = self.buffer.len();
                return Ok(Some(self.take()));
            }
            self.fill()?;
            if !self.has_rows() && self.buffer.len() > JSON_DOCUMENT_BYTES_MAX {
                let text = format!(
                    "a JSON document may have {JSON_DOCUMENT_BYTES_MAX} bytes; send one object per line with format=ndjson"
                );
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
            }
        }
    }

    fn has_rows(&self) -> bool {
        !matches!(self.rows, RowEnds::Document)
    }

    fn fill(&mut self) -> io::Result<()> {
        let old = self.buffer.len();
        self.buffer.resize(old + READ_BYTES, 0);
        let free = self.buffer.get_mut(old..).unwrap_or_default();
        let read = loop {
            match self.reader.read(free) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer
            .truncate(old + read.as_ref().map_or(0, |read| *read));
        let read = read?;
        self.read_bytes += read as u64;
        self.at_end = read == 0;
        Ok(())
    }

    /// Looks for the ends of rows in what is new.
    fn scan(&mut self) {
        let new = self.buffer.get(self.scanned..).unwrap_or_default();
        match &mut self.rows {
            RowEnds::Lines => {
                self.row_count += new.iter().filter(|byte| **byte == b'\n').count();
                if let Some(last) = new.iter().rposition(|byte| *byte == b'\n') {
                    self.row_end = self.scanned + last + 1;
                }
            }
            RowEnds::Delimited(ends) => {
                for (at, byte) in new.iter().enumerate() {
                    if ends.ends_with(*byte) {
                        self.row_end = self.scanned + at + 1;
                        self.row_count += 1;
                    }
                }
            }
            RowEnds::Document => {}
        }
        self.scanned = self.buffer.len();
    }

    /// Keeps the beginning of the row that is too long, and reads on to the next one.
    fn cut_row(&mut self) -> io::Result<()> {
        let kept_end = self.row_end + ROW_BYTES_MAX + 1;
        // All of the buffer was looked at: no row ends in it behind `row_end`.
        self.buffer.truncate(kept_end);
        loop {
            self.scanned = self.buffer.len();
            self.fill()?;
            let new = self.buffer.get(kept_end..).unwrap_or_default();
            let end = match &mut self.rows {
                RowEnds::Delimited(ends) => new.iter().position(|byte| ends.ends_with(*byte)),
                _ => new.iter().position(|byte| *byte == b'\n'),
            };
            if let Some(end) = end {
                self.buffer.drain(kept_end..kept_end + end);
                break;
            }
            self.buffer.truncate(kept_end);
            if self.at_end {
                break;
            }
        }
        self.row_end = (kept_end + 1).min(self.buffer.len());
        self.scanned = self.row_end;
        Ok(())
    }

    /// Takes the whole rows out of the buffer.
    fn take(&mut self) -> Chunk {
        let rest = self.buffer.split_off(self.row_end);
        let data = std::mem::replace(&mut self.buffer, rest);
        self.scanned -= self.row_end;
        self.row_end = 0;
        self.row_count = 0;
        // Rows that were counted may be in the rest as well; they are few.
        self.is_done = self.at_end && self.buffer.is_empty();
        Chunk {
            data,
            is_last: self.is_done,
        }
    }
}
