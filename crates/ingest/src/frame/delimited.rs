//! Which field of delimited text belongs to which column.

use csv::StringRecord;

use super::HeaderRule;

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
