//! `/v0/dependencies`: which data sources are filled from which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use birdhouse_datafile::NodeKind;
use serde_json::{Value, json};

use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /v0/dependencies`, of all data sources or of one `datasource`, with `recursive` also those
/// behind.
pub(super) async fn get(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    if !ctx.scopes().can_deploy() && !ctx.scopes().can_read_all() {
        ctx.require_admin("see dependencies")?;
    }
    let fed = fed(&ctx, &app).await;
    let wanted = ctx.params.filled("datasource");
    let starts = fed
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|w| w == *name));
    let dependencies: BTreeMap<&String, Vec<&String>> = starts
        .map(|(name, targets)| {
            let mut reached: BTreeSet<&String> = targets.iter().collect();
            let mut open: Vec<&String> = reached.iter().copied().collect();
            while ctx.params.flag("recursive")
                && let Some(next) = open.pop()
            {
                let behind = fed.get(next).into_iter().flatten();
                open.extend(behind.filter(|target| reached.insert(target)));
            }
            (name, reached.into_iter().collect())
        })
        .collect();
    Ok(Json(json!({
        "dependencies": dependencies,
        "incompatible_datasources": {},
    })))
}

/// Returns the targets that materialized nodes fill, by the data source that they read.
async fn fed(ctx: &RequestContext, app: &App) -> BTreeMap<String, BTreeSet<String>> {
    let definitions = app.definitions.of(ctx);
    let reads = definitions.reads(ctx, app).await;
    let mut fed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for pipe in &definitions.project().pipes {
        let name = pipe.name.to_string();
        for node in &pipe.nodes {
            let NodeKind::Materialized(to) = &node.kind else {
                continue;
            };
            // Nodes of the pipe that the materialized one reads, and what they read.
            let mut seen = BTreeSet::from([node.name.value.clone()]);
            let mut open = vec![node.name.value.clone()];
            while let Some(node) = open.pop() {
                for read in reads.get(&(name.clone(), node)).into_iter().flatten() {
                    if pipe.node(read).is_none() {
                        let targets = fed.entry(read.clone()).or_default();
                        targets.insert(to.target.value.clone());
                    } else if seen.insert(read.clone()) {
                        open.push(read.clone());
                    }
                }
            }
        }
    }
    fed
}
