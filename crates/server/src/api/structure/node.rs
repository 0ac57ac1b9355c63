//! Nodes of pipes: added, changed, removed, published, and what becomes of their results.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::{Dialect, Edit, NodeKind, Pipe};
use birdhouse_deploy::Terms;
use serde_json::{Map, Value};

use super::pipe::require_creator;
use super::{edit_error, named};
use crate::api::{form, pipe_list, read_form};
use crate::app::App;
use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::QUERY_BODY_BYTES_MAX;
use crate::params::Params;
use crate::structure::Files;

/// What sinks are declared with: the member of the request, and the directive.
const SINK: &[(&str, &str)] = &[
    ("connection", "EXPORT_CONNECTION_NAME"),
    ("schedule_cron", "EXPORT_SCHEDULE"),
    ("path", "EXPORT_BUCKET_URI"),
    ("file_template", "EXPORT_FILE_TEMPLATE"),
    ("format", "EXPORT_FORMAT"),
    ("compression", "EXPORT_COMPRESSION"),
    ("write_strategy", "EXPORT_WRITE_STRATEGY"),
    ("strategy", "EXPORT_STRATEGY"),
    ("kafka_topic", "EXPORT_KAFKA_TOPIC"),
];

/// A node as clients send it.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeForm {
    name: String,
    /// Directives with their values.
    fields: Vec<(&'static str, String)>,
    /// Members that say more about a target: `engine`, `engine_sorting_key`, ….
    pub(super) engine: Vec<(String, String)>,
}

impl NodeForm {
    /// Returns a node of which nothing becomes yet.
    pub(super) fn standard(name: String, sql: String) -> Self {
        Self {
            name,
            fields: vec![("SQL", sql)],
            engine: Vec::new(),
        }
    }

    /// Reads a node; `pipe` is the object it came in, which holds the rest of sinks and copies.
    pub(super) fn read(node: &Value, pipe: &Map<String, Value>) -> Result<Self, ApiError> {
        let wrong = || {
            ApiError::bad_request(
                "a node must be a JSON object with the members 'name' and 'sql', both texts",
            )
        };
        let node = node.as_object().ok_or_else(wrong)?;
        let text = |name: &str| {
            node.get(name)
                .and_then(Value::as_str)
                .filter(|t| !t.is_empty())
        };
        let (name, sql) = text("name").zip(text("sql")).ok_or_else(wrong)?;
        let of_pipe = |name: &str| {
            pipe.get(name)
                .and_then(Value::as_str)
                .filter(|t| !t.is_empty())
        };
        let mut form = Self::standard(name.to_owned(), sql.to_owned());
        form.add("DESCRIPTION", text("description"));
        let kind = text("type").unwrap_or("standard").to_ascii_lowercase();
        match kind.as_str() {
            "standard" | "default" => {}
            "materialized" => {
                form.add("TYPE", Some("materialized"));
                form.add("DATASOURCE", text("datasource"));
                let engine = node.iter().filter(|(name, _)| name.starts_with("engine"));
                let engine =
                    engine.filter_map(|(name, value)| Some((name.to_uppercase(), value.as_str()?)));
                form.engine = engine
                    .map(|(name, value)| (name, value.to_owned()))
                    .collect();
            }
            "copy" => {
                form.add("TYPE", Some("copy"));
                let target = text("target_datasource").or_else(|| of_pipe("target_datasource"));
                form.add("TARGET_DATASOURCE", target.or_else(|| text("datasource")));
                form.add("COPY_MODE", text("mode"));
                let schedule = text("copy_schedule").or_else(|| of_pipe("schedule_cron"));
                form.add("COPY_SCHEDULE", Some(schedule.unwrap_or("@on-demand")));
            }
            "sink" | "data_sink" => {
                form.add("TYPE", Some("sink"));
                for (member, directive) in SINK {
                    form.add(directive, text(member).or_else(|| of_pipe(member)));
                }
            }
            // What else there is, the datafile knows.
            _ => form.fields.push(("TYPE", kind)),
        }
        Ok(form)
    }

    fn add(&mut self, directive: &'static str, value: Option<&str>) {
        self.fields
            .extend(value.map(|value| (directive, value.to_owned())));
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns true when nothing becomes of the result.
    pub(super) fn is_standard(&self) -> bool {
        self.fields
            .iter()
            .all(|(directive, _)| *directive != "TYPE")
    }

    /// Returns the target of a materialized node.
    pub(super) fn materialized(&self) -> Option<String> {
        let field = |name: &str| {
            let mut fields = self.fields.iter();
            fields
                .find(|(directive, _)| *directive == name)
                .map(|(_, value)| value.clone())
        };
        field("DATASOURCE").filter(|_| field("TYPE").as_deref() == Some("materialized"))
    }

    /// Returns the query.
    pub(super) fn sql(&self) -> &str {
        let mut fields = self.fields.iter();
        let sql = fields.find(|(directive, _)| *directive == "SQL");
        sql.map(|(_, sql)| sql.as_str()).unwrap_or_default()
    }

    /// Adds the node to the file of a pipe.
    pub(super) fn write(&self, text: &mut Edit) -> Result<(), ApiError> {
        let refused = |error| {
            let error = edit_error(&error);
            ApiError::bad_request(format!("node '{}': {}", self.name, error.message))
        };
        text.add_node(&self.name).map_err(refused)?;
        for (directive, value) in &self.fields {
            text.set_in_node(&self.name, directive, value)
                .map_err(refused)?;
        }
        Ok(())
    }
}

/// `POST /v0/pipes/<pipe>/nodes[?name=…]` with the query as the body, or a JSON object of a node.
pub(in crate::api) async fn append(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(pipe): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_creator(&ctx)?;
    let pipe = named(&ctx, ResourceKind::Pipe, &pipe)?;
    let body = body::read(body, &ctx.headers, QUERY_BODY_BYTES_MAX, &ctx.in_flight).await?;
    let params = read_form(&ctx, &body)?;
    let sql = params.filled("sql").or_else(|| params.filled("q"));
    let sql = sql.ok_or_else(|| {
        ApiError::bad_request("there is no query: send it as the body or as the parameter 'sql'")
    })?;
    let files = app.files(ctx.workspace().workspace.id)?;
    let name = match params.filled("name") {
        Some(name) => name.to_owned(),
        None => free_name(files.pipe(&pipe)?),
    };
    let mut node = NodeForm::standard(name.clone(), sql.to_owned());
    node.add("DESCRIPTION", params.filled("description"));
    let changed = pipe.clone();
    let edit = move |files: &mut Files| {
        let path = files.pipe(&changed)?.file.path().to_owned();
        let published = published(files.pipe(&changed)?);
        let mut text = files.edit(&path)?;
        node.write(&mut text)?;
        if let Some(published) = published {
            text.set_in_node(&published, "TYPE", "endpoint")
                .map_err(|e| edit_error(&e))?;
        }
        text.settle_types();
        files.put(&path, text)?;
        Ok(Terms::default())
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    shown_node(&ctx.renewed(&app), &app, &pipe, &name).await
}

/// `PUT /v0/pipes/<pipe>/nodes/<node>` with `sql`, `name`, `description`; a body that is no form is the
/// query.
pub(in crate::api) async fn update(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node)): Path<(String, String)>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let (pipe, node) = found(&ctx, &app, &pipe, &node)?;
    let params = form(&ctx, body).await?;
    let sql = params.filled("sql").or_else(|| params.filled("q"));
    let (sql, new) = (
        sql.map(str::to_owned),
        params.filled("name").map(str::to_owned),
    );
    let description = params.text("description").map(str::to_owned);
    if sql.is_none() && new.is_none() && description.is_none() {
        return Err(ApiError::bad_request(
            "there is nothing to change: send the query as the body, or 'sql', 'name' or 'description'",
        ));
    }
    let name = new.clone().unwrap_or_else(|| node.clone());
    let changed = pipe.clone();
    let edit = move |files: &mut Files| {
        let path = files.pipe(&changed)?.file.path().to_owned();
        let mut text = files.edit(&path)?;
        let mut set = |directive: &str, value: &Option<String>| match value {
            Some(value) => text.set_in_node(&node, directive, value),
            None => Ok(()),
        };
        set("SQL", &sql).map_err(|e| edit_error(&e))?;
        set("DESCRIPTION", &description).map_err(|e| edit_error(&e))?;
        if let Some(new) = &new {
            text.rename_node(&node, new).map_err(|e| edit_error(&e))?;
        }
        files.put(&path, text)?;
        Ok(Terms {
            unfilled: Some(changed.clone()),
            ..Terms::default()
        })
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    shown_node(&ctx.renewed(&app), &app, &pipe, &name).await
}

/// `DELETE /v0/pipes/<pipe>/nodes/<node>`.
pub(in crate::api) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (pipe, node) = found(&ctx, &app, &pipe, &node)?;
    let edit = move |files: &mut Files| {
        let old = files.pipe(&pipe)?;
        let path = old.file.path().to_owned();
        let published = published(old).filter(|published| *published != node);
        let mut text = files.edit(&path)?;
        text.remove_nodes(Some(&node));
        if let Some(published) = published {
            text.set_in_node(&published, "TYPE", "endpoint")
                .map_err(|e| edit_error(&e))?;
        }
        text.settle_types();
        files.put(&path, text)?;
        Ok(Terms::default())
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST|PUT|DELETE /v0/pipes/<pipe>/nodes/<node>/<endpoint, copy, materialization, sink, stream>`; what
/// `GET` and `POST` do besides is in the other files.
pub(in crate::api) async fn become_of(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path((pipe, node, what)): Path<(String, String, String)>,
    body: Body,
) -> Result<Response, ApiError> {
    let (pipe, node) = found(&ctx, &app, &pipe, &node)?;
    let params = form(&ctx, body).await?;
    let is_removal = ctx.method == axum::http::Method::DELETE;
    let wanted = match (what.as_str(), is_removal) {
        ("endpoint" | "copy" | "materialization" | "sink" | "stream", true) => {
            Wanted::standard(&what)
        }
        ("endpoint", false) => Wanted::of("endpoint", Vec::new()),
        ("copy", false) => Wanted::of("copy", copy_fields(&ctx, &params)),
        ("materialization", false) => Wanted::of(
            "materialized",
            target(&ctx, &params, "datasource")
                .into_iter()
                .map(|name| ("DATASOURCE", name))
                .collect(),
        ),
        _ => {
            return Err(ApiError::bad_request(format!(
                "nothing can become '{what}' of a node: use endpoint, copy or materialization"
            )));
        }
    };
    let changed = pipe.clone();
    let edit = move |files: &mut Files| {
        wanted.put(files, &changed, &node)?;
        Ok(Terms {
            unfilled: Some(changed.clone()),
            ..Terms::default()
        })
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    if is_removal && what != "endpoint" {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let ctx = ctx.renewed(&app);
    Ok(Json(pipe_list::shown(&ctx, &app, &pipe).await?).into_response())
}

/// What shall become of the result of a node.
struct Wanted {
    /// `TYPE`; nothing for a standard node.
    kind: Option<&'static str>,
    /// What else the node then says.
    fields: Vec<(&'static str, String)>,
    /// What it must be before, as its routes call it.
    before: Option<String>,
}

impl Wanted {
    fn of(kind: &'static str, fields: Vec<(&'static str, String)>) -> Self {
        Self {
            kind: Some(kind),
            fields,
            before: None,
        }
    }

    fn standard(before: &str) -> Self {
        Self {
            kind: None,
            fields: Vec::new(),
            before: Some(before.to_owned()),
        }
    }

    fn put(&self, files: &mut Files, pipe: &str, node: &str) -> Result<(), ApiError> {
        let old = files.pipe(pipe)?;
        let path = old.file.path().to_owned();
        self.check(files.project().dialect, old, node)?;
        let is_same_kind =
            self.kind.is_some() && self.kind == old.node(node).map(|n| kind(&n.kind));
        let endpoint = published(old).filter(|_| self.kind.is_some());
        let mut text = files.edit(&path)?;
        // A pipe has one node of which something becomes, so another endpoint takes its place.
        if let Some(endpoint) = endpoint.filter(|_| self.kind == Some("endpoint")) {
            text.make_standard(&endpoint);
        }
        // What is not said about a copy stays as it was.
        if !is_same_kind {
            text.make_standard(node);
        }
        let mut fields: Vec<(&str, &str)> = Vec::new();
        fields.extend(self.kind.map(|kind| ("TYPE", kind)));
        fields.extend(
            self.fields
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        for (directive, value) in fields {
            text.set_in_node(node, directive, value)
                .map_err(|e| edit_error(&e))?;
        }
        text.settle_types();
        files.put(&path, text)
    }

    fn check(&self, dialect: Dialect, pipe: &Pipe, node: &str) -> Result<(), ApiError> {
        let Some(before) = &self.before else {
            return Ok(());
        };
        let is_endpoint = published(pipe).as_deref() == Some(node);
        let found = pipe.node(node).map_or("standard", |node| kind(&node.kind));
        let found = if is_endpoint { "endpoint" } else { found };
        let wanted = match before.as_str() {
            "materialization" => "materialized",
            other => other,
        };
        if found != wanted {
            return Err(ApiError::bad_request(format!(
                "the node '{node}' is {found}, not {wanted}"
            )));
        }
        if is_endpoint && dialect == Dialect::Classic {
            return Err(ApiError::bad_request(
                "the pipes of this workspace publish their last node without TYPE endpoint; remove the pipe instead",
            ));
        }
        Ok(())
    }
}

/// Makes a materialized or copy node a standard one.
pub(super) fn unlink(files: &mut Files, pipe: &str, node: &str) -> Result<(), ApiError> {
    let path = files.pipe(pipe)?.file.path().to_owned();
    let mut text = files.edit(&path)?;
    text.make_standard(node);
    text.settle_types();
    files.put(&path, text)
}

fn kind(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Standard => "standard",
        NodeKind::Endpoint => "endpoint",
        NodeKind::Materialized(_) => "materialized",
        NodeKind::Copy(_) => "copy",
        NodeKind::Sink(_) => "sink",
        NodeKind::Stream => "stream",
    }
}

fn copy_fields(ctx: &RequestContext, params: &Params) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let target = target(ctx, params, "target_datasource");
    fields.extend(target.map(|name| ("TARGET_DATASOURCE", name)));
    let schedule = params.filled("schedule_cron").map(|cron| match cron {
        "None" => "@on-demand",
        cron => cron,
    });
    fields.extend(schedule.map(|cron| ("COPY_SCHEDULE", cron.to_owned())));
    let mode = params.filled("mode");
    fields.extend(mode.map(|mode| ("COPY_MODE", mode.to_owned())));
    fields
}

/// Returns the name of a data source that a parameter names by name or id.
fn target(ctx: &RequestContext, params: &Params, parameter: &str) -> Option<String> {
    let given = params.filled(parameter)?;
    let found = ctx.find_resource(ResourceKind::Datasource, given);
    Some(found.map_or_else(|| given.to_owned(), |resource| resource.name.clone()))
}

/// Returns the name of the published node.
fn published(pipe: &Pipe) -> Option<String> {
    pipe.endpoint().map(|(node, _)| node.name.value.clone())
}

/// Returns a name that no node of the pipe has.
fn free_name(pipe: &Pipe) -> String {
    let mut number = pipe.nodes.len();
    loop {
        let name = format!("{}_{number}", pipe.name);
        if pipe.node(&name).is_none() {
            return name;
        }
        number += 1;
    }
}

/// Finds a node by the names or ids of pipe and node.
pub(super) fn found(
    ctx: &RequestContext,
    app: &App,
    pipe: &str,
    node: &str,
) -> Result<(String, String), ApiError> {
    require_creator(ctx)?;
    let pipe = named(ctx, ResourceKind::Pipe, pipe)?;
    let resource = ctx.resource(ResourceKind::Pipe, &pipe);
    let files = app.files(ctx.workspace().workspace.id)?;
    let nodes = files.pipe(&pipe)?.nodes.iter().map(|node| &node.name.value);
    let is_wanted = |name: &&String| {
        *name == node || resource.is_some_and(|pipe| pipe_list::node_id(pipe, name) == node)
    };
    let name = nodes.into_iter().find(is_wanted).cloned();
    let name =
        name.ok_or_else(|| ApiError::not_found(format!("The pipe '{pipe}' has no node '{node}'")))?;
    Ok((pipe, name))
}

async fn shown_node(
    ctx: &RequestContext,
    app: &App,
    pipe: &str,
    name: &str,
) -> Result<Json<Value>, ApiError> {
    let shown = pipe_list::shown(ctx, app, pipe).await?;
    let nodes = shown.get("nodes").and_then(Value::as_array);
    let mut nodes = nodes.into_iter().flatten();
    let node = nodes.find(|node| node.get("name").and_then(Value::as_str) == Some(name));
    node.cloned().map(Json).ok_or_else(ApiError::internal)
}
