//! Finds the engine library on this machine.
//!
//! `scripts/fetch-engine` puts the library into the user's cache, under the version and platform
//! of `engine.lock.json`, the one place that names them. `BIRDHOUSE_LIBCHDB` wins over the cache.

use std::env;
use std::path::PathBuf;

use serde::Deserialize;

/// The variable that names a library file and wins over the cache.
const VARIABLE: &str = "BIRDHOUSE_LIBCHDB";

const LOCK: &str = include_str!("../engine.lock.json");

/// Why there is no engine library to load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The variable names something that is not a file.
    #[error("{VARIABLE} is set to {}, which is not a file", .path.display())]
    NotAFile {
        /// The value of the variable.
        path: PathBuf,
    },
    /// Nothing was fetched yet.
    #[error(
        "the engine library is missing ({}); run `make engine` to fetch it, or set {VARIABLE} to the path of a libchdb",
        .path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Neither a cache directory nor a home directory is known.
    #[error("no cache directory: set HOME, XDG_CACHE_HOME or {VARIABLE}")]
    NoCacheDirectory,
    /// The file that pins the library is broken.
    #[error("engine.lock.json is not valid")]
    Lock(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Lock {
    version: String,
    library: String,
}

/// Returns the path of the engine library.
///
/// # Errors
/// When there is none; the text says the command that fetches it.
pub fn find_library() -> Result<PathBuf, LibraryError> {
    find(|name| env::var_os(name).map(PathBuf::from))
}

fn find(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, LibraryError> {
    if let Some(path) = variable(VARIABLE) {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(LibraryError::NotAFile { path })
        };
    }
    let cache = variable("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .ok_or(LibraryError::NoCacheDirectory)?;
    let lock: Lock = serde_json::from_str(LOCK).map_err(LibraryError::Lock)?;
    let path = cache
        .join("birdhouse/engine")
        .join(&lock.version)
        .join(platform())
        .join(&lock.library);
    if path.is_file() {
        Ok(path)
    } else {
        Err(LibraryError::Missing { path })
    }
}

/// Returns the name of this platform in the lock file, such as `linux-x64`.
fn platform() -> String {
    let system = match env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}-{processor}")
}

#[cfg(test)]
mod tests;
