//! Targets that materialized nodes of Classic create themselves: `ENGINE` in a pipe.
//!
//! Their columns are those of the node's query, which only the engine can tell, and only when the
//! tables that the query reads exist. So empty copies of these tables are made in a scratch
//! database; nothing of the workspace is touched.

use std::borrow::Cow;
use std::collections::BTreeMap;

use birdhouse_datafile::{Datasource, Diagnostic, Node, Pipe, Project};
use birdhouse_engine::EngineError;
use birdhouse_sql::{DataType, quote_identifier};

use super::Deployer;
use crate::codes;
use crate::compile::{node_span, query_diagnostic, table_diagnostic};
use crate::error::DeployError;
use crate::existing::describe;
use crate::table::Table;
use crate::view::View;

/// Adds the data sources that nodes create, still without columns.
pub(super) fn with_targets(project: &Project) -> Cow<'_, Project> {
    let mut targets: BTreeMap<String, Datasource> = BTreeMap::new();
    for pipe in &project.pipes {
        for (_, materialization) in pipe.materializations() {
            let target = &materialization.target.value;
            if project.datasource(target).is_none() && !targets.contains_key(target) {
                let implicit = Datasource::implicit(pipe, materialization);
                targets.extend(implicit.map(|datasource| (target.clone(), datasource)));
            }
        }
    }
    if targets.is_empty() {
        return Cow::Borrowed(project);
    }
    let mut project = project.clone();
    project.datasources.extend(targets.into_values());
    Cow::Owned(project)
}

/// Gives these data sources their columns; `views` come upstream first.
pub(super) async fn fill(
    deployer: &Deployer,
    project: &mut Cow<'_, Project>,
    views: &[View],
    database: &str,
    found: &mut Vec<Diagnostic>,
) -> Result<(), DeployError> {
    let Cow::Owned(project) = project else {
        return Ok(());
    };
    let scratch = format!("{database}__scratch");
    let quoted = quote_identifier(&scratch);
    let drop = format!("DROP DATABASE IF EXISTS {quoted} SYNC");
    deployer.engine.execute(&drop).await?;
    let create = format!("CREATE DATABASE {quoted} ENGINE = Atomic");
    deployer.engine.execute(&create).await?;
    let result = in_scratch(deployer, project, views, &scratch, found).await;
    deployer.engine.execute(&drop).await?;
    result
}

async fn in_scratch(
    deployer: &Deployer,
    project: &mut Project,
    views: &[View],
    scratch: &str,
    found: &mut Vec<Diagnostic>,
) -> Result<(), DeployError> {
    for datasource in &project.datasources {
        if !datasource.schema.columns.is_empty() {
            create(deployer, datasource, scratch, found).await?;
        }
    }
    for view in views {
        let is_unknown = project
            .datasource(&view.target)
            .is_some_and(|target| target.schema.columns.is_empty());
        let pipe = project.pipe(&view.pipe).filter(|_| is_unknown).cloned();
        let Some((pipe, node)) = pipe.as_ref().and_then(|p| Some((p, p.node(&view.node)?))) else {
            continue;
        };
        let Some(columns) = columns(deployer, view, (pipe, node), scratch, found).await? else {
            continue;
        };
        let target = project
            .datasources
            .iter_mut()
            .find(|datasource| datasource.name.as_str() == view.target);
        if let Some(target) = target {
            target.set_columns(node, columns);
            create(deployer, target, scratch, found).await?;
        }
    }
    Ok(())
}

async fn create(
    deployer: &Deployer,
    datasource: &Datasource,
    scratch: &str,
    found: &mut Vec<Diagnostic>,
) -> Result<(), DeployError> {
    let statement = Table::of(datasource).create(scratch);
    match deployer.engine.execute(&statement).await {
        Err(EngineError::Exception { message, .. }) => {
            found.push(table_diagnostic(datasource, &message));
            Ok(())
        }
        result => Ok(result?),
    }
}

/// Returns the columns of a view's query, or reports why there are none.
async fn columns(
    deployer: &Deployer,
    view: &View,
    (pipe, node): (&Pipe, &Node),
    scratch: &str,
    found: &mut Vec<Diagnostic>,
) -> Result<Option<Vec<(String, DataType)>>, DeployError> {
    let described = match describe(&deployer.engine, scratch, &view.sql).await {
        Err(DeployError::Engine(EngineError::Exception { message, .. })) => {
            found.push(query_diagnostic(pipe, node, codes::QUERY, &message));
            return Ok(None);
        }
        described => described?,
    };
    let mut columns = Vec::new();
    for column in described {
        match DataType::parse(&column.data_type) {
            Ok(data_type) => columns.push((column.name, data_type)),
            Err(error) => found.push(Diagnostic::error(
                codes::VIEW,
                format!("column '{}': {error}", column.name),
                node_span(node),
            )),
        }
    }
    Ok(Some(columns))
}
