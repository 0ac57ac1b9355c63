//! The columns of a data source.
//!
//! Grammar as implemented (`column` reads one, this file splits them and checks them together):
//!
//! ```text
//! columns  := column { "," column } [","]
//! column   := name [type] { jsonpath | default | codec }
//! jsonpath := "`json:" path "`"
//! default  := "DEFAULT" expression
//! codec    := "CODEC" "(" … ")"
//! ```
//!
//! Keywords in any case, `--` comments to the end of the line. More is accepted than the reference
//! does: commas inside of brackets and `--` inside of quotes do not end anything.
//! A mistake in one column does not hide those of the others.

mod column;
mod column_type;
mod scan;

use std::collections::HashMap;
use std::ops::Range;

pub use column::Column;
pub(crate) use scan::comment_start;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::BlockText;
use crate::source::Span;

/// The columns of a data source, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
    /// The text between `SCHEMA >` and the next directive, when it is not empty.
    pub span: Option<Span>,
    /// Whether every column could be read.
    pub(crate) is_complete: bool,
}

impl Schema {
    /// Returns the column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.value == name)
    }

    /// Reports whether rows are JSON objects read by path; else they are CSV, by position or header.
    pub fn has_json_paths(&self) -> bool {
        self.columns.iter().any(|column| column.json_path.is_some())
    }
}

/// Reads the text of a `SCHEMA` block.
pub(crate) fn parse(text: &BlockText, out: &mut Vec<Diagnostic>) -> Schema {
    let n_reported = out.len();
    let masked = scan::mask_comments(text.as_str());
    let mut columns = Vec::new();
    for range in split_columns(&masked, text, out) {
        columns.extend(column::parse(&masked, range, text, out));
    }
    report_duplicates(&columns, out);
    Schema {
        columns,
        span: text.whole_span(),
        is_complete: out.len() == n_reported,
    }
}

/// Splits at the commas outside of parentheses, brackets and quotes.
fn split_columns(masked: &str, text: &BlockText, out: &mut Vec<Diagnostic>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    loop {
        let (end, problem) = scan::column_end(masked, start);
        if let Some(problem) = problem {
            out.push(
                Diagnostic::error(
                    codes::INVALID_COLUMN,
                    format!("Expected closing {}", problem.closing),
                    text.span(problem.offset..problem.offset + 1),
                )
                .with_hint(if problem.closing == "backtick" {
                    "close the backtick; there are no blanks between backticks"
                } else {
                    "what is opened here is never closed"
                }),
            );
        } else {
            ranges.push(start..end);
        }
        if end >= masked.len() {
            break;
        }
        start = end + 1;
    }
    // One comma after the last column is fine.
    if ranges.last().is_some_and(|last| {
        masked
            .get(last.clone())
            .unwrap_or_default()
            .trim()
            .is_empty()
    }) {
        ranges.pop();
    }
    ranges
}

fn report_duplicates(columns: &[Column], out: &mut Vec<Diagnostic>) {
    let mut first_seen: HashMap<&str, &Span> = HashMap::new();
    for column in columns {
        let name = &column.name;
        if let Some(first) = first_seen.get(name.as_str()) {
            out.push(
                Diagnostic::error(
                    codes::DUPLICATE_COLUMN,
                    format!("Column '{}' is defined more than once", name.value),
                    name.span.clone(),
                )
                .with_label((*first).clone(), "first defined here"),
            );
        } else {
            first_seen.insert(name.as_str(), &name.span);
        }
    }
}

#[cfg(test)]
mod tests;
