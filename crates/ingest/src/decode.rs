//! A body in, blocks out: framing, conversion and quarantine, without engine, clock or waiting.

mod delimited;
mod lines;
mod row;
mod rows;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::error::DecodeError;
use crate::frame::{CsvDialect, CsvLayout};
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
    Decoder::new(options.clone()).decode(schema, body, true)
}

/// Decodes a body that comes in chunks of whole rows (see [`Chunks`](crate::Chunks)).
#[derive(Debug)]
pub struct Decoder {
    options: DecodeOptions,
    /// How delimited text is written, by its first chunk.
    dialect: Option<CsvDialect>,
    /// What the first row of delimited text said.
    layout: Option<CsvLayout>,
    /// Lines of the chunks before.
    lines: u64,
    is_first: bool,
}

impl Decoder {
    /// Returns the state before the first chunk.
    #[must_use]
    pub fn new(options: DecodeOptions) -> Self {
        Self {
            options,
            dialect: None,
            layout: None,
            lines: 0,
            is_first: true,
        }
    }

    /// Decodes the next rows; `is_last` says that none follow.
    ///
    /// # Errors
    /// As [`decode`]. That no row can be parsed is an error in the first chunk only: later ones are
    /// rows beside good rows.
    pub fn decode(
        &mut self,
        schema: &Schema,
        chunk: &[u8],
        is_last: bool,
    ) -> Result<Decoded, DecodeError> {
        let is_first = std::mem::take(&mut self.is_first);
        let body = match chunk.strip_prefix(b"\xEF\xBB\xBF") {
            Some(body) if is_first => body,
            _ => chunk,
        };
        if is_first && is_last && body.iter().all(u8::is_ascii_whitespace) {
            return Err(DecodeError::Empty);
        }
        let mut sink = Sink {
            rows: Rows::new(schema, self.options.now),
            quarantine: Quarantine::new(schema, &self.options),
        };
        match &self.options.format {
            Format::Csv(dialect) => {
                let dialect = *self.dialect.get_or_insert_with(|| dialect.guess(body));
                let text = delimited::Text {
                    body,
                    dialect,
                    lines_before: self.lines,
                };
                delimited::decode(schema, &text, &mut self.layout, &mut sink)?;
            }
            Format::Ndjson | Format::Json if !schema.accepts_json() => {
                return Err(DecodeError::NoJsonPaths {
                    datasource: schema.datasource().to_owned(),
                });
            }
            Format::Ndjson => {
                let place = lines::Place {
                    lines_before: self.lines,
                    is_first,
                    is_whole: is_first && is_last,
                };
                lines::decode_lines(schema, body, place, &mut sink)?;
            }
            Format::Json => lines::decode_document(schema, body, &mut sink)?,
        }
        self.lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
        Ok(sink.finish())
    }
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
