//! The directory of one test.

use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

/// A temporary directory that outlives a failed test.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        // Short, because the engine's socket lies below it.
        let directory = tempfile::Builder::new()
            .prefix("birdhouse-it-")
            .tempdir()
            .unwrap();
        std::fs::create_dir(directory.path().join("tmp")).unwrap();
        Self(directory)
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        self.0.disable_cleanup(true);
        let test = thread::current().name().unwrap_or("it").to_owned();
        let directory = self.0.path().display();
        eprintln!("again: cargo nextest run -p birdhouse -E 'test(={test})'");
        eprintln!("log:   less {directory}/server.log");
        eprintln!("files: ls {directory}");
    }
}
