//! A pipe as clients read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_catalog::{Resource, ResourceKind, content_hash};
use birdhouse_datafile::{Node, NodeKind, Pipe, Schedule};
use birdhouse_query::{Body, DeclaredParameter, node_parameters};
use birdhouse_template::Context;
use serde_json::{Map, Value, json};

use crate::api::copies::is_paused;
use crate::api::datetime;
use crate::app::App;
use crate::context::RequestContext;
use crate::copies::mode_name;
use crate::definitions::Definitions;

/// What all pipes of one answer are made from.
pub(super) struct Shown<'c> {
    ctx: &'c RequestContext,
    definitions: Arc<Definitions>,
    /// What nodes read that is no node, by names of pipe and node.
    dependencies: BTreeMap<(String, String), Vec<String>>,
}

impl<'c> Shown<'c> {
    pub(super) async fn read(ctx: &'c RequestContext, app: &App) -> Self {
        let definitions = app.definitions.of(ctx);
        let mut dependencies = definitions.reads(ctx, app).await.clone();
        for ((pipe, _), reads) in &mut dependencies {
            let pipe = ctx.live.resources.pipes.get(pipe);
            reads.retain(|read| pipe.is_none_or(|pipe| pipe.node(read).is_none()));
        }
        Self {
            ctx,
            definitions,
            dependencies,
        }
    }

    /// Returns a pipe without its nodes, and those.
    pub(super) fn parts(&self, resource: &Resource) -> (Value, Vec<Value>) {
        let name = resource.name.as_str();
        let definition = self.definitions.pipe(name);
        let endpoint = definition.and_then(|pipe| pipe.endpoint());
        let endpoint = endpoint.map(|(node, _)| node.name.value.as_str());
        let nodes = definition.map_or(&[][..], |pipe| &pipe.nodes);
        let (created_at, updated_at) =
            (datetime(resource.created_at), datetime(resource.updated_at));
        let nodes: Vec<Value> = nodes
            .iter()
            .map(|node| self.node(resource, node, endpoint, [&created_at, &updated_at]))
            .collect();
        let mut shown = json!({
            "id": resource.id.as_str(),
            "name": name,
            "type": kind(definition),
            "description": definition.and_then(|pipe| pipe.description.as_deref()).unwrap_or_default(),
            "content": null,
            "parent": null,
            "path": resource.path,
            "endpoint": endpoint.map(|node| node_id(resource, node)),
            "url": endpoint.map(|_| format!("{}/v0/pipes/{name}.json", self.ctx.base_url())),
            "created_at": created_at,
            "updated_at": updated_at,
            "edited_by": "",
            "workspace_id": self.ctx.workspace().workspace.id.to_string(),
            "last_commit": { "content_sha": resource.content_hash, "status": "ok", "path": resource.path },
        });
        let copy = definition.and_then(|pipe| pipe.copy());
        if let (Some((node, copy)), Some(fields)) = (copy, shown.as_object_mut()) {
            let node = node_id(resource, &node.name.value);
            fields.insert("copy_node".to_owned(), node.into());
            let cron = match &copy.schedule {
                Schedule::OnDemand => Value::Null,
                Schedule::Cron(cron) => cron.as_str().into(),
            };
            let status = match is_paused(self.ctx, &resource.id) {
                true => "paused",
                false => "running",
            };
            let schedule = json!({ "cron": cron, "timezone": "UTC", "status": status });
            fields.insert("schedule".to_owned(), schedule);
            fields.insert("copy_mode".to_owned(), mode_name(copy.mode).into());
            let target = self.datasource_id(&copy.target.value);
            fields.insert("copy_target_datasource".to_owned(), target.into());
        }
        (shown, nodes)
    }

    fn node(
        &self,
        resource: &Resource,
        node: &Node,
        endpoint: Option<&str>,
        [created_at, updated_at]: [&str; 2],
    ) -> Value {
        let name = node.name.value.as_str();
        let key = (resource.name.clone(), name.to_owned());
        let node_type = match &node.kind {
            _ if endpoint == Some(name) => "endpoint",
            NodeKind::Endpoint => "endpoint",
            NodeKind::Materialized(_) => "materialized",
            NodeKind::Copy(_) => "copy",
            NodeKind::Sink(_) => "sink",
            NodeKind::Stream => "stream",
            NodeKind::Standard => "standard",
        };
        let materialized = match &node.kind {
            NodeKind::Materialized(to) => self.datasource_id(&to.target.value),
            _ => None,
        };
        let tags = match &node.kind {
            NodeKind::Copy(copy) => json!({
                "copy_target_datasource": self.datasource_id(&copy.target.value),
                "copy_target_workspace": self.ctx.workspace().workspace.id.to_string(),
            }),
            _ => json!({}),
        };
        json!({
            "id": node_id(resource, name),
            "name": name,
            "sql": node.sql.as_str(),
            "description": node.description,
            "node_type": node_type,
            "materialized": materialized,
            "cluster": null,
            "tags": tags,
            "project": null,
            "dependencies": self.dependencies.get(&key).map_or(&[][..], Vec::as_slice),
            "params": self.parameters(&resource.name, name),
            "result": null,
            "ignore_sql_errors": false,
            "deployment_suffix": "",
            "version": 0,
            "created_at": created_at,
            "updated_at": updated_at,
        })
    }

    fn datasource_id(&self, name: &str) -> Option<String> {
        let resource = self.ctx.resource(ResourceKind::Datasource, name);
        resource.map(|resource| resource.id.to_string())
    }

    fn parameters(&self, pipe: &str, node: &str) -> Vec<Value> {
        let pipe = self.ctx.live.resources.pipes.get(pipe);
        let node = pipe.and_then(|pipe| pipe.node(node));
        match node.map(|node| &node.body) {
            Some(Body::Template(template)) => node_parameters(template, &Context::default())
                .iter()
                .map(parameter)
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn parameter(declared: &DeclaredParameter) -> Value {
    let mut shown: Map<String, Value> = declared.keywords.clone();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("name", declared.name.as_str().into());
    put("type", declared.kind.as_str().into());
    put("default", declared.default.clone());
    put("required", declared.is_required.into());
    shown.entry("description").or_insert(Value::Null);
    Value::Object(shown)
}

fn kind(pipe: Option<&Pipe>) -> &'static str {
    let Some(pipe) = pipe else { return "default" };
    let typed = pipe.nodes.iter().find_map(|node| match &node.kind {
        NodeKind::Standard | NodeKind::Endpoint => None,
        NodeKind::Materialized(_) => Some("materialized"),
        NodeKind::Copy(_) => Some("copy"),
        NodeKind::Sink(_) => Some("sink"),
        NodeKind::Stream => Some("stream"),
    });
    match typed {
        Some(kind) => kind,
        None if pipe.endpoint().is_some() => "endpoint",
        None => "default",
    }
}

/// Returns the id of a node: the same as long as pipe and node keep their names.
pub(in crate::api) fn node_id(pipe: &Resource, node: &str) -> String {
    let hash = content_hash(&format!("{}/{node}", pipe.id));
    format!("t_{}", hash.get(..32).unwrap_or(&hash))
}
