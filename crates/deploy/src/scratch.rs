//! The whole project on empty tables in a database of its own, so that the engine has its say
//! before anything of the workspace is touched.
//!
//! It tells what only the engine knows: whether tables and views can be, the columns of targets
//! that materialized nodes of Classic create, which data source's inserts run a view, and what a
//! `FORWARD_QUERY` gives.

mod forward;

use std::borrow::Cow;
use std::collections::BTreeMap;

use birdhouse_datafile::{Datasource, Diagnostic, Node, Pipe, Project, has_errors};
use birdhouse_engine::EngineError;
use birdhouse_query::Resources;
use birdhouse_sql::{DataType, quote_identifier};
use uuid::Uuid;

use crate::check;
use crate::codes;
use crate::compile::{node_span, query_diagnostic, table_diagnostic};
use crate::deployer::Deployer;
use crate::described::Answers;
use crate::error::DeployError;
use crate::existing::{self, admin_query, describe};
use crate::table::Table;
use crate::view::{View, ViewPlace};

pub(crate) use forward::Forward;

/// What the engine says about a project.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The data source whose inserts run a view, by the view's name.
    pub(crate) triggers: BTreeMap<String, String>,
    /// What each `FORWARD_QUERY` gives, by data source.
    pub(crate) forwards: BTreeMap<String, Forward>,
}

/// A project as it is tried out.
pub(crate) struct Scratch<'a> {
    pub(crate) deployer: &'a Deployer,
    /// Views, upstream first.
    pub(crate) views: &'a [View],
    pub(crate) resources: &'a Resources,
    /// Data sources as they are now, over whose columns forward queries run.
    pub(crate) old: &'a [Datasource],
    database: String,
}

/// Adds the data sources that nodes create, still without columns.
pub(crate) fn with_targets(project: &Project) -> Cow<'_, Project> {
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

/// Returns what the name of a scratch database of a workspace begins with.
pub(crate) fn prefix(database: &str) -> String {
    format!("{database}__scratch_")
}

impl<'a> Scratch<'a> {
    /// Returns a scratch database for a workspace; nothing is made yet.
    pub(crate) fn new(
        deployer: &'a Deployer,
        database: &str,
        (views, resources): (&'a [View], &'a Resources),
        old: &'a [Datasource],
    ) -> Self {
        Self {
            deployer,
            views,
            resources,
            old,
            database: format!("{}{}", prefix(database), Uuid::now_v7().simple()),
        }
    }

    /// Tries the project out, gives targets without columns theirs, and leaves nothing behind.
    pub(crate) async fn run(
        &self,
        project: &mut Cow<'_, Project>,
        found: &mut Vec<Diagnostic>,
    ) -> Result<Verdict, DeployError> {
        let engine = &self.deployer.engine;
        let quoted = quote_identifier(&self.database);
        engine
            .execute(&format!("CREATE DATABASE {quoted} ENGINE = Atomic"))
            .await?;
        let result = self.inside(project, found).await;
        let dropped = engine
            .execute(&format!("DROP DATABASE IF EXISTS {quoted} SYNC"))
            .await;
        let verdict = result?;
        dropped?;
        Ok(verdict)
    }

    async fn inside(
        &self,
        project: &mut Cow<'_, Project>,
        found: &mut Vec<Diagnostic>,
    ) -> Result<Verdict, DeployError> {
        for datasource in &project.datasources {
            if !datasource.schema.columns.is_empty() {
                self.table(datasource, found).await?;
            }
        }
        if has_errors(found) {
            return Ok(Verdict::default());
        }
        if let Cow::Owned(project) = project {
            self.targets(project, found).await?;
            if has_errors(found) {
                return Ok(Verdict::default());
            }
        }
        for view in self.views {
            self.view(project, view, found).await?;
        }
        check::endpoints(
            self.deployer,
            project,
            (self.resources, &self.database),
            &Answers::new(),
            found,
        )
        .await?;
        let mut verdict = Verdict {
            forwards: self.forwards(project, found).await?,
            ..Verdict::default()
        };
        for table in existing::read(&self.deployer.engine, &self.database)
            .await?
            .into_values()
        {
            for view in table.views {
                verdict.triggers.insert(view, table.name.clone());
            }
        }
        Ok(verdict)
    }

    async fn table(
        &self,
        datasource: &Datasource,
        found: &mut Vec<Diagnostic>,
    ) -> Result<(), DeployError> {
        for table in [Table::of(datasource), Table::quarantine_of(datasource)] {
            match self
                .deployer
                .engine
                .execute(&table.create(&self.database))
                .await
            {
                Err(EngineError::Exception { message, .. }) => {
                    found.push(table_diagnostic(datasource, &message));
                    break;
                }
                result => result?,
            }
        }
        Ok(())
    }

    async fn view(
        &self,
        project: &Project,
        view: &View,
        found: &mut Vec<Diagnostic>,
    ) -> Result<(), DeployError> {
        let create = view.create(&ViewPlace {
            database: &self.database,
            name: &view.name,
            target: &view.target,
            trigger: None,
        });
        let engine = &self.deployer.engine;
        match admin_query(engine, Some(&self.database), &create, "Null").await {
            Err(DeployError::Engine(EngineError::Exception { message, .. })) => {
                let pipe = project.pipe(&view.pipe);
                let node = pipe.and_then(|pipe| Some((pipe, pipe.node(&view.node)?)));
                found.extend(
                    node.map(|(pipe, node)| query_diagnostic(pipe, node, codes::VIEW, &message)),
                );
                Ok(())
            }
            result => result.map(drop),
        }
    }

    /// Gives targets without columns those of their node's query.
    async fn targets(
        &self,
        project: &mut Project,
        found: &mut Vec<Diagnostic>,
    ) -> Result<(), DeployError> {
        for view in self.views {
            let is_unknown = project
                .datasource(&view.target)
                .is_some_and(|target| target.schema.columns.is_empty());
            let pipe = project.pipe(&view.pipe).filter(|_| is_unknown).cloned();
            let Some((pipe, node)) = pipe.as_ref().and_then(|p| Some((p, p.node(&view.node)?)))
            else {
                continue;
            };
            let Some(columns) = self.columns(view, (pipe, node), found).await? else {
                continue;
            };
            let target = project
                .datasources
                .iter_mut()
                .find(|datasource| datasource.name.as_str() == view.target);
            if let Some(target) = target {
                target.set_columns(node, columns);
                self.table(target, found).await?;
            }
        }
        Ok(())
    }

    /// Returns the columns of a view's query, or reports why there are none.
    async fn columns(
        &self,
        view: &View,
        (pipe, node): (&Pipe, &Node),
        found: &mut Vec<Diagnostic>,
    ) -> Result<Option<Vec<(String, DataType)>>, DeployError> {
        let engine = &self.deployer.engine;
        let described = match describe(engine, &self.database, &view.sql).await {
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
}
