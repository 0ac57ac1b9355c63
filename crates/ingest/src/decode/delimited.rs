//! Rows of delimited text.

use csv::{Position, StringRecord};

use super::row::TextRow;
use super::{Sink, push_row};
use crate::error::DecodeError;
use crate::frame::{CsvDialect, CsvLayout};
use crate::limits::ROW_BYTES_MAX;
use crate::schema::Schema;

/// Whole rows of a text.
pub(super) struct Text<'b> {
    pub(super) body: &'b [u8],
    /// How they are written; nothing in it is left to guess.
    pub(super) dialect: CsvDialect,
    /// Lines of the text before them.
    pub(super) lines_before: u64,
}

/// Decodes rows; the first one of the text sets `layout`.
pub(super) fn decode(
    schema: &Schema,
    text: &Text<'_>,
    layout: &mut Option<CsvLayout>,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let mut reader = text.dialect.reader(text.body);
    let names = schema.filled_columns();
    let mut record = StringRecord::new();
    let mut faults = Vec::new();
    loop {
        let start = reader.position().clone();
        let read = reader.read_record(&mut record);
        let raw = RawRecord::new(text, &start, reader.position());
        match read {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(_) => {
                raw.refuse("is not valid UTF-8", sink)?;
                continue;
            }
        }
        let is_first = layout.is_none();
        let layout =
            layout.get_or_insert_with(|| CsvLayout::new(&record, &names, text.dialect.header));
        if is_first && layout.has_header {
            continue;
        }
        if raw.bytes.len() > ROW_BYTES_MAX {
            raw.refuse(&format!("is longer than {ROW_BYTES_MAX} bytes"), sink)?;
            continue;
        }
        if record.len() != layout.width {
            let (found, width) = (record.len(), layout.width);
            raw.refuse(&format!("has {found} fields, expected {width}"), sink)?;
            continue;
        }
        let row = TextRow {
            record: &record,
            fields: &layout.fields,
        };
        push_row(schema, &row, raw.bytes.len(), sink, &mut faults)?;
    }
}

/// A record as it was sent.
struct RawRecord<'a> {
    /// Its bytes, with blank lines before it and its own line end.
    bytes: &'a [u8],
    /// The line on which `bytes` begins.
    line: u64,
}

impl<'a> RawRecord<'a> {
    fn new(text: &Text<'a>, start: &Position, end: &Position) -> Self {
        let range = usize::try_from(start.byte()).unwrap_or(usize::MAX)
            ..usize::try_from(end.byte()).unwrap_or(usize::MAX);
        Self {
            bytes: text.body.get(range).unwrap_or_default(),
            line: text.lines_before + start.line(),
        }
    }

    /// Sends the record to quarantine as it is.
    fn refuse(&self, problem: &str, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let start = self.bytes.iter().position(|byte| !is_line_end(byte));
        let end = self.bytes.iter().rposition(|byte| !is_line_end(byte));
        let (blank, text) = match (start, end) {
            (Some(start), Some(end)) => (self.bytes.get(..start), self.bytes.get(start..=end)),
            _ => (None, None),
        };
        let blank_lines = blank
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        let line = self.line + blank_lines as u64;
        sink.quarantine
            .push_line(text.unwrap_or_default(), format!("line {line} {problem}"))
    }
}
