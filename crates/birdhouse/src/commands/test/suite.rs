//! Test files: `tests/<pipe>.yaml`, a list of calls with what they must answer.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::yaml::{self, Place, Value, Yaml, YamlError};

/// Levels of folders below `tests` that are searched.
const DEPTH_MAX: usize = 5;

/// The tests of one file.
#[derive(Debug)]
pub(super) struct Suite {
    /// Path relative to the project.
    pub(super) path: String,
    /// The pipe that is called.
    pub(super) pipe: String,
    /// The whole file.
    pub(super) text: String,
    pub(super) cases: Vec<Case>,
}

/// One call with what it must answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    /// Query string.
    pub(super) parameters: String,
    pub(super) result: String,
    pub(super) status: Option<u16>,
    /// Names of all fields with their places.
    pub(super) keys: Vec<(String, Place)>,
}

/// Returns the test files of a project, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let folder = root.join("tests");
    if folder.is_dir() {
        collect(&folder, 0, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let context = || format!("read {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        if path.is_dir() {
            if depth < DEPTH_MAX {
                collect(&path, depth + 1, found)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            found.push(path);
        }
    }
    Ok(())
}

impl Suite {
    /// Reads a test file of the project at `root`.
    ///
    /// # Errors
    /// When it cannot be read, is not YAML, or is not a list of tests.
    pub(super) fn read(root: &Path, path: &Path) -> anyhow::Result<Self> {
        let shown = path.strip_prefix(root).unwrap_or(path);
        let shown = shown.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("read {shown}"))?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy());
        Ok(Self {
            pipe: stem.map_or_else(String::new, |stem| stem.into_owned()),
            cases: cases(&text).map_err(|error| anyhow::anyhow!("{shown}:{error}"))?,
            path: shown,
            text,
        })
    }
}

/// Returns the tests that a text lists.
pub(super) fn cases(text: &str) -> Result<Vec<Case>, YamlError> {
    let Some(document) = yaml::parse(text)? else {
        return Ok(Vec::new());
    };
    match &document.value {
        Value::Null => Ok(Vec::new()),
        Value::List(items) => items.iter().map(case).collect(),
        _ => Err(document.error("a test file is a list: each test begins with '- name: …'")),
    }
}

fn case(item: &Yaml) -> Result<Case, YamlError> {
    let Value::Map(fields) = &item.value else {
        return Err(item.error("a test is a map with name, parameters and expected_result"));
    };
    let mut case = Case {
        name: String::new(),
        parameters: String::new(),
        result: String::new(),
        status: None,
        keys: Vec::new(),
    };
    for (key, value) in fields {
        let name = text(key)?;
        match name {
            "name" => text(value)?.clone_into(&mut case.name),
            "parameters" => text(value)?.clone_into(&mut case.parameters),
            "expected_result" => text(value)?.clone_into(&mut case.result),
            "expected_http_status" if value.value != Value::Null => {
                let status = text(value)?.parse().map_err(|error| {
                    value.error(format!("expected_http_status is not a number: {error}"))
                });
                case.status = Some(status?);
            }
            _ => {}
        }
        case.keys.push((name.to_owned(), key.place));
    }
    for required in ["name", "expected_result"] {
        if case.key(required).is_none() {
            return Err(item.error(format!("the test has no {required}")));
        }
    }
    Ok(case)
}

impl Case {
    /// Returns where the field of that name begins.
    pub(super) fn key(&self, name: &str) -> Option<Place> {
        let mut keys = self.keys.iter();
        keys.find(|(key, _)| key == name).map(|(_, place)| *place)
    }
}

fn text(yaml: &Yaml) -> Result<&str, YamlError> {
    match &yaml.value {
        Value::Text(text) => Ok(text),
        Value::Null => Ok(""),
        Value::List(_) | Value::Map(_) => {
            Err(yaml.error("this must be text; write it as a block after '|' or in quotes"))
        }
    }
}

#[cfg(test)]
mod tests;
