//! A body in, blocks out: framing, conversion and quarantine, without engine, clock or waiting.

mod delimited;
mod lines;
mod row;
mod rows;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::error::DecodeError;
use crate::frame::CsvDialect;
use crate::native::Block;
use crate::quarantine::{Fault, Quarantine};
use crate::schema::Schema;
use row::Row;
use rows::Rows;

/// How a body is to be read.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// The body's format.
    pub format: Format,
    /// The time of the append: the value of `now()`, and the quarantine's date.
    pub now: Timestamp,
    /// The import that the rows belong to, for `c__import_id`.
    pub import_id: Option<String>,
}

/// The format of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line; blank lines don't count. An array stands for its elements. A body
    /// whose first line is not JSON is tried as one document.
    Ndjson,
    /// One JSON document: an object, or an array of objects.
    Json,
    /// Delimited text.
    Csv(CsvDialect),
}

/// The rows of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Good rows, for the data source's table.
    pub blocks: Vec<Block>,
    /// Bad rows, for its quarantine table.
    pub quarantine_blocks: Vec<Block>,
    /// Number of good rows.
    pub rows: u64,
    /// Number of bad rows.
    pub quarantined_rows: u64,
    /// What was wrong with the first bad row.
    pub first_fault: Option<String>,
}

/// Decodes a body for a data source.
///
/// Takes time in proportion to the body, about 4 ms per megabyte of JSON: run it beside the event loop
/// when bodies are large. A row with a value that does not
/// fit goes to quarantine with the reason; the others are kept.
///
/// # Errors
/// When the body as a whole makes no sense: it is empty, no row of it can be parsed, or it is JSON
/// for a data source without JSONPaths; or when a limit is exceeded.
pub fn decode(
    schema: &Schema,
    body: &[u8],
    options: &DecodeOptions,
) -> Result<Decoded, DecodeError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(DecodeError::Empty);
    }
    let mut sink = Sink {
        rows: Rows::new(schema, options.now),
        quarantine: Quarantine::new(schema, options),
    };
    match &options.format {
        Format::Csv(dialect) => delimited::decode(schema, body, *dialect, &mut sink)?,
        Format::Ndjson | Format::Json if !schema.accepts_json() => {
            return Err(DecodeError::NoJsonPaths {
                datasource: schema.datasource().to_owned(),
            });
        }
        Format::Ndjson => lines::decode_lines(schema, body, &mut sink)?,
        Format::Json => lines::decode_document(schema, body, &mut sink)?,
    }
    Ok(sink.finish())
}

/// Where rows go.
struct Sink<'s> {
    rows: Rows<'s>,
    quarantine: Quarantine<'s>,
}

impl Sink<'_> {
    fn finish(self) -> Decoded {
        let (blocks, rows) = self.rows.finish();
        let bad = self.quarantine.finish();
        Decoded {
            blocks,
            quarantine_blocks: bad.blocks,
            rows,
            quarantined_rows: bad.rows,
            first_fault: bad.first_fault,
        }
    }
}

/// Sends a row where it belongs.
fn push_row(
    schema: &Schema,
    row: &impl Row,
    input_bytes: usize,
    sink: &mut Sink<'_>,
    faults: &mut Vec<Fault>,
) -> Result<(), DecodeError> {
    sink.rows.push(row, input_bytes, faults)?;
    if !faults.is_empty() {
        let originals = (0..schema.columns.len()).map(|column| row.cell(column).original());
        sink.quarantine.push_row(originals, faults)?;
        faults.clear();
    }
    Ok(())
}
