//! Secrets (the reference product also calls them variables): values that templates read by name.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::column::Micros;
use crate::error::during;
use crate::limits::SECRET_NAME_CHARS_MAX;
use crate::vault::Vault;
use crate::{
    CatalogError, SECRET_VALUE_BYTES_MAX, SECRETS_MAX, SecretText, WorkspaceId, workspace,
};

/// A secret of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name; unique in the workspace.
    pub name: String,
    /// Its value; never returned to clients.
    pub value: SecretText,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When its value was last set.
    pub updated_at: Timestamp,
}

/// Returns the secrets of a workspace in order of their names.
pub(crate) fn list(
    db: &Connection,
    vault: &Vault,
    workspace: WorkspaceId,
) -> Result<Vec<Secret>, CatalogError> {
    let failed = during("read secrets");
    let mut statement = db
        .prepare_cached(
            "SELECT name, value, created_at, updated_at FROM secrets
             WHERE workspace_id = ?1 ORDER BY name",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([workspace]).map_err(&failed)?;
    let mut secrets = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let name: String = row.get(0).map_err(&failed)?;
        let sealed: Vec<u8> = row.get(1).map_err(&failed)?;
        secrets.push(Secret {
            value: vault.open(&owner(workspace, &name), &sealed)?,
            name,
            created_at: row.get::<_, Micros>(2).map_err(&failed)?.0,
            updated_at: row.get::<_, Micros>(3).map_err(&failed)?.0,
        });
    }
    Ok(secrets)
}

/// Creates a secret or replaces its value.
pub(crate) fn set(
    db: &Connection,
    vault: &Vault,
    (workspace, now): (WorkspaceId, Timestamp),
    (name, value): (&str, &SecretText),
) -> Result<(), CatalogError> {
    check_name(name)?;
    let bytes = value.expose().len();
    if bytes > SECRET_VALUE_BYTES_MAX {
        return Err(CatalogError::SecretTooLarge {
            name: name.to_owned(),
            bytes,
            limit: SECRET_VALUE_BYTES_MAX,
        });
    }
    workspace::require(db, workspace)?;
    db.execute(
        "INSERT INTO secrets (workspace_id, name, value, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (workspace_id, name)
         DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        params![
            workspace,
            name,
            vault.seal(&owner(workspace, name), value)?,
            Micros(now)
        ],
    )
    .map_err(during("write a secret"))?;
    check_count(db, workspace)
}

/// Deletes a secret; returns false when there was none of this name.
pub(crate) fn delete(
    db: &Connection,
    workspace: WorkspaceId,
    name: &str,
) -> Result<bool, CatalogError> {
    db.execute(
        "DELETE FROM secrets WHERE workspace_id = ?1 AND name = ?2",
        params![workspace, name],
    )
    .map(|deleted| deleted > 0)
    .map_err(during("delete a secret"))
}

/// Refuses what was just written when it is one too many; the transaction is rolled back.
fn check_count(db: &Connection, workspace: WorkspaceId) -> Result<(), CatalogError> {
    let count: u32 = db
        .query_row(
            "SELECT count(*) FROM secrets WHERE workspace_id = ?1",
            [workspace],
            |row| row.get(0),
        )
        .map_err(during("count secrets"))?;
    if count > SECRETS_MAX {
        return Err(CatalogError::TooManySecrets { limit: SECRETS_MAX });
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), CatalogError> {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins_well = name
        .bytes()
        .next()
        .is_some_and(|byte| !byte.is_ascii_digit());
    if is_word && begins_well && name.len() <= SECRET_NAME_CHARS_MAX {
        Ok(())
    } else {
        Err(CatalogError::InvalidSecretName {
            name: name.chars().take(SECRET_NAME_CHARS_MAX).collect(),
            limit: SECRET_NAME_CHARS_MAX,
        })
    }
}

fn owner(workspace: WorkspaceId, name: &str) -> String {
    format!("secret {name} of workspace {workspace}")
}
