//! One row, whatever its format: a cell for each column of the schema.

use std::borrow::Cow;

use csv::StringRecord;

use crate::json::{Json, Slots};
use birdhouse_datafile::Segment;

use crate::schema::{PlannedColumn, Schema};

/// What a row has for a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    /// Nothing, or `null`.
    Missing,
    /// A JSON value, and what is left of the column's path.
    Json(Json<'a>, &'a [Segment]),
    /// A text.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// Returns the text to keep in quarantine.
    pub(super) fn original(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Missing => None,
            Self::Json(value, _) => Some(value.to_text()),
            Self::Text(text) => Some(Cow::Borrowed(text)),
        }
    }

    /// Returns true when the column's rule for missing values applies. An empty text is a value
    /// only where nothing else could stand for it.
    pub(super) fn is_missing(self, column: &PlannedColumn) -> bool {
        match self {
            Self::Missing | Self::Text("\\N") => true,
            Self::Text("") => column.has_substitute(),
            Self::Json(..) | Self::Text(_) => false,
        }
    }
}

/// A row of any format.
pub(super) trait Row {
    /// Returns the cell of a column.
    fn cell(&self, column: usize) -> Cell<'_>;
}

/// A row of JSON.
pub(super) struct JsonRow<'r> {
    pub(super) schema: &'r Schema,
    pub(super) slots: &'r Slots<'r>,
}

impl Row for JsonRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        let Some(Some(value)) = self.slots.get(column).copied() else {
            return Cell::Missing;
        };
        let planned = self.schema.columns.get(column);
        let rest = planned.map_or(&[][..], |planned| &planned.rest);
        match follow(value, rest) {
            (Json::Null, _) => Cell::Missing,
            (value, rest) => Cell::Json(value, rest),
        }
    }
}

/// Follows a path up to its first `[:]`.
fn follow<'a>(mut value: Json<'a>, mut rest: &'a [Segment]) -> (Json<'a>, &'a [Segment]) {
    while let Some((segment, behind)) = rest.split_first() {
        let found = match segment {
            Segment::Key(key) => value.field(key),
            Segment::Index(index) => value.elements().nth(*index),
            Segment::Each => return (value, rest),
        };
        value = found.unwrap_or(Json::Null);
        rest = behind;
    }
    (value, rest)
}

/// A row of delimited text.
pub(super) struct TextRow<'r> {
    pub(super) record: &'r StringRecord,
    /// For each column, the position of its field.
    pub(super) fields: &'r [Option<usize>],
}

impl Row for TextRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        let field = self.fields.get(column).copied().flatten();
        match field.and_then(|field| self.record.get(field)) {
            Some(text) => Cell::Text(text),
            None => Cell::Missing,
        }
    }
}
