//! What a file holds, by its beginning: its format, its columns and the types that fit them.
//!
//! Recommendations, for somebody who writes a data source: whether rows fit is decided by the data
//! source's own types later.

mod guess;
mod json;

use serde_json::Value;

use crate::error::DecodeError;
use crate::frame::CsvDialect;
use guess::{Guess, text_kind};

/// The format of a file, as its beginning tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Delimited text.
    Csv,
    /// Lines of JSON, or one document.
    Json,
    /// Parquet, which only the engine reads.
    Parquet,
}

/// What the beginning of a file tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The columns in the order in which they first occur.
    pub columns: Vec<AnalyzedColumn>,
    /// The rows that were looked at: for each column its value, or null.
    pub rows: Vec<Vec<Value>>,
    /// How many these are.
    pub row_count: usize,
    /// How delimited text is written.
    pub dialect: Option<FoundDialect>,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyzedColumn {
    /// A name that a data source can have.
    pub name: String,
    /// Where its value is in a JSON row, such as `$.a.b`.
    pub path: Option<String>,
    /// The type that fits all its values.
    pub data_type: String,
    /// How many of the rows have a value, from 0 to 1.
    pub present: f64,
}

/// How delimited text is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDialect {
    /// The character between fields.
    pub delimiter: char,
    /// The character around fields.
    pub quote: char,
    /// The character before a quote inside of quotes.
    pub escape: Option<char>,
    /// What ends a line.
    pub newline: &'static str,
    /// Whether the first row holds names.
    pub has_header: bool,
}

/// A column while its values are looked at.
#[derive(Debug)]
struct Found {
    name: String,
    path: Option<String>,
    guess: Guess,
    present: usize,
}

impl Analysis {
    /// Returns the columns as a `SCHEMA` has them.
    #[must_use]
    pub fn schema(&self) -> String {
        let columns = self.columns.iter().map(|column| {
            let (name, data_type) = (&column.name, &column.data_type);
            match &column.path {
                Some(path) => format!("{name} {data_type} `json:{path}`"),
                None => format!("{name} {data_type}"),
            }
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Takes the types that the file itself declares, by name, for columns that stand for themselves.
    #[must_use]
    pub fn with_types(mut self, declared: &[(String, String)]) -> Self {
        for column in &mut self.columns {
            let path = column.path.as_deref().unwrap_or_default();
            let found = declared
                .iter()
                .find(|(name, _)| json::key_path("$", name) == path);
            let Some((_, data_type)) = found else {
                continue;
            };
            let inner = data_type
                .strip_prefix("Nullable(")
                .and_then(|t| t.strip_suffix(')'));
            column.data_type = match inner {
                // A file's writer makes most columns nullable that never are.
                Some(inner) if column.present >= 1.0 => inner.to_owned(),
                _ => data_type.clone(),
            };
        }
        self
    }
}

/// Returns the format of a file by its beginning.
#[must_use]
pub fn file_kind(head: &[u8]) -> FileKind {
    if head.starts_with(b"PAR1") {
        return FileKind::Parquet;
    }
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    match head.trim_ascii_start().first() {
        Some(b'{' | b'[') => FileKind::Json,
        _ => FileKind::Csv,
    }
}

/// Analyzes the beginning of a file, which may be cut in the middle of a row.
///
/// # Errors
/// When there is nothing, or nothing that can be read as a row.
pub fn analyze(head: &[u8], kind: FileKind, dialect: CsvDialect) -> Result<Analysis, DecodeError> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if head.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    match kind {
        FileKind::Csv => Ok(analyze_csv(head, dialect)),
        FileKind::Json | FileKind::Parquet => json::analyze(head),
    }
}

fn analyze_csv(head: &[u8], dialect: CsvDialect) -> Analysis {
    let dialect = dialect.guess(head);
    let mut reader = dialect.reader(head);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut record = csv::ByteRecord::new();
    // What cannot be read is a row that was cut.
    while reader
        .read_byte_record(&mut record)
        .is_ok_and(|is_read| is_read)
    {
        let fields = record
            .iter()
            .map(|field| String::from_utf8_lossy(field).into_owned());
        rows.push(fields.collect());
    }
    if rows.len() > 1 && !head.ends_with(b"\n") && !head.ends_with(b"\r") {
        rows.pop_if(|last| last.len() != record.len() || head.len() >= CUT_BYTES);
    }
    let has_header = has_header(&rows);
    let header = if has_header {
        rows.remove(0)
    } else {
        Vec::new()
    };
    let width = rows.iter().map(Vec::len).max().unwrap_or(header.len());
    let names = (0..width.max(header.len())).map(|at| match header.get(at) {
        Some(name) if !name.trim().is_empty() => column_name(name.trim()),
        _ => format!("column_{at:02}"),
    });
    let mut columns: Vec<Found> = names
        .map(|name| Found {
            name,
            path: None,
            guess: Guess::default(),
            present: 0,
        })
        .collect();
    json::make_unique(&mut columns);
    let rows: Vec<Vec<Value>> = rows
        .into_iter()
        .map(|row| {
            let mut cells = row.into_iter();
            let mut cell = |column: &mut Found| match cells.next().filter(|t| !t.is_empty()) {
                None => Value::Null,
                Some(text) => {
                    column.present += 1;
                    column.guess.add(text_kind(&text));
                    Value::String(text)
                }
            };
            columns.iter_mut().map(&mut cell).collect()
        })
        .collect();
    let is = |text: &[u8]| head.windows(text.len()).any(|window| window == text);
    let newline = match (is(b"\r\n"), is(b"\n"), is(b"\r")) {
        (true, ..) => "\r\n",
        (_, false, true) => "\r",
        _ => "\n",
    };
    let found = FoundDialect {
        delimiter: char::from(dialect.delimiter.unwrap_or(b',')),
        quote: char::from(dialect.quote.unwrap_or(b'"')),
        escape: dialect.escape.map(char::from),
        newline,
        has_header,
    };
    finish(columns, rows, Some(found))
}

/// Bytes of a head from which on its last row is taken for cut.
const CUT_BYTES: usize = 64 << 10;

/// Returns true when the first row looks like names: each its own, and none a number or a time.
fn has_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else {
        return false;
    };
    let mut seen = std::collections::HashSet::new();
    let are_names = first.iter().all(|name| {
        let name = name.trim();
        let is_word = name
            .chars()
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_');
        is_word && name.len() < 64 && text_kind(name).is_text() && seen.insert(name)
    });
    // Among texts only, a first row is a header when it looks like identifiers.
    let is_typed = rest.iter().any(|row| {
        row.iter()
            .any(|cell| !cell.is_empty() && !text_kind(cell).is_text())
    });
    let is_plain = |name: &String| {
        name.trim()
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '))
    };
    are_names && (is_typed || (first.iter().all(is_plain) && first.len() > 1))
}

fn finish(columns: Vec<Found>, rows: Vec<Vec<Value>>, dialect: Option<FoundDialect>) -> Analysis {
    let row_count = rows.len();
    let columns = columns.into_iter().map(|column| {
        let is_always = column.present >= row_count && row_count > 0;
        AnalyzedColumn {
            name: column.name,
            path: column.path,
            data_type: column.guess.data_type(is_always),
            // Up to a million rows are told apart exactly.
            present: match row_count {
                0 => 0.0,
                count => ratio(column.present, count),
            },
        }
    });
    Analysis {
        columns: columns.collect(),
        rows,
        row_count,
        dialect,
    }
}

fn ratio(part: usize, all: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    number(part) / number(all)
}

/// Returns a name that a column of a data source can have.
fn column_name(text: &str) -> String {
    let mut name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        name.insert(0, '_');
    }
    name
}

#[cfg(test)]
mod tests;
