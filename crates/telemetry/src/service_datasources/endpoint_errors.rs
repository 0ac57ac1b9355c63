//! `tinybird.endpoint_errors`: requests to endpoints and to the Query API that failed.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, Record, ServiceDatasource, column, row};

pub(super) const DATASOURCE: ServiceDatasource = ServiceDatasource {
    name: "endpoint_errors",
    columns: &COLUMNS,
    engine: "MergeTree",
    partition_key: Some("toYYYYMM(toDate(start_datetime))"),
    sorting_key: "start_datetime",
    ttl: Some("start_datetime + toIntervalDay(30)"),
    view: None,
};

const COLUMNS: [Column; 9] = [
    column("start_datetime", "DateTime"),
    column("request_id", "String"),
    column("pipe_id", "String"),
    column("pipe_name", "String"),
    column("params", "Nullable(String)"),
    column("url", "Nullable(String)"),
    column("status_code", "Nullable(Int32)"),
    column("error", "Nullable(String)"),
    column("resource_tags", "Array(String)"),
];

/// A request that failed. A failed [`super::PipeCall`] gives one by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError {
    /// When the request began.
    pub start: Timestamp,
    /// Id of the request.
    pub request_id: String,
    /// Id of the pipe, empty when there is none.
    pub pipe_id: String,
    /// Name of the pipe as the client wrote it.
    pub pipe_name: String,
    /// Parameters of the request in their order; one named `token` is removed here.
    pub parameters: Vec<(String, String)>,
    /// Path and query of the request; parameters named `token` are removed here.
    pub url: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// What the client was told.
    pub error: String,
    /// Tags of the pipe.
    pub resource_tags: Vec<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(serialize_with = "row::datetime")]
    start_datetime: Timestamp,
    #[serde(serialize_with = "row::text")]
    request_id: &'a str,
    pipe_id: &'a str,
    #[serde(serialize_with = "row::text")]
    pipe_name: &'a str,
    params: String,
    url: Cow<'a, str>,
    status_code: u16,
    #[serde(serialize_with = "row::text")]
    error: &'a str,
    resource_tags: &'a [String],
}

impl Record for EndpointError {
    fn datasource(&self) -> &'static ServiceDatasource {
        &DATASOURCE
    }

    fn write_row(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = Row {
            start_datetime: self.start,
            request_id: &self.request_id,
            pipe_id: &self.pipe_id,
            pipe_name: &self.pipe_name,
            params: row::parameters_text(&self.parameters),
            url: row::url(&self.url),
            status_code: self.status,
            error: &self.error,
            resource_tags: &self.resource_tags,
        };
        serde_json::to_writer(out, &row)
    }
}
