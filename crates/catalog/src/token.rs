//! Tokens: who may do what.
//!
//! A value is found by its keyed digest and kept encrypted. A value of ours looks like those of the
//! reference product: `p.`, a base64url JSON object with workspace (`u`), token id and host, a dot, and
//! base64url of 32 bytes that nobody can guess. The object is for the clients that read it; what
//! a token allows is decided here alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::column::Micros;
use crate::error::during;
use crate::vault::{Vault, hmac_sha256};
use crate::{
    CatalogError, Scope, Scopes, SecretText, TOKEN_VALUE_BYTES_MAX, TokenGrant, TokenId,
    WorkspaceId,
};

pub(crate) mod change;

/// Name of the admin token that every workspace has.
pub const ADMIN_TOKEN_NAME: &str = "workspace admin token";

/// A token of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its identity, which may be shown and logged.
    pub id: TokenId,
    /// Its name; unique in the workspace.
    pub name: String,
    /// What a client presents.
    pub value: SecretText,
    /// What it allows.
    pub scopes: Scopes,
    /// What created it.
    pub origin: TokenOrigin,
    /// What its maker says about it.
    pub description: String,
    /// Id of the data source or pipe that a client made it for.
    pub resource_id: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What created a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOrigin {
    /// It came with the workspace and stays.
    Builtin,
    /// A `TOKEN` line of a datafile; it goes with its last scope.
    Datafile,
    /// A client, by the API.
    Custom,
    /// A client, for a data source.
    Datasource,
    /// A client, for a pipe.
    Pipe,
    /// It belongs to the account, not to a workspace.
    Account,
    /// Nothing here: it is a signed token, and only its claims exist.
    Signed,
}

/// A token that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDraft {
    /// Its name; unique in the workspace.
    pub name: String,
    /// What its maker says about it.
    pub description: String,
    /// What it allows.
    pub scopes: Scopes,
    /// [`TokenOrigin::Custom`], [`TokenOrigin::Datasource`] or [`TokenOrigin::Pipe`].
    pub origin: TokenOrigin,
    /// Id of the data source or pipe that it is for.
    pub resource_id: Option<String>,
}

/// A change of a token; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenChange {
    /// Its new name.
    pub name: Option<String>,
    /// Its new description.
    pub description: Option<String>,
    /// Everything it allows from now on. Scopes of datafiles come back with the next deployment.
    pub scopes: Option<Scopes>,
}

impl TokenOrigin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Datafile => "datafile",
            Self::Custom => "custom",
            Self::Datasource => "datasource",
            Self::Pipe => "pipe",
            Self::Account => "account",
            Self::Signed => "signed",
        }
    }
}

/// Returns the tokens of a workspace, oldest first.
pub(crate) fn list(
    db: &Connection,
    vault: &Vault,
    workspace: WorkspaceId,
) -> Result<Vec<Token>, CatalogError> {
    let failed = during("read tokens");
    let mut statement = db
        .prepare_cached(
            "SELECT id, name, origin, value, created_at, description, resource_id FROM tokens
             WHERE workspace_id = ?1 ORDER BY rowid",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([workspace]).map_err(&failed)?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let id: TokenId = row.get(0).map_err(&failed)?;
        let origin: String = row.get(2).map_err(&failed)?;
        let sealed: Vec<u8> = row.get(3).map_err(&failed)?;
        tokens.push(Token {
            id,
            name: row.get(1).map_err(&failed)?,
            value: vault.open(&owner(id), &sealed)?,
            scopes: scopes(db, id)?,
            origin: parse_origin(&origin, id)?,
            created_at: row.get::<_, Micros>(4).map_err(&failed)?.0,
            description: row.get(5).map_err(&failed)?,
            resource_id: row.get(6).map_err(&failed)?,
        });
    }
    Ok(tokens)
}

/// Creates the admin token of a workspace.
pub(crate) fn create_admin(
    db: &Connection,
    vault: &Vault,
    at: (WorkspaceId, Timestamp),
) -> Result<(), CatalogError> {
    let id = create(db, vault, at, (ADMIN_TOKEN_NAME, TokenOrigin::Builtin))?;
    add_scope(db, id, &Scope::Admin, "own")
}

/// Gives the admin token of a workspace the value that the operator chose.
pub(crate) fn set_admin_value(
    db: &Connection,
    vault: &Vault,
    workspace: WorkspaceId,
    value: &SecretText,
) -> Result<(), CatalogError> {
    check_given_value(value)?;
    let failed = during("set the admin token");
    let id: TokenId = db
        .query_row(
            "SELECT id FROM tokens WHERE workspace_id = ?1 AND name = ?2",
            params![workspace, ADMIN_TOKEN_NAME],
            |row| row.get(0),
        )
        .map_err(&failed)?;
    let digest = vault.digest(value.expose());
    let holder: Option<(TokenId, String)> = db
        .query_row(
            "SELECT id, name FROM tokens WHERE digest = ?1",
            [digest],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(&failed)?;
    match holder {
        Some((holder, _)) if holder == id => Ok(()),
        Some((_, name)) => Err(CatalogError::AdminTokenTaken { name }),
        None => db
            .execute(
                "UPDATE tokens SET digest = ?2, value = ?3 WHERE id = ?1",
                params![id, digest, vault.seal(&owner(id), value)?],
            )
            .map(|_| ())
            .map_err(&failed),
    }
}

/// Makes the scopes that datafiles give exactly those of `grants`.
///
/// Tokens that are named for the first time are created; tokens that a datafile created and that have
/// no scope left are deleted.
pub(crate) fn sync_grants(
    db: &Connection,
    vault: &Vault,
    at: (WorkspaceId, Timestamp),
    grants: &[TokenGrant],
) -> Result<(), CatalogError> {
    let (workspace, _) = at;
    let failed = during("write the tokens of datafiles");
    db.execute(
        "DELETE FROM token_scopes WHERE source = 'datafile'
         AND token_id IN (SELECT id FROM tokens WHERE workspace_id = ?1)",
        [workspace],
    )
    .map_err(&failed)?;
    for grant in grants {
        let found = db
            .prepare_cached("SELECT id FROM tokens WHERE workspace_id = ?1 AND name = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row(params![workspace, grant.token], |row| row.get(0))
                    .optional()
            })
            .map_err(&failed)?;
        let id = match found {
            Some(id) => id,
            None => create(db, vault, at, (&grant.token, TokenOrigin::Datafile))?,
        };
        add_scope(db, id, &grant.scope, "datafile")?;
    }
    db.execute(
        "DELETE FROM tokens WHERE workspace_id = ?1 AND origin = ?2
         AND id NOT IN (SELECT token_id FROM token_scopes)",
        params![workspace, TokenOrigin::Datafile.as_str()],
    )
    .map(|_| ())
    .map_err(&failed)
}

fn create(
    db: &Connection,
    vault: &Vault,
    (workspace, now): (WorkspaceId, Timestamp),
    (name, origin): (&str, TokenOrigin),
) -> Result<TokenId, CatalogError> {
    let id = TokenId::random();
    let value = mint(&workspace, id)?;
    db.execute(
        "INSERT INTO tokens (id, workspace_id, name, origin, digest, value, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            id,
            workspace,
            name,
            origin.as_str(),
            vault.digest(value.expose()),
            vault.seal(&owner(id), &value)?,
            Micros(now)
        ],
    )
    .map_err(during("create a token"))?;
    Ok(id)
}

fn add_scope(
    db: &Connection,
    id: TokenId,
    scope: &Scope,
    source: &str,
) -> Result<(), CatalogError> {
    db.execute(
        "INSERT OR IGNORE INTO token_scopes (token_id, scope, source) VALUES (?1, ?2, ?3)",
        params![id, scope.to_string(), source],
    )
    .map(|_| ())
    .map_err(during("write scopes"))
}

fn scopes(db: &Connection, id: TokenId) -> Result<Scopes, CatalogError> {
    let texts: Vec<String> = db
        .prepare_cached("SELECT scope FROM token_scopes WHERE token_id = ?1 ORDER BY rowid")
        .and_then(|mut statement| statement.query_map([id], |row| row.get(0))?.collect())
        .map_err(during("read scopes"))?;
    let mut scopes = Vec::with_capacity(texts.len());
    for text in texts {
        let scope = text.parse().map_err(|error| CatalogError::Damaged {
            what: format!("token {id}: {error}"),
        })?;
        scopes.push(scope);
    }
    Ok(Scopes::new(scopes))
}

/// Makes a value. The key of its last part is thrown away: a value is known by its digest, not checked
/// by a signature, so that a new value of the same token differs.
pub(crate) fn mint(user: &impl ToString, id: TokenId) -> Result<SecretText, CatalogError> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(CatalogError::Random)?;
    let claims = json!({"u": user.to_string(), "id": id.to_string(), "host": "local"});
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let mac = URL_SAFE_NO_PAD.encode(hmac_sha256(&key, body.as_bytes()));
    Ok(SecretText::new(format!("p.{body}.{mac}")))
}

pub(crate) fn check_given_value(value: &SecretText) -> Result<(), CatalogError> {
    let bytes = value.expose().as_bytes();
    let fits = (1..=TOKEN_VALUE_BYTES_MAX).contains(&bytes.len());
    if fits && bytes.iter().all(u8::is_ascii_graphic) {
        Ok(())
    } else {
        Err(CatalogError::InvalidAdminToken {
            limit: TOKEN_VALUE_BYTES_MAX,
        })
    }
}

pub(crate) fn owner(id: TokenId) -> String {
    format!("token {id}")
}

fn parse_origin(text: &str, id: TokenId) -> Result<TokenOrigin, CatalogError> {
    // Tokens of the other origins are not in this table.
    [
        TokenOrigin::Builtin,
        TokenOrigin::Datafile,
        TokenOrigin::Custom,
        TokenOrigin::Datasource,
        TokenOrigin::Pipe,
    ]
    .into_iter()
    .find(|origin| origin.as_str() == text)
    .ok_or_else(|| CatalogError::Damaged {
        what: format!("token {id} has the unknown origin {text:?}"),
    })
}
