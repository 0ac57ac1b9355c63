//! The block: what one insert sends.

use bytes::Bytes;

use super::{write_string, write_varint};
use crate::schema::ColumnNames;

/// Rows in Native form, ready to be inserted.
///
/// The same block can be sent any number of times with the same token; its bytes never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    columns: ColumnNames,
    rows: usize,
    data: Bytes,
}

impl Block {
    /// Returns the columns to name in the insert, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Puts a block together that was taken apart.
    pub(crate) fn from_parts(columns: ColumnNames, rows: usize, data: Bytes) -> Self {
        Self {
            columns,
            rows,
            data,
        }
    }

    /// Returns the columns to name in the insert, shared.
    pub(crate) fn shared_columns(&self) -> ColumnNames {
        ColumnNames::clone(&self.columns)
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the encoded block.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }
}

/// Writes a block column by column.
pub(crate) struct BlockWriter {
    columns: ColumnNames,
    rows: usize,
    data: Vec<u8>,
}

impl BlockWriter {
    /// Starts a block; `capacity` is the expected size in bytes.
    pub(crate) fn new(columns: ColumnNames, rows: usize, capacity: usize) -> Self {
        let mut data = Vec::with_capacity(capacity);
        write_varint(columns.len(), &mut data);
        write_varint(rows, &mut data);
        Self {
            columns,
            rows,
            data,
        }
    }

    /// Starts the next column and returns where its data goes.
    pub(crate) fn column(&mut self, name: &str, type_name: &str) -> &mut Vec<u8> {
        write_string(name.as_bytes(), &mut self.data);
        write_string(type_name.as_bytes(), &mut self.data);
        &mut self.data
    }

    /// Starts the next column with its encoded name and type.
    pub(crate) fn raw_column(&mut self, header: &[u8]) -> &mut Vec<u8> {
        self.data.extend_from_slice(header);
        &mut self.data
    }

    pub(crate) fn finish(self) -> Block {
        Block {
            columns: self.columns,
            rows: self.rows,
            data: self.data.into(),
        }
    }
}
