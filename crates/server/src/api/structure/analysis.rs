//! What a node would give as a materialized one: columns, and a data source for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::{Dialect, Edit, FileKind};
use birdhouse_engine::{EngineError, Query};
use birdhouse_query::{Assembler, Body, Node, Pipe, Resources};
use birdhouse_template::{Context, Parameters};
use serde_json::{Value, json};

use super::datasource;
use super::node::{self, NodeForm};
use super::pipe::PipeForm;
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::structure::Files;

/// A data source that a materialized node writes to and that is not there yet.
#[derive(Debug, Clone)]
pub(super) struct Target {
    name: String,
    text: Edit,
}

impl Target {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    pub(super) fn put(&self, files: &mut Files) -> Result<(), ApiError> {
        files.require_free(&self.name)?;
        files.put(
            &format!("datasources/{}.datasource", self.name),
            self.text.clone(),
        )
    }
}

/// Returns the targets that a pipe needs and that are not there, with the columns of its nodes.
pub(super) async fn missing_targets(
    ctx: &RequestContext,
    app: &App,
    pipe: &PipeForm,
) -> Result<Vec<Target>, ApiError> {
    let mut missing: Vec<Target> = Vec::new();
    for node in &pipe.nodes {
        let Some(target) = node.materialized() else {
            continue;
        };
        let is_there =
            ctx.live.datasource(&target).is_some() || missing.iter().any(|known| known.is(&target));
        if is_there {
            continue;
        }
        datasource::require_creator(ctx)?;
        let resources = with_pipe(ctx, pipe)?;
        let columns = columns(app, (&resources, pipe.name(), node.name())).await?;
        let text = target_text(&columns, &node.engine)?;
        missing.push(Target { name: target, text });
    }
    Ok(missing)
}

/// Returns what is live, with a pipe besides.
fn with_pipe(ctx: &RequestContext, pipe: &PipeForm) -> Result<Resources, ApiError> {
    let nodes = pipe.nodes.iter().map(|node: &NodeForm| {
        let body = Body::parse(node.sql(), node.name()).map_err(|error| {
            ApiError::bad_request(format!("node '{}': {}", node.name(), error.message))
        })?;
        Ok(Node {
            name: node.name().to_owned(),
            body,
        })
    });
    let pipe = Pipe {
        id: String::new(),
        name: pipe.name().to_owned(),
        nodes: nodes.collect::<Result<_, ApiError>>()?,
        endpoint: None,
        output: None,
    };
    let mut resources = ctx.live.resources.clone();
    resources.pipes.insert(pipe.name.clone(), Arc::new(pipe));
    Ok(resources)
}

/// `GET /v0/pipes/<pipe>/nodes/<node>/analysis?datasource=…[&include_datafile=true]`.
///
/// When the data source is there, its columns must take those of the node.
pub(in crate::api) async fn analyze(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (pipe, node) = node::found(&ctx, &app, &pipe, &node)?;
    let files = app.files(ctx.workspace().workspace.id)?;
    let definition = files.pipe(&pipe)?;
    let sql = definition
        .node(&node)
        .map(|node| node.sql.as_str().to_owned());
    let found = columns(&app, (&ctx.live.resources, &pipe, &node)).await?;
    let name = ctx
        .params
        .filled("datasource")
        .map_or_else(|| format!("{pipe}_{node}_mv"), str::to_owned);
    let resource = ctx.resource(ResourceKind::Datasource, &name);
    let existing = files.project().datasource(&name);
    let engine: Vec<(String, String)> = ctx.params.for_log();
    let engine: Vec<_> = engine
        .into_iter()
        .filter(|(name, _)| name.starts_with("engine"))
        .map(|(name, value)| (name.to_uppercase(), value))
        .collect();
    let engine = engine_of(&found, &engine);
    let shown: Vec<Value> = found
        .iter()
        .map(|(name, data_type)| json!({ "name": name, "type": data_type, "nullable": data_type.starts_with("Nullable(") }))
        .collect();
    let family = match existing {
        Some(existing) => existing.engine.family.name().to_owned(),
        None => value_of(&engine, "ENGINE"),
    };
    let mut answer = json!({
        "analysis": {
            "pipe_id": ctx.resource(ResourceKind::Pipe, &pipe).map(|pipe| pipe.id.as_str()),
            "node": { "id": ctx.params.text("id"), "name": node },
            "sql": sql,
            "datasource": {
                "id": resource.map(|resource| resource.id.as_str()),
                "name": name,
                "engine": {
                    "type": family,
                    "engine": family,
                    "sorting_key": value_of(&engine, "ENGINE_SORTING_KEY"),
                },
                "columns": shown,
            },
        },
        "warnings": [],
    });
    if let Some(existing) = existing {
        let takes = |name: &str| existing.schema.columns.iter().any(|c| c.name.value == name);
        if let Some((column, _)) = found.iter().find(|(name, _)| !takes(name)) {
            return Err(ApiError::bad_request(format!(
                "node '{node}': its column '{column}' is not a column of the data source '{name}'"
            )));
        }
    }
    if let Some(answer) = answer
        .as_object_mut()
        .filter(|_| ctx.params.flag("include_datafile"))
    {
        let text = match existing {
            Some(existing) => existing.file.written().to_owned(),
            None => target_text(&found, &engine)?.finish().unwrap_or_default(),
        };
        answer.insert("datafile".to_owned(), text.into());
    }
    Ok(Json(answer))
}

/// Returns the columns of the result of a node.
async fn columns(
    app: &App,
    (resources, pipe, node): (&Resources, &str, &str),
) -> Result<Vec<(String, String)>, ApiError> {
    let (parameters, context) = (Parameters::new(), Context::default());
    let assembler = Assembler {
        resources,
        guard: app.queries.guard(),
        parameters: &parameters,
        context: &context,
    };
    let assembled = assembler
        .pipe(resources.pipe(pipe)?.as_ref(), Some(node))
        .await;
    let assembled = assembled.map_err(|error| in_node(node, error.into()))?;
    let sql = format!("DESCRIBE TABLE (\n{}\n)", assembled.sql);
    let query = Query::reader(sql, resources.database.as_str(), "JSONEachRow");
    let output = app.engine.query(query).await.map_err(|error| match error {
        EngineError::Exception { message, .. } => in_node(node, ApiError::bad_request(message)),
        error => error.into(),
    })?;
    let lines = output.body.split(|byte| *byte == b'\n');
    let column = |line: &[u8]| {
        let column: Value = serde_json::from_slice(line).ok()?;
        let text = |name: &str| Some(column.get(name)?.as_str()?.to_owned());
        Some((text("name")?, text("type")?))
    };
    Ok(lines.filter_map(column).collect())
}

fn in_node(node: &str, error: ApiError) -> ApiError {
    ApiError {
        message: format!("node '{node}': {}", error.message),
        ..error
    }
}

/// Returns the file of a data source for these columns.
fn target_text(
    columns: &[(String, String)],
    engine: &[(String, String)],
) -> Result<Edit, ApiError> {
    let column = |(name, data_type): &(String, String)| format!("`{name}` {data_type}");
    let schema: Vec<String> = columns.iter().map(column).collect();
    let mut text = Edit::new(FileKind::Datasource, Dialect::Classic);
    text.set("SCHEMA", &schema.join(",\n"))?;
    for (directive, value) in engine_of(columns, engine) {
        text.set(&directive, &value)?;
    }
    Ok(text)
}

/// Returns the engine that was asked for; else one that keeps what the columns hold.
fn engine_of(columns: &[(String, String)], asked: &[(String, String)]) -> Vec<(String, String)> {
    if asked.iter().any(|(directive, _)| directive == "ENGINE") {
        return asked.to_vec();
    }
    let is_state = |(_, data_type): &&(String, String)| data_type.contains("AggregateFunction(");
    let keys = columns.iter().filter(|column| !is_state(column));
    let keys: Vec<&str> = keys.map(|(name, _)| name.as_str()).collect();
    let family = match columns.iter().any(|column| is_state(&column)) {
        true => "AggregatingMergeTree",
        false => "MergeTree",
    };
    let mut engine = vec![("ENGINE".to_owned(), family.to_owned())];
    engine.push(("ENGINE_SORTING_KEY".to_owned(), keys.join(", ")));
    engine
}

fn value_of(engine: &[(String, String)], directive: &str) -> String {
    let mut engine = engine.iter();
    let found = engine.find(|(name, _)| name == directive);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}
