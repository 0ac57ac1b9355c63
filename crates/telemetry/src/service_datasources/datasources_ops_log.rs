//! `tinybird.datasources_ops_log`: one row per operation on a data source.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, Record, ServiceDatasource, column, row};

pub(super) const DATASOURCE: ServiceDatasource = ServiceDatasource {
    name: "datasources_ops_log",
    columns: &COLUMNS,
    engine: "MergeTree",
    partition_key: Some("toYYYYMM(timestamp)"),
    sorting_key: "datasource_id, timestamp",
    ttl: None,
    view: None,
};

const COLUMNS: [Column; 28] = [
    column("timestamp", "DateTime"),
    column("event_type", "String"),
    column("datasource_id", "String"),
    column("datasource_name", "String"),
    column("result", "String"),
    column("elapsed_time", "Float32"),
    column("error", "Nullable(String)"),
    column("Options.Names", "Array(String)"),
    column("Options.Values", "Array(String)"),
    column("request_id", "String"),
    column("import_id", "Nullable(String)"),
    column("job_id", "Nullable(String)"),
    column("rows", "Nullable(UInt64)"),
    column("rows_quarantine", "Nullable(UInt64)"),
    column("blocks_ids", "Array(String)"),
    column("operation_id", "String"),
    column("read_rows", "UInt64"),
    column("read_bytes", "UInt64"),
    column("cpu_time", "Float32"),
    column("memory_usage", "UInt64"),
    column("written_rows", "UInt64"),
    column("written_bytes", "UInt64"),
    column("written_rows_quarantine", "UInt64"),
    column("written_bytes_quarantine", "UInt64"),
    column("pipe_id", "String"),
    column("pipe_name", "String"),
    column("release", "String"),
    column("resource_tags", "Array(String)"),
];

/// What was done to a data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationType {
    /// `create`
    Create,
    /// `append`: rows from a body, a file or a URL.
    Append,
    /// `append-hfi`: rows from the Events API.
    AppendHfi,
    /// `replace`
    Replace,
    /// `delete`
    Delete,
    /// `truncate`
    Truncate,
    /// `rename`
    Rename,
    /// `populateview-queued`
    PopulateViewQueued,
    /// `populateview`
    PopulateView,
    /// `copy`
    Copy,
    /// `alter`
    Alter,
}

/// An operation on a data source, finished or failed.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasourceOperation {
    /// When it began.
    pub start: Timestamp,
    /// What was done.
    pub event_type: OperationType,
    /// Id of the data source.
    pub datasource_id: String,
    /// Name of the data source.
    pub datasource_name: String,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it failed, if it did; decides the column `result`.
    pub error: Option<String>,
    /// Names and values of its options.
    pub options: Vec<(String, String)>,
    /// Id of the request.
    pub request_id: String,
    /// Id of the import, if it is one.
    pub import_id: Option<String>,
    /// Id of the job, if there is one.
    pub job_id: Option<String>,
    /// Rows appended.
    pub rows: Option<u64>,
    /// Rows sent to quarantine.
    pub rows_quarantine: Option<u64>,
    /// Ids of the ingested blocks.
    pub blocks_ids: Vec<String>,
    /// Groups the operations that one ingest started.
    pub operation_id: String,
    /// Rows that the engine read.
    pub read_rows: u64,
    /// Bytes that the engine read.
    pub read_bytes: u64,
    /// Processor time of the engine.
    pub cpu_time: Duration,
    /// Most memory that the engine used, in bytes.
    pub memory_usage: u64,
    /// Rows written, those of materialized views included.
    pub written_rows: u64,
    /// Bytes written, those of materialized views included.
    pub written_bytes: u64,
    /// Rows written to the quarantine.
    pub written_rows_quarantine: u64,
    /// Bytes written to the quarantine.
    pub written_bytes_quarantine: u64,
    /// Id of the pipe that wrote, empty when there is none.
    pub pipe_id: String,
    /// Name of the pipe that wrote, empty when there is none.
    pub pipe_name: String,
    /// Id of the deployment.
    pub release: String,
    /// Tags of the data source.
    pub resource_tags: Vec<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(serialize_with = "row::datetime")]
    timestamp: Timestamp,
    event_type: &'static str,
    datasource_id: &'a str,
    datasource_name: &'a str,
    result: &'static str,
    elapsed_time: f32,
    #[serde(serialize_with = "row::optional_text")]
    error: Option<&'a str>,
    #[serde(rename = "Options.Names")]
    option_names: Vec<&'a str>,
    #[serde(rename = "Options.Values")]
    option_values: Vec<&'a str>,
    #[serde(serialize_with = "row::text")]
    request_id: &'a str,
    import_id: Option<&'a str>,
    job_id: Option<&'a str>,
    rows: Option<u64>,
    rows_quarantine: Option<u64>,
    blocks_ids: &'a [String],
    operation_id: &'a str,
    read_rows: u64,
    read_bytes: u64,
    cpu_time: f32,
    memory_usage: u64,
    written_rows: u64,
    written_bytes: u64,
    written_rows_quarantine: u64,
    written_bytes_quarantine: u64,
    pipe_id: &'a str,
    pipe_name: &'a str,
    release: &'a str,
    resource_tags: &'a [String],
}

impl OperationType {
    /// Returns the text of the column `event_type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Append => "append",
            Self::AppendHfi => "append-hfi",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Rename => "rename",
            Self::PopulateViewQueued => "populateview-queued",
            Self::PopulateView => "populateview",
            Self::Copy => "copy",
            Self::Alter => "alter",
        }
    }
}

impl DatasourceOperation {
    /// Returns an operation without errors or counters; the other fields are set by name:
    /// `DatasourceOperation { rows: Some(3), ..DatasourceOperation::new(…) }`.
    #[must_use]
    pub fn new(
        start: Timestamp,
        event_type: OperationType,
        datasource_id: impl Into<String>,
        datasource_name: impl Into<String>,
    ) -> Self {
        Self {
            start,
            event_type,
            datasource_id: datasource_id.into(),
            datasource_name: datasource_name.into(),
            elapsed: Duration::ZERO,
            error: None,
            options: Vec::new(),
            request_id: String::new(),
            import_id: None,
            job_id: None,
            rows: None,
            rows_quarantine: None,
            blocks_ids: Vec::new(),
            operation_id: String::new(),
            read_rows: 0,
            read_bytes: 0,
            cpu_time: Duration::ZERO,
            memory_usage: 0,
            written_rows: 0,
            written_bytes: 0,
            written_rows_quarantine: 0,
            written_bytes_quarantine: 0,
            pipe_id: String::new(),
            pipe_name: String::new(),
            release: String::new(),
            resource_tags: Vec::new(),
        }
    }
}

impl Record for DatasourceOperation {
    fn datasource(&self) -> &'static ServiceDatasource {
        &DATASOURCE
    }

    fn write_row(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = Row {
            timestamp: self.start,
            event_type: self.event_type.as_str(),
            datasource_id: &self.datasource_id,
            datasource_name: &self.datasource_name,
            result: if self.error.is_none() { "ok" } else { "error" },
            elapsed_time: self.elapsed.as_secs_f32(),
            error: self.error.as_deref(),
            option_names: self
                .options
                .iter()
                .map(|(name, _)| row::cut(name))
                .collect(),
            option_values: self
                .options
                .iter()
                .map(|(_, value)| row::cut(value))
                .collect(),
            request_id: &self.request_id,
            import_id: self.import_id.as_deref(),
            job_id: self.job_id.as_deref(),
            rows: self.rows,
            rows_quarantine: self.rows_quarantine,
            blocks_ids: &self.blocks_ids,
            operation_id: &self.operation_id,
            read_rows: self.read_rows,
            read_bytes: self.read_bytes,
            cpu_time: self.cpu_time.as_secs_f32(),
            memory_usage: self.memory_usage,
            written_rows: self.written_rows,
            written_bytes: self.written_bytes,
            written_rows_quarantine: self.written_rows_quarantine,
            written_bytes_quarantine: self.written_bytes_quarantine,
            pipe_id: &self.pipe_id,
            pipe_name: &self.pipe_name,
            release: &self.release,
            resource_tags: &self.resource_tags,
        };
        serde_json::to_writer(out, &row)
    }
}
