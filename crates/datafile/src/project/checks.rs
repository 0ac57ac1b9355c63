//! Checks that need several files and no SQL: names, and targets of materializations and copies.

use std::collections::HashMap;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{FileKind, closest};
use crate::pipe::NodeKind;
use crate::source::{SourceFile, Spanned};

use super::Project;

/// What is appended to the name of a data source for its quarantine.
const QUARANTINE_SUFFIX: &str = "_quarantine";

pub(super) fn check(project: &Project, out: &mut Vec<Diagnostic>) {
    check_names(project, out);
    for pipe in &project.pipes {
        for node in &pipe.nodes {
            match &node.kind {
                NodeKind::Materialized(view) if view.engine.is_none() => {
                    check_target(project, &view.target, "materialized view", out);
                }
                NodeKind::Copy(copy) => check_target(project, &copy.target, "copy", out),
                _ => {}
            }
        }
    }
}

/// Data sources and pipes share one namespace; connections have their own.
fn check_names(project: &Project, out: &mut Vec<Diagnostic>) {
    let datasources = project
        .datasources
        .iter()
        .map(|d| (d.name.as_str(), FileKind::Datasource, &d.file));
    let pipes = project
        .pipes
        .iter()
        .map(|p| (p.name.as_str(), FileKind::Pipe, &p.file));
    let mut seen: HashMap<&str, (FileKind, &SourceFile)> = HashMap::new();
    for (name, kind, file) in datasources.chain(pipes) {
        report_duplicate(name, kind, file, &mut seen, out);
    }
    for (name, (_, file)) in &seen {
        let source = name
            .strip_suffix(QUARANTINE_SUFFIX)
            .and_then(|source| project.datasource(source));
        if let Some(source) = source {
            let message = format!(
                "'{name}' is the name of the quarantine of the data source '{}'",
                source.name
            );
            out.push(
                Diagnostic::error(codes::DUPLICATE_NAME, message, file.start())
                    .with_hint("choose another name"),
            );
        }
    }
    let mut connections: HashMap<&str, (FileKind, &SourceFile)> = HashMap::new();
    for connection in &project.connections {
        report_duplicate(
            &connection.name,
            FileKind::Connection,
            &connection.file,
            &mut connections,
            out,
        );
    }
}

fn report_duplicate<'a>(
    name: &'a str,
    kind: FileKind,
    file: &'a SourceFile,
    seen: &mut HashMap<&'a str, (FileKind, &'a SourceFile)>,
    out: &mut Vec<Diagnostic>,
) {
    let Some((first_kind, first)) = seen.get(name) else {
        seen.insert(name, (kind, file));
        return;
    };
    let message = format!("there is already a {} named '{name}'", first_kind.noun());
    out.push(
        Diagnostic::error(codes::DUPLICATE_NAME, message, file.start())
            .with_label(first.start(), "the other one")
            .with_hint("data sources and pipes share one namespace, in all folders; rename one of the files"),
    );
}

fn check_target(
    project: &Project,
    target: &Spanned<String>,
    subject: &str,
    out: &mut Vec<Diagnostic>,
) {
    let name = target.as_str();
    if name.is_empty() || project.datasource(name).is_some() {
        return;
    }
    let names = project
        .datasources
        .iter()
        .map(|datasource| datasource.name.as_str());
    let hint = match closest(name, names, 1 + name.len() / 4) {
        Some(near) => format!("did you mean {near}?"),
        None if project.pipe(name).is_some() => {
            format!("'{name}' is a pipe; the target is a data source")
        }
        None => format!("add a file {name}.datasource with the columns of the result"),
    };
    let message =
        format!("the target '{name}' of the {subject} is not a data source of this project");
    out.push(
        Diagnostic::error(codes::UNKNOWN_RESOURCE, message, target.span.clone()).with_hint(hint),
    );
}
