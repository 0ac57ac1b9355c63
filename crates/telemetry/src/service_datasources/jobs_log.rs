//! `tinybird.jobs_log`: one row per job and state; the latest of a job is the one that counts.

use jiff::Timestamp;
use serde::Serialize;

use super::{Column, Record, ServiceDatasource, column, row};

pub(super) const DATASOURCE: ServiceDatasource = ServiceDatasource {
    name: "jobs_log",
    columns: &COLUMNS,
    engine: "ReplacingMergeTree(updated_at)",
    partition_key: Some("toYYYYMM(created_at)"),
    sorting_key: "created_at, job_id",
    ttl: None,
    view: None,
};

const COLUMNS: [Column; 12] = [
    column("job_id", "String"),
    column("job_type", "LowCardinality(String)"),
    column("status", "LowCardinality(String)"),
    column("error", "Nullable(String)"),
    column("workspace_id", "String"),
    column("request_id", "Nullable(String)"),
    column("pipe_id", "Nullable(String)"),
    column("datasource_id", "Nullable(String)"),
    column("created_at", "DateTime64(3)"),
    column("started_at", "Nullable(DateTime64(3))"),
    column("updated_at", "DateTime64(3)"),
    column("job_metadata", "String"),
];

/// A job in one of its states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobState {
    /// Id of the job.
    pub job_id: String,
    /// What it does, such as `import`.
    pub kind: String,
    /// How far it is, such as `working`.
    pub status: &'static str,
    /// Why it failed.
    pub error: Option<String>,
    /// Id of its workspace.
    pub workspace_id: String,
    /// Id of the request that asked for it.
    pub request_id: Option<String>,
    /// Id of the pipe that it runs.
    pub pipe_id: Option<String>,
    /// Id of the data source that it works on.
    pub datasource_id: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it came into this state.
    pub updated_at: Timestamp,
    /// What only its kind knows, as JSON.
    pub metadata: String,
}

#[derive(Serialize)]
struct Row<'a> {
    job_id: &'a str,
    job_type: &'a str,
    status: &'a str,
    #[serde(serialize_with = "row::optional_text")]
    error: Option<&'a str>,
    workspace_id: &'a str,
    request_id: Option<&'a str>,
    pipe_id: Option<&'a str>,
    datasource_id: Option<&'a str>,
    #[serde(serialize_with = "row::milliseconds")]
    created_at: Timestamp,
    #[serde(serialize_with = "row::optional_milliseconds")]
    started_at: Option<Timestamp>,
    #[serde(serialize_with = "row::milliseconds")]
    updated_at: Timestamp,
    #[serde(serialize_with = "row::text")]
    job_metadata: &'a str,
}

impl Record for JobState {
    fn datasource(&self) -> &'static ServiceDatasource {
        &DATASOURCE
    }

    fn write_row(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = Row {
            job_id: &self.job_id,
            job_type: &self.kind,
            status: self.status,
            error: self.error.as_deref(),
            workspace_id: &self.workspace_id,
            request_id: self.request_id.as_deref(),
            pipe_id: self.pipe_id.as_deref(),
            datasource_id: self.datasource_id.as_deref(),
            created_at: self.created_at,
            started_at: self.started_at,
            updated_at: self.updated_at,
            job_metadata: &self.metadata,
        };
        serde_json::to_writer(out, &row)
    }
}
