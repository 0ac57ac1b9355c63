//! From a project to a plan; nothing is changed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use birdhouse_catalog::{
    DeploymentDraft, ResourceDraft, ResourceKind, Scope, TokenGrant, WorkspaceId, WorkspaceView,
};
use birdhouse_datafile::{Datasource, Diagnostic, Project, SourceFile, TokenScope, has_errors};
use birdhouse_query::Resources;
use birdhouse_sql::quote_identifier;

use super::{Deployer, Prepared};
use crate::change::{Change, compare};
use crate::described::Tables;
use crate::details::Details;
use crate::error::DeployError;
use crate::existing::{self, Existing};
use crate::layout::{Layout, quarantine};
use crate::live::schema;
use crate::plan::{self, LiveViews, OldTable, OldView, Plan, TableState, Terms, ViewState};
use crate::report::{Message, Report, movements, token_changes};
use crate::scratch::{Forward, Scratch, Verdict, with_targets};
use crate::secrets::secret_values;
use crate::sources::{files_of, parse_project};
use crate::table::Table;
use crate::view::View;
use crate::{check, compile};

/// What is live, as far as a plan looks at it.
pub(super) struct World {
    /// The workspace's database.
    pub(super) database: String,
    /// The project that is live; its implicit targets have the columns of their tables.
    pub(super) project: Project,
    /// What it uses.
    pub(super) layout: Layout,
    /// The tables and views that exist.
    pub(super) existing: Existing,
}

impl Deployer {
    /// Checks `project` and works out what has to be done to make it live. Changes nothing.
    ///
    /// # Errors
    /// [`DeployError::Invalid`] with every mistake that was found.
    pub async fn prepare(
        &self,
        workspace: WorkspaceId,
        project: &Project,
        terms: impl Into<Terms>,
    ) -> Result<Prepared, DeployError> {
        let terms = terms.into();
        let view = self.workspace(workspace)?;
        let mut found = Vec::new();
        let mut project = with_targets(project);
        let database = view.workspace.database.as_str();
        let databases = (database, database);
        let resources = compile::resources(&project, databases, |_| String::new(), &mut found);
        check::secrets(&view, &project, &resources, &mut found);
        stop_on_errors(&mut found)?;
        let mut views = check::nodes(self, &project, &resources, &mut found).await?;
        stop_on_errors(&mut found)?;
        for view in &mut views {
            view.backfill &= terms.unfilled.as_ref() != Some(&view.pipe);
        }
        let world = self.world(&view).await?;
        let verdict = self
            .verdict(&world, &mut project, (&views, &resources), &mut found)
            .await?;
        stop_on_errors(&mut found)?;
        let project = project.into_owned();
        for datasource in &project.datasources {
            // The types of tables that are not there yet are looked at when they are.
            let table = world.layout.table(datasource.name.as_str());
            let at = (world.database.as_str(), table);
            schema(datasource, at, &world.existing, &mut found);
        }
        stop_on_errors(&mut found)?;
        let wanted = (&project, views);
        let plan = plan_for(&world, wanted, &verdict, &terms, &mut found);
        stop_on_errors(&mut found)?;
        let mut draft = draft(&project);
        draft.base = Some(view.live.id);
        let tokens = token_changes(&grants(&world.project), &draft.grants);
        let movements = movements(&plan, |name| world.rows(name));
        let mut report = Report::new(&view.resources, &draft.resources, movements, tokens);
        report.feedback = found.iter().map(Message::of).collect();
        Ok(Prepared {
            workspace,
            project,
            plan,
            draft,
            live: world.layout,
            existing: world.existing,
            report,
            warnings: found,
        })
    }

    /// Reads what is live.
    pub(super) async fn world(&self, view: &WorkspaceView) -> Result<World, DeployError> {
        let database = view.workspace.database.clone();
        let create = format!(
            "CREATE DATABASE IF NOT EXISTS {} ENGINE = Atomic",
            quote_identifier(&database)
        );
        self.engine.execute(&create).await?;
        let existing = existing::read(&self.engine, &database).await?;
        let mut project = parse(&view.resources, &secret_values(view));
        let layout = match Details::of(&view.live)?.layout {
            Some(layout) => layout,
            None => plain_layout(&project),
        };
        take_columns(&mut project, &layout, &existing);
        let mut world = World {
            database,
            project,
            layout,
            existing,
        };
        self.count_waiting(&mut world);
        Ok(world)
    }

    /// Asks the engine about the project, on empty tables when tables or views would change.
    async fn verdict(
        &self,
        world: &World,
        project: &mut Cow<'_, Project>,
        (views, resources): (&[View], &Resources),
        found: &mut Vec<Diagnostic>,
    ) -> Result<Verdict, DeployError> {
        take_known_columns(project, world, views);
        if world.fits(project, views) {
            let namespace = world.layout.namespace(&world.database);
            let tables = Tables::of(&world.layout, &world.existing);
            let before = self.described.take(&world.database, &tables);
            let at = (resources, namespace);
            let answers = check::endpoints(self, project, at, &before, found).await?;
            self.described.keep(&world.database, tables, answers);
            return Ok(Verdict::default());
        }
        let old = &world.project.datasources;
        Scratch::new(self, &world.database, (views, resources), old)
            .run(project, found)
            .await
    }
}

impl World {
    /// Returns true when the tables and views of a project are those that are live.
    fn fits(&self, project: &Project, views: &[View]) -> bool {
        let has_table = |datasource: &Datasource| {
            let table = self.layout.tables.get(datasource.name.as_str());
            let comment = |table: &str| Some(self.existing.get(table)?.comment.as_str());
            table.is_some_and(|table| {
                comment(table) == Some(&Table::of(datasource).fingerprint())
                    && comment(&quarantine(table))
                        == Some(&Table::quarantine_of(datasource).fingerprint())
            })
        };
        project.datasources.iter().all(has_table)
            && views.iter().all(|view| self.view(view).is_some())
    }

    /// Returns the view in the engine that does what `view` says.
    fn view(&self, view: &View) -> Option<&String> {
        let name = self.layout.views.get(&view.name)?;
        let existing = self.existing.get(name)?;
        (existing.comment == view.fingerprint()).then_some(name)
    }

    /// Returns the view in the engine that does what `view` says under another name.
    fn renamed_view(&self, view: &View, kept: &BTreeSet<&String>) -> Option<&String> {
        let mut names = self.layout.views.values();
        names.find(|name| {
            !kept.contains(name)
                && self
                    .existing
                    .get(*name)
                    .is_some_and(|existing| existing.comment == view.fingerprint())
        })
    }

    /// Returns the data source whose inserts run a view of the engine.
    fn trigger(&self, view: &str) -> Option<String> {
        let mut tables = self.layout.tables.iter();
        let (name, _) = tables.find(|(_, table)| {
            self.existing
                .get(*table)
                .is_some_and(|table| table.views.iter().any(|name| name == view))
        })?;
        Some(name.clone())
    }

    fn rows(&self, datasource: &str) -> u64 {
        let table = self.layout.tables.get(datasource);
        table
            .and_then(|table| self.existing.get(table))
            .map_or(0, |table| table.rows)
    }
}

/// Compares the project with what is live.
fn plan_for(
    world: &World,
    (project, views): (&Project, Vec<View>),
    verdict: &Verdict,
    terms: &Terms,
    found: &mut Vec<Diagnostic>,
) -> Plan {
    let tables: Vec<TableState<'_>> = project
        .datasources
        .iter()
        .map(|datasource| table_state(world, datasource, verdict, found))
        .collect();
    let mut kept: BTreeSet<&String> = BTreeSet::new();
    for view in &views {
        kept.extend(world.view(view));
    }
    let mut states = Vec::new();
    for view in views {
        let same = world.view(&view);
        let same = same.or_else(|| world.renamed_view(&view, &kept));
        kept.extend(same);
        let is_there = world.layout.views.contains_key(&view.name);
        let old = match same {
            Some(name) => OldView::Same(name.clone()),
            None if is_there => OldView::Changed,
            None => OldView::None,
        };
        let trigger = verdict.triggers.get(&view.name).cloned();
        states.push(ViewState {
            trigger: trigger.or_else(|| world.trigger(same?)),
            view,
            old,
        });
    }
    let dropped = dropped_targets(world, &states, &kept);
    let places: Vec<_> = world
        .project
        .datasources
        .iter()
        .filter(|old| project.datasource(old.name.as_str()).is_none())
        .map(|old| {
            let rows = world.rows(old.name.as_str());
            (old.name.to_string(), rows, old.file.start())
        })
        .collect();
    plan::deleted(&places, terms.permission, found);
    let live = LiveViews {
        dropped,
        has_namespace: world.layout.namespace.is_some(),
    };
    Plan::new(&tables, states, &live, terms, found)
}

fn table_state<'a>(
    world: &World,
    datasource: &'a Datasource,
    verdict: &Verdict,
    found: &mut Vec<Diagnostic>,
) -> TableState<'a> {
    let name = datasource.name.as_str();
    let table = world.layout.tables.get(name);
    let existing = table.and_then(|table| world.existing.get(table));
    let before = world.project.datasource(name);
    let old = existing.map(|existing| OldTable {
        rows: existing.rows,
        change: match before {
            _ if existing.comment == Table::of(datasource).fingerprint() => {
                same_quarantine(world, datasource, &existing.name)
            }
            Some(before) => compare(before, datasource),
            // A table that no project knows: nothing is said about its columns.
            None => Change::Carry { added: Vec::new() },
        },
    });
    let text = |datasource: Option<&Datasource>| {
        let query = datasource?.forward_query.as_ref()?;
        Some(query.as_str().trim().to_owned())
    };
    let is_forward_new = text(before) != text(Some(datasource));
    let is_needed = matches!(
        old.as_ref().map(|old| &old.change),
        Some(Change::Rewrite { .. })
    );
    let forward = match verdict.forwards.get(name) {
        Some(Forward::Fits(columns)) => Some(columns.clone()),
        Some(Forward::Misfit(problems)) if is_needed || is_forward_new => {
            found.extend(problems.iter().cloned());
            None
        }
        // What was there before and is not needed may be about an older schema.
        Some(Forward::Misfit(_)) | None => None,
    };
    TableState {
        datasource,
        old,
        forward,
        is_forward_new,
    }
}

/// Returns the change of a table that is the same: its quarantine may differ all the same.
fn same_quarantine(world: &World, datasource: &Datasource, table: &str) -> Change {
    let existing = world.existing.get(&quarantine(table));
    let wanted = Table::quarantine_of(datasource).fingerprint();
    if existing.is_some_and(|existing| existing.comment == wanted) {
        Change::Same
    } else {
        Change::Carry { added: Vec::new() }
    }
}

/// Returns the targets of live views that the project has no more.
fn dropped_targets(
    world: &World,
    states: &[ViewState],
    kept: &BTreeSet<&String>,
) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for pipe in &world.project.pipes {
        for (node, materialization) in pipe.materializations() {
            let name = View::name_of(pipe, node);
            let is_there = states.iter().any(|state| state.view.name == name);
            let is_kept = world
                .layout
                .views
                .get(&name)
                .is_some_and(|view| kept.contains(view));
            if !is_there && !is_kept {
                targets.insert(materialization.target.value.clone());
            }
        }
    }
    targets
}

/// Reads a project from what the catalog keeps of it, with the values of the workspace's secrets.
pub(super) fn parse(
    resources: &[birdhouse_catalog::Resource],
    secrets: &BTreeMap<String, String>,
) -> Project {
    let (project, _) = parse_project(files_of(resources), secrets);
    with_targets(&project).into_owned()
}

/// Returns the layout of a deployment that has none: everything has its own name.
pub(super) fn plain_layout(project: &Project) -> Layout {
    let datasources = project.datasources.iter().map(|d| d.name.as_str());
    let views = project.pipes.iter().flat_map(|pipe| {
        pipe.materializations()
            .map(|(node, _)| View::name_of(pipe, node))
    });
    Layout::plain(datasources, views)
}

/// Gives data sources without columns those of their tables.
pub(super) fn take_columns(project: &mut Project, layout: &Layout, existing: &Existing) {
    let pipes = project.pipes.clone();
    for datasource in &mut project.datasources {
        let table = existing.get(layout.table(datasource.name.as_str()));
        let Some(table) = table.filter(|_| datasource.schema.columns.is_empty()) else {
            continue;
        };
        let node = pipes.iter().find_map(|pipe| {
            let mut nodes = pipe.materializations();
            nodes.find_map(|(node, m)| {
                (m.target.value == datasource.name.as_str()).then(|| node.clone())
            })
        });
        let columns = table.columns.iter().filter_map(|(name, data_type)| {
            let data_type = birdhouse_sql::DataType::parse(data_type).ok()?;
            Some((name.clone(), data_type))
        });
        if let Some(node) = node {
            datasource.set_columns(&node, columns.collect());
        }
    }
}

/// Does so for targets of views that stay as they are.
fn take_known_columns(project: &mut Cow<'_, Project>, world: &World, views: &[View]) {
    let is_known = |name: &str| {
        let mut writing = views.iter().filter(|view| view.target == name);
        writing.all(|view| world.view(view).is_some())
    };
    if let Cow::Owned(project) = project {
        let empty = project
            .datasources
            .iter()
            .filter(|d| d.schema.columns.is_empty());
        let all_known = empty.clone().all(|d| is_known(d.name.as_str()));
        if all_known {
            take_columns(project, &world.layout, &world.existing);
        }
    }
}

/// Returns what was found as an error when it has errors; keeps warnings.
pub(super) fn stop_on_errors(found: &mut Vec<Diagnostic>) -> Result<(), DeployError> {
    if !has_errors(found) {
        return Ok(());
    }
    found.sort_by(|a, b| {
        let place = |d: &Diagnostic| (d.span.file().path().to_owned(), d.span.range().start);
        place(a).cmp(&place(b))
    });
    Err(DeployError::Invalid(std::mem::take(found)))
}

/// Returns the project as the catalog keeps it.
fn draft(project: &Project) -> DeploymentDraft {
    let resource = |kind, name: &str, file: &SourceFile| ResourceDraft {
        kind,
        name: name.to_owned(),
        path: file.path().to_owned(),
        content: file.written().to_owned(),
    };
    // By name: a data source that a node creates comes from the file of its pipe.
    let mut resources: BTreeMap<(ResourceKind, String), ResourceDraft> = BTreeMap::new();
    let mut add = |kind, name: &str, file: &SourceFile| {
        resources.insert((kind, name.to_owned()), resource(kind, name, file));
    };
    for datasource in &project.datasources {
        add(
            ResourceKind::Datasource,
            datasource.name.as_str(),
            &datasource.file,
        );
    }
    for pipe in &project.pipes {
        add(ResourceKind::Pipe, pipe.name.as_str(), &pipe.file);
    }
    for connection in &project.connections {
        add(
            ResourceKind::Connection,
            connection.name.as_str(),
            &connection.file,
        );
    }
    for file in project
        .files
        .iter()
        .filter(|file| file.path().ends_with(".incl"))
    {
        add(ResourceKind::Include, file.path(), file);
    }
    DeploymentDraft {
        resources: resources.into_values().collect(),
        grants: grants(project),
        ..DeploymentDraft::default()
    }
}

/// Returns one grant per `TOKEN` line.
fn grants(project: &Project) -> Vec<TokenGrant> {
    let mut grants = Vec::new();
    for datasource in &project.datasources {
        let name = datasource.name.as_str();
        grants.extend(datasource.tokens.iter().map(|grant| TokenGrant {
            token: grant.name.value.clone(),
            scope: match grant.scope {
                TokenScope::Read => Scope::read_datasource(name),
                TokenScope::Append => Scope::append(name),
            },
        }));
    }
    for pipe in &project.pipes {
        grants.extend(pipe.tokens.iter().map(|grant| TokenGrant {
            token: grant.name.value.clone(),
            scope: Scope::read_pipe(pipe.name.as_str()),
        }));
    }
    grants
}
