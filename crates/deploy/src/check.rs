//! What can be said about the SQL of a project before, and after, its tables exist.

use std::sync::Arc;

use birdhouse_catalog::WorkspaceView;
use birdhouse_datafile::{DeploymentMethod, Diagnostic, Node, Project};
use birdhouse_engine::EngineError;
use birdhouse_query::{Assembled, Assembler, Body, Pipe, QueryError, Resources};
use birdhouse_template::{Context, ErrorKind, Mode, Parameters};

use crate::codes;
use crate::compile::{
    node_diagnostic, node_span, query_diagnostic, template_diagnostic, unknown_diagnostic,
};
use crate::deployer::Deployer;
use crate::described::Answers;
use crate::error::DeployError;
use crate::existing::admin_query;
use crate::view::{View, order};

/// Reports secrets that nodes need and the workspace does not have.
pub(crate) fn secrets(
    workspace: &WorkspaceView,
    project: &Project,
    resources: &Resources,
    found: &mut Vec<Diagnostic>,
) {
    let names = workspace.secrets.iter().map(|secret| secret.name.clone());
    let context = Context {
        mode: Mode::Check,
        secrets: Arc::new(names.collect()),
        checks_secrets: true,
        ..Context::default()
    };
    let parameters = Parameters::default();
    for (_, live, node) in all_nodes(project, resources) {
        let Some(Body::Template(template)) = live.node(&node.name.value).map(|node| &node.body)
        else {
            continue;
        };
        if let Err(error) = template.render(&parameters, &context)
            && error.kind == ErrorKind::Secret
        {
            found.push(template_diagnostic(node, &error));
        }
    }
}

/// Checks every node by itself and returns the materialized views, upstream first.
pub(crate) async fn nodes(
    deployer: &Deployer,
    project: &Project,
    resources: &Resources,
    found: &mut Vec<Diagnostic>,
) -> Result<Vec<View>, DeployError> {
    let parameters = Parameters::default();
    let check = Context {
        mode: Mode::Check,
        ..Context::default()
    };
    let assembler = Assembler {
        resources,
        guard: &deployer.guard,
        parameters: &parameters,
        context: &check,
    };
    for (pipe, live, node) in all_nodes(project, resources) {
        match assembler.check_node(live, &node.name.value).await {
            Ok(unknown) => found.extend(unknown.iter().map(|name| {
                if is_of_release(name) {
                    reads_release(node, name)
                } else {
                    unknown_diagnostic(pipe, node, name, resources)
                }
            })),
            Err(error) => found.push(node_diagnostic(node, &unless_down(error)?)),
        }
    }
    if birdhouse_datafile::has_errors(found) {
        return Ok(Vec::new());
    }
    views(deployer, project, resources, found).await
}

async fn views(
    deployer: &Deployer,
    project: &Project,
    resources: &Resources,
    found: &mut Vec<Diagnostic>,
) -> Result<Vec<View>, DeployError> {
    let parameters = Parameters::default();
    let render = Context::default();
    let assembler = Assembler {
        resources,
        guard: &deployer.guard,
        parameters: &parameters,
        context: &render,
    };
    let mut views = Vec::new();
    for pipe in project.pipes.iter() {
        let Some(live) = resources.pipes.get(pipe.name.as_str()) else {
            continue;
        };
        for (node, materialization) in pipe.materializations() {
            let assembled = match assembler.pipe(live, Some(&node.name.value)).await {
                Ok(assembled) => assembled,
                Err(QueryError::ResourceNotFound { name }) if is_of_release(&name) => continue,
                Err(error) => {
                    found.push(node_diagnostic(node, &unless_down(error)?));
                    continue;
                }
            };
            let target = project.datasource(&materialization.target.value);
            views.push(View {
                name: View::name_of(pipe, node),
                pipe: pipe.name.to_string(),
                node: node.name.value.clone(),
                target: materialization.target.value.clone(),
                is_rebuilt: materialization.deployment_method == DeploymentMethod::Rebuild,
                backfill: target.is_none_or(|t| t.backfill == birdhouse_datafile::Backfill::Run),
                span: node_span(node),
                sql: assembled.sql,
                reads: assembled.reads,
            });
        }
    }
    Ok(order(views).unwrap_or_else(|circle| {
        let names: Vec<&str> = circle.iter().map(|view| view.pipe.as_str()).collect();
        found.extend(circle.first().map(|view| {
            Diagnostic::error(
                codes::CYCLE,
                format!(
                    "materialized views feed each other in a circle: {}",
                    names.join(" → ")
                ),
                view.span.clone(),
            )
        }));
        Vec::new()
    }))
}

/// Asks the engine what each published node returns over the tables of `database`, unless the answer
/// is known from `before`. Returns all answers.
///
/// An endpoint whose nodes have parameters is called without any; what fails then is a warning,
/// because the parameters may be needed.
pub(crate) async fn endpoints(
    deployer: &Deployer,
    project: &Project,
    (resources, database): (&Resources, &str),
    before: &Answers,
    found: &mut Vec<Diagnostic>,
) -> Result<Answers, DeployError> {
    let mut answers = Answers::new();
    let parameters = Parameters::default();
    let render = Context::default();
    let assembler = Assembler {
        resources,
        guard: &deployer.guard,
        parameters: &parameters,
        context: &render,
    };
    for (pipe, live, node) in all_nodes(project, resources) {
        if live.endpoint.as_deref() != Some(node.name.value.as_str()) {
            continue;
        }
        let assembled = match assembler.pipe(live, None).await {
            Ok(assembled) => assembled,
            Err(error @ (QueryError::Cycle { .. } | QueryError::TooManyReferences { .. })) => {
                found.push(node_diagnostic(node, &error));
                continue;
            }
            // What a template refuses without parameters is its own business.
            Err(_) => continue,
        };
        let is_plain = live.nodes.iter().all(|n| matches!(n.body, Body::Plain(_)));
        let answer = match before.get(&assembled.sql) {
            Some(known) => known.clone(),
            None => describe(deployer, database, &assembled).await?,
        };
        if assembled.secrets.is_empty() {
            answers.insert(assembled.sql, answer.clone());
        }
        if let Some(message) = answer {
            let diagnostic = if is_plain {
                query_diagnostic(pipe, node, codes::QUERY, &message)
            } else {
                Diagnostic::warning(
                    codes::QUERY,
                    format!("called without parameters, the endpoint fails: {message}"),
                    node_span(node),
                )
            };
            found.push(diagnostic);
        }
    }
    Ok(answers)
}

/// Returns what the engine has against a query.
async fn describe(
    deployer: &Deployer,
    database: &str,
    assembled: &Assembled,
) -> Result<Option<String>, DeployError> {
    if !assembled.secrets.is_empty() {
        return Ok(None);
    }
    let sql = format!("DESCRIBE TABLE (\n{}\n)", assembled.sql);
    match admin_query(&deployer.engine, Some(database), &sql, "Null").await {
        Ok(_) => Ok(None),
        Err(DeployError::Engine(EngineError::Exception { message, .. })) => Ok(Some(message)),
        Err(error) => Err(error),
    }
}

/// Every node with its compiled pipe.
fn all_nodes<'p>(
    project: &'p Project,
    resources: &'p Resources,
) -> impl Iterator<Item = (&'p birdhouse_datafile::Pipe, &'p Pipe, &'p Node)> {
    project.pipes.iter().flat_map(|pipe| {
        let live = resources.pipes.get(pipe.name.as_str());
        let nodes = pipe.nodes.iter();
        nodes.filter_map(move |node| Some((pipe, live?.as_ref(), node)))
    })
}

/// Returns true for a resource of another release, as Classic deployments name it:
/// `v0_0_1.events`.
fn is_of_release(name: &str) -> bool {
    let Some((release, _)) = name.split_once('.') else {
        return false;
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    release
        .strip_prefix('v')
        .is_some_and(|numbers| numbers.split('_').count() == 3 && numbers.split('_').all(is_number))
}

fn reads_release(node: &Node, name: &str) -> Diagnostic {
    Diagnostic::warning(
        codes::NOT_ACTIVE,
        format!(
            "the node '{}' reads {name} of another release: it is declared, not active",
            node.name.value
        ),
        node_span(node),
    )
    .with_hint("there is one release at a time here; remove the node when the migration is over")
}

/// Separates a mistake of the project from a failure of the engine.
fn unless_down(error: QueryError) -> Result<QueryError, DeployError> {
    match error {
        QueryError::Engine { source } if !matches!(source, EngineError::Exception { .. }) => {
            Err(source.into())
        }
        other => Ok(other),
    }
}
