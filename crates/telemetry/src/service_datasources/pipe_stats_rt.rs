//! `tinybird.pipe_stats_rt`: one row per request to an endpoint or to the Query API.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, EndpointError, Record, ServiceDatasource, column, row};

/// Id and name of the pipe in the rows of Query API requests.
pub const QUERY_API: &str = "query_api";

pub(super) const DATASOURCE: ServiceDatasource = ServiceDatasource {
    name: "pipe_stats_rt",
    columns: &COLUMNS,
    engine: "MergeTree",
    partition_key: None,
    sorting_key: "pipe_id, start_datetime",
    ttl: Some("start_datetime + toIntervalMonth(3)"),
    view: None,
};

const COLUMNS: [Column; 23] = [
    column("start_datetime", "DateTime"),
    column("pipe_id", "String"),
    column("pipe_name", "String"),
    column("token", "String"),
    column("token_name", "String"),
    column("duration", "Float32"),
    column("read_bytes", "UInt64"),
    column("read_rows", "UInt64"),
    column("cpu_time", "Float32"),
    column("result_rows", "UInt64"),
    column("url", "Nullable(String)"),
    column("error", "UInt8"),
    column("error_message", "Nullable(String)"),
    column("status_code", "Int32"),
    column("request_id", "String"),
    column("parameters", "Map(String, String)"),
    column("method", "String"),
    column("release", "String"),
    column("user_agent", "Nullable(String)"),
    column("client_ip", "Nullable(String)"),
    column("resource_tags", "Array(String)"),
    column("memory_usage", "UInt64"),
    column("replica", "String"),
];

/// A request to an endpoint or to the Query API.
#[derive(Clone, Debug, PartialEq)]
pub struct PipeCall {
    /// When the request began.
    pub start: Timestamp,
    /// Id of the pipe, or [`QUERY_API`].
    pub pipe_id: String,
    /// Name of the pipe, or [`QUERY_API`].
    pub pipe_name: String,
    /// Id of the token, never its value.
    pub token_id: String,
    /// Name of the token.
    pub token_name: String,
    /// Time from the request to the end of the answer.
    pub duration: Duration,
    /// Bytes that the engine read.
    pub read_bytes: u64,
    /// Rows that the engine read.
    pub read_rows: u64,
    /// Processor time of the engine.
    pub cpu_time: Duration,
    /// Rows of the answer.
    pub result_rows: u64,
    /// Path and query of the request; parameters named `token` are removed here.
    pub url: String,
    /// What the client was told, when the request failed.
    pub error: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Id of the request.
    pub request_id: String,
    /// Parameters of the request in their order; one named `token` is removed here.
    pub parameters: Vec<(String, String)>,
    /// HTTP method.
    pub method: String,
    /// Id of the deployment that answered.
    pub release: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Address of the client.
    pub client_ip: Option<String>,
    /// Tags of the pipe.
    pub resource_tags: Vec<String>,
    /// Most memory that the engine used, in bytes.
    pub memory_usage: u64,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(serialize_with = "row::datetime")]
    start_datetime: Timestamp,
    pipe_id: &'a str,
    pipe_name: &'a str,
    token: &'a str,
    token_name: &'a str,
    duration: f32,
    read_bytes: u64,
    read_rows: u64,
    cpu_time: f32,
    result_rows: u64,
    url: Cow<'a, str>,
    error: u8,
    #[serde(serialize_with = "row::optional_text")]
    error_message: Option<&'a str>,
    status_code: u16,
    #[serde(serialize_with = "row::text")]
    request_id: &'a str,
    #[serde(serialize_with = "row::parameters")]
    parameters: &'a [(String, String)],
    #[serde(serialize_with = "row::text")]
    method: &'a str,
    release: &'a str,
    #[serde(serialize_with = "row::optional_text")]
    user_agent: Option<&'a str>,
    #[serde(serialize_with = "row::optional_text")]
    client_ip: Option<&'a str>,
    resource_tags: &'a [String],
    memory_usage: u64,
    /// There is one server.
    replica: &'a str,
}

impl PipeCall {
    /// Returns a call without errors or counters; the other fields are set by name:
    /// `PipeCall { status: 404, ..PipeCall::new(start, id, name) }`.
    #[must_use]
    pub fn new(start: Timestamp, pipe_id: impl Into<String>, pipe_name: impl Into<String>) -> Self {
        Self {
            start,
            pipe_id: pipe_id.into(),
            pipe_name: pipe_name.into(),
            token_id: String::new(),
            token_name: String::new(),
            duration: Duration::ZERO,
            read_bytes: 0,
            read_rows: 0,
            cpu_time: Duration::ZERO,
            result_rows: 0,
            url: String::new(),
            error: None,
            status: 200,
            request_id: String::new(),
            parameters: Vec::new(),
            method: String::new(),
            release: String::new(),
            user_agent: None,
            client_ip: None,
            resource_tags: Vec::new(),
            memory_usage: 0,
        }
    }

    /// Returns the row of `tinybird.endpoint_errors` that a failed call also gives.
    pub(crate) fn into_endpoint_error(self) -> Option<EndpointError> {
        Some(EndpointError {
            start: self.start,
            request_id: self.request_id,
            pipe_id: self.pipe_id,
            pipe_name: self.pipe_name,
            parameters: self.parameters,
            url: self.url,
            status: self.status,
            error: self.error?,
            resource_tags: self.resource_tags,
        })
    }
}

impl Record for PipeCall {
    fn datasource(&self) -> &'static ServiceDatasource {
        &DATASOURCE
    }

    fn write_row(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = Row {
            start_datetime: self.start,
            pipe_id: &self.pipe_id,
            pipe_name: &self.pipe_name,
            token: &self.token_id,
            token_name: &self.token_name,
            duration: self.duration.as_secs_f32(),
            read_bytes: self.read_bytes,
            read_rows: self.read_rows,
            cpu_time: self.cpu_time.as_secs_f32(),
            result_rows: self.result_rows,
            url: row::url(&self.url),
            error: self.error.is_some().into(),
            error_message: self.error.as_deref(),
            status_code: self.status,
            request_id: &self.request_id,
            parameters: &self.parameters,
            method: &self.method,
            release: &self.release,
            user_agent: self.user_agent.as_deref(),
            client_ip: self.client_ip.as_deref(),
            resource_tags: &self.resource_tags,
            memory_usage: self.memory_usage,
            replica: "",
        };
        serde_json::to_writer(out, &row)
    }
}
