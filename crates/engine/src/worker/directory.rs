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
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::limits::LOCK_PAUSE;

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
    /// Takes the directory for this process; fails when another one has it for longer than `wait`:
    /// a worker whose gateway was killed takes a moment to end.
    pub(super) fn take(root: &Path, wait: Duration) -> io::Result<(Self, LastStop)> {
        let access = root.join("access");
        let data = root.join("data");
        fs::create_dir_all(&data)?;
        let marker = data.join("birdhouse.running");
        let began = Instant::now();
        let (lock, last_stop) = loop {
            match Self::try_take(&marker)? {
                Some(taken) => break taken,
                None if began.elapsed() >= wait => {
                    let text = format!("another worker uses {}", root.display());
                    return Err(io::Error::other(text));
                }
                None => thread::sleep(LOCK_PAUSE),
            }
        };
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

    /// Locks the marker; nothing when another process has it.
    fn try_take(marker: &Path) -> io::Result<Option<(File, LastStop)>> {
        let last_stop = if marker.try_exists()? {
            LastStop::Unclean
        } else {
            LastStop::Clean
        };
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(marker)?;
        match lock.try_lock() {
            // The one who had it may have removed it in between.
            Ok(()) if is_at(&lock, marker)? => Ok(Some((lock, last_stop))),
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
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

/// Returns whether a path still names the file that was opened by it.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_clean_stop_is_noticed() {
        let root = tempfile::tempdir().expect("directory");
        let (first, stop) = EngineDirectory::take(root.path(), Duration::ZERO).expect("new");
        assert_eq!(stop, LastStop::Clean);
        drop(first);
        let (second, stop) = EngineDirectory::take(root.path(), Duration::ZERO).expect("left");
        assert_eq!(stop, LastStop::Unclean);
        let status = root.path().join("data/status");
        fs::write(&status, "").expect("written");
        second.mark_clean().expect_err("the engine is not done");
        fs::remove_file(&status).expect("removed");
        second.mark_clean().expect("marked");
        drop(second);
        let (_third, stop) =
            EngineDirectory::take(root.path(), Duration::ZERO).expect("marked clean");
        assert_eq!(stop, LastStop::Clean);
    }

    #[test]
    fn a_directory_in_use_is_refused() {
        let root = tempfile::tempdir().expect("directory");
        let _first = EngineDirectory::take(root.path(), Duration::ZERO).expect("new");
        let error = EngineDirectory::take(root.path(), Duration::ZERO)
            .map(drop)
            .expect_err("in use");
        assert!(error.to_string().contains("another worker"), "{error}");
    }

    /// The next worker may be started while the last one still ends.
    #[test]
    fn a_directory_that_becomes_free_is_taken() {
        let root = tempfile::tempdir().expect("directory");
        let (first, _) = EngineDirectory::take(root.path(), Duration::ZERO).expect("new");
        let path = root.path().to_owned();
        let next = thread::spawn(move || EngineDirectory::take(&path, Duration::from_secs(20)));
        thread::sleep(LOCK_PAUSE * 3);
        assert!(!next.is_finished(), "it waits");
        first.mark_clean().expect("marked");
        drop(first);
        let (second, stop) = next.join().expect("joined").expect("taken");
        assert_eq!(stop, LastStop::Clean);
        assert!(second.marker.exists(), "the marker is its own");
    }
}
