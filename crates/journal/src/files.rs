//! All access to files goes through [`Files`], so that tests can make each step of it fail, tear
//! writes and lose what was not synced.
//!
//! The calls are those of the operating system: a read or write may be short or interrupted. The
//! functions here make whole ones of them.

mod disk;

use std::any::Any;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

pub use disk::DiskFiles;

/// A file system.
pub trait Files: Send + Sync {
    /// Creates a directory that is not there yet, with those above it.
    ///
    /// # Errors
    /// As the system says.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Returns the names of all entries of a directory that are text.
    ///
    /// # Errors
    /// As the system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;
    /// Creates an empty file for reading and writing; one that is there is emptied.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// As the system says.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Gives a file another name, in place of the file that has it.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when the entries of a directory are on disk.
    ///
    /// # Errors
    /// As the system says; then nothing is known about the entries.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Creates a file and locks it against other processes for as long as the result lives.
    ///
    /// # Errors
    /// `WouldBlock` when another one holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send + Sync>>;
}

/// A file that is open.
pub trait File: Send + Sync {
    /// Returns its size in bytes.
    ///
    /// # Errors
    /// As the system says.
    fn size(&self) -> io::Result<u64>;
    /// Reserves space, so that the file has so many bytes, zero where nothing was written.
    ///
    /// # Errors
    /// `StorageFull` when there is no space.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// Reads at a place; returns how many bytes, 0 at the end.
    ///
    /// # Errors
    /// As the system says.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at a place; returns how many bytes.
    ///
    /// # Errors
    /// As the system says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Returns when the content is on disk.
    ///
    /// # Errors
    /// As the system says; then nothing is known about what was written, and another call that
    /// succeeds means nothing.
    fn sync_data(&self) -> io::Result<()>;
}

/// Repeats a call that was interrupted. Not for a sync: what it said about a failure is said once.
pub(crate) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Writes all bytes.
pub(crate) fn write_all_at(file: &dyn File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = uninterrupted(|| file.write_at(bytes, offset))?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(written..).ok_or(ErrorKind::InvalidData)?;
        offset += written as u64;
    }
    Ok(())
}

/// Fills the buffer as far as the file has bytes; returns how many.
pub(crate) fn read_up_to(file: &dyn File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match uninterrupted(|| file.read_at(rest, offset + filled as u64))? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Tells whether an error means that there is no space now.
pub(crate) fn is_no_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}
