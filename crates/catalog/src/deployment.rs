//! Deployments: one set of resources is live, one more may be staged, and one transaction makes the
//! staged one live.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::column::Micros;
use crate::error::during;
use crate::vault::Vault;
use crate::{
    CatalogError, DEPLOYMENTS_KEPT_MAX, DeploymentId, ResourceDraft, Scope, WorkspaceId, resource,
    token, workspace,
};

/// What a deployment shall hold: the whole project, not a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentDraft {
    /// The datafiles.
    pub resources: Vec<ResourceDraft>,
    /// One grant per `TOKEN` line of the datafiles.
    pub grants: Vec<TokenGrant>,
    /// What whoever makes the deployment has to remember of it.
    pub details: String,
    /// The deployment that has to be live still, when that matters.
    pub base: Option<DeploymentId>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its number, counted per workspace.
    pub id: DeploymentId,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// Whether readers see its resources; exactly one deployment of a workspace is live.
    pub live: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub updated_at: Timestamp,
    /// What whoever made it has to remember of it.
    pub details: Arc<str>,
}

impl Deployment {
    /// Returns true for a deployment that may still become live; a workspace has at most one.
    #[must_use]
    pub fn is_staging(&self) -> bool {
        !self.live && !self.status.is_over()
    }
}

/// Where a deployment stands, in the words of the official clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// It is being planned.
    Calculating,
    /// Its tables and views are being made.
    CreatingSchema,
    /// Its tables are there, and are being filled.
    SchemaReady,
    /// It can become live, or is.
    DataReady,
    /// It cannot become live, and what it made is still there.
    Failed,
    /// What it made is being removed.
    Deleting,
    /// Nothing of it is left but its number and what it had to say.
    Deleted,
}

impl DeploymentStatus {
    const ALL: [Self; 7] = [
        Self::Calculating,
        Self::CreatingSchema,
        Self::SchemaReady,
        Self::DataReady,
        Self::Failed,
        Self::Deleting,
        Self::Deleted,
    ];

    /// Returns the status as text, such as `data_ready`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calculating => "calculating",
            Self::CreatingSchema => "creating_schema",
            Self::SchemaReady => "schema_ready",
            Self::DataReady => "data_ready",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// Returns true for a deployment that is going or gone.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Deleting | Self::Deleted)
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
            "SELECT id, status, live, created_at, updated_at, details
             FROM deployments WHERE workspace_id = ?1 ORDER BY id",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([workspace]).map_err(&failed)?;
    let mut deployments = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let id: DeploymentId = row.get(0).map_err(&failed)?;
        let status: String = row.get(1).map_err(&failed)?;
        let details: String = row.get(5).map_err(&failed)?;
        deployments.push(Deployment {
            id,
            status: parse_status(&status, id)?,
            live: row.get(2).map_err(&failed)?,
            created_at: row.get::<_, Micros>(3).map_err(&failed)?.0,
            updated_at: row.get::<_, Micros>(4).map_err(&failed)?.0,
            details: details.into(),
        });
    }
    Ok(deployments)
}

/// Returns the live one of a workspace's deployments.
pub(crate) fn live(deployments: &[Deployment]) -> Result<Deployment, CatalogError> {
    deployments
        .iter()
        .find(|deployment| deployment.live)
        .cloned()
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
    db.execute(
        "INSERT INTO deployments (workspace_id, id, status, live, created_at, updated_at)
         VALUES (?1, 0, ?2, 1, ?3, ?3)",
        params![workspace, DeploymentStatus::DataReady.as_str(), Micros(now)],
    )
    .map(|_| ())
    .map_err(during("write a deployment"))
}

/// Makes a deployment that is not live, with the next number.
pub(crate) fn stage(
    db: &Connection,
    (workspace, now): (WorkspaceId, Timestamp),
    draft: &DeploymentDraft,
) -> Result<Deployment, CatalogError> {
    workspace::require(db, workspace)?;
    let deployments = list(db, workspace)?;
    if let Some(other) = deployments.iter().find(|other| other.is_staging()) {
        return Err(CatalogError::DeploymentInProgress(other.id));
    }
    let old = live(&deployments)?;
    if draft.base.is_some_and(|base| base != old.id) {
        return Err(CatalogError::LiveChanged(old.id));
    }
    let resources = resource::settle(
        &draft.resources,
        resource::of_deployment(db, workspace, old.id)?,
        now,
    )?;
    let newest = deployments.last().map_or(0, |deployment| deployment.id.0);
    let deployment = Deployment {
        id: DeploymentId(newest.saturating_add(1)),
        status: DeploymentStatus::Calculating,
        live: false,
        created_at: now,
        updated_at: now,
        details: draft.details.as_str().into(),
    };
    db.execute(
        "INSERT INTO deployments (workspace_id, id, status, live, created_at, updated_at, details)
         VALUES (?1, ?2, ?3, 0, ?4, ?4, ?5)",
        params![
            workspace,
            deployment.id,
            deployment.status.as_str(),
            Micros(now),
            draft.details
        ],
    )
    .map_err(during("write a deployment"))?;
    for resource in &resources {
        resource::insert(db, workspace, deployment.id, resource)?;
    }
    for grant in &draft.grants {
        insert_grant(db, workspace, deployment.id, grant)?;
    }
    Ok(deployment)
}

/// Changes where a deployment stands and, when given, its details. What a deleted one held is
/// forgotten.
pub(crate) fn update(
    db: &Connection,
    (workspace, now): (WorkspaceId, Timestamp),
    (id, status): (DeploymentId, DeploymentStatus),
    details: Option<&str>,
) -> Result<(), CatalogError> {
    let failed = during("change a deployment");
    let changed = db
        .execute(
            "UPDATE deployments SET status = ?3, updated_at = ?4, details = ifnull(?5, details)
             WHERE workspace_id = ?1 AND id = ?2 AND status <> ?6
             AND NOT (live AND ?3 IN (?6, ?7)) AND NOT (status = ?7 AND ?3 NOT IN (?6, ?7))",
            params![
                workspace,
                id,
                status.as_str(),
                Micros(now),
                details,
                DeploymentStatus::Deleted.as_str(),
                DeploymentStatus::Deleting.as_str(),
            ],
        )
        .map_err(&failed)?;
    if changed == 0 {
        let is_live = list(db, workspace)?.iter().any(|d| d.id == id && d.live);
        return Err(match is_live {
            true => CatalogError::DeploymentLive(id),
            false => CatalogError::UnknownDeployment(id),
        });
    }
    if status == DeploymentStatus::Deleted {
        forget(db, workspace, id)?;
    }
    Ok(())
}

/// Makes a staged deployment live, with the scopes its grants give. The one before is on its way
/// out from then on.
pub(crate) fn promote(
    db: &Connection,
    vault: &Vault,
    (workspace, now): (WorkspaceId, Timestamp),
    id: DeploymentId,
) -> Result<Deployment, CatalogError> {
    let deployments = list(db, workspace)?;
    let old = live(&deployments)?;
    let found = deployments
        .iter()
        .find(|deployment| deployment.id == id && !deployment.live)
        .ok_or(CatalogError::UnknownDeployment(id))?;
    if found.status != DeploymentStatus::DataReady {
        return Err(CatalogError::DeploymentNotReady {
            id,
            status: found.status,
        });
    }
    let failed = during("promote a deployment");
    for (id, status, live) in [
        (old.id, DeploymentStatus::Deleting, false),
        (id, DeploymentStatus::DataReady, true),
    ] {
        db.execute(
            "UPDATE deployments SET status = ?3, live = ?4, updated_at = ?5
             WHERE workspace_id = ?1 AND id = ?2",
            params![workspace, id, status.as_str(), live, Micros(now)],
        )
        .map_err(&failed)?;
    }
    let grants = grants(db, workspace, id)?;
    token::sync_grants(db, vault, (workspace, now), &grants)?;
    Ok(Deployment {
        live: true,
        updated_at: now,
        ..found.clone()
    })
}

/// Returns the grants of a deployment.
fn grants(
    db: &Connection,
    workspace: WorkspaceId,
    id: DeploymentId,
) -> Result<Vec<TokenGrant>, CatalogError> {
    let rows: Vec<(String, String)> = db
        .prepare_cached(
            "SELECT token, scope FROM deployment_grants
             WHERE workspace_id = ?1 AND deployment_id = ?2 ORDER BY rowid",
        )
        .and_then(|mut statement| {
            statement
                .query_map(params![workspace, id], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .map_err(during("read the tokens of a deployment"))?;
    rows.into_iter()
        .map(|(token, scope)| {
            let scope = scope.parse().map_err(|error| CatalogError::Damaged {
                what: format!("deployment {id}: {error}"),
            })?;
            Ok(TokenGrant { token, scope })
        })
        .collect()
}

fn insert_grant(
    db: &Connection,
    workspace: WorkspaceId,
    id: DeploymentId,
    grant: &TokenGrant,
) -> Result<(), CatalogError> {
    db.prepare_cached(
        "INSERT INTO deployment_grants (workspace_id, deployment_id, token, scope)
         VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|mut statement| {
        statement.execute(params![workspace, id, grant.token, grant.scope.to_string()])
    })
    .map(|_| ())
    .map_err(during("write the tokens of a deployment"))
}

/// Removes what a deleted deployment held, and the oldest deleted deployments altogether.
fn forget(db: &Connection, workspace: WorkspaceId, id: DeploymentId) -> Result<(), CatalogError> {
    let failed = during("forget a deployment");
    for table in ["resources", "deployment_grants"] {
        db.execute(
            &format!("DELETE FROM {table} WHERE workspace_id = ?1 AND deployment_id = ?2"),
            params![workspace, id],
        )
        .map_err(&failed)?;
    }
    db.execute(
        "DELETE FROM deployments WHERE workspace_id = ?1 AND status = ?2 AND id NOT IN (
             SELECT id FROM deployments WHERE workspace_id = ?1 AND status = ?2
             ORDER BY id DESC LIMIT ?3)",
        params![
            workspace,
            DeploymentStatus::Deleted.as_str(),
            DEPLOYMENTS_KEPT_MAX
        ],
    )
    .map(|_| ())
    .map_err(&failed)
}

fn parse_status(text: &str, id: DeploymentId) -> Result<DeploymentStatus, CatalogError> {
    DeploymentStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| CatalogError::Damaged {
            what: format!("deployment {id} has the unknown status {text:?}"),
        })
}
