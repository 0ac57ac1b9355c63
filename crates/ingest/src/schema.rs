//! What the rows of a data source must look like: columns, where their values come from, and
//! what stands in for a missing one.
//!
//! A [`Schema`] is checked once, when a deployment makes it, and shared by all appends.

mod default;
pub(crate) mod path;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use birdhouse_datafile::{JsonPath, Segment};
use birdhouse_sql::DataType;

pub(crate) use default::DefaultValue;

use crate::convert::{Kind, Mismatch, wire_type};
use crate::json::Extractor;
use crate::limits::COLUMNS_MAX;
use crate::quarantine::excerpt;

/// One column of a data source, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Where its value is in a JSON row; `None` for columns of CSV data sources.
    pub json_path: Option<JsonPath>,
    /// The expression behind `DEFAULT`, as written.
    pub default: Option<String>,
}

/// The checked columns of a data source.
#[derive(Debug)]
pub struct Schema {
    database: String,
    datasource: String,
    table: String,
    pub(crate) columns: Vec<PlannedColumn>,
    pub(crate) extractor: Extractor,
    accepts_json: bool,
}

/// A column with everything that was worked out in advance.
#[derive(Debug)]
pub(crate) struct PlannedColumn {
    pub(crate) name: String,
    /// The type of its values, for error texts.
    pub(crate) type_name: String,
    /// The type that blocks name.
    pub(crate) wire_type: String,
    /// How values become bytes; `None` for a column that only the engine fills.
    pub(crate) kind: Option<Kind>,
    /// What follows the leading keys of the column's path.
    pub(crate) rest: Vec<Segment>,
    pub(crate) missing: Missing,
}

impl PlannedColumn {
    /// Returns true when something stands in for a missing value.
    pub(crate) fn has_substitute(&self) -> bool {
        !matches!(self.missing, Missing::Refused)
    }

    /// Says that a value does not fit, in the reference product's words.
    pub(crate) fn describe_mismatch(&self, value: &str, mismatch: Mismatch) -> String {
        let (value, name, type_name) = (excerpt(value), &self.name, &self.type_name);
        match mismatch.reason {
            "" => format!("value '{value}' on column '{name}' is not {type_name}"),
            reason => format!("value '{value}' on column '{name}' is not {type_name}: {reason}"),
        }
    }

    /// Says that there is no value.
    pub(crate) fn describe_missing(&self) -> String {
        let name = &self.name;
        format!("column '{name}' has no value; it is not Nullable and has no DEFAULT")
    }
}

/// What a row without a value for a column gets.
#[derive(Debug)]
pub(crate) enum Missing {
    /// The column's DEFAULT, evaluated by us.
    Default(DefaultValue),
    /// The column's DEFAULT or zero value, filled in by the engine.
    Engine,
    /// `NULL`.
    Null,
    /// The quarantine.
    Refused,
}

/// Why a list of columns cannot be appended to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There are more columns than [`COLUMNS_MAX`].
    #[error("data source has {columns} columns, the limit is {COLUMNS_MAX}")]
    TooManyColumns {
        /// How many there are.
        columns: usize,
    },
    /// Two columns have the same name.
    #[error("column '{column}' is declared twice")]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// The type has no conversion from text or JSON.
    #[error(
        "column '{column}' has type {data_type}, which rows cannot fill; remove its JSONPath or use another type"
    )]
    UnsupportedType {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
    },
    /// The type names a time zone that is not in the time zone database.
    #[error(
        "column '{column}' has the unknown time zone '{zone}'; use a name such as 'Europe/Madrid'"
    )]
    UnknownZone {
        /// The column.
        column: String,
        /// The zone.
        zone: String,
    },
}

impl Schema {
    /// Checks the columns of `database.datasource`.
    ///
    /// The data source takes JSON when at least one column has a JSONPath. In such a data source a
    /// column without path is not read from JSON: its DEFAULT applies, or the engine fills it. The
    /// engine also fills `AggregateFunction` columns, and columns without path of a type that has no
    /// conversion.
    ///
    /// # Errors
    /// For too many columns, a name used twice, a JSONPath on a type that rows cannot fill, an unknown
    /// time zone.
    pub fn new(
        database: impl Into<String>,
        datasource: impl Into<String>,
        columns: Vec<Column>,
    ) -> Result<Self, SchemaError> {
        if columns.len() > COLUMNS_MAX {
            return Err(SchemaError::TooManyColumns {
                columns: columns.len(),
            });
        }
        let accepts_json = columns.iter().any(|column| column.json_path.is_some());
        check_names(&columns)?;
        let planned = columns
            .iter()
            .map(|column| plan(column, accepts_json))
            .collect::<Result<Vec<_>, _>>()?;
        let paths = columns.iter().enumerate().filter_map(|(index, column)| {
            let path = column.json_path.as_ref()?;
            Some((index, path::keys(path)))
        });
        let datasource = datasource.into();
        Ok(Self {
            database: database.into(),
            table: datasource.clone(),
            datasource,
            extractor: Extractor::new(paths),
            columns: planned,
            accepts_json,
        })
    }

    /// Returns the engine database of the data source.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Returns the schema for rows that go to a table with another name than the data source.
    #[must_use]
    pub fn in_table(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// Returns the data source's name.
    #[must_use]
    pub fn datasource(&self) -> &str {
        &self.datasource
    }

    /// Returns the name of its table, that of the data source unless said otherwise.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Returns true when the columns have JSONPaths.
    #[must_use]
    pub fn accepts_json(&self) -> bool {
        self.accepts_json
    }

    /// Returns the columns in order: the name, or nothing for a column that only the engine fills.
    pub(crate) fn filled_columns(&self) -> Vec<Option<&str>> {
        (self.columns.iter())
            .map(|column| column.kind.as_ref().map(|_| column.name.as_str()))
            .collect()
    }

    /// Returns the names of the columns in order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}

fn check_names(columns: &[Column]) -> Result<(), SchemaError> {
    let mut seen = std::collections::HashSet::new();
    match columns.iter().find(|column| !seen.insert(&column.name)) {
        Some(column) => Err(SchemaError::DuplicateColumn {
            column: column.name.clone(),
        }),
        None => Ok(()),
    }
}

fn plan(column: &Column, accepts_json: bool) -> Result<PlannedColumn, SchemaError> {
    let kind = match Kind::new(&column.data_type) {
        Ok(kind) => Some(kind),
        // States of aggregate functions come from materialized views only, and into a column without
        // path nothing is read: then the type does not matter.
        Err(_) if column.json_path.is_none() || is_state(&column.data_type) => None,
        Err(problem) => return Err(problem.on(column)),
    };
    let missing = match (&kind, &column.default) {
        (None, _) => Missing::Engine,
        (Some(_), None) if column.data_type.is_nullable() => Missing::Null,
        (Some(_), None) if accepts_json && column.json_path.is_none() => Missing::Engine,
        (Some(_), None) => Missing::Refused,
        (Some(kind), Some(expression)) => {
            DefaultValue::new(expression, kind).map_or(Missing::Engine, Missing::Default)
        }
    };
    let rest = column.json_path.as_ref().map(path::rest);
    Ok(PlannedColumn {
        name: column.name.clone(),
        type_name: match column.data_type.value_type() {
            DataType::Json(_) => "JSON".to_owned(),
            other => other.to_string(),
        },
        wire_type: wire_type(&column.data_type).to_string(),
        kind,
        rest: rest.unwrap_or_default().to_vec(),
        missing,
    })
}

fn is_state(data_type: &DataType) -> bool {
    matches!(data_type, DataType::AggregateFunction { .. })
}

/// The columns of one insert, in order.
pub(crate) type ColumnNames = Arc<[String]>;
