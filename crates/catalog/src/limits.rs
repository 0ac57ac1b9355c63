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

/// Days for which jobs are remembered. The reference product lists those of two days.
pub(crate) const JOBS_KEPT_DAYS: i64 = 7;

/// Most jobs that are listed at once, as in the reference product.
pub(crate) const JOBS_LISTED_MAX: u32 = 100;
