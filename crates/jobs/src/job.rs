//! A job at one moment, and how it is kept.

use birdhouse_catalog::{CatalogError, JobId, JobRecord, JobStatus, SecretText, WorkspaceId};
use birdhouse_telemetry::JobState;
use jiff::Timestamp;

use crate::details::Details;
use crate::limits::WAITING_MAX;

/// What a job that a crash interrupted says, when nothing more is known of it.
pub(crate) const INTERRUPTED: &str = "the server stopped before the job ended; rows may have been stored in part: look at the data source before you try again";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// What it does, such as `import`.
    pub kind: &'static str,
    /// Whether it can be told to end while it runs.
    pub is_cancellable: bool,
    /// What it is about; its data source has one job at a time.
    pub details: Details,
}

/// What becomes of a job that an earlier process did not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It failed.
    Failed(String),
    /// It had done its work.
    Done,
    /// It is to be resumed: see [`Jobs::resume`].
    GoesOn,
}

impl Default for Fate {
    fn default() -> Self {
        Self::Failed(INTERRUPTED.to_owned())
    }
}

/// A job at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// What it does, such as `import`.
    pub kind: String,
    /// How far it is.
    pub status: JobStatus,
    /// Whether it can be told to end now.
    pub is_cancellable: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// What it is about, and what it has done.
    pub details: Details,
    /// How much of it is done, from 0 to 100, when that is known.
    pub progress_percentage: f64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why a job could not be made or told to end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// A job of this kind waits or runs for the pipe.
    #[error(
        "a {kind} of the pipe '{pipe}' is waiting or running already: job {id}; try again when it has ended"
    )]
    PipeBusy {
        /// What it does.
        kind: &'static str,
        /// The pipe.
        pipe: String,
        /// That job.
        id: JobId,
    },
    /// Too many jobs wait.
    #[error("{WAITING_MAX} jobs are waiting already; try again when some have ended")]
    TooMany,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// It has ended, or is past the point at which it could be undone.
    #[error("the job is {} and cannot be cancelled any more", .status.as_str())]
    NotCancellable {
        /// How far it is.
        status: JobStatus,
    },
    /// The catalog failed.
    #[error("the job could not be stored")]
    Catalog(#[from] CatalogError),
    /// A thread of ours ended badly.
    #[error("internal error")]
    Internal(#[from] tokio::task::JoinError),
}

impl Job {
    pub(crate) fn to_record(&self) -> JobRecord {
        // Texts and numbers can always be written.
        let details = serde_json::to_string(&self.details).unwrap_or_default();
        JobRecord {
            id: self.id,
            workspace: self.workspace,
            kind: self.kind.clone(),
            status: self.status,
            error: self.error.clone(),
            details: SecretText::new(details),
            created_at: self.created_at,
            started_at: self.started_at,
            updated_at: self.updated_at,
        }
    }

    pub(crate) fn from_record(record: JobRecord) -> Self {
        let details = serde_json::from_str(record.details.expose()).unwrap_or_else(|error| {
            tracing::warn!(%error, job = %record.id, "the details of a job cannot be read");
            Details::default()
        });
        let is_done = record.status == JobStatus::Done;
        Self {
            id: record.id,
            workspace: record.workspace,
            kind: record.kind,
            status: record.status,
            is_cancellable: false,
            error: record.error,
            details,
            progress_percentage: if is_done { 100.0 } else { 0.0 },
            created_at: record.created_at,
            started_at: record.started_at,
            updated_at: record.updated_at,
        }
    }

    /// Returns the row of `tinybird.jobs_log`.
    pub(crate) fn state(&self) -> JobState {
        let details = &self.details;
        let metadata = serde_json::json!({
            "mode": details.mode,
            "rows": details.rows,
            "quarantine_rows": details.quarantine_rows,
            "bytes": details.bytes,
            "rows_affected": details.rows_affected,
            "deployment_id": details.deployment_id,
        });
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        JobState {
            job_id: self.id.to_string(),
            kind: self.kind.clone(),
            status: self.status.as_str(),
            error: self.error.clone(),
            workspace_id: self.workspace.to_string(),
            request_id: given(&details.request_id),
            pipe_id: given(&details.pipe_id),
            datasource_id: given(&details.datasource_id),
            created_at: self.created_at,
            started_at: self.started_at,
            updated_at: self.updated_at,
            metadata: metadata.to_string(),
        }
    }
}

/// Returns the time in the precision that the catalog keeps, so that a job reads back equal.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
