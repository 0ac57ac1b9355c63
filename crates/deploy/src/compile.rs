//! Datafiles → pipes that can be rendered, and mistakes of nodes → places in their files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use birdhouse_datafile::{Datasource, Diagnostic, Node, Pipe, Project, Span};
use birdhouse_engine::service_database;
use birdhouse_ingest::QUARANTINE_SUFFIX;
use birdhouse_query::{Body, Pipe as LivePipe, QueryError, Resources};
use birdhouse_template::TemplateError;

use crate::codes;

/// Returns what can be queried when the project is live; `id` gives the ids of pipes. `database` is
/// where data sources have their own names, `workspace` the workspace's own.
///
/// Nodes whose templates cannot be compiled are reported and left out.
pub(crate) fn resources(
    project: &Project,
    (database, workspace): (&str, &str),
    id: impl Fn(&str) -> String,
    out: &mut Vec<Diagnostic>,
) -> Resources {
    let mut datasources = BTreeSet::new();
    for datasource in project.datasources.iter() {
        datasources.insert(datasource.name.to_string());
        datasources.insert(format!("{}{QUARANTINE_SUFFIX}", datasource.name));
    }
    let services = birdhouse_telemetry::SERVICE_DATASOURCES.iter();
    let pipes: BTreeMap<String, Arc<LivePipe>> = project
        .pipes
        .iter()
        .map(|pipe| (pipe.name.to_string(), Arc::new(live_pipe(pipe, &id, out))))
        .collect();
    Resources {
        database: database.to_owned(),
        service_database: service_database(workspace),
        datasources,
        services: services.map(|service| service.name.to_owned()).collect(),
        pipes,
    }
}

fn live_pipe(pipe: &Pipe, id: &impl Fn(&str) -> String, out: &mut Vec<Diagnostic>) -> LivePipe {
    let mut nodes = Vec::new();
    for node in &pipe.nodes {
        let name = node.name.value.clone();
        match Body::parse(node.sql.as_str(), &name) {
            Ok(body) => nodes.push(birdhouse_query::Node { name, body }),
            Err(error) => out.push(template_diagnostic(node, &error)),
        }
    }
    LivePipe {
        id: id(pipe.name.as_str()),
        name: pipe.name.to_string(),
        nodes,
        endpoint: pipe.endpoint().map(|(node, _)| node.name.value.clone()),
        output: pipe.output().map(|node| node.name.value.clone()),
    }
}

/// Returns the diagnostic of an error that a node's own text caused.
pub(crate) fn node_diagnostic(node: &Node, error: &QueryError) -> Diagnostic {
    match error {
        QueryError::Template { source, .. } => template_diagnostic(node, source),
        QueryError::Syntax { message, line, .. } => {
            // Only the text of a plain node is the text that the engine saw.
            let span = line
                .filter(|_| !node.is_template())
                .and_then(|line| line_span(node, line));
            Diagnostic::error(
                codes::SQL_SYNTAX,
                message.clone(),
                span.unwrap_or_else(|| node_span(node)),
            )
        }
        QueryError::Statement { source, .. } => {
            // Only the text of a plain node is the text that was looked at.
            let offset = source.offset().filter(|_| !node.is_template());
            let span = offset.and_then(|offset| offset_span(node, offset));
            let span = span.unwrap_or_else(|| node_span(node));
            Diagnostic::error(codes::SQL_SYNTAX, source.to_string(), span)
        }
        QueryError::Refused { what, hint, .. } => {
            let hint = hint.trim_start_matches("; ");
            Diagnostic::error(
                codes::SQL_REFUSED,
                format!("{what} is not allowed"),
                node_span(node),
            )
            .with_optional_hint((!hint.is_empty()).then(|| hint.to_owned()))
        }
        QueryError::Cycle { path } => Diagnostic::error(
            codes::CYCLE,
            format!("nodes read each other in a circle: {path}"),
            node_span(node),
        )
        .with_hint("remove one of these references"),
        other => Diagnostic::error(codes::QUERY, other.to_string(), node_span(node)),
    }
}

/// Returns the diagnostic of what the engine said about a data source's table.
pub(crate) fn table_diagnostic(datasource: &Datasource, message: &str) -> Diagnostic {
    // Behind these the engine lists its virtual columns, or a query that it made up.
    const ENDS: &[&str] = &[", required columns", ": In scope ", ". Note: there are "];
    let message = ENDS.iter().fold(message, |message, end| {
        message.split(end).next().unwrap_or_default()
    });
    Diagnostic::error(codes::TABLE, message.to_owned(), datasource.file.start())
}

/// Returns the diagnostic of what the engine said about the query of a node.
///
/// An unknown name is shown where it stands, in the node or in another of its pipe; what the engine
/// repeats of the query is left out.
pub(crate) fn query_diagnostic(
    pipe: &Pipe,
    node: &Node,
    code: &'static str,
    message: &str,
) -> Diagnostic {
    let unknown = message.split_once(" in scope ");
    let Some((what, rest)) = unknown.filter(|(what, _)| what.starts_with("Unknown ")) else {
        return Diagnostic::error(code, message.to_owned(), node_span(node));
    };
    let name = what.split('`').nth(1).unwrap_or_default();
    let mut nodes = std::iter::once(node).chain(&pipe.nodes);
    let span = nodes.find_map(|node| word_span(node, name).filter(|_| !name.is_empty()));
    let near = rest
        .rsplit_once("Maybe you meant: [")
        .map(|(_, near)| near.split(']').next().unwrap_or_default().replace('\'', ""));
    Diagnostic::error(
        code,
        what.to_owned(),
        span.unwrap_or_else(|| node_span(node)),
    )
    .with_optional_hint(near.map(|near| format!("did you mean {near}?")))
}

/// Returns the diagnostic of what is wrong with a node's template.
pub(crate) fn template_diagnostic(node: &Node, error: &TemplateError) -> Diagnostic {
    let span = error
        .line
        .and_then(|line| line_span(node, line))
        .unwrap_or_else(|| node_span(node));
    Diagnostic::error(codes::TEMPLATE, error.message.clone(), span)
}

/// Returns the place of the node's name.
pub(crate) fn node_span(node: &Node) -> Span {
    node.name.span.clone()
}

/// Returns the place of a line of the node's SQL, from 1, without its blanks.
fn line_span(node: &Node, line: usize) -> Option<Span> {
    let text = node.sql.as_str();
    let start = match line.checked_sub(1)? {
        0 => 0,
        skipped => text.match_indices('\n').nth(skipped - 1)?.0 + 1,
    };
    let rest = text.get(start..)?;
    let content = rest.lines().next()?;
    let indent = content.len() - content.trim_start().len();
    let length = content.trim().len();
    Some(node.sql.span(start + indent..start + indent + length))
}

/// Returns the character at a byte offset of the node's SQL, which begins behind its first blanks.
fn offset_span(node: &Node, offset: usize) -> Option<Span> {
    let text = node.sql.as_str();
    let at = offset + (text.len() - text.trim_start().len());
    let length = text.get(at..)?.chars().next()?.len_utf8();
    Some(node.sql.span(at..at + length))
}

/// Returns the first place where `name` stands as a word in the node's SQL.
fn word_span(node: &Node, name: &str) -> Option<Span> {
    let text = node.sql.as_str();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name)
        .find(|(at, _)| {
            let before = text
                .get(..*at)
                .and_then(|before| before.chars().next_back());
            let after = text
                .get(at + name.len()..)
                .and_then(|after| after.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
        .map(|(at, _)| node.sql.span(at..at + name.len()))
}

/// Returns the diagnostic of a name that a node reads and nothing has.
pub(crate) fn unknown_diagnostic(
    pipe: &Pipe,
    node: &Node,
    name: &str,
    resources: &Resources,
) -> Diagnostic {
    let span = word_span(node, name).unwrap_or_else(|| node_span(node));
    let message = format!("Resource '{name}' not found");
    Diagnostic::error(codes::UNKNOWN_RESOURCE, message, span).with_hint(
        match closest(name, pipe, resources) {
            Some(near) => format!("did you mean {near}?"),
            None => "a node reads nodes of its own pipe, data sources, and other pipes".to_owned(),
        },
    )
}

fn closest<'a>(name: &str, pipe: &'a Pipe, resources: &'a Resources) -> Option<&'a str> {
    let nodes = pipe.nodes.iter().map(|node| &node.name.value);
    let known = resources
        .datasources
        .iter()
        .chain(resources.pipes.keys())
        .chain(nodes);
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known.as_str()))
        .filter(|(distance, known)| *distance <= known.len().min(name.len()).div_ceil(4))
        .min()
        .map(|(_, known)| known)
}
