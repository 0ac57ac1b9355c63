//! Mistakes of files in the words of those who have sent no file: of nodes and fields.

use birdhouse_datafile::{Diagnostic, Project};

use crate::error::ApiError;

/// Mistakes that are told; more are counted.
const TOLD_MAX: usize = 5;

/// Returns the mistakes of a project as one answer. Those of the file at `changed` are told by node and
/// line of its query, others by their file.
pub(super) fn files(
    found: &[Diagnostic],
    project: Option<&Project>,
    changed: Option<&str>,
) -> ApiError {
    let errors: Vec<&Diagnostic> = found.iter().filter(|d| d.is_error()).collect();
    let mut told: Vec<String> = errors
        .iter()
        .take(TOLD_MAX)
        .map(|error| one(error, project, changed))
        .collect();
    if let Some(more) = errors.len().checked_sub(TOLD_MAX).filter(|n| *n > 0) {
        told.push(format!("and {more} more"));
    }
    ApiError::bad_request(told.join("; "))
}

fn one(found: &Diagnostic, project: Option<&Project>, changed: Option<&str>) -> String {
    let path = found.span.file().path();
    let is_own = changed.is_none_or(|changed| changed == path);
    let place = match is_own {
        true => project.and_then(|project| node(found, project)),
        false => Some(format!("{path}, line {}", found.span.location().line)),
    };
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    let hint = found.hint.as_deref();
    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{place}{}{hint}", found.message)
}

/// Returns the node that a mistake is in, with the line of its query.
fn node(found: &Diagnostic, project: &Project) -> Option<String> {
    let path = found.span.file().path();
    let pipe = project.pipes.iter().find(|pipe| pipe.file.path() == path)?;
    let line = found.span.location().line;
    let starts_before = |node: &&birdhouse_datafile::Node| node.name.span.location().line <= line;
    let node = pipe.nodes.iter().rev().find(starts_before)?;
    let name = &node.name.value;
    let sql = node.sql.whole_span().map(|span| {
        let last = span.file().location(span.range().end).line;
        span.location().line..=last
    });
    let of_query = sql.filter(|lines| lines.contains(&line));
    let of_query = of_query.map(|lines| line + 1 - lines.start());
    Some(match of_query {
        Some(line) => format!("node '{name}', line {line}"),
        None => format!("node '{name}'"),
    })
}
