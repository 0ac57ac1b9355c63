//! Text that must not be shown: the values of tokens and secrets.

use std::fmt;

use subtle::ConstantTimeEq;

/// A value that is never printed by accident: `Debug` hides it and there is no `Display`.
///
/// Equality takes the same time wherever the first difference is.
#[derive(Clone)]
pub struct SecretText(Box<str>);

impl SecretText {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into().into_boxed_str())
    }

    /// Returns the value itself, for the few places that must send or compare it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(hidden)")
    }
}
