//! What exists: workspaces, their resources and deployments, tokens and secrets.
//!
//! One SQLite file (`catalog.db`) holds everything; a key file beside it encrypts the values of tokens
//! and secrets. Readers take an immutable [`CatalogView`]; every change goes through [`Catalog`], which
//! publishes a new view when, and only when, the change is on disk. The crate knows nothing of tables
//! in the engine, of the text inside a resource or of HTTP.

mod account;
mod catalog;
mod column;
mod copy;
mod deployment;
mod error;
mod id;
mod job;
mod jwt;
mod key_file;
mod limits;
mod resource;
mod schema;
mod scope;
mod secret;
mod secret_text;
mod token;
mod vault;
mod view;
mod workspace;

pub use account::{ACCOUNT_EMAIL, Account};
pub use catalog::Catalog;
pub use copy::CopyState;
pub use deployment::{Deployment, DeploymentDraft, DeploymentStatus, TokenGrant};
pub use error::CatalogError;
pub use id::{DeploymentId, JobId, ResourceId, TokenId, WorkspaceId};
pub use job::{JobRecord, JobStatus};
pub use jwt::{JwtError, Signed, sign};
pub use limits::{
    DEPLOYMENTS_KEPT_MAX, JOBS_LISTED_MAX, JWT_BYTES_MAX, SECRET_VALUE_BYTES_MAX, SECRETS_MAX,
    TOKEN_VALUE_BYTES_MAX, TOKENS_MAX, WORKSPACES_MAX,
};
pub use resource::{Resource, ResourceDraft, ResourceKind, content_hash};
pub use scope::{ParseScopeError, Scope, Scopes};
pub use secret::Secret;
pub use secret_text::SecretText;
pub use token::{ADMIN_TOKEN_NAME, Token, TokenChange, TokenDraft, TokenOrigin};
pub use view::{Caller, CatalogView, StagingView, WorkspaceView};
pub use workspace::{DEFAULT_WORKSPACE, Workspace};
