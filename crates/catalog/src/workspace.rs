//! Workspaces: each has its own database in the engine, its own resources, tokens and secrets.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::column::Micros;
use crate::error::during;
use crate::limits::{WORKSPACE_NAME_CHARS_MAX, WORKSPACES_MAX};
use crate::vault::Vault;
use crate::{CatalogError, WorkspaceId, deployment, secret, token};

/// Name of the workspace that is created at first start, the one the official clients expect.
pub const DEFAULT_WORKSPACE: &str = "Tinybird_Local_Testing";

/// Stands between the name of a main workspace and that of its branch, where names are kept.
const BRANCH_MARK: char = '/';

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its identity.
    pub id: WorkspaceId,
    /// Its name; unique among workspaces, or among the branches of one.
    pub name: String,
    /// The workspace that it is a branch of.
    pub main: Option<WorkspaceId>,
    /// Name of its database in the engine: `ws_` and 32 hex digits.
    pub database: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Returns all workspaces, oldest first.
pub(crate) fn list(db: &Connection) -> Result<Vec<Workspace>, CatalogError> {
    let columns = "id, name, database, created_at, main_id";
    db.prepare_cached(&format!("SELECT {columns} FROM workspaces ORDER BY rowid"))
        .and_then(|mut statement| {
            statement
                .query_map([], |row| {
                    let name: String = row.get(1)?;
                    Ok(Workspace {
                        id: row.get(0)?,
                        name: name.rsplit(BRANCH_MARK).next().unwrap_or_default().into(),
                        database: row.get(2)?,
                        created_at: row.get::<_, Micros>(3)?.0,
                        main: row.get(4)?,
                    })
                })?
                .collect()
        })
        .map_err(during("read workspaces"))
}

/// Creates a workspace that a client asked for.
pub(crate) fn create_named(
    db: &Connection,
    vault: &Vault,
    name: &str,
    now: Timestamp,
) -> Result<WorkspaceId, CatalogError> {
    check_new(db, name, None)?;
    create(db, vault, name, now)
}

/// Creates a branch of a workspace, with its secrets and nothing else of it.
pub(crate) fn create_branch(
    db: &Connection,
    vault: &Vault,
    (main, name): (WorkspaceId, &str),
    now: Timestamp,
) -> Result<WorkspaceId, CatalogError> {
    let all = list(db)?;
    let of = all.iter().find(|workspace| workspace.id == main);
    let of = of.ok_or(CatalogError::UnknownWorkspace(main))?;
    check_new(db, name, Some(main))?;
    let id = create(db, vault, &format!("{}{BRANCH_MARK}{name}", of.name), now)?;
    db.execute(
        "UPDATE workspaces SET main_id = ?2 WHERE id = ?1",
        params![id, main],
    )
    .map_err(during("create a branch"))?;
    for secret in secret::list(db, vault, main)? {
        secret::set(db, vault, (id, now), (&secret.name, &secret.value))?;
    }
    Ok(id)
}

/// Refuses a name that is taken or no word, and a workspace too many.
fn check_new(db: &Connection, name: &str, main: Option<WorkspaceId>) -> Result<(), CatalogError> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > WORKSPACE_NAME_CHARS_MAX || !name.chars().all(is_word) {
        return Err(CatalogError::InvalidWorkspaceName {
            name: name.chars().take(WORKSPACE_NAME_CHARS_MAX).collect(),
            limit: WORKSPACE_NAME_CHARS_MAX,
        });
    }
    let existing = list(db)?;
    let is_taken = |other: &Workspace| other.main == main && other.name == name;
    if existing.iter().any(is_taken) {
        return Err(CatalogError::WorkspaceExists(name.to_owned()));
    }
    if existing.len() >= WORKSPACES_MAX {
        return Err(CatalogError::TooManyWorkspaces {
            limit: WORKSPACES_MAX,
        });
    }
    Ok(())
}

/// Deletes a workspace with everything in it and its branches, and notes their databases; the last
/// one is followed by a new empty one.
pub(crate) fn delete(
    db: &Connection,
    vault: &Vault,
    id: WorkspaceId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    require(db, id)?;
    let failed = during("delete a workspace");
    db.execute(
        "INSERT INTO dropped_databases (name)
         SELECT database FROM workspaces WHERE id = ?1 OR main_id = ?1",
        [id],
    )
    .and_then(|_| db.execute("DELETE FROM workspaces WHERE id = ?1", [id]))
    .map_err(failed)?;
    if list(db)?.is_empty() {
        create(db, vault, DEFAULT_WORKSPACE, now)?;
    }
    Ok(())
}

/// Returns the databases of deleted workspaces that the engine may still hold.
pub(crate) fn dropped_databases(db: &Connection) -> Result<Vec<String>, CatalogError> {
    db.prepare_cached("SELECT name FROM dropped_databases ORDER BY name")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(during("read dropped databases"))
}

/// Forgets a database that the engine has dropped.
pub(crate) fn forget_database(db: &Connection, name: &str) -> Result<(), CatalogError> {
    db.execute("DELETE FROM dropped_databases WHERE name = ?1", [name])
        .map(|_| ())
        .map_err(during("forget a dropped database"))
}

/// Creates a workspace with its empty deployment and its admin token.
pub(crate) fn create(
    db: &Connection,
    vault: &Vault,
    name: &str,
    now: Timestamp,
) -> Result<WorkspaceId, CatalogError> {
    let id = WorkspaceId::random();
    db.execute(
        "INSERT INTO workspaces (id, name, database, created_at) VALUES (?1, ?2, ?3, ?4)",
        params![id, name, format!("ws_{}", id.0.simple()), Micros(now)],
    )
    .map_err(during("create a workspace"))?;
    deployment::insert_first(db, id, now)?;
    token::create_admin(db, vault, (id, now))?;
    Ok(id)
}

/// Fails when no workspace has this id.
pub(crate) fn require(db: &Connection, id: WorkspaceId) -> Result<(), CatalogError> {
    let exists = db
        .prepare_cached("SELECT 1 FROM workspaces WHERE id = ?1")
        .and_then(|mut statement| statement.exists([id]))
        .map_err(during("read workspaces"))?;
    if exists {
        Ok(())
    } else {
        Err(CatalogError::UnknownWorkspace(id))
    }
}
