//! Resources: the datafiles of a project as they were deployed.

use std::collections::HashMap;
use std::fmt::{self, Write};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::column::Micros;
use crate::error::during;
use crate::{CatalogError, DeploymentId, ResourceId, WorkspaceId};

/// What a datafile declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A `.datasource` file.
    Datasource,
    /// A `.pipe` file.
    Pipe,
    /// A `.connection` file.
    Connection,
    /// An `.incl` file, which others include; it declares nothing, and its name is its path.
    Include,
}

/// A datafile to deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceDraft {
    /// What it declares.
    pub kind: ResourceKind,
    /// Name of the data source, pipe or connection.
    pub name: String,
    /// Path of the file in the project, such as `datasources/events.datasource`.
    pub path: String,
    /// Text of the file.
    pub content: String,
}

/// A deployed datafile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Identity that stays while later deployments have a resource of this kind and name.
    pub id: ResourceId,
    /// What it declares.
    pub kind: ResourceKind,
    /// Name of the data source, pipe or connection; unique within its kind.
    pub name: String,
    /// Path of the file in the project.
    pub path: String,
    /// Text of the file.
    pub content: String,
    /// SHA-256 of the text in hex, see [`content_hash`].
    pub content_hash: String,
    /// When a resource of this kind and name was first deployed.
    pub created_at: Timestamp,
    /// When its text last changed.
    pub updated_at: Timestamp,
}

impl ResourceKind {
    const ALL: [Self; 4] = [
        Self::Datasource,
        Self::Pipe,
        Self::Connection,
        Self::Include,
    ];

    /// Returns the kind's name: `datasource`, `pipe`, `connection` or `include`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Datasource => "datasource",
            Self::Pipe => "pipe",
            Self::Connection => "connection",
            Self::Include => "include",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the SHA-256 of a datafile's text in hex, by which a changed resource is recognised.
#[must_use]
pub fn content_hash(content: &str) -> String {
    hex(&Sha256::digest(content.as_bytes()))
}

/// Returns the bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
}

/// Returns the resources of a deployment, in order of kind and name.
pub(crate) fn of_deployment(
    db: &Connection,
    workspace: WorkspaceId,
    deployment: DeploymentId,
) -> Result<Vec<Resource>, CatalogError> {
    let failed = during("read resources");
    let mut statement = db
        .prepare_cached(
            "SELECT id, kind, name, path, content, content_hash, created_at, updated_at
             FROM resources WHERE workspace_id = ?1 AND deployment_id = ?2",
        )
        .map_err(&failed)?;
    let rows = statement
        .query_map(params![workspace, deployment], |row| {
            Ok((
                row.get::<_, String>(1)?,
                Resource {
                    id: row.get(0)?,
                    kind: ResourceKind::Datasource,
                    name: row.get(2)?,
                    path: row.get(3)?,
                    content: row.get(4)?,
                    content_hash: row.get(5)?,
                    created_at: row.get::<_, Micros>(6)?.0,
                    updated_at: row.get::<_, Micros>(7)?.0,
                },
            ))
        })
        .map_err(&failed)?;
    let mut resources = Vec::new();
    for row in rows {
        let (kind, mut resource) = row.map_err(&failed)?;
        resource.kind = parse_kind(&kind, &resource.name)?;
        resources.push(resource);
    }
    resources.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(resources)
}

/// Gives the drafts their identity: that of the resource they replace, or a new one.
pub(crate) fn settle(
    drafts: &[ResourceDraft],
    live: Vec<Resource>,
    now: Timestamp,
) -> Result<Vec<Resource>, CatalogError> {
    let mut live: HashMap<_, _> = live
        .into_iter()
        .map(|resource| ((resource.kind, resource.name.clone()), resource))
        .collect();
    let mut settled: HashMap<_, Resource> = HashMap::new();
    for draft in drafts {
        let identity = (draft.kind, draft.name.clone());
        let content_hash = content_hash(&draft.content);
        let (id, created_at, updated_at) = match live.remove(&identity) {
            Some(old) if old.content_hash == content_hash => {
                (old.id, old.created_at, old.updated_at)
            }
            Some(old) => (old.id, old.created_at, now),
            None => (ResourceId::random(), now, now),
        };
        let resource = Resource {
            id,
            kind: draft.kind,
            name: draft.name.clone(),
            path: draft.path.clone(),
            content: draft.content.clone(),
            content_hash,
            created_at,
            updated_at,
        };
        if settled.insert(identity, resource).is_some() {
            return Err(CatalogError::DuplicateResource {
                kind: draft.kind,
                name: draft.name.clone(),
            });
        }
    }
    Ok(settled.into_values().collect())
}

/// Writes one resource of a deployment.
pub(crate) fn insert(
    db: &Connection,
    workspace: WorkspaceId,
    deployment: DeploymentId,
    resource: &Resource,
) -> Result<(), CatalogError> {
    db.prepare_cached(
        "INSERT INTO resources
         (workspace_id, deployment_id, id, kind, name, path, content, content_hash, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            workspace,
            deployment,
            resource.id,
            resource.kind.as_str(),
            resource.name,
            resource.path,
            resource.content,
            resource.content_hash,
            Micros(resource.created_at),
            Micros(resource.updated_at),
        ])
    })
    .map(|_| ())
    .map_err(during("write resources"))
}

fn parse_kind(text: &str, name: &str) -> Result<ResourceKind, CatalogError> {
    ResourceKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| CatalogError::Damaged {
            what: format!("resource {name} has the unknown kind {text:?}"),
        })
}
