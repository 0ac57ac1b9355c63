//! Deployments: one set of resources is live, and one transaction replaces it by another.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::column::Micros;
use crate::error::during;
use crate::vault::Vault;
use crate::{
    CatalogError, DeploymentId, ResourceDraft, Scope, WorkspaceId, resource, token, workspace,
};

/// What a deployment shall hold: the whole project, not a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentDraft {
    /// The datafiles.
    pub resources: Vec<ResourceDraft>,
    /// One grant per `TOKEN` line of the datafiles.
    pub grants: Vec<TokenGrant>,
}

/// A `TOKEN` line: the token of this name gets this scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenGrant {
    /// Name of the token; it is created when no token of the workspace has it.
    pub token: String,
    /// What it allows.
    pub scope: Scope,
}

/// A deployment of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its number, counted per workspace.
    pub id: DeploymentId,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// Readers see its resources; exactly one deployment of a workspace is live.
    Live,
    /// Another one took its place.
    Deleted,
}

impl DeploymentStatus {
    /// Returns the status as text: `live` or `deleted`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the deployments of a workspace, oldest first.
pub(crate) fn list(
    db: &Connection,
    workspace: WorkspaceId,
) -> Result<Vec<Deployment>, CatalogError> {
    let failed = during("read deployments");
    let mut statement = db
        .prepare_cached(
            "SELECT id, status, created_at FROM deployments WHERE workspace_id = ?1 ORDER BY id",
        )
        .map_err(&failed)?;
    let rows = statement
        .query_map([workspace], |row| {
            Ok((
                row.get::<_, DeploymentId>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Micros>(2)?.0,
            ))
        })
        .map_err(&failed)?;
    let mut deployments = Vec::new();
    for row in rows {
        let (id, status, created_at) = row.map_err(&failed)?;
        deployments.push(Deployment {
            id,
            status: parse_status(&status, id)?,
            created_at,
        });
    }
    Ok(deployments)
}

/// Returns the live one of a workspace's deployments.
pub(crate) fn live(deployments: &[Deployment]) -> Result<Deployment, CatalogError> {
    deployments
        .iter()
        .find(|deployment| deployment.status == DeploymentStatus::Live)
        .copied()
        .ok_or_else(|| CatalogError::Damaged {
            what: "a workspace has no live deployment".to_owned(),
        })
}

/// Makes the empty deployment 0 that a workspace begins with.
pub(crate) fn insert_first(
    db: &Connection,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    insert_live(db, workspace, DeploymentId(0), now).map(|_| ())
}

/// Replaces what is live by `draft`, with the scopes its grants give.
pub(crate) fn commit(
    db: &Connection,
    vault: &Vault,
    (workspace, now): (WorkspaceId, Timestamp),
    draft: &DeploymentDraft,
) -> Result<Deployment, CatalogError> {
    workspace::require(db, workspace)?;
    let deployments = list(db, workspace)?;
    let old = live(&deployments)?;
    let resources = resource::settle(
        &draft.resources,
        resource::of_deployment(db, workspace, old.id)?,
        now,
    )?;
    retire(db, workspace, old.id)?;
    let newest = deployments.last().map_or(0, |deployment| deployment.id.0);
    let deployment = insert_live(db, workspace, DeploymentId(newest.saturating_add(1)), now)?;
    for resource in &resources {
        resource::insert(db, workspace, deployment.id, resource)?;
    }
    token::sync_grants(db, vault, (workspace, now), &draft.grants)?;
    Ok(deployment)
}

fn insert_live(
    db: &Connection,
    workspace: WorkspaceId,
    id: DeploymentId,
    now: Timestamp,
) -> Result<Deployment, CatalogError> {
    db.execute(
        "INSERT INTO deployments (workspace_id, id, status, created_at) VALUES (?1, ?2, ?3, ?4)",
        params![workspace, id, DeploymentStatus::Live.as_str(), Micros(now)],
    )
    .map_err(during("write a deployment"))?;
    Ok(Deployment {
        id,
        status: DeploymentStatus::Live,
        created_at: now,
    })
}

fn retire(db: &Connection, workspace: WorkspaceId, id: DeploymentId) -> Result<(), CatalogError> {
    db.execute(
        "UPDATE deployments SET status = ?3 WHERE workspace_id = ?1 AND id = ?2",
        params![workspace, id, DeploymentStatus::Deleted.as_str()],
    )
    .and_then(|_| {
        db.execute(
            "DELETE FROM resources WHERE workspace_id = ?1 AND deployment_id = ?2",
            params![workspace, id],
        )
    })
    .map(|_| ())
    .map_err(during("retire a deployment"))
}

fn parse_status(text: &str, id: DeploymentId) -> Result<DeploymentStatus, CatalogError> {
    [DeploymentStatus::Live, DeploymentStatus::Deleted]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| CatalogError::Damaged {
            what: format!("deployment {id} has the unknown status {text:?}"),
        })
}
