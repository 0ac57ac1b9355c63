//! Reads the files of a project from a directory.

use std::path::{Path, PathBuf};

use anyhow::Context;
use birdhouse_datafile::{Diagnostic, SourceFile};

/// Levels of folders below the project's that are searched.
const DEPTH_MAX: usize = 5;

/// Folders that hold no datafiles.
const SKIPPED: &[&str] = &["fixtures", "node_modules", "target", "tests", "vendor"];

const EXTENSIONS: &[&str] = &["connection", "datasource", "incl", "pipe"];

/// Returns the datafiles below `root`, sorted by path, and a diagnostic for each file that is not
/// text. Paths are relative to `root`, with `/`.
///
/// # Errors
/// When a directory or a file cannot be read.
pub(crate) fn read(root: &Path) -> anyhow::Result<(Vec<SourceFile>, Vec<Diagnostic>)> {
    let mut paths = Vec::new();
    collect(root, 0, &mut paths)?;
    paths.sort();
    let mut files = Vec::new();
    let mut diagnostics = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        match SourceFile::from_bytes(name, &bytes) {
            Ok(file) => files.push(file),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    Ok((files, diagnostics))
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("read the project directory {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("read {}", folder.display()))?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry
            .file_type()
            .with_context(|| format!("look at {}", path.display()))?;
        if kind.is_dir() {
            let skipped = name.starts_with('.') || SKIPPED.contains(&name.as_ref());
            if !skipped && depth < DEPTH_MAX {
                collect(&path, depth + 1, paths)?;
            }
        } else if path
            .extension()
            .is_some_and(|ext| EXTENSIONS.iter().any(|known| ext == *known))
        {
            paths.push(path);
        }
    }
    Ok(())
}
