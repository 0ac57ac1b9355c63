//! Rows of delimited text.

use csv::{ReaderBuilder, StringRecord};

use super::row::TextRow;
use super::{Sink, push_row};
use crate::error::DecodeError;
use crate::frame::{CsvDialect, CsvLayout, sniff_delimiter};
use crate::limits::ROW_BYTES_MAX;
use crate::schema::Schema;

pub(super) fn decode(
    schema: &Schema,
    body: &[u8],
    dialect: CsvDialect,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let delimiter = dialect.delimiter.unwrap_or_else(|| sniff_delimiter(body));
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(body);
    let names: Vec<_> = schema.column_names().collect();
    let mut layout = None;
    let mut record = StringRecord::new();
    let mut faults = Vec::new();
    loop {
        let line = reader.position().line();
        let start = reader.position().byte();
        let read = reader.read_record(&mut record);
        let raw = slice(body, start, reader.position().byte());
        match read {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(_) => {
                sink.quarantine
                    .push_line(raw, format!("line {line} is not valid UTF-8"))?;
                continue;
            }
        }
        let is_first = layout.is_none();
        let layout = layout.get_or_insert_with(|| CsvLayout::new(&record, &names, dialect.header));
        if is_first && layout.has_header {
            continue;
        }
        if record.len() != layout.width {
            let (found, width) = (record.len(), layout.width);
            let problem = format!("line {line} has {found} fields, expected {width}");
            sink.quarantine.push_line(raw, problem)?;
            continue;
        }
        if raw.len() > ROW_BYTES_MAX {
            let problem = format!("line {line} is longer than {ROW_BYTES_MAX} bytes");
            sink.quarantine.push_line(raw, problem)?;
            continue;
        }
        let row = TextRow {
            record: &record,
            fields: &layout.fields,
        };
        push_row(schema, &row, raw.len(), sink, &mut faults)?;
    }
}

/// Returns the bytes of a record, without blanks at its ends.
fn slice(body: &[u8], start: u64, end: u64) -> &[u8] {
    let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(usize::MAX);
    body.get(range).unwrap_or_default().trim_ascii()
}
