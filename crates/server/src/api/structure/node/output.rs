//! What becomes of the result of a node: an endpoint, a copy, a materialization, or nothing.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::{Dialect, NodeKind, Pipe};
use birdhouse_deploy::Terms;

use super::{found, published};
use crate::api::{form, pipe_list};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;
use crate::structure::Files;

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
    let is_removal = ctx.method == Method::DELETE;
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
            text.set_in_node(node, directive, value)?;
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
