//! Tables of data sources and of their quarantines, as `CREATE TABLE`.

use birdhouse_catalog::content_hash;
use birdhouse_datafile::Datasource;
use birdhouse_ingest::{QUARANTINE_SUFFIX, quarantine_columns};
use birdhouse_sql::{quote_identifier, quote_string};

/// Settings of every table.
///
/// The window makes a repeated insert with the same token count once (engine.md, rule 9). The
/// other two are what current engines demand of projects written for older ones.
const SETTINGS: &[(&str, &str)] = &[
    ("non_replicated_deduplication_window", "1000"),
    ("allow_nullable_key", "1"),
    ("allow_dimensions_outside_sorting_key", "1"),
];

/// A table as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: String,
    /// Everything after the name: `(columns) ENGINE = …`.
    definition: String,
}

impl Table {
    /// Returns the table of a data source.
    pub(crate) fn of(datasource: &Datasource) -> Self {
        let columns = datasource
            .schema
            .columns
            .iter()
            .map(|column| column.definition());
        let implicit = datasource
            .implicit_columns()
            .into_iter()
            .map(|(name, data_type)| format!("{} {data_type}", quote_identifier(name)));
        let indexes = datasource.indexes.iter().map(|index| index.definition());
        let parts: Vec<String> = columns.chain(implicit).chain(indexes).collect();
        Self {
            name: datasource.name.to_string(),
            definition: format!(
                "({}) {}",
                parts.join(", "),
                datasource.engine.to_sql(SETTINGS)
            ),
        }
    }

    /// Returns the table for the rows that a data source refused.
    pub(crate) fn quarantine_of(datasource: &Datasource) -> Self {
        let names = datasource
            .schema
            .columns
            .iter()
            .map(|column| column.name.value.as_str());
        let columns = quarantine_columns(names);
        let insertion_date = columns
            .last()
            .map_or_else(|| "tuple()".to_owned(), |(name, _)| name.clone());
        let columns: Vec<String> = columns
            .into_iter()
            .map(|(name, data_type)| format!("{} {data_type}", quote_identifier(&name)))
            .collect();
        Self {
            name: format!("{}{QUARANTINE_SUFFIX}", datasource.name),
            definition: format!(
                "({}) ENGINE = MergeTree ORDER BY {insertion_date} \
                 SETTINGS non_replicated_deduplication_window = 1000",
                columns.join(", ")
            ),
        }
    }

    /// Returns the names of the columns of a data source's table.
    pub(crate) fn columns(datasource: &Datasource) -> Vec<String> {
        let own = datasource.schema.columns.iter();
        let implicit = datasource.implicit_columns().into_iter();
        own.map(|column| column.name.value.clone())
            .chain(implicit.map(|(name, _)| name.to_owned()))
            .collect()
    }

    /// Returns the names of the columns of its quarantine.
    pub(crate) fn quarantine_columns(datasource: &Datasource) -> Vec<String> {
        let own = datasource.schema.columns.iter();
        let columns = quarantine_columns(own.map(|column| column.name.value.as_str()));
        columns.into_iter().map(|(name, _)| name).collect()
    }

    /// Returns what the definition is recognised by later.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.definition)
    }

    /// Returns the statement that creates the table in `database`, under its own name.
    pub(crate) fn create(&self, database: &str) -> String {
        self.create_as(database, &self.name)
    }

    /// Returns the statement that creates the table as `database.name`.
    pub(crate) fn create_as(&self, database: &str, name: &str) -> String {
        format!(
            "CREATE TABLE {}.{} {} COMMENT {}",
            quote_identifier(database),
            quote_identifier(name),
            self.definition,
            quote_string(&self.fingerprint())
        )
    }
}

/// Returns the comment by which a definition is recognised later.
pub(crate) fn fingerprint(definition: &str) -> String {
    format!("birdhouse:{}", content_hash(definition))
}
