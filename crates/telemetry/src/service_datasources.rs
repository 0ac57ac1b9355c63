//! The service data sources. Those that are filled have one file each: the definition of the table and
//! the record that becomes its row. `daily` holds those that views fill, `empty` those that nothing
//! fills yet.
//!
//! Columns, order and keys are those of the reference product, because its users' queries name them.
//! A new one is a new file and a line in [`SERVICE_DATASOURCES`].

mod block_log;
mod daily;
mod datasources_ops_log;
mod datasources_storage;
mod empty;
mod endpoint_errors;
mod jobs_log;
mod pipe_stats_rt;
mod row;

use std::fmt::Write;

use birdhouse_sql::quote_identifier;

use crate::limits::DEDUPLICATION_WINDOW;

pub use block_log::StoredBlock;
pub use datasources_ops_log::{DatasourceOperation, OperationType};
pub use datasources_storage::DatasourceStorage;
pub use endpoint_errors::EndpointError;
pub use jobs_log::JobState;
pub use pipe_stats_rt::{PipeCall, QUERY_API};

/// All service data sources of a workspace.
pub const SERVICE_DATASOURCES: [&ServiceDatasource; 11] = [
    &pipe_stats_rt::DATASOURCE,
    &datasources_ops_log::DATASOURCE,
    &endpoint_errors::DATASOURCE,
    &daily::PIPE_STATS,
    &daily::DATASOURCES_OPS_STATS,
    &block_log::DATASOURCE,
    &datasources_storage::DATASOURCE,
    &jobs_log::DATASOURCE,
    &empty::KAFKA_OPS_LOG,
    &empty::LLM_USAGE,
    &empty::SINKS_OPS_LOG,
];

/// A table of the service database.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceDatasource {
    /// Name of the table, without database.
    pub name: &'static str,
    /// Its columns in their order.
    pub columns: &'static [Column],
    /// Table engine, such as `MergeTree`.
    pub engine: &'static str,
    /// Expression of the partition key; none means one partition.
    pub partition_key: Option<&'static str>,
    /// Expressions of the sorting key.
    pub sorting_key: &'static str,
    /// When rows are removed; none means never.
    pub ttl: Option<&'static str>,
    /// Where a view takes its rows from; none means that records are inserted.
    pub view: Option<View>,
}

/// The materialized view that fills a service data source.
#[derive(Debug, PartialEq, Eq)]
pub struct View {
    /// The service data source that it reads.
    pub source: &'static str,
    /// The query up to `FROM`.
    pub select: &'static str,
    /// What follows the source.
    pub group_by: &'static str,
}

/// A column of a service data source.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; may contain a dot.
    pub name: &'static str,
    /// Its type in the engine.
    pub type_name: &'static str,
}

/// What becomes a row of a service data source.
pub(crate) trait Record {
    /// Where the row belongs.
    fn datasource(&self) -> &'static ServiceDatasource;

    /// Appends the row as one JSON object without a line end.
    fn write_row(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;
}

impl ServiceDatasource {
    /// Returns the statement that creates the table in `database` when it does not exist.
    #[must_use]
    pub fn ddl(&self, database: &str) -> String {
        let mut ddl = format!(
            "CREATE TABLE IF NOT EXISTS {}.{}\n(\n",
            quote_identifier(database),
            self.name
        );
        for (index, Column { name, type_name }) in self.columns.iter().enumerate() {
            let end = if index + 1 < self.columns.len() {
                ","
            } else {
                ""
            };
            // Writing to a String cannot fail.
            writeln!(ddl, "    `{name}` {type_name}{end}").ok();
        }
        write!(ddl, ")\nENGINE = {}", self.engine).ok();
        if let Some(partition_key) = self.partition_key {
            write!(ddl, "\nPARTITION BY {partition_key}").ok();
        }
        write!(ddl, "\nORDER BY ({})", self.sorting_key).ok();
        if let Some(ttl) = self.ttl {
            write!(ddl, "\nTTL {ttl}").ok();
        }
        // Without the window an insert that is tried again would count twice.
        write!(
            ddl,
            "\nSETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}"
        )
        .ok();
        if self.engine != "MergeTree" {
            // Names that follow from ids, and tags, stand beside what is added up.
            ddl.push_str(", allow_dimensions_outside_sorting_key = 1");
        }
        ddl
    }

    /// Returns the statement that creates the view which fills the table, when one does.
    #[must_use]
    pub fn view_ddl(&self, database: &str) -> Option<String> {
        let view = self.view.as_ref()?;
        let (database, name) = (quote_identifier(database), self.name);
        Some(format!(
            "CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{name}_view TO {database}.{name} AS\n\
             SELECT {}\nFROM {database}.{}\nGROUP BY {}",
            view.select, view.source, view.group_by
        ))
    }
}

const fn column(name: &'static str, type_name: &'static str) -> Column {
    Column { name, type_name }
}

#[cfg(test)]
mod tests;
