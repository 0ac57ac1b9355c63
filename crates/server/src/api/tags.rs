//! Tags: groups of resources, as the datafiles say.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use birdhouse_catalog::ResourceKind;
use birdhouse_datafile::Tags;
use serde_json::{Value, json};

use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /v0/tags`.
pub(super) async fn list(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    ctx.require_admin("see the tags")?;
    let definitions = app.definitions.of(&ctx);
    let project = definitions.project();
    let mut tags: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut add = |kind: ResourceKind, name: &str, of: &Tags| {
        let Some(resource) = ctx.resource(kind, name) else {
            return;
        };
        let shown = json!({ "id": resource.id.as_str(), "name": name, "type": kind.as_str() });
        for tag in &of.labels {
            tags.entry(tag.to_owned()).or_default().push(shown.clone());
        }
    };
    for datasource in &project.datasources {
        add(
            ResourceKind::Datasource,
            datasource.name.as_str(),
            &datasource.tags,
        );
    }
    for pipe in &project.pipes {
        add(ResourceKind::Pipe, pipe.name.as_str(), &pipe.tags);
    }
    let tags: Vec<Value> = tags
        .into_iter()
        .map(|(name, resources)| json!({ "name": name, "resources": resources }))
        .collect();
    Ok(Json(json!({ "tags": tags })))
}
