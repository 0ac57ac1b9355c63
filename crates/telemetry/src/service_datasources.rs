//! The service data sources that are filled, one file each: the definition of the table and the record
//! that becomes its row.
//!
//! Columns, order and keys are those of the reference product, because its users' queries name them.
//! A new one is a new file and a line in [`SERVICE_DATASOURCES`].

mod block_log;
mod datasources_ops_log;
mod endpoint_errors;
mod jobs_log;
mod pipe_stats_rt;
mod row;

use std::fmt::Write;

use birdhouse_engine::SERVICE_DATABASE;

use crate::limits::DEDUPLICATION_WINDOW;

pub use block_log::StoredBlock;
pub use datasources_ops_log::{DatasourceOperation, OperationType};
pub use endpoint_errors::EndpointError;
pub use jobs_log::JobState;
pub use pipe_stats_rt::{PipeCall, QUERY_API};

/// All service data sources that are filled.
pub const SERVICE_DATASOURCES: [&ServiceDatasource; 5] = [
    &pipe_stats_rt::DATASOURCE,
    &datasources_ops_log::DATASOURCE,
    &endpoint_errors::DATASOURCE,
    &jobs_log::DATASOURCE,
    &block_log::DATASOURCE,
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
    /// Returns the statement that creates the table when it does not exist.
    #[must_use]
    pub fn ddl(&self) -> String {
        let mut ddl = format!(
            "CREATE TABLE IF NOT EXISTS {SERVICE_DATABASE}.{}\n(\n",
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
        ddl
    }
}

const fn column(name: &'static str, type_name: &'static str) -> Column {
    Column { name, type_name }
}

#[cfg(test)]
mod tests;
