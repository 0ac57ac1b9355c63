//! What an endpoint takes and gives, found without running it.
//!
//! Parameters come from the templates of all nodes that the endpoint can reach, through other
//! pipes too; columns from the engine, which describes the statement that a call without
//! parameters gives.

mod parameters;
mod samples;

use std::collections::VecDeque;
use std::sync::Arc;

use birdhouse_engine::{Engine, EngineError, ErrorKind, Query};
use birdhouse_sql::{Analysis, Statement};
use birdhouse_template::{Context, Mode, Parameters, Template};

use crate::assembly::Assembler;
use crate::error::QueryError;
use crate::execute::Call;
use crate::guard::Guard;
use crate::resources::{Body, Node, Pipe, Resources};
pub use parameters::DeclaredParameter;
use samples::samples;

/// What an endpoint takes and gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Its parameters, each once, in the order of the nodes.
    pub parameters: Vec<DeclaredParameter>,
    /// Its columns with their types; nothing when a call without parameters fails.
    pub columns: Option<Vec<(String, String)>>,
}

/// Describes the endpoint of `pipe` as a call without parameters sees it; `call` must have none.
///
/// # Errors
/// When the pipe has no endpoint, or the engine is away. An endpoint that fails without parameters
/// is described without columns.
pub async fn describe(
    engine: &Engine,
    guard: &Guard,
    call: &Call<'_>,
    pipe: &Pipe,
) -> Result<Description, QueryError> {
    let assembler = Assembler {
        resources: call.resources,
        guard,
        parameters: call.parameters,
        context: call.context,
    };
    let assembled = match assembler.pipe(pipe, None).await {
        Ok(assembled) => Some(assembled),
        Err(error @ QueryError::NoEndpoint { .. }) => return Err(error),
        Err(error) => passing(error).map(|()| None)?,
    };
    let templates = templates(guard, call, pipe).await?;
    let works_without = assembled.is_some();
    let columns = match assembled {
        Some(assembled) => columns(engine, call, &assembled.sql, &assembled.secrets).await?,
        None => None,
    };
    Ok(Description {
        parameters: parameters::merge(&templates, call.context, works_without),
        columns,
    })
}

/// Returns the parameters that the template of one node declares.
#[must_use]
pub fn node_parameters(template: &Template, context: &Context) -> Vec<DeclaredParameter> {
    let works_without = template.render(&Parameters::new(), context).is_ok();
    parameters::merge(&[template], context, works_without)
}

/// Lets errors of the text pass; the engine's absence is not a property of the endpoint.
fn passing(error: QueryError) -> Result<(), QueryError> {
    match &error {
        QueryError::Engine { source } if is_away(source) => Err(error),
        _ => Ok(()),
    }
}

fn is_away(error: &EngineError) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Internal)
}

/// Asks the engine for the columns of a statement.
async fn columns(
    engine: &Engine,
    call: &Call<'_>,
    sql: &str,
    secrets: &[String],
) -> Result<Option<Vec<(String, String)>>, QueryError> {
    let values = secrets
        .iter()
        .filter_map(|name| Some((name.clone(), (call.secret)(name)?)));
    let query = Query {
        parameters: values.collect(),
        ..Query::reader(
            format!("DESCRIBE TABLE (\n{sql}\n)"),
            call.resources.database.as_str(),
            "TSV",
        )
    };
    match engine.query(query).await {
        Ok(output) => Ok(Some(described(&String::from_utf8_lossy(&output.body)))),
        Err(error) if is_away(&error) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Returns names and types from the engine's answer.
fn described(tsv: &str) -> Vec<(String, String)> {
    let column = |line: &str| {
        let mut fields = line.split('\t').map(unescape);
        Some((fields.next()?, fields.next()?))
    };
    tsv.lines().filter_map(column).collect()
}

/// Undoes the escapes of a field of TSV.
fn unescape(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => {}
            },
        }
    }
    out
}

/// Returns the templates that the endpoint can reach, in the order of their files, its own pipe
/// first.
///
/// Which nodes a text reads depends on its parameters. What it reads without any is followed, and
/// what it reads with a value for each.
async fn templates(
    guard: &Guard,
    call: &Call<'_>,
    pipe: &Pipe,
) -> Result<Vec<Arc<Template>>, QueryError> {
    let mut reached: Vec<(&Pipe, &Node)> = Vec::new();
    let mut pipes: Vec<&Pipe> = vec![pipe];
    let endpoint = pipe.endpoint.as_deref().and_then(|name| pipe.node(name));
    let mut waiting: VecDeque<(&Pipe, &Node)> =
        endpoint.map(|node| (pipe, node)).into_iter().collect();
    while let Some((pipe, node)) = waiting.pop_front() {
        let is_known = |(p, n): &(&Pipe, &Node)| p.name == pipe.name && n.name == node.name;
        if reached.iter().any(is_known) {
            continue;
        }
        reached.push((pipe, node));
        for (sql, secrets) in texts(call, node) {
            let Some(analysis) = analysis(guard, &node.name, &sql, &secrets).await? else {
                continue;
            };
            for name in analysis.tables.keys().chain(analysis.in_names.keys()) {
                if let Some((read, node)) = target(call.resources, pipe, node, name) {
                    if !pipes.iter().any(|known| known.name == read.name) {
                        pipes.push(read);
                    }
                    waiting.push_back((read, node));
                }
            }
        }
    }
    let is_reached = |pipe: &Pipe, node: &Node| {
        let mut reached = reached.iter();
        reached.any(|(p, n)| p.name == pipe.name && n.name == node.name)
    };
    let nodes = pipes.iter().flat_map(|pipe| {
        let nodes = pipe.nodes.iter();
        nodes.filter(move |node| is_reached(pipe, node))
    });
    let templates = nodes.filter_map(|node| match &node.body {
        Body::Template(template) => Some(Arc::clone(template)),
        Body::Plain(_) => None,
    });
    Ok(templates.collect())
}

/// Returns the node that `name` means in a node of `pipe`.
fn target<'r>(
    resources: &'r Resources,
    pipe: &'r Pipe,
    node: &Node,
    name: &str,
) -> Option<(&'r Pipe, &'r Node)> {
    if let Some(read) = pipe.node(name) {
        return (read.name != node.name).then_some((pipe, read));
    }
    let other = resources.pipes.get(name)?;
    Some((other, other.node(other.output.as_deref()?)?))
}

/// Returns the texts of a node with the secrets that they use: without parameters, and with a
/// value for each.
fn texts(call: &Call<'_>, node: &Node) -> Vec<(String, Vec<String>)> {
    let template = match &node.body {
        Body::Plain(sql) => return vec![(sql.to_string(), Vec::new())],
        Body::Template(template) => template,
    };
    let declared = parameters::declared(std::slice::from_ref(template));
    let check = Context {
        mode: Mode::Check,
        ..call.context.clone()
    };
    let all = [
        template.render(call.parameters, call.context),
        template.render(&samples(&declared, None), call.context),
        // A value that is made up may be refused; check mode takes placeholders.
        template.render(call.parameters, &check),
    ];
    let rendered = all.into_iter().flatten();
    rendered
        .map(|rendered| (rendered.sql, rendered.secrets))
        .collect()
}

/// Returns what a text reads; nothing when it has mistakes.
async fn analysis(
    guard: &Guard,
    node: &str,
    sql: &str,
    secrets: &[String],
) -> Result<Option<Arc<Analysis>>, QueryError> {
    let Ok(statement) = Statement::parse(sql) else {
        return Ok(None);
    };
    match guard.analyze(&statement, node, secrets).await {
        Ok(analysis) => Ok(Some(analysis)),
        Err(error) => passing(error).map(|()| None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_the_engine_is_read() {
        let tsv = "a\tUInt8\t\t\t\t\t\nodd\\tname\tEnum8(\\'x\\' = 1)\t\t\t\t\t\n";
        assert_eq!(
            described(tsv),
            [
                ("a".to_owned(), "UInt8".to_owned()),
                ("odd\tname".to_owned(), "Enum8('x' = 1)".to_owned()),
            ]
        );
        assert_eq!(described(""), Vec::new());
    }
}
