//! The shape of delimited text: its delimiter, and which field belongs to which column.

use csv::StringRecord;

/// How delimited text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvDialect {
    /// The byte between fields; found out from the first line when not given.
    pub delimiter: Option<u8>,
    /// Whether the first row holds names.
    pub header: HeaderRule,
}

/// Whether the first row holds names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderRule {
    /// It does when at least half of its fields are column names and none occurs twice.
    #[default]
    Detect,
    /// It does.
    Present,
    /// It does not.
    Absent,
}

/// Delimiters that are looked for, in order of preference.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// Returns the delimiter that occurs most often in the first line, outside of quotes.
pub(crate) fn sniff_delimiter(body: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for &byte in body {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            _ => (counts.iter_mut().zip(DELIMITERS))
                .filter(|(_, delimiter)| *delimiter == byte)
                .for_each(|(count, _)| *count += 1),
        }
    }
    let best = counts.into_iter().max().unwrap_or(0);
    (counts.into_iter().zip(DELIMITERS))
        .find(|(count, _)| *count == best)
        .map_or(b',', |(_, delimiter)| delimiter)
}

/// Which field belongs to which column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CsvLayout {
    /// For each column, the position of its field.
    pub(crate) fields: Vec<Option<usize>>,
    /// Number of fields that each row must have.
    pub(crate) width: usize,
    /// Whether the first row holds names.
    pub(crate) has_header: bool,
}

impl CsvLayout {
    /// Works out the layout from the first row. Columns without a name here are not in the rows.
    pub(crate) fn new(first: &StringRecord, columns: &[Option<&str>], rule: HeaderRule) -> Self {
        let has_header = match rule {
            HeaderRule::Present => true,
            HeaderRule::Absent => false,
            HeaderRule::Detect => looks_like_header(first, columns),
        };
        let mut positions = 0..;
        let field_of = |column: &Option<&str>| match column {
            None => None,
            Some(column) if has_header => first.iter().position(|name| name.trim() == *column),
            Some(_) => positions.next(),
        };
        let fields: Vec<_> = columns.iter().map(field_of).collect();
        let width = if has_header {
            first.len()
        } else {
            fields.iter().flatten().count()
        };
        Self {
            fields,
            width,
            has_header,
        }
    }
}

fn looks_like_header(first: &StringRecord, columns: &[Option<&str>]) -> bool {
    let mut found: Vec<&str> = (first.iter().map(str::trim))
        .filter(|name| columns.contains(&Some(name)))
        .collect();
    let known = found.len();
    found.sort_unstable();
    found.dedup();
    known > 0 && known * 2 >= first.len() && found.len() == known
}
