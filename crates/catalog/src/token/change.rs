//! What clients may do to the tokens of a workspace.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{TokenChange, TokenDraft, TokenOrigin, add_scope, create, mint, owner, parse_origin};
use crate::error::during;
use crate::limits::{
    TOKEN_DESCRIPTION_BYTES_MAX, TOKEN_NAME_CHARS_MAX, TOKEN_SCOPES_MAX, TOKENS_MAX,
};
use crate::vault::Vault;
use crate::{CatalogError, Scopes, TokenId, WorkspaceId, workspace};

/// Creates a token that a client asked for.
pub(crate) fn insert(
    db: &Connection,
    vault: &Vault,
    at: (WorkspaceId, Timestamp),
    draft: &TokenDraft,
) -> Result<TokenId, CatalogError> {
    workspace::require(db, at.0)?;
    check_new_name(db, at.0, &draft.name)?;
    check_description(&draft.description)?;
    check_scopes(&draft.scopes)?;
    let id = create(db, vault, at, (&draft.name, draft.origin))?;
    db.execute(
        "UPDATE tokens SET description = ?2, resource_id = ?3 WHERE id = ?1",
        params![id, draft.description, draft.resource_id],
    )
    .map_err(during("create a token"))?;
    for scope in draft.scopes.iter() {
        add_scope(db, id, scope, "own")?;
    }
    let count: u32 = db
        .query_row(
            "SELECT count(*) FROM tokens WHERE workspace_id = ?1",
            [at.0],
            |row| row.get(0),
        )
        .map_err(during("count tokens"))?;
    if count > TOKENS_MAX {
        return Err(CatalogError::TooManyTokens { limit: TOKENS_MAX });
    }
    Ok(id)
}

/// Changes a token.
pub(crate) fn update(
    db: &Connection,
    workspace: WorkspaceId,
    id: TokenId,
    change: &TokenChange,
) -> Result<(), CatalogError> {
    let (name, origin) = find(db, workspace, id)?;
    let is_renamed = change.name.as_ref().is_some_and(|new| *new != name);
    if origin == TokenOrigin::Builtin && (is_renamed || change.scopes.is_some()) {
        return Err(CatalogError::TokenBuiltin {
            name,
            action: "changed",
        });
    }
    let failed = during("change a token");
    if let Some(new) = change.name.as_deref().filter(|_| is_renamed) {
        check_new_name(db, workspace, new)?;
        db.execute(
            "UPDATE tokens SET name = ?2 WHERE id = ?1",
            params![id, new],
        )
        .map_err(&failed)?;
    }
    if let Some(description) = &change.description {
        check_description(description)?;
        db.execute(
            "UPDATE tokens SET description = ?2 WHERE id = ?1",
            params![id, description],
        )
        .map_err(&failed)?;
    }
    if let Some(scopes) = &change.scopes {
        check_scopes(scopes)?;
        // One that a datafile gives stays one, so that it goes when that says so.
        for lost in super::scopes(db, id)?
            .iter()
            .filter(|old| !scopes.iter().any(|new| new == *old))
        {
            db.execute(
                "DELETE FROM token_scopes WHERE token_id = ?1 AND scope = ?2",
                params![id, lost.to_string()],
            )
            .map_err(&failed)?;
        }
        for scope in scopes.iter() {
            add_scope(db, id, scope, "own")?;
        }
    }
    Ok(())
}

/// Gives a token a new value; the old one stops working.
pub(crate) fn refresh(
    db: &Connection,
    vault: &Vault,
    workspace: WorkspaceId,
    id: TokenId,
) -> Result<(), CatalogError> {
    find(db, workspace, id)?;
    let value = mint(&workspace, id)?;
    db.execute(
        "UPDATE tokens SET digest = ?2, value = ?3 WHERE id = ?1",
        params![
            id,
            vault.digest(value.expose()),
            vault.seal(&owner(id), &value)?
        ],
    )
    .map(|_| ())
    .map_err(during("refresh a token"))
}

/// Deletes a token. One that a datafile names comes back with the next deployment.
pub(crate) fn delete(
    db: &Connection,
    workspace: WorkspaceId,
    id: TokenId,
) -> Result<(), CatalogError> {
    let (name, origin) = find(db, workspace, id)?;
    if origin == TokenOrigin::Builtin {
        return Err(CatalogError::TokenBuiltin {
            name,
            action: "deleted",
        });
    }
    db.execute("DELETE FROM tokens WHERE id = ?1", [id])
        .map(|_| ())
        .map_err(during("delete a token"))
}

/// Returns name and origin of a token of the workspace.
fn find(
    db: &Connection,
    workspace: WorkspaceId,
    id: TokenId,
) -> Result<(String, TokenOrigin), CatalogError> {
    let found: Option<(String, String)> = db
        .query_row(
            "SELECT name, origin FROM tokens WHERE workspace_id = ?1 AND id = ?2",
            params![workspace, id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(during("read tokens"))?;
    let (name, origin) = found.ok_or(CatalogError::UnknownToken(id))?;
    Ok((name, parse_origin(&origin, id)?))
}

fn check_new_name(db: &Connection, workspace: WorkspaceId, name: &str) -> Result<(), CatalogError> {
    let chars = name.chars().count();
    if !(1..=TOKEN_NAME_CHARS_MAX).contains(&chars) || name.chars().any(char::is_control) {
        return Err(CatalogError::InvalidTokenName {
            limit: TOKEN_NAME_CHARS_MAX,
        });
    }
    let exists = db
        .prepare_cached("SELECT 1 FROM tokens WHERE workspace_id = ?1 AND name = ?2")
        .and_then(|mut statement| statement.exists(params![workspace, name]))
        .map_err(during("read tokens"))?;
    if exists {
        return Err(CatalogError::TokenExists(name.to_owned()));
    }
    Ok(())
}

fn check_description(text: &str) -> Result<(), CatalogError> {
    if text.len() > TOKEN_DESCRIPTION_BYTES_MAX {
        return Err(CatalogError::TokenDescriptionTooLong {
            limit: TOKEN_DESCRIPTION_BYTES_MAX,
        });
    }
    Ok(())
}

fn check_scopes(scopes: &Scopes) -> Result<(), CatalogError> {
    if scopes.iter().count() > TOKEN_SCOPES_MAX {
        return Err(CatalogError::TooManyScopes {
            limit: TOKEN_SCOPES_MAX,
        });
    }
    Ok(())
}
