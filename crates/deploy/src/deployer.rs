//! The steps of a deployment, in order: check, plan, apply, make live.

mod check;
mod implicit;
mod plan;

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_catalog::{
    Catalog, CatalogError, DeploymentDraft, ResourceDraft, ResourceKind, Scope, TokenGrant,
    WorkspaceId, WorkspaceView,
};
use birdhouse_datafile::{Diagnostic, Project, SourceFile, TokenScope, has_errors};
use birdhouse_engine::{Engine, EngineError};
use birdhouse_ingest::{Column, Schema, SchemaError};
use birdhouse_query::Guard;
use birdhouse_sql::{DataType, quote_identifier};

use crate::error::DeployError;
use crate::existing::{self, Existing, admin_query};
use crate::live::{Live, LiveDatasource, LiveView};
use crate::secrets::{resolve_secrets, secret_values};
use crate::view::{View, qualified};
use crate::{codes, compile};
use plan::Plan;

/// Deploys projects to one engine and catalog.
pub struct Deployer {
    /// Where tables are.
    pub engine: Engine,
    /// Who analyses the SQL of nodes.
    pub guard: Guard,
    /// What is live.
    pub catalog: Arc<Catalog>,
}

/// A project that has become live in the catalog.
#[derive(Debug)]
pub struct Deployed {
    /// What requests are to see from now on.
    pub live: Live,
    /// What is suspect, but works.
    pub warnings: Vec<Diagnostic>,
}

impl Deployer {
    /// Checks `project`, makes its tables and views exist, and makes it live in the catalog.
    ///
    /// Nobody may append to the workspace meanwhile: this is the deployment at start.
    ///
    /// # Errors
    /// [`DeployError::Invalid`] with every mistake that was found; rows that were there are
    /// untouched, and what was live stays so.
    pub async fn deploy(
        &self,
        workspace: WorkspaceId,
        project: &Project,
    ) -> Result<Deployed, DeployError> {
        let view = self.workspace(workspace)?;
        let database = view.workspace.database.clone();
        let mut found = Vec::new();
        let mut project = implicit::with_targets(project);
        let resources = compile::resources(&project, &database, |_| String::new(), &mut found);
        check::secrets(&view, &project, &resources, &mut found);
        stop_on_errors(&mut found)?;
        let views = check::nodes(self, &project, &resources, &mut found).await?;
        stop_on_errors(&mut found)?;
        implicit::fill(self, &mut project, &views, &database, &mut found).await?;
        stop_on_errors(&mut found)?;
        let project = project.as_ref();
        let create = format!(
            "CREATE DATABASE IF NOT EXISTS {} ENGINE = Atomic",
            quote_identifier(&database)
        );
        self.engine.execute(&create).await?;
        let before = existing::read(&self.engine, &database).await?;
        let plan = Plan::new(project, views, &before, &mut found);
        stop_on_errors(&mut found)?;
        self.apply(&plan, &database, project, &mut found).await?;
        if found
            .iter()
            .any(|diagnostic| diagnostic.code == codes::TABLE)
        {
            stop_on_errors(&mut found)?;
        }
        check::endpoints(self, project, &resources, &mut found).await?;
        stop_on_errors(&mut found)?;
        let after = existing::read(&self.engine, &database).await?;
        for datasource in &project.datasources {
            schema(datasource, &database, &after, &mut found);
        }
        stop_on_errors(&mut found)?;
        let draft = draft(project);
        if is_changed(&draft, &view) {
            self.commit(workspace, draft).await?;
        }
        let view = self.workspace(workspace)?;
        let live = live(project, &view, &plan.views, &after, &mut found);
        stop_on_errors(&mut found)?;
        Ok(Deployed {
            live,
            warnings: found,
        })
    }

    /// Returns what requests are to see of a workspace's live deployment, from its files in the catalog
    /// and the tables that are there. Nothing is changed.
    ///
    /// # Errors
    /// [`DeployError::Invalid`] when the files are no longer understood.
    pub async fn load(&self, workspace: WorkspaceId) -> Result<Live, DeployError> {
        let view = self.workspace(workspace)?;
        let database = &view.workspace.database;
        let secrets = secret_values(&view);
        let (files, mut found) = resolve_secrets(stored_files(&view), &secrets);
        let (project, mistakes) = Project::parse(files);
        found.extend(mistakes);
        let mut project = implicit::with_targets(&project);
        let resources = compile::resources(&project, database, |_| String::new(), &mut found);
        stop_on_errors(&mut found)?;
        let views = check::nodes(self, &project, &resources, &mut found).await?;
        stop_on_errors(&mut found)?;
        implicit::fill(self, &mut project, &views, database, &mut found).await?;
        stop_on_errors(&mut found)?;
        let tables = existing::read(&self.engine, database).await?;
        let live = live(project.as_ref(), &view, &views, &tables, &mut found);
        stop_on_errors(&mut found)?;
        Ok(live)
    }

    fn workspace(&self, id: WorkspaceId) -> Result<Arc<WorkspaceView>, CatalogError> {
        let view = self.catalog.view();
        let found = view.workspace(id).map(Arc::clone);
        found.ok_or(CatalogError::UnknownWorkspace(id))
    }

    async fn commit(
        &self,
        workspace: WorkspaceId,
        draft: DeploymentDraft,
    ) -> Result<(), DeployError> {
        let catalog = Arc::clone(&self.catalog);
        tokio::task::spawn_blocking(move || catalog.commit_deployment(workspace, &draft)).await??;
        Ok(())
    }

    async fn apply(
        &self,
        plan: &Plan,
        database: &str,
        project: &Project,
        found: &mut Vec<Diagnostic>,
    ) -> Result<(), DeployError> {
        for statement in plan.removals(database) {
            self.engine.execute(&statement).await?;
        }
        for table in &plan.create_tables {
            match self.engine.execute(&table.create(database)).await {
                Ok(()) => tracing::info!(table = table.name, "table created"),
                Err(EngineError::Exception { message, .. }) => {
                    let owner = table
                        .name
                        .trim_end_matches(birdhouse_ingest::QUARANTINE_SUFFIX);
                    let datasource = project
                        .datasource(&table.name)
                        .or_else(|| project.datasource(owner));
                    found.extend(datasource.map(|d| compile::table_diagnostic(d, &message)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if has_errors(found) {
            return Ok(());
        }
        for view in plan.new_views() {
            match self.create_view(view, database).await {
                Err(DeployError::Engine(EngineError::Exception { message, .. })) => {
                    let pipe = project.pipe(&view.pipe);
                    let node = pipe.and_then(|pipe| Some((pipe, pipe.node(&view.node)?)));
                    found.extend(node.map(|(pipe, node)| {
                        compile::query_diagnostic(pipe, node, codes::VIEW, &message)
                    }));
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Creates a view and fills its target from what the source holds already.
    ///
    /// The view carries a mark until that is done, see [`Plan`].
    async fn create_view(&self, view: &View, database: &str) -> Result<(), DeployError> {
        admin_query(&self.engine, Some(database), &view.create(database), "Null").await?;
        let existing = existing::read(&self.engine, database).await?;
        let source = existing
            .values()
            .find(|table| table.views.contains(&view.name));
        if view.backfill && source.is_some_and(|source| source.rows > 0) {
            let columns = existing::describe(&self.engine, database, &view.sql).await?;
            let names: Vec<String> = columns
                .iter()
                .map(|column| quote_identifier(&column.name))
                .collect();
            // A view maps columns by name, INSERT SELECT by position.
            let fill = format!(
                "INSERT INTO {} ({})\n{}",
                qualified(database, &view.target),
                names.join(", "),
                view.sql
            );
            admin_query(&self.engine, Some(database), &fill, "Null").await?;
            tracing::info!(
                view = view.name,
                target = view.target,
                "target filled from what the source holds"
            );
        }
        for statement in view.finish(database) {
            self.engine.execute(&statement).await?;
        }
        tracing::info!(view = view.name, "materialized view created");
        Ok(())
    }
}

/// Returns the files of a workspace's live deployment, each once.
fn stored_files(workspace: &WorkspaceView) -> Vec<SourceFile> {
    // A data source that a node of Classic creates has the file of its pipe.
    let by_path: BTreeMap<&str, &str> = workspace
        .resources
        .iter()
        .map(|resource| (resource.path.as_str(), resource.content.as_str()))
        .collect();
    let files = by_path.into_iter();
    files
        .map(|(path, content)| SourceFile::new(path, content))
        .collect()
}

/// Returns what was found as an error when it has errors; keeps warnings.
fn stop_on_errors(found: &mut Vec<Diagnostic>) -> Result<(), DeployError> {
    if !has_errors(found) {
        return Ok(());
    }
    found.sort_by(|a, b| {
        let place = |d: &Diagnostic| (d.span.file().path().to_owned(), d.span.range().start);
        place(a).cmp(&place(b))
    });
    Err(DeployError::Invalid(std::mem::take(found)))
}

/// Returns true when the draft differs from what is live.
fn is_changed(draft: &DeploymentDraft, live: &WorkspaceView) -> bool {
    let same = |new: &ResourceDraft| {
        live.resource(new.kind, &new.name)
            .is_some_and(|old| old.path == new.path && old.content == new.content)
    };
    draft.resources.len() != live.resources.len() || !draft.resources.iter().all(same)
}

/// Returns the project as the catalog keeps it.
fn draft(project: &Project) -> DeploymentDraft {
    let mut draft = DeploymentDraft::default();
    for datasource in project.datasources.iter() {
        let name = datasource.name.to_string();
        for grant in &datasource.tokens {
            let scope = match grant.scope {
                TokenScope::Read => Scope::read_datasource(&name),
                TokenScope::Append => Scope::append(&name),
            };
            draft.grants.push(TokenGrant {
                token: grant.name.value.clone(),
                scope,
            });
        }
        draft
            .resources
            .push(resource(ResourceKind::Datasource, name, &datasource.file));
    }
    for pipe in project.pipes.iter() {
        let name = pipe.name.to_string();
        for grant in &pipe.tokens {
            let scope = Scope::read_pipe(&name);
            draft.grants.push(TokenGrant {
                token: grant.name.value.clone(),
                scope,
            });
        }
        draft
            .resources
            .push(resource(ResourceKind::Pipe, name, &pipe.file));
    }
    for connection in &project.connections {
        let name = connection.name.clone();
        draft
            .resources
            .push(resource(ResourceKind::Connection, name, &connection.file));
    }
    // Whoever reads the files again needs what they include.
    let includes = project
        .files
        .iter()
        .filter(|file| file.path().ends_with(".incl"));
    for file in includes {
        let name = file.path().to_owned();
        draft
            .resources
            .push(resource(ResourceKind::Include, name, file));
    }
    draft
}

fn resource(kind: ResourceKind, name: String, file: &SourceFile) -> ResourceDraft {
    ResourceDraft {
        kind,
        name,
        path: file.path().to_owned(),
        content: file.written().to_owned(),
    }
}

/// Returns what requests see, from the project, its ids in the catalog and the engine's tables.
fn live(
    project: &Project,
    workspace: &WorkspaceView,
    views: &[View],
    tables: &Existing,
    found: &mut Vec<Diagnostic>,
) -> Live {
    let id = |kind, name: &str| {
        workspace
            .resource(kind, name)
            .map_or_else(String::new, |resource| resource.id.to_string())
    };
    let database = &workspace.workspace.database;
    let resources = compile::resources(
        project,
        database,
        |pipe| id(ResourceKind::Pipe, pipe),
        found,
    );
    let mut datasources = BTreeMap::new();
    for datasource in project.datasources.iter() {
        let name = datasource.name.to_string();
        let mut behind = Vec::new();
        views_behind(&name, views, tables, &mut |view| {
            behind.push(LiveView {
                pipe_id: id(ResourceKind::Pipe, &view.pipe),
                pipe: view.pipe.clone(),
                target_id: id(ResourceKind::Datasource, &view.target),
                target: view.target.clone(),
            });
        });
        let live = LiveDatasource {
            id: id(ResourceKind::Datasource, &name),
            schema: schema(datasource, database, tables, found).map(Arc::new),
            name: name.clone(),
            views: behind,
        };
        datasources.insert(name, Arc::new(live));
    }
    Live {
        resources,
        datasources,
    }
}

/// Calls `each` with every view that an insert into `source` runs, upstream first.
fn views_behind<'v>(
    source: &str,
    views: &'v [View],
    tables: &Existing,
    each: &mut impl FnMut(&'v View),
) {
    let Some(table) = tables.get(source) else {
        return;
    };
    for view in views.iter().filter(|view| table.views.contains(&view.name)) {
        each(view);
        views_behind(&view.target, views, tables, each);
    }
}

/// Returns what rows of a data source must look like; nothing when only views write to it.
fn schema(
    datasource: &birdhouse_datafile::Datasource,
    database: &str,
    tables: &Existing,
    found: &mut Vec<Diagnostic>,
) -> Option<Schema> {
    let table = tables.get(datasource.name.as_str());
    // A column without a type gets the one that the engine derives from its default.
    let derived = |name: &str| {
        let (_, data_type) = table?.columns.iter().find(|(column, _)| column == name)?;
        DataType::parse(data_type).ok()
    };
    let columns: Option<Vec<Column>> = datasource
        .schema
        .columns
        .iter()
        .map(|column| {
            Some(Column {
                name: column.name.value.clone(),
                data_type: column
                    .data_type
                    .clone()
                    .or_else(|| derived(&column.name.value))?,
                json_path: column.json_path.as_ref().map(|path| path.value.clone()),
                default: column.default.as_ref().map(|default| default.value.clone()),
            })
        })
        .collect();
    let has_states = datasource
        .schema
        .columns
        .iter()
        .any(|column| matches!(column.data_type, Some(DataType::AggregateFunction { .. })));
    if has_states && !datasource.schema.has_json_paths() {
        return None;
    }
    match Schema::new(database, datasource.name.as_str(), columns?) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let place = match &error {
                SchemaError::DuplicateColumn { column }
                | SchemaError::UnsupportedType { column, .. }
                | SchemaError::UnknownZone { column, .. } => datasource.schema.column(column),
                _ => None,
            };
            let place = place.map_or_else(|| datasource.file.start(), |c| c.span.clone());
            found.push(Diagnostic::error(codes::COLUMNS, error.to_string(), place));
            None
        }
    }
}
