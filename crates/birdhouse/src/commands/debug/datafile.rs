//! `birdhouse debug datafile`: a datafile as JSON.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use birdhouse_datafile::{FileKind, SourceFile, inspect};
use birdhouse_template::resolve_file;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::each_input_line;
use crate::args::DatafileArgs;
use crate::commands::say;

/// One line of a batch.
#[derive(Deserialize)]
struct Case {
    content: String,
    kind: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    id: Option<Value>,
}

/// The secrets of `--secrets`, when files are to be rendered with them.
type Secrets = Option<BTreeMap<String, String>>;

pub(super) fn datafile(args: &DatafileArgs) -> anyhow::Result<ExitCode> {
    let secrets: Secrets = args
        .render_secrets
        .then(|| serde_json::from_str(&args.secrets))
        .transpose()
        .context("--secrets is not a JSON object of texts")?;
    let Some(path) = args.path.as_deref().filter(|_| !args.batch) else {
        each_input_line(|line| say(of_line(line, &secrets).to_string()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let found = of_path(path, args.kind.as_deref(), &secrets)?;
    say(if args.compact {
        found.to_string()
    } else {
        format!("{found:#}")
    })?;
    Ok(match found.get("ok") {
        Some(Value::Bool(true)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn of_path(path: &Path, kind: Option<&str>, secrets: &Secrets) -> anyhow::Result<Value> {
    let shown = path.display().to_string();
    let kind = match kind {
        Some(word) => kind_of(word),
        None => FileKind::of_path(&shown),
    };
    let kind =
        kind.with_context(|| format!("say what {shown} is: datasource, pipe or connection"))?;
    let bytes = std::fs::read(path).with_context(|| format!("read {shown}"))?;
    Ok(match SourceFile::from_bytes(file_name(path), &bytes) {
        Ok(file) => of_file(file, kind, secrets),
        Err(diagnostic) => failure(&diagnostic.message),
    })
}

/// Returns what a line of a batch gives; a line that makes no sense gives an error, too.
fn of_line(line: &str, secrets: &Secrets) -> Value {
    let case: Case = match serde_json::from_str(line) {
        Ok(case) => case,
        Err(error) => return failure(&format!("the line is not a case: {error}")),
    };
    let found = match kind_of(&case.kind) {
        Some(kind) => {
            let name = case.name.unwrap_or_else(|| format!("case.{}", case.kind));
            of_file(SourceFile::new(name, case.content), kind, secrets)
        }
        None => failure(&format!("'{}' is not a valid kind", case.kind)),
    };
    match (case.id, found) {
        (Some(id), Value::Object(fields)) => {
            let first = Map::from_iter([("id".to_owned(), id)]);
            Value::Object(first.into_iter().chain(fields).collect())
        }
        (_, found) => found,
    }
}

fn of_file(file: SourceFile, kind: FileKind, secrets: &Secrets) -> Value {
    let Some(secrets) = secrets.as_ref().filter(|_| kind != FileKind::Pipe) else {
        return inspect(&file, kind);
    };
    match resolve_file(file.text(), file.path(), secrets) {
        Ok(resolved) => inspect(&SourceFile::new(file.path(), resolved.text), kind),
        Err(error) => failure(&error.message),
    }
}

fn kind_of(word: &str) -> Option<FileKind> {
    FileKind::of_path(&format!("file.{word}"))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn failure(message: &str) -> Value {
    json!({"ok": false, "error": message})
}
