//! Encryption of values at rest and digests to find tokens by.
//!
//! Two subkeys are derived from the key of the key file. A sealed value is
//!
//! ```text
//! version 1 (1 byte) | nonce (24 bytes) | XChaCha20-Poly1305 ciphertext and tag
//! ```
//!
//! and is bound to its owner (`token <id>`), so a value copied to another row does not open.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{CatalogError, SecretText};

const SEALED_VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Keyed digest of a token value.
pub(crate) type Digest = [u8; 32];

/// The key of a catalog, at work.
pub(crate) struct Vault {
    cipher: XChaCha20Poly1305,
    digest_key: Digest,
    check: Digest,
}

impl Vault {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(&hmac_sha256(key, b"birdhouse values 1").into()),
            digest_key: hmac_sha256(key, b"birdhouse token digests 1"),
            check: hmac_sha256(key, b"birdhouse key check 1"),
        }
    }

    /// Returns what a catalog stores to recognise its key.
    pub(crate) fn check(&self) -> &Digest {
        &self.check
    }

    /// Returns the digest by which a token value is found.
    pub(crate) fn digest(&self, value: &str) -> Digest {
        hmac_sha256(&self.digest_key, value.as_bytes())
    }

    /// Encrypts the value of `owner`.
    pub(crate) fn seal(&self, owner: &str, value: &SecretText) -> Result<Vec<u8>, CatalogError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(CatalogError::Random)?;
        let payload = Payload {
            msg: value.expose().as_bytes(),
            aad: owner.as_bytes(),
        };
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|source| CatalogError::Cipher {
                action: "encrypt",
                owner: owner.to_owned(),
                source,
            })?;
        let mut sealed = vec![SEALED_VERSION];
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Decrypts what [`Vault::seal`] made for the same owner.
    pub(crate) fn open(&self, owner: &str, sealed: &[u8]) -> Result<SecretText, CatalogError> {
        let damaged = || CatalogError::Damaged {
            what: format!("the value of {owner} has an unknown form"),
        };
        let (version, rest) = sealed.split_first().ok_or_else(damaged)?;
        if *version != SEALED_VERSION {
            return Err(damaged());
        }
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(damaged)?;
        let payload = Payload {
            msg: ciphertext,
            aad: owner.as_bytes(),
        };
        let value = self
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|source| CatalogError::Cipher {
                action: "decrypt",
                owner: owner.to_owned(),
                source,
            })?;
        // Only text was sealed, so this fails on nothing but a bug; the bytes must not be shown.
        String::from_utf8(value)
            .ok()
            .map(SecretText::new)
            .ok_or_else(damaged)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(hidden)")
    }
}

/// Returns the HMAC-SHA256 of `message` under `key`.
#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length, so this cannot fail"
)]
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Digest {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
