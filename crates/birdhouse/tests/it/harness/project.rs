//! Projects: the one of the example, and those that a test writes down as one text.

use std::fs;
use std::path::{Path, PathBuf};

use super::Scratch;

/// Returns the folder of the e-commerce example.
pub(crate) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ecommerce")
}

/// Writes a project to the folder `name` of the test's directory, replacing what is there.
///
/// The text has a header `--- datasources/events.datasource` before the content of each file.
pub(crate) fn project(scratch: &Scratch, name: &str, text: &str) -> PathBuf {
    let root = scratch.path(name);
    if root.is_dir() {
        fs::remove_dir_all(&root).unwrap();
    }
    fs::create_dir_all(&root).unwrap();
    for part in text.split("--- ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap();
        let path = root.join(path.trim());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}
