//! Jobs as they are kept: who runs them and what their details mean is for others to know.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::column::Micros;
use crate::error::during;
use crate::limits::{JOBS_KEPT_DAYS, JOBS_LISTED_MAX};
use crate::vault::Vault;
use crate::{CatalogError, JobId, SecretText, WorkspaceId};

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// `waiting`: for others to end.
    Waiting,
    /// `working`
    Working,
    /// `done`
    Done,
    /// `error`: it failed, see its error.
    Error,
    /// `cancelling`: it was told to end and has not yet.
    Cancelling,
    /// `cancelled`
    Cancelled,
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Its identity.
    pub id: JobId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// What it does, such as `import`.
    pub kind: String,
    /// How far it is.
    pub status: JobStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// What only its kind knows, as JSON.
    pub details: SecretText,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str =
    "id, workspace_id, kind, status, error, details, created_at, started_at, updated_at";

impl JobStatus {
    const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Working,
        Self::Done,
        Self::Error,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// Returns its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Working => "working",
            Self::Done => "done",
            Self::Error => "error",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns the status of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Returns true when nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Error | Self::Cancelled)
    }
}

/// Stores a job, new or changed, and forgets those that ended long ago.
pub(crate) fn put(db: &Connection, vault: &Vault, job: &JobRecord) -> Result<(), CatalogError> {
    let details = vault.seal(&owner(job.id), &job.details)?;
    db.execute(
        "INSERT INTO jobs (id, workspace_id, kind, status, error, details, created_at, started_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, error = excluded.error,
             details = excluded.details, started_at = excluded.started_at, updated_at = excluded.updated_at",
        params![
            job.id.to_string(),
            job.workspace,
            job.kind,
            job.status.as_str(),
            job.error,
            details,
            Micros(job.created_at),
            job.started_at.map(Micros),
            Micros(job.updated_at),
        ],
    )
    .map_err(during("write a job"))?;
    let kept_since = job.updated_at - SignedDuration::from_hours(24 * JOBS_KEPT_DAYS);
    db.execute(
        "DELETE FROM jobs WHERE workspace_id = ?1 AND created_at < ?2",
        params![job.workspace, Micros(kept_since)],
    )
    .map_err(during("forget jobs"))?;
    Ok(())
}

/// Returns a job of a workspace.
pub(crate) fn get(
    db: &Connection,
    vault: &Vault,
    (workspace, id): (WorkspaceId, JobId),
) -> Result<Option<JobRecord>, CatalogError> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE workspace_id = ?1 AND id = ?2");
    let found = read(db, vault, &sql, params![workspace, id.to_string()])?;
    Ok(found.into_iter().next())
}

/// Returns the jobs of a workspace that were asked for since then, newest first.
pub(crate) fn list(
    db: &Connection,
    vault: &Vault,
    (workspace, since): (WorkspaceId, Timestamp),
) -> Result<Vec<JobRecord>, CatalogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs WHERE workspace_id = ?1 AND created_at >= ?2
         ORDER BY created_at DESC LIMIT {JOBS_LISTED_MAX}"
    );
    read(db, vault, &sql, params![workspace, Micros(since)])
}

/// Returns all jobs that have not ended, of every workspace, in the order in which they were asked for.
pub(crate) fn unfinished(db: &Connection, vault: &Vault) -> Result<Vec<JobRecord>, CatalogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs WHERE status IN ('waiting', 'working', 'cancelling')
         ORDER BY created_at"
    );
    read(db, vault, &sql, params![])
}

fn read(
    db: &Connection,
    vault: &Vault,
    sql: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<JobRecord>, CatalogError> {
    let failed = during("read jobs");
    let mut statement = db.prepare_cached(sql).map_err(&failed)?;
    let mut rows = statement.query(params).map_err(&failed)?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let (mut job, sealed) = from_row(row).map_err(&failed)?;
        job.details = vault.open(&owner(job.id), &sealed)?;
        jobs.push(job);
    }
    Ok(jobs)
}

/// Returns a row's job, and its details still sealed.
fn from_row(row: &Row<'_>) -> rusqlite::Result<(JobRecord, Vec<u8>)> {
    let status: String = row.get(3)?;
    let job = JobRecord {
        id: row.get(0)?,
        workspace: row.get(1)?,
        kind: row.get(2)?,
        // One that a newer binary made is over in any case.
        status: JobStatus::from_name(&status).unwrap_or(JobStatus::Error),
        error: row.get(4)?,
        details: SecretText::new(String::new()),
        created_at: row.get::<_, Micros>(6)?.0,
        started_at: row.get::<_, Option<Micros>>(7)?.map(|micros| micros.0),
        updated_at: row.get::<_, Micros>(8)?.0,
    };
    Ok((job, row.get(5)?))
}

/// Returns what the details are sealed for.
fn owner(id: JobId) -> String {
    format!("job {id}")
}
