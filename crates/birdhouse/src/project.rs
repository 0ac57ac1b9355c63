//! Reads the files of a project from a directory: datafiles, secrets, fixtures.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use birdhouse_catalog::SecretText;
use birdhouse_datafile::{Diagnostic, Project, SourceFile};
use birdhouse_deploy::{check_fixture, parse_project};

/// Levels of folders below the project's that are searched.
const DEPTH_MAX: usize = 5;

/// Folders that hold no datafiles.
const SKIPPED: &[&str] = &["fixtures", "node_modules", "target", "tests"];

/// Bytes of a fixture that are looked at.
const SAMPLE_BYTES: u64 = 256 * 1024;

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

/// Reads the files of a project with the values of secrets, by name; see [`read`].
///
/// # Errors
/// When a directory or a file cannot be read.
pub(crate) fn load(
    root: &Path,
    secrets: &BTreeMap<String, String>,
) -> anyhow::Result<(Project, Vec<Diagnostic>)> {
    let (files, mut found) = read(root)?;
    let (project, mistakes) = parse_project(files, secrets);
    found.extend(mistakes);
    Ok((project, found))
}

/// Returns the values of secrets by name.
pub(crate) fn values(secrets: &[Secret]) -> BTreeMap<String, String> {
    let pairs = secrets.iter();
    pairs
        .map(|secret| (secret.name.clone(), secret.value.expose().to_owned()))
        .collect()
}

/// A secret of `.env` or `.env.local`.
#[derive(Debug)]
pub(crate) struct Secret {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: SecretText,
}

/// Returns the secrets of `.env` and `.env.local`; what the second one says comes later, and wins.
///
/// # Errors
/// When a file is there and cannot be read.
pub(crate) fn secrets(root: &Path) -> anyhow::Result<Vec<Secret>> {
    let mut secrets = Vec::new();
    for name in [".env", ".env.local"] {
        let path = root.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => secrets.extend(text.lines().filter_map(secret)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("read {}", path.display()));
            }
        }
    }
    Ok(secrets)
}

/// Reads a line `NAME=value`, with `export` before it, quotes around the value or a comment behind.
fn secret(line: &str) -> Option<Secret> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value
            .strip_prefix(quote)
            .and_then(|rest| rest.split(quote).next()),
        None => value.split(" #").next().map(str::trim_end),
    };
    Some(Secret {
        name: name.trim().to_owned(),
        value: SecretText::new(value.unwrap_or_default()),
    })
}

/// Returns a warning for each JSON path that matches nothing in the fixture of its data source.
pub(crate) fn fixture_warnings(root: &Path, project: &Project) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for datasource in &project.datasources {
        let path = root.join(format!("fixtures/{}.ndjson", datasource.name));
        // A fixture that cannot be read is no concern of the project.
        let Ok(file) = std::fs::File::open(path) else {
            continue;
        };
        let mut sample = Vec::new();
        if file.take(SAMPLE_BYTES).read_to_end(&mut sample).is_ok() {
            warnings.extend(check_fixture(datasource, &String::from_utf8_lossy(&sample)));
        }
    }
    warnings
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

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn lines_of_env_files() {
        let read = |line| {
            secret(line).map(|secret| (secret.name.clone(), secret.value.expose().to_owned()))
        };
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(read("A=1"), pair("A", "1"));
        assert_eq!(read("export B = two words # said"), pair("B", "two words"));
        assert_eq!(read("C=\"x # y\" # z"), pair("C", "x # y"));
        assert_eq!(read("D='it''s'"), pair("D", "it"));
        assert_eq!(read("E="), pair("E", ""));
        assert_eq!(read("# F=1"), None);
        assert_eq!(read(""), None);
    }
}
