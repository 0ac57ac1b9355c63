//! Why the catalog could not be opened, read or changed.
//!
//! No text here contains the value of a token or a secret.

use std::io;
use std::path::PathBuf;

use crate::{DeploymentId, DeploymentStatus, ResourceKind, TokenId, WorkspaceId};

/// Why the catalog could not be opened, read or changed. A failed change leaves nothing behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The directory has no catalog yet.
    #[error("{path} does not exist; start the server once with this data directory")]
    Missing {
        /// Where the catalog should be.
        path: PathBuf,
    },
    /// A newer binary wrote the file.
    #[error(
        "{path} has format {found}, this binary knows formats up to {supported}; use a newer birdhouse"
    )]
    NewerFormat {
        /// The catalog's file.
        path: PathBuf,
        /// Format version of the file.
        found: i64,
        /// Newest format version of this binary.
        supported: i64,
    },
    /// An older binary wrote the file and it was opened for reading only.
    #[error(
        "{path} has format {found}, reading needs format {supported}; start the server once to migrate it"
    )]
    OlderFormat {
        /// The catalog's file.
        path: PathBuf,
        /// Format version of the file.
        found: i64,
        /// Format version of this binary.
        supported: i64,
    },
    /// The catalog exists but its key file does not.
    #[error("key file {path} is missing; the catalog beside it cannot be read without it")]
    KeyMissing {
        /// Where the key file should be.
        path: PathBuf,
    },
    /// Group or others may read or write the key file.
    #[error("key file {path} is open to other users (mode {mode:04o}); run `chmod 600` on it")]
    KeyPermissions {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file does not hold a key.
    #[error("key file {path} is damaged")]
    KeyMalformed {
        /// The key file.
        path: PathBuf,
    },
    /// The key file holds the key of another catalog.
    #[error("key file {path} belongs to another catalog")]
    WrongKey {
        /// The key file.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried, such as `create key file`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// SQLite refused.
    #[error("cannot {action} in the catalog")]
    Database {
        /// What was tried, such as `read tokens`.
        action: &'static str,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
    /// The file holds something that this format does not allow.
    #[error("the catalog is damaged: {what}")]
    Damaged {
        /// What is wrong and where.
        what: String,
    },
    /// A value could not be encrypted or decrypted.
    #[error("cannot {action} the value of {owner}")]
    Cipher {
        /// `encrypt` or `decrypt`.
        action: &'static str,
        /// Whose value it is.
        owner: String,
        /// The cause.
        #[source]
        source: chacha20poly1305::Error,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    Random(#[source] getrandom::Error),
    /// No workspace has this id.
    #[error("workspace {0} does not exist")]
    UnknownWorkspace(WorkspaceId),
    /// The workspace has no deployment of this number, or it is deleted.
    #[error("deployment {0} does not exist")]
    UnknownDeployment(DeploymentId),
    /// Another deployment waits to become live.
    #[error("deployment {0} is in progress; promote or discard it before you make another one")]
    DeploymentInProgress(DeploymentId),
    /// A deployment was made for another one that was live.
    #[error("deployment {0} became live meanwhile; deploy again")]
    LiveChanged(DeploymentId),
    /// What is live cannot be removed.
    #[error("deployment {0} is live and cannot be deleted; make another one live first")]
    DeploymentLive(DeploymentId),
    /// A deployment cannot become live in the state it is in.
    #[error("deployment {id} cannot become live: its status is {status}")]
    DeploymentNotReady {
        /// The deployment.
        id: DeploymentId,
        /// Where it stands.
        status: DeploymentStatus,
    },
    /// Another workspace has this name.
    #[error("the workspace {0:?} exists already; choose another name")]
    WorkspaceExists(String),
    /// A workspace's name is not a word.
    #[error("workspace name {name:?} must have 1 to {limit} letters, digits, '_' or '-'")]
    InvalidWorkspaceName {
        /// The name, cut at the limit.
        name: String,
        /// Most characters.
        limit: usize,
    },
    /// There are as many workspaces as there may be.
    #[error("there are {limit} workspaces already; delete one first")]
    TooManyWorkspaces {
        /// Most workspaces.
        limit: usize,
    },
    /// A deployment names a resource twice.
    #[error("{kind} {name} appears twice in the deployment")]
    DuplicateResource {
        /// Its kind.
        kind: ResourceKind,
        /// Its name.
        name: String,
    },
    /// The operator's admin token cannot be used.
    #[error("the admin token must have 1 to {limit} visible ASCII characters without spaces")]
    InvalidAdminToken {
        /// Most characters.
        limit: usize,
    },
    /// The operator's admin token is the value of another token.
    #[error("the admin token has the same value as token {name:?}")]
    AdminTokenTaken {
        /// Name of the other token.
        name: String,
    },
    /// No token of the workspace has this id.
    #[error("token {0} does not exist")]
    UnknownToken(TokenId),
    /// Another token of the workspace has this name.
    #[error("the token {0:?} exists already; choose another name")]
    TokenExists(String),
    /// A token's name is empty or too long.
    #[error("a token name must have 1 to {limit} characters, none of them a control character")]
    InvalidTokenName {
        /// Most characters.
        limit: usize,
    },
    /// A token's description is too long.
    #[error("a token description may have {limit} bytes")]
    TokenDescriptionTooLong {
        /// Most bytes.
        limit: usize,
    },
    /// A token has too many scopes.
    #[error("a token may have {limit} scopes")]
    TooManyScopes {
        /// Most scopes.
        limit: usize,
    },
    /// There are as many tokens as there may be.
    #[error("the workspace has {limit} tokens already; delete one first")]
    TooManyTokens {
        /// Most tokens.
        limit: u32,
    },
    /// The token belongs to the workspace and cannot be changed like this.
    #[error("the token {name:?} comes with the workspace: it can be refreshed, not {action}")]
    TokenBuiltin {
        /// The token's name.
        name: String,
        /// What was asked for, such as `deleted`.
        action: &'static str,
    },
    /// A secret's name is not a word.
    #[error(
        "secret name {name:?} must have 1 to {limit} letters, digits or underscores and not begin with a digit"
    )]
    InvalidSecretName {
        /// The name.
        name: String,
        /// Most characters.
        limit: usize,
    },
    /// A secret's value is too long.
    #[error("value of secret {name} has {bytes} bytes, the limit is {limit}")]
    SecretTooLarge {
        /// The secret's name.
        name: String,
        /// Bytes of the value.
        bytes: usize,
        /// Most bytes.
        limit: usize,
    },
    /// The workspace has as many secrets as it may have.
    #[error("the workspace already has {limit} secrets")]
    TooManySecrets {
        /// Most secrets.
        limit: u32,
    },
}

impl CatalogError {
    /// Returns true when the caller asked for something that cannot be, and a changed request may
    /// succeed.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::WorkspaceExists(_)
                | Self::InvalidWorkspaceName { .. }
                | Self::TooManyWorkspaces { .. }
                | Self::DuplicateResource { .. }
                | Self::InvalidAdminToken { .. }
                | Self::AdminTokenTaken { .. }
                | Self::TokenExists(_)
                | Self::InvalidTokenName { .. }
                | Self::TokenDescriptionTooLong { .. }
                | Self::TooManyScopes { .. }
                | Self::TooManyTokens { .. }
                | Self::TokenBuiltin { .. }
                | Self::InvalidSecretName { .. }
                | Self::SecretTooLarge { .. }
                | Self::TooManySecrets { .. }
        )
    }
}

/// Returns the conversion for an SQLite error that happened while doing `action`.
pub(crate) fn during(action: &'static str) -> impl Fn(rusqlite::Error) -> CatalogError {
    move |source| CatalogError::Database { action, source }
}
