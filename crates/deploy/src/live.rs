//! What requests see of a deployment.

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_catalog::{Resource, ResourceKind};
use birdhouse_datafile::{CopyMode, Datasource, Diagnostic, Project, Schedule};
use birdhouse_ingest::{Column, Schema, SchemaError};
use birdhouse_query::Resources;
use birdhouse_sql::DataType;

use crate::existing::Existing;
use crate::layout::Layout;
use crate::view::View;
use crate::{codes, compile};

/// A deployment, live or staged, ready for queries and appends. Replaced as a whole.
#[derive(Debug, Default)]
pub struct Live {
    /// What can be queried.
    pub resources: Resources,
    /// Data sources by name.
    pub datasources: BTreeMap<String, Arc<LiveDatasource>>,
    /// Copies by the names of their pipes.
    pub copies: BTreeMap<String, Arc<LiveCopy>>,
}

/// A data source that is deployed.
#[derive(Debug)]
pub struct LiveDatasource {
    /// Stable id, `t_` and 32 hex digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its table in the workspace's database; that of its quarantine ends with
    /// [`birdhouse_ingest::QUARANTINE_SUFFIX`].
    pub table: String,
    /// What rows must look like; absent when rows come from materialized views only.
    pub schema: Option<Arc<Schema>>,
    /// The materialized views that run on an insert, directly or through another view, in order.
    pub views: Vec<LiveView>,
}

/// A materialized view behind a data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveView {
    /// Id of its pipe.
    pub pipe_id: String,
    /// Name of its pipe.
    pub pipe: String,
    /// Id of the data source it writes to.
    pub target_id: String,
    /// Name of the data source it writes to.
    pub target: String,
}

/// A copy that is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCopy {
    /// Id of its pipe.
    pub pipe_id: String,
    /// Name of its pipe.
    pub pipe: String,
    /// The node whose rows are copied.
    pub node: String,
    /// Name of the data source that they go to.
    pub target: String,
    /// What happens to the rows that are there, unless a run says otherwise.
    pub mode: CopyMode,
    /// When it runs by itself.
    pub schedule: Schedule,
}

impl Live {
    /// Returns the copy of the pipe of that name or id.
    #[must_use]
    pub fn copy(&self, name_or_id: &str) -> Option<&Arc<LiveCopy>> {
        self.copies
            .get(name_or_id)
            .or_else(|| self.copies.values().find(|copy| copy.pipe_id == name_or_id))
    }

    /// Returns the data source of that name or id.
    #[must_use]
    pub fn datasource(&self, name_or_id: &str) -> Option<&Arc<LiveDatasource>> {
        self.datasources.get(name_or_id).or_else(|| {
            self.datasources
                .values()
                .find(|datasource| datasource.id == name_or_id)
        })
    }
}

/// What a deployment is made of, once its tables exist.
pub(crate) struct Parts<'a> {
    /// The workspace's database.
    pub(crate) database: &'a str,
    /// The project, every target with its columns.
    pub(crate) project: &'a Project,
    /// Its resources in the catalog.
    pub(crate) resources: &'a [Resource],
    /// The tables and views that it uses.
    pub(crate) layout: &'a Layout,
    /// The tables and views that exist.
    pub(crate) existing: &'a Existing,
}

impl Parts<'_> {
    /// Puts together what requests see; columns that rows cannot fill go to `found`.
    pub(crate) fn live(&self, found: &mut Vec<Diagnostic>) -> Live {
        let namespace = self.layout.namespace(self.database);
        let pipe_id = |pipe: &str| self.id(ResourceKind::Pipe, pipe);
        let databases = (namespace, self.database);
        let resources = compile::resources(self.project, databases, pipe_id, found);
        let datasources = self.project.datasources.iter().map(|datasource| {
            let name = datasource.name.to_string();
            let table = self.layout.table(&name).to_owned();
            let mut views = Vec::new();
            self.views_behind(&table, &mut views);
            let schema = schema(datasource, (self.database, &table), self.existing, found);
            let live = LiveDatasource {
                id: self.id(ResourceKind::Datasource, &name),
                schema: schema.map(Arc::new),
                table,
                views,
                name: name.clone(),
            };
            (name, Arc::new(live))
        });
        Live {
            datasources: datasources.collect(),
            copies: self.copies(),
            resources,
        }
    }

    fn copies(&self) -> BTreeMap<String, Arc<LiveCopy>> {
        let pipes = self.project.pipes.iter();
        let copies = pipes.filter_map(|pipe| {
            let (node, copy) = pipe.copy()?;
            let name = pipe.name.to_string();
            let live = LiveCopy {
                pipe_id: self.id(ResourceKind::Pipe, &name),
                pipe: name.clone(),
                node: node.name.value.clone(),
                target: copy.target.value.clone(),
                mode: copy.mode,
                schedule: copy.schedule.clone(),
            };
            Some((name, Arc::new(live)))
        });
        copies.collect()
    }

    fn id(&self, kind: ResourceKind, name: &str) -> String {
        let mut resources = self.resources.iter();
        resources
            .find(|resource| resource.kind == kind && resource.name == name)
            .map_or_else(String::new, |resource| resource.id.to_string())
    }

    /// Collects every view of the deployment that an insert into `table` runs, upstream first.
    fn views_behind(&self, table: &str, out: &mut Vec<LiveView>) {
        let Some(existing) = self.existing.get(table) else {
            return;
        };
        for pipe in &self.project.pipes {
            for (node, materialization) in pipe.materializations() {
                let view = self.layout.views.get(&View::name_of(pipe, node));
                if !view.is_some_and(|view| existing.views.contains(view)) {
                    continue;
                }
                let target = &materialization.target.value;
                out.push(LiveView {
                    pipe_id: self.id(ResourceKind::Pipe, pipe.name.as_str()),
                    pipe: pipe.name.to_string(),
                    target_id: self.id(ResourceKind::Datasource, target),
                    target: target.clone(),
                });
                self.views_behind(self.layout.table(target), out);
            }
        }
    }
}

/// Returns what rows of a data source must look like; nothing when only views write to it.
pub(crate) fn schema(
    datasource: &Datasource,
    (database, table): (&str, &str),
    tables: &Existing,
    found: &mut Vec<Diagnostic>,
) -> Option<Schema> {
    let existing = tables.get(table);
    // A column without a type gets the one that the engine derives from its default.
    let derived = |name: &str| {
        let (_, data_type) = existing?
            .columns
            .iter()
            .find(|(column, _)| column == name)?;
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
        Ok(schema) => Some(schema.in_table(table)),
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
