//! `tinybird.block_log`: one row per block of an imported file.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, Record, ServiceDatasource, column, row};

pub(super) const DATASOURCE: ServiceDatasource = ServiceDatasource {
    name: "block_log",
    columns: &COLUMNS,
    engine: "MergeTree",
    partition_key: Some("toYear(timestamp)"),
    sorting_key: "timestamp, cityHash64(datasource_name)",
    ttl: None,
    view: None,
};

const COLUMNS: [Column; 18] = [
    column("timestamp", "DateTime"),
    column("request_id", "String"),
    column("import_id", "String"),
    column("job_id", "Nullable(String)"),
    column("source", "String"),
    column("block_id", "String"),
    column("status", "String"),
    column("datasource_id", "String"),
    column("datasource_name", "String"),
    column("start_offset", "Nullable(Int64)"),
    column("end_offset", "Nullable(Int64)"),
    column("rows", "Nullable(Int32)"),
    column("parser", "Nullable(String)"),
    column("quarantine_lines", "Nullable(UInt32)"),
    column("empty_lines", "Nullable(UInt32)"),
    column("bytes", "Nullable(UInt32)"),
    column("processing_time", "Nullable(Float32)"),
    column("processing_error", "Nullable(String)"),
];

/// A block that was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredBlock {
    /// When it was stored.
    pub at: Timestamp,
    /// Id of the request.
    pub request_id: String,
    /// Id of the import.
    pub import_id: String,
    /// Id of the job, if there is one.
    pub job_id: Option<String>,
    /// Where the bytes came from: `body` or a URL, whose tokens are removed here.
    pub source: String,
    /// Its own id.
    pub block_id: String,
    /// Id of the data source.
    pub datasource_id: String,
    /// Name of the data source.
    pub datasource_name: String,
    /// Where the block begins in the file, in bytes.
    pub start_offset: u64,
    /// Where it ends.
    pub end_offset: u64,
    /// Good and bad rows.
    pub rows: u64,
    /// Bad rows.
    pub quarantine_rows: u64,
    /// How long it took.
    pub processing: Duration,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(serialize_with = "row::datetime")]
    timestamp: Timestamp,
    request_id: &'a str,
    import_id: &'a str,
    job_id: Option<&'a str>,
    source: &'a str,
    block_id: &'a str,
    status: &'static str,
    datasource_id: &'a str,
    datasource_name: &'a str,
    start_offset: u64,
    end_offset: u64,
    rows: u64,
    parser: &'static str,
    quarantine_lines: u64,
    empty_lines: u64,
    bytes: u64,
    processing_time: f32,
    /// A block that failed is not stored, and its import says why.
    processing_error: Option<&'a str>,
}

impl Record for StoredBlock {
    fn datasource(&self) -> &'static ServiceDatasource {
        &DATASOURCE
    }

    fn write_row(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = Row {
            timestamp: self.at,
            request_id: &self.request_id,
            import_id: &self.import_id,
            job_id: self.job_id.as_deref(),
            source: &row::url(&self.source),
            block_id: &self.block_id,
            status: "done",
            datasource_id: &self.datasource_id,
            datasource_name: &self.datasource_name,
            start_offset: self.start_offset,
            end_offset: self.end_offset,
            rows: self.rows,
            parser: "birdhouse",
            quarantine_lines: self.quarantine_rows,
            empty_lines: 0,
            bytes: self.end_offset.saturating_sub(self.start_offset),
            processing_time: self.processing.as_secs_f32(),
            processing_error: None,
        };
        serde_json::to_writer(out, &row)
    }
}
