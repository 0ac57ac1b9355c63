//! The engine's directory: who uses it, and whether the last user stopped in order.
//!
//! ```text
//! engine/run/        the socket, unless its path would be too long
//! engine/access/     configuration, written at every start, read-only for the engine
//! engine/data/       everything that belongs to libchdb
//! engine/data/birdhouse.running   exists, and is locked, while a worker uses the directory
//! ```
//!
//! A marker that is found without a lock on it was left by a worker that was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// How the last user of the directory ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastStop {
    /// In order, or the directory is new.
    Clean,
    /// Killed or crashed.
    Unclean,
}

/// The directory, in use by this process.
pub(super) struct EngineDirectory {
    pub(super) access: PathBuf,
    pub(super) data: PathBuf,
    marker: PathBuf,
    /// Holds the lock until the process ends.
    _lock: File,
}

impl EngineDirectory {
    /// Takes the directory for this process; fails when another one has it.
    pub(super) fn take(root: &Path) -> io::Result<(Self, LastStop)> {
        let access = root.join("access");
        let data = root.join("data");
        fs::create_dir_all(&data)?;
        let marker = data.join("birdhouse.running");
        let last_stop = if marker.try_exists()? {
            LastStop::Unclean
        } else {
            LastStop::Clean
        };
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&marker)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("another worker uses {}", root.display());
                return Err(io::Error::other(text));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The marker must be there after a power loss too.
        File::open(&data)?.sync_all()?;
        let directory = Self {
            access,
            data,
            marker,
            _lock: lock,
        };
        Ok((directory, last_stop))
    }

    /// Records that the engine has stopped in order; an error when it has not.
    pub(super) fn mark_clean(&self) -> io::Result<()> {
        // The engine keeps this file while it is started, and removes it last.
        if self.data.join("status").try_exists()? {
            return Err(io::Error::other("the engine has not let go of its files"));
        }
        fs::remove_file(&self.marker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_clean_stop_is_noticed() {
        let root = tempfile::tempdir().expect("directory");
        let (first, stop) = EngineDirectory::take(root.path()).expect("new");
        assert_eq!(stop, LastStop::Clean);
        drop(first);
        let (second, stop) = EngineDirectory::take(root.path()).expect("left");
        assert_eq!(stop, LastStop::Unclean);
        let status = root.path().join("data/status");
        fs::write(&status, "").expect("written");
        second.mark_clean().expect_err("the engine is not done");
        fs::remove_file(&status).expect("removed");
        second.mark_clean().expect("marked");
        drop(second);
        let (_third, stop) = EngineDirectory::take(root.path()).expect("marked clean");
        assert_eq!(stop, LastStop::Clean);
    }

    #[test]
    fn a_directory_in_use_is_refused() {
        let root = tempfile::tempdir().expect("directory");
        let _first = EngineDirectory::take(root.path()).expect("new");
        let error = EngineDirectory::take(root.path())
            .map(drop)
            .expect_err("in use");
        assert!(error.to_string().contains("another worker"), "{error}");
    }
}
