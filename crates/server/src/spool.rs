//! Files that wait on disk: bodies of imports that run as jobs, and Parquet, which the engine reads.
//!
//! They are in the one directory that the engine's sandbox can read, under names of ours. A file goes
//! with its [`SpoolFile`]; what a crash leaves goes at the next start.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::body::ReadError;
use crate::limits::SPOOL_BYTES_MAX;

/// Bytes that are copied at once.
const COPY_BYTES: usize = 256 << 10;

/// The directory. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    directory: PathBuf,
    used_bytes: Arc<AtomicU64>,
}

/// A file of ours, removed with this.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    path: PathBuf,
    bytes: u64,
    used_bytes: Arc<AtomicU64>,
}

impl Spool {
    /// Makes the directory, empty.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn open(directory: PathBuf) -> io::Result<Self> {
        if directory.try_exists()? {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        Ok(Self {
            // The engine has a working directory of its own.
            directory: directory.canonicalize()?,
            used_bytes: Arc::default(),
        })
    }

    /// Writes what `reader` gives to a file. Blocks.
    ///
    /// # Errors
    /// When the reader fails or there is no room.
    pub(crate) fn store(&self, reader: &mut dyn Read) -> io::Result<SpoolFile> {
        let mut stored = SpoolFile {
            path: self.directory.join(Uuid::now_v7().simple().to_string()),
            bytes: 0,
            used_bytes: Arc::clone(&self.used_bytes),
        };
        let mut file = File::create_new(&stored.path)?;
        let mut buffer = vec![0; COPY_BYTES];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let used = self.used_bytes.fetch_add(read as u64, Ordering::Relaxed);
            stored.bytes += read as u64;
            if used + read as u64 > SPOOL_BYTES_MAX {
                let text = "too many files wait to be imported; try again later";
                return Err(ReadError::NoRoom(text).into());
            }
            let written = file.write_all(buffer.get(..read).unwrap_or_default());
            written.map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull => {
                    ReadError::NoRoom("the server's disk is full; try again later").into()
                }
                _ => error,
            })?;
        }
        Ok(stored)
    }
}

impl SpoolFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its size.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Opens it for reading; it stays until both this and the reader are gone.
    pub(crate) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        self.used_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a file that was imported was not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_with_their_owner_and_at_the_next_start() {
        let root = tempfile::tempdir().expect("directory");
        let directory = root.path().join("spool");
        let spool = Spool::open(directory.clone()).expect("made");
        let file = spool.store(&mut &b"abc"[..]).expect("stored");
        let mut text = String::new();
        let mut reader = file.open().expect("opened");
        assert_eq!(file.bytes(), 3);
        let path = file.path().to_owned();
        drop(file);
        assert!(!path.try_exists().expect("looked"));
        reader.read_to_string(&mut text).expect("still readable");
        assert_eq!(text, "abc");
        let file = spool.store(&mut &b"left"[..]).expect("stored");
        std::mem::forget(file);
        Spool::open(directory.clone()).expect("made again");
        assert_eq!(fs::read_dir(directory).expect("read").count(), 0);
    }

    #[test]
    fn a_failing_reader_leaves_no_file() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let root = tempfile::tempdir().expect("directory");
        let spool = Spool::open(root.path().join("spool")).expect("made");
        spool.store(&mut Failing).expect_err("fails");
        assert_eq!(
            fs::read_dir(root.path().join("spool"))
                .expect("read")
                .count(),
            0
        );
    }
}
