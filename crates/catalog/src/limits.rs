//! Limits of what the catalog stores, with their reasons.

/// Most bytes a token value may have. Ours have about 200; one given by the operator may be anything
/// that fits into a header with ease.
pub const TOKEN_VALUE_BYTES_MAX: usize = 1024;

/// Most secrets of one workspace, as in the reference product.
pub const SECRETS_MAX: u32 = 100;

/// Most bytes of a secret's value, as in the reference product.
pub const SECRET_VALUE_BYTES_MAX: usize = 8 * 1024;

/// Most characters of a secret's name.
pub(crate) const SECRET_NAME_CHARS_MAX: usize = 128;

/// Deleted deployments of a workspace that can still be asked about; older ones are forgotten.
pub const DEPLOYMENTS_KEPT_MAX: u32 = 100;

/// Most workspaces of a server, as in the reference product. Each has two databases in the engine.
pub const WORKSPACES_MAX: usize = 90;

/// Most characters of a workspace's name.
pub(crate) const WORKSPACE_NAME_CHARS_MAX: usize = 128;

/// Most tokens of one workspace. Every change of the catalog decrypts all of them: 10 ms for so many.
pub const TOKENS_MAX: u32 = 10_000;

/// Most characters of a token's name.
pub(crate) const TOKEN_NAME_CHARS_MAX: usize = 256;

/// Most bytes of a token's description.
pub(crate) const TOKEN_DESCRIPTION_BYTES_MAX: usize = 4096;

/// Most scopes of one token.
pub(crate) const TOKEN_SCOPES_MAX: usize = 1000;

/// Most bytes of a signed token; those of clients have a few hundred.
pub const JWT_BYTES_MAX: usize = 8 * 1024;

/// Days for which jobs are remembered. The reference product lists those of two days.
pub(crate) const JOBS_KEPT_DAYS: i64 = 7;

/// Most jobs that are listed at once, as in the reference product.
pub const JOBS_LISTED_MAX: usize = 100;
