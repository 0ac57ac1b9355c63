//! The account: the one person that a server of our kind belongs to, and their two tokens.
//!
//! The reference product has users and organizations; its local server has one of each, and so have
//! we. The user token manages workspaces. The admin token does so as well, and is an admin of the
//! oldest workspace.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::column::Micros;
use crate::error::during;
use crate::token::{check_given_value, mint, owner};
use crate::vault::Vault;
use crate::{CatalogError, Scope, Scopes, SecretText, Token, TokenId, TokenOrigin};

/// Address of the account, which the official clients show.
pub const ACCOUNT_EMAIL: &str = "local_testing@tinybird.co";

/// The account and its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its identity.
    pub user_id: Uuid,
    /// Identity of its organization.
    pub organization_id: Uuid,
    /// Lists, creates and deletes workspaces; allows nothing inside of them.
    pub user_token: Token,
    /// Does the same and is an admin of the oldest workspace.
    pub admin_token: Token,
}

/// The kinds of account tokens, as stored.
const USER: &str = "user";
const ADMIN: &str = "admin";

/// Makes the account with its tokens when there is none.
pub(crate) fn ensure(db: &Connection, vault: &Vault, now: Timestamp) -> Result<(), CatalogError> {
    let exists = db
        .prepare("SELECT 1 FROM account")
        .and_then(|mut statement| statement.exists([]))
        .map_err(during("read the account"))?;
    if exists {
        return Ok(());
    }
    let (user_id, organization_id) = (Uuid::new_v4(), Uuid::new_v4());
    db.execute(
        "INSERT INTO account (user_id, organization_id) VALUES (?1, ?2)",
        params![user_id.to_string(), organization_id.to_string()],
    )
    .map_err(during("create the account"))?;
    for kind in [USER, ADMIN] {
        let id = TokenId::random();
        let value = mint(&user_id, id)?;
        db.execute(
            "INSERT INTO account_tokens (kind, id, digest, value, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                kind,
                id,
                vault.digest(value.expose()),
                vault.seal(&owner(id), &value)?,
                Micros(now)
            ],
        )
        .map_err(during("create the account's tokens"))?;
    }
    Ok(())
}

/// Gives the user token the value that the operator chose.
pub(crate) fn set_user_value(
    db: &Connection,
    vault: &Vault,
    value: &SecretText,
) -> Result<(), CatalogError> {
    check_given_value(value)?;
    let failed = during("set the user token");
    let digest = vault.digest(value.expose());
    let holder: Option<String> = db
        .query_row(
            "SELECT name FROM tokens WHERE digest = ?1
             UNION ALL SELECT kind FROM account_tokens WHERE digest = ?1 AND kind <> ?2",
            params![digest, USER],
            |row| row.get(0),
        )
        .optional()
        .map_err(&failed)?;
    if let Some(name) = holder {
        return Err(CatalogError::AdminTokenTaken { name });
    }
    let id: TokenId = db
        .query_row(
            "SELECT id FROM account_tokens WHERE kind = ?1",
            [USER],
            |row| row.get(0),
        )
        .map_err(&failed)?;
    db.execute(
        "UPDATE account_tokens SET digest = ?2, value = ?3 WHERE id = ?1",
        params![id, digest, vault.seal(&owner(id), value)?],
    )
    .map(|_| ())
    .map_err(failed)
}

/// Reads the account.
pub(crate) fn load(db: &Connection, vault: &Vault) -> Result<Account, CatalogError> {
    let (user_id, organization_id): (String, String) = db
        .query_row("SELECT user_id, organization_id FROM account", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(during("read the account"))?;
    let uuid = |text: &str| {
        Uuid::parse_str(text).map_err(|error| CatalogError::Damaged {
            what: format!("an id of the account: {error}"),
        })
    };
    Ok(Account {
        user_id: uuid(&user_id)?,
        organization_id: uuid(&organization_id)?,
        user_token: token(
            db,
            vault,
            USER,
            ("user token".to_owned(), Scopes::default()),
        )?,
        admin_token: token(
            db,
            vault,
            ADMIN,
            (
                format!("admin {ACCOUNT_EMAIL}"),
                Scopes::new([Scope::AdminUser]),
            ),
        )?,
    })
}

fn token(
    db: &Connection,
    vault: &Vault,
    kind: &str,
    (name, scopes): (String, Scopes),
) -> Result<Token, CatalogError> {
    let (id, sealed, created_at): (TokenId, Vec<u8>, Micros) = db
        .query_row(
            "SELECT id, value, created_at FROM account_tokens WHERE kind = ?1",
            [kind],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(during("read the account's tokens"))?;
    Ok(Token {
        id,
        name,
        value: vault.open(&owner(id), &sealed)?,
        scopes,
        origin: TokenOrigin::Account,
        description: String::new(),
        resource_id: None,
        created_at: created_at.0,
    })
}
