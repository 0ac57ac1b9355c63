//! What is kept of the schedule of a copy beside its file: whether it is paused, and when it last ran.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::column::Micros;
use crate::error::during;
use crate::{CatalogError, ResourceId, WorkspaceId, workspace};

/// The state of a copy's schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyState {
    /// Whether it does not run until it is resumed.
    pub is_paused: bool,
    /// The time of its schedule for which it last ran, or was skipped.
    pub last_run: Option<Timestamp>,
}

/// Returns the copies of a workspace of which anything is known, by their pipes.
pub(crate) fn list(
    db: &Connection,
    workspace: WorkspaceId,
) -> Result<BTreeMap<ResourceId, CopyState>, CatalogError> {
    let failed = during("read copies");
    let mut statement = db
        .prepare_cached("SELECT pipe_id, paused, last_run FROM copies WHERE workspace_id = ?1")
        .map_err(&failed)?;
    let rows = statement.query_map([workspace], |row| {
        let state = CopyState {
            is_paused: row.get(1)?,
            last_run: row.get::<_, Option<Micros>>(2)?.map(|micros| micros.0),
        };
        Ok((row.get(0)?, state))
    });
    rows.and_then(Iterator::collect).map_err(&failed)
}

/// Pauses or resumes a copy.
pub(crate) fn set_paused(
    db: &Connection,
    (workspace, pipe): (WorkspaceId, &ResourceId),
    is_paused: bool,
) -> Result<(), CatalogError> {
    workspace::require(db, workspace)?;
    db.execute(
        "INSERT INTO copies (workspace_id, pipe_id, paused) VALUES (?1, ?2, ?3)
         ON CONFLICT (workspace_id, pipe_id) DO UPDATE SET paused = excluded.paused",
        params![workspace, pipe, is_paused],
    )
    .map(drop)
    .map_err(during("pause or resume a copy"))
}

/// Notes for which time of its schedule a copy runs.
pub(crate) fn set_last_run(
    db: &Connection,
    (workspace, pipe): (WorkspaceId, &ResourceId),
    last_run: Timestamp,
) -> Result<(), CatalogError> {
    workspace::require(db, workspace)?;
    db.execute(
        "INSERT INTO copies (workspace_id, pipe_id, last_run) VALUES (?1, ?2, ?3)
         ON CONFLICT (workspace_id, pipe_id) DO UPDATE SET last_run = excluded.last_run",
        params![workspace, pipe, Micros(last_run)],
    )
    .map(drop)
    .map_err(during("note the run of a copy"))
}
