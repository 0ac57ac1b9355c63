//! `tinybird.datasources_storage`: one row per data source and day, with the most that it held; `max()`
//! over the rows of a day is the answer, as in the reference product.

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, Record, ServiceDatasource, column, row};

pub(super) const DATASOURCE: ServiceDatasource = ServiceDatasource {
    name: "datasources_storage",
    columns: &COLUMNS,
    engine: "AggregatingMergeTree",
    partition_key: Some("toYYYYMM(timestamp)"),
    sorting_key: "datasource_id, timestamp",
    ttl: None,
    view: None,
};

const COLUMNS: [Column; 7] = [
    column("datasource_id", "String"),
    column("datasource_name", "String"),
    column("timestamp", "DateTime"),
    column("bytes", "SimpleAggregateFunction(max, UInt64)"),
    column("rows", "SimpleAggregateFunction(max, UInt64)"),
    column("bytes_quarantine", "SimpleAggregateFunction(max, UInt64)"),
    column("rows_quarantine", "SimpleAggregateFunction(max, UInt64)"),
];

/// What a data source holds at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatasourceStorage {
    /// Id of the data source.
    pub datasource_id: String,
    /// Its name.
    pub datasource_name: String,
    /// The day, at its beginning.
    #[serde(serialize_with = "row::datetime")]
    pub timestamp: Timestamp,
    /// Compressed bytes on disk.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Compressed bytes of its quarantine.
    pub bytes_quarantine: u64,
    /// Rows of its quarantine.
    pub rows_quarantine: u64,
}

impl Record for DatasourceStorage {
    fn datasource(&self) -> &'static ServiceDatasource {
        &DATASOURCE
    }

    fn write_row(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, self)
    }
}
