//! Small pieces into one buffer, large ones written from where they are.

use std::io;

use bytes::Bytes;

use crate::files::{File, write_all_at};
use crate::format::ALIGNMENT;
use crate::kill_point;
use crate::limits::{DIRECT_WRITE_BYTES, WRITE_BUFFER_BYTES};

/// Bytes of a commit that were not written yet.
#[derive(Default)]
pub(super) struct Gather {
    buffer: Vec<u8>,
    /// Where the buffer goes in the file, in bytes.
    offset: u64,
}

impl Gather {
    /// Starts at a place of the file.
    pub(super) fn begin(&mut self, offset: u64) {
        self.buffer.clear();
        self.offset = offset;
    }

    /// Adds a record: its header, its payload and what aligns the next one.
    pub(super) fn record(
        &mut self,
        file: &dyn File,
        header: &[u8],
        payload: &[Bytes],
    ) -> io::Result<()> {
        self.put(file, header)?;
        let mut length = 0;
        for part in payload {
            self.put(file, part)?;
            length += part.len();
        }
        let padding = length.next_multiple_of(ALIGNMENT) - length;
        self.put(file, [0; ALIGNMENT].get(..padding).unwrap_or_default())
    }

    fn put(&mut self, file: &dyn File, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > WRITE_BUFFER_BYTES || bytes.len() >= DIRECT_WRITE_BYTES
        {
            self.flush(file)?;
        }
        if bytes.len() >= DIRECT_WRITE_BYTES {
            kill_point!("journal.half_written");
            write_all_at(file, bytes, self.offset)?;
            self.offset += bytes.len() as u64;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// Writes what is in the buffer.
    pub(super) fn flush(&mut self, file: &dyn File) -> io::Result<()> {
        write_all_at(file, &self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
