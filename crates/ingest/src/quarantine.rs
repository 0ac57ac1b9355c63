//! Bad rows: what was sent, and why it was not taken.
//!
//! The quarantine table has every column of the data source as `Nullable(String)` with the
//! original text, then the columns named here. A line that cannot be read as a row at all (not
//! JSON, wrong number of fields) is kept whole in the **first** column; `c__error_column` then
//! names that column and the error says which line it was.

use std::borrow::Cow;
use std::sync::Arc;

use crate::convert::{Stamp, write_seconds};
use crate::decode::DecodeOptions;
use crate::error::DecodeError;
use crate::limits::{
    BLOCK_BYTES_MAX, BLOCK_ROWS_MAX, DECODED_BYTES_MAX, EXCERPT_CHARS_MAX,
    OVERSIZED_ROW_KEPT_BYTES, ROW_BYTES_MAX,
};
use crate::native::{Block, BlockWriter, TextColumn, TextListColumn};
use crate::schema::{ColumnNames, Schema};

/// Suffix of the quarantine table's name.
pub const QUARANTINE_SUFFIX: &str = "_quarantine";

/// The columns behind those of the data source: name and type.
const OWN_COLUMNS: [(&str, &str); 4] = [
    ("c__error_column", "Array(String)"),
    ("c__error", "Array(String)"),
    ("c__import_id", "Nullable(String)"),
    ("insertion_date", "DateTime"),
];

/// Returns the name and type of each column of the quarantine table of a data source with these
/// `columns`. The last one is the time of the insert.
///
/// When the data source has a column named like one of ours, ours gets a `_` at its end.
#[must_use]
pub fn quarantine_columns<'a>(
    columns: impl Iterator<Item = &'a str>,
) -> Vec<(String, &'static str)> {
    let mut all: Vec<(String, &'static str)> = columns
        .map(|name| (name.to_owned(), "Nullable(String)"))
        .collect();
    for (name, type_name) in OWN_COLUMNS {
        let mut name = name.to_owned();
        while all.iter().any(|(taken, _)| *taken == name) {
            name.push('_');
        }
        all.push((name, type_name));
    }
    all
}

/// One reason why a row is bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The column's position in the schema.
    pub(crate) column: usize,
    /// The reason, as a sentence.
    pub(crate) message: String,
}

/// The bad rows of a body.
pub(crate) struct Quarantine<'s> {
    schema: &'s Schema,
    import_id: Option<&'s str>,
    now: Stamp,
    names: ColumnNames,
    open: OpenBlock,
    blocks: Vec<Block>,
    rows: u64,
    bytes: usize,
    first_fault: Option<String>,
}

/// What became of the bad rows.
pub(crate) struct Quarantined {
    pub(crate) blocks: Vec<Block>,
    pub(crate) rows: u64,
    pub(crate) first_fault: Option<String>,
}

/// The block that is being filled.
struct OpenBlock {
    columns: Vec<TextColumn>,
    error_columns: TextListColumn,
    errors: TextListColumn,
    rows: usize,
}

impl<'s> Quarantine<'s> {
    pub(crate) fn new(schema: &'s Schema, options: &'s DecodeOptions) -> Self {
        let names: ColumnNames = (quarantine_columns(schema.column_names()).into_iter())
            .map(|(name, _)| name)
            .collect();
        Self {
            schema,
            import_id: options.import_id.as_deref(),
            now: options.now.into(),
            names: Arc::clone(&names),
            open: OpenBlock::new(schema.columns.len()),
            blocks: Vec::new(),
            rows: 0,
            bytes: 0,
            first_fault: None,
        }
    }

    /// Adds a row whose values could be told apart.
    pub(crate) fn push_row<'t>(
        &mut self,
        originals: impl Iterator<Item = Option<Cow<'t, str>>>,
        faults: &[Fault],
    ) -> Result<(), DecodeError> {
        for (column, original) in self.open.columns.iter_mut().zip(originals) {
            self.bytes += original.as_ref().map_or(0, |text| text.len()) + 2;
            column.push(original.as_deref());
        }
        self.close_row(faults)
    }

    /// Adds a line that could not be read as a row.
    pub(crate) fn push_line(&mut self, line: &[u8], problem: String) -> Result<(), DecodeError> {
        let kept = if line.len() > ROW_BYTES_MAX {
            line.get(..OVERSIZED_ROW_KEPT_BYTES).unwrap_or(line)
        } else {
            line
        };
        let text = String::from_utf8_lossy(kept);
        let mut original = Some(text.as_ref());
        for column in &mut self.open.columns {
            column.push(original.take());
        }
        self.bytes += kept.len() + 2 * self.open.columns.len();
        self.close_row(&[Fault {
            column: 0,
            message: problem,
        }])
    }

    fn close_row(&mut self, faults: &[Fault]) -> Result<(), DecodeError> {
        let columns = &self.schema.columns;
        let names = faults
            .iter()
            .map(|fault| columns.get(fault.column).map_or("", |c| c.name.as_str()));
        let messages = faults.iter().map(|fault| fault.message.as_str());
        let text_bytes: usize = (names.clone().chain(messages.clone()))
            .map(|text| text.len() + 2)
            .sum();
        self.open.error_columns.push(names);
        self.open.errors.push(messages);
        self.open.rows += 1;
        self.rows += 1;
        // 16 bytes for the ends of both lists, and about 40 for import and date.
        self.bytes += text_bytes + 56;
        if self.first_fault.is_none() {
            self.first_fault = faults.first().map(|fault| fault.message.clone());
        }
        if self.bytes > DECODED_BYTES_MAX {
            return Err(DecodeError::TooLarge);
        }
        if self.open.rows >= BLOCK_ROWS_MAX || self.open.bytes() > BLOCK_BYTES_MAX {
            self.finish_block();
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Quarantined {
        self.finish_block();
        Quarantined {
            blocks: self.blocks,
            rows: self.rows,
            first_fault: self.first_fault,
        }
    }

    fn finish_block(&mut self) {
        let next = OpenBlock::new(self.schema.columns.len());
        let open = std::mem::replace(&mut self.open, next);
        if open.rows == 0 {
            return;
        }
        let mut imports = TextColumn::default();
        let mut dates = Vec::new();
        for _ in 0..open.rows {
            imports.push(self.import_id);
            // A clock outside of 1970 to 2106 gives the epoch.
            if write_seconds(self.now, &mut dates).is_err() {
                dates.extend([0; 4]);
            }
        }
        let capacity = open.bytes() + imports.bytes() + dates.len() + 64 * self.names.len();
        let mut block = BlockWriter::new(Arc::clone(&self.names), open.rows, capacity);
        for (name, column) in self.schema.column_names().zip(&open.columns) {
            column.write(block.column(name, "Nullable(String)"));
        }
        for (name, type_name) in OWN_COLUMNS {
            let out = block.column(name, type_name);
            match name {
                "c__error_column" => open.error_columns.write(out),
                "c__error" => open.errors.write(out),
                "c__import_id" => imports.write(out),
                _ => out.extend_from_slice(&dates),
            }
        }
        self.blocks.push(block.finish());
    }
}

impl OpenBlock {
    fn new(columns: usize) -> Self {
        Self {
            columns: (0..columns).map(|_| TextColumn::default()).collect(),
            error_columns: TextListColumn::default(),
            errors: TextListColumn::default(),
            rows: 0,
        }
    }

    fn bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(TextColumn::bytes).sum();
        columns + self.error_columns.bytes() + self.errors.bytes()
    }
}

/// Returns the beginning of a text, as much as an error message should repeat.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}
