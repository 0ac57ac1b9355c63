//! What becomes of the rows of a data source whose definition changes. Pure: no engine.
//!
//! A deployment never changes a table that is live. A changed data source gets a new table, and its
//! rows come into it in one of two ways: by hard links to the files of the old table, when rows
//! stay as they are (other columns added, another default, TTL, index, setting or engine), or
//! by selecting them from the old table, when they have to be written anew.

mod widen;

#[cfg(test)]
mod tests;

use birdhouse_datafile::{Datasource, EngineFamily};
use birdhouse_sql::{DataType, quote_identifier, quote_string};

pub(crate) use widen::widens;

/// How the table of a data source differs from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Not at all.
    Same,
    /// Rows stay as they are.
    Carry {
        /// Clauses of `ALTER TABLE` that make the old table like the new one: tables with other indexes
        /// share no files.
        added: Vec<String>,
    },
    /// Rows have to be written anew.
    Rewrite {
        /// What has changed, for people.
        reasons: Vec<String>,
        /// How rows can be copied.
        copy: Copy,
    },
}

/// How rows come from a table into another one with other columns or keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Each new column that gets a value, with its expression over the old table.
    pub(crate) columns: Vec<(String, String)>,
    /// Old columns that are left behind.
    pub(crate) dropped: Vec<String>,
    /// Why this may not be what is meant.
    pub(crate) doubts: Vec<String>,
}

impl Copy {
    /// Returns the copy that takes every column as it is.
    pub(crate) fn of_all_columns(datasource: Option<&Datasource>) -> Self {
        let columns = datasource.map(columns).unwrap_or_default();
        let same = |column: TableColumn| (column.name.clone(), quote_identifier(&column.name));
        Self {
            columns: columns.into_iter().map(same).collect(),
            ..Self::default()
        }
    }

    /// Returns the `FORWARD_QUERY` that says the same, as it can stand in a datafile.
    pub(crate) fn as_forward_query(&self) -> String {
        let columns = self.columns.iter().map(|(name, expression)| {
            let name = quote_identifier(name);
            if *expression == name {
                name
            } else {
                format!("{expression} AS {name}")
            }
        });
        format!("SELECT {}", columns.collect::<Vec<_>>().join(", "))
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TableColumn {
    name: String,
    /// Absent when the engine derives it from the default.
    data_type: Option<String>,
    has_default: bool,
    definition: String,
}

/// Compares two definitions of a data source's table.
pub(crate) fn compare(old: &Datasource, new: &Datasource) -> Change {
    let (before, after) = (columns(old), columns(new));
    let mut reasons = Vec::new();
    for column in &after {
        let old = before.iter().find(|old| old.name == column.name);
        match old {
            None => {}
            Some(old) if old.data_type == column.data_type => {}
            Some(old) => reasons.push(format!(
                "column {} was {} and is {}",
                column.name,
                shown(old.data_type.as_deref()),
                shown(column.data_type.as_deref())
            )),
        }
    }
    let dropped: Vec<String> = before
        .iter()
        .filter(|old| after.iter().all(|column| column.name != old.name))
        .map(|old| old.name.clone())
        .collect();
    reasons.extend(dropped.iter().map(|name| format!("column {name} is gone")));
    keys(old, new, &mut reasons);
    if reasons.is_empty() {
        let mut added = added(&before, &after);
        added.extend(index_clauses(old, new));
        return Change::Carry { added };
    }
    let added: Vec<&TableColumn> = after
        .iter()
        .filter(|column| before.iter().all(|old| old.name != column.name))
        .collect();
    reasons.extend(
        added
            .iter()
            .map(|column| format!("column {} is new", column.name)),
    );
    Change::Rewrite {
        reasons,
        copy: copy(&before, &after, dropped),
    }
}

/// Works out how rows of the old columns become rows of the new ones.
fn copy(before: &[TableColumn], after: &[TableColumn], dropped: Vec<String>) -> Copy {
    let mut copy = Copy {
        dropped,
        ..Copy::default()
    };
    let is_any_new = |column: &TableColumn| before.iter().all(|old| old.name != column.name);
    if !copy.dropped.is_empty() && after.iter().any(is_any_new) {
        copy.doubts
            .push("a column is gone and another one is new: it may be a new name".to_owned());
    }
    for column in after {
        let name = quote_identifier(&column.name);
        let Some(old) = before.iter().find(|old| old.name == column.name) else {
            // Without a default it gets what a missing value of its type is.
            if let (false, Some(data_type)) = (column.has_default, &column.data_type) {
                let value = format!("defaultValueOfTypeName({})", quote_string(data_type));
                copy.columns.push((column.name.clone(), value));
            }
            continue;
        };
        let (was, is) = (parsed(old), parsed(column));
        let expression = match (was, is) {
            _ if old.data_type == column.data_type => name,
            (Some(was), Some(is)) => {
                if !widens(&was, &is) {
                    copy.doubts.push(format!(
                        "values of column {} may not fit: {was} becomes {is}",
                        column.name
                    ));
                }
                cast(&name, &is, widens(&was, &is))
            }
            _ => {
                copy.doubts.push(format!(
                    "the type of column {} follows from its default",
                    column.name
                ));
                name
            }
        };
        copy.columns.push((column.name.clone(), expression));
    }
    copy
}

/// Returns a conversion that cannot fail when `is_lossless`, and else gives the type's default for
/// what does not fit, as far as the engine can.
fn cast(name: &str, to: &DataType, is_lossless: bool) -> String {
    let has_accurate = matches!(
        to,
        DataType::Int(_)
            | DataType::UInt(_)
            | DataType::Float32
            | DataType::Float64
            | DataType::Date
            | DataType::Date32
            | DataType::DateTime { .. }
            | DataType::DateTime64 { .. }
            | DataType::Uuid
            | DataType::Ipv4
            | DataType::Ipv6
            | DataType::Decimal { .. }
    );
    let target = quote_string(&to.to_string());
    match to {
        DataType::String => format!("toString({name})"),
        _ if has_accurate && !is_lossless => format!("accurateCastOrDefault({name}, {target})"),
        _ => format!("CAST({name}, {target})"),
    }
}

fn columns(datasource: &Datasource) -> Vec<TableColumn> {
    let own = datasource.schema.columns.iter().map(|column| TableColumn {
        name: column.name.value.clone(),
        data_type: column.data_type.as_ref().map(ToString::to_string),
        has_default: column.default.is_some(),
        definition: column.definition(),
    });
    let implicit = datasource.implicit_columns().into_iter();
    own.chain(implicit.map(|(name, data_type)| TableColumn {
        name: name.to_owned(),
        data_type: Some(data_type.to_owned()),
        has_default: false,
        definition: format!("{} {data_type}", quote_identifier(name)),
    }))
    .collect()
}

/// Returns the clauses that add to `before` what it lacks of `after`, each at its place.
fn added(before: &[TableColumn], after: &[TableColumn]) -> Vec<String> {
    let mut previous: Option<&TableColumn> = None;
    let mut clauses = Vec::new();
    for column in after {
        if before.iter().all(|old| old.name != column.name) {
            let place = previous.map_or_else(
                || "FIRST".to_owned(),
                |previous| format!("AFTER {}", quote_identifier(&previous.name)),
            );
            clauses.push(format!("ADD COLUMN {} {place}", column.definition));
        }
        previous = Some(column);
    }
    clauses
}

/// Returns the clauses that give `old` the indexes of `new`.
fn index_clauses(old: &Datasource, new: &Datasource) -> Vec<String> {
    let definitions = |datasource: &Datasource| -> Vec<(String, String)> {
        let indexes = datasource.indexes.iter();
        indexes
            .map(|index| (quote_identifier(&index.name.value), index.definition()))
            .collect()
    };
    let (before, after) = (definitions(old), definitions(new));
    let dropped = before.iter().filter(|index| !after.contains(index));
    let dropped = dropped.map(|(name, _)| format!("DROP INDEX {name}"));
    let added = after.iter().filter(|index| !before.contains(index));
    let added = added.map(|(_, definition)| format!("ADD {definition}"));
    dropped.chain(added).collect()
}

/// Reports keys that differ, and engines whose files cannot be shared.
fn keys(old: &Datasource, new: &Datasource, reasons: &mut Vec<String>) {
    let (before, after) = (&old.engine, &new.engine);
    let keys = [
        ("sorting key", &before.sorting_key, &after.sorting_key),
        ("partition key", &before.partition_key, &after.partition_key),
        ("primary key", &before.primary_key, &after.primary_key),
        ("sampling key", &before.sampling_key, &after.sampling_key),
    ];
    for (what, old, new) in keys {
        let text = |key: &Option<birdhouse_datafile::Spanned<String>>| {
            key.as_ref().map_or("", |key| key.value.as_str()).to_owned()
        };
        let (old, new) = (text(old), text(new));
        if squeezed(&old) != squeezed(&new) {
            reasons.push(format!("the {what} was ({old}) and is ({new})"));
        }
    }
    if before.family != after.family && !(has_parts(&before.family) && has_parts(&after.family)) {
        let (old, new) = (before.family.name(), after.family.name());
        reasons.push(format!("the engine was {old} and is {new}"));
    }
}

/// Returns true for engines that keep their rows in parts, which tables can share.
pub(crate) fn has_parts(family: &EngineFamily) -> bool {
    !matches!(family, EngineFamily::Null | EngineFamily::Join { .. })
}

fn parsed(column: &TableColumn) -> Option<DataType> {
    DataType::parse(column.data_type.as_deref()?).ok()
}

fn shown(data_type: Option<&str>) -> &str {
    data_type.unwrap_or("the type of its default")
}

/// Returns the text without blanks and backticks, which do not change a key.
fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '`')
        .collect()
}
