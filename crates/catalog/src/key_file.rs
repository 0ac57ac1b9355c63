//! The key file: one line of text, readable by its owner only.
//!
//! ```text
//! birdhouse-key-1 <64 hex digits>
//! ```
//!
//! Losing it means losing the values of all tokens and secrets, so it is written completely and synced
//! before anything is encrypted with it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::CatalogError;

const NAME: &str = "key";
const PREFIX: &str = "birdhouse-key-1 ";
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;
/// More than the line has, so that a longer file is noticed, and a huge one not read.
const READ_BYTES_MAX: u64 = 256;

/// Returns where the key file of a data directory is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

/// Reads the key.
pub(crate) fn load(data_dir: &Path) -> Result<[u8; 32], CatalogError> {
    let path = path(data_dir);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(CatalogError::KeyMissing { path });
        }
        Err(error) => return Err(failed("open key file", &path)(error)),
    };
    let metadata = file.metadata().map_err(failed("examine key file", &path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(CatalogError::KeyPermissions { path, mode });
    }
    let mut text = Vec::new();
    file.take(READ_BYTES_MAX)
        .read_to_end(&mut text)
        .map_err(failed("read key file", &path))?;
    decode(&text).ok_or(CatalogError::KeyMalformed { path })
}

/// Reads the key, or makes a new one when there is no file yet.
///
/// The caller holds the catalog's write lock, so two processes never make two keys.
pub(crate) fn load_or_create(data_dir: &Path) -> Result<[u8; 32], CatalogError> {
    match load(data_dir) {
        Err(CatalogError::KeyMissing { .. }) => create(data_dir),
        other => other,
    }
}

fn create(data_dir: &Path) -> Result<[u8; 32], CatalogError> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(CatalogError::Random)?;
    let path = path(data_dir);
    let draft = data_dir.join("key.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&draft)
        .map_err(failed("create key file", &draft))?;
    // A draft left by a crash keeps its old mode.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))
        .map_err(failed("protect key file", &draft))?;
    file.write_all(encode(&key).as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed("write key file", &draft))?;
    fs::rename(&draft, &path).map_err(failed("rename key file to", &path))?;
    File::open(data_dir)
        .and_then(|directory| directory.sync_all())
        .map_err(failed("sync directory", data_dir))?;
    Ok(key)
}

fn encode(key: &[u8; 32]) -> String {
    format!("{PREFIX}{}\n", crate::resource::hex(key))
}

fn decode(text: &[u8]) -> Option<[u8; 32]> {
    let digits = std::str::from_utf8(text)
        .ok()?
        .strip_prefix(PREFIX)?
        .trim_end();
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0_u8; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CatalogError {
    let path = path.to_owned();
    move |source| CatalogError::Io {
        action,
        path,
        source,
    }
}
