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

/// `GET /v0/dependencies`: what each data source fills, of all or of one `datasource`, with `recursive`
/// also what is behind. With `check_for_partial_replace` the data sources whose rows depend on those of
/// `datasource`, at every depth, each with what it fills in turn: clients replace or truncate the keys.
pub(super) async fn get(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    if !ctx.scopes().can_deploy() && !ctx.scopes().can_read_all() {
        ctx.require_admin("see dependencies")?;
    }
    let fed = fed(&ctx, &app).await;
    let wanted = ctx.params.filled("datasource");
    let dependencies: BTreeMap<&str, Vec<&str>> = match wanted {
        Some(start) if ctx.params.flag("check_for_partial_replace") => reached(&fed, start)
            .into_iter()
            .map(|name| (name, targets(&fed, name).collect()))
            .collect(),
        _ => fed
            .keys()
            .filter(|name| wanted.is_none_or(|wanted| wanted == *name))
            .map(|name| match ctx.params.flag("recursive") {
                true => (name.as_str(), reached(&fed, name).into_iter().collect()),
                false => (name.as_str(), targets(&fed, name).collect()),
            })
            .collect(),
    };
    Ok(Json(json!({
        "dependencies": dependencies,
        "incompatible_datasources": {},
    })))
}

/// The targets that materialized nodes fill, by the data source that they read.
type Fed = BTreeMap<String, BTreeSet<String>>;

fn targets<'f>(fed: &'f Fed, name: &str) -> impl Iterator<Item = &'f str> {
    fed.get(name).into_iter().flatten().map(String::as_str)
}

/// Returns everything behind a data source.
fn reached<'f>(fed: &'f Fed, start: &str) -> BTreeSet<&'f str> {
    let mut reached: BTreeSet<&str> = targets(fed, start).collect();
    let mut open: Vec<&str> = reached.iter().copied().collect();
    while let Some(next) = open.pop() {
        open.extend(targets(fed, next).filter(|target| reached.insert(target)));
    }
    reached
}

/// Finds them.
async fn fed(ctx: &RequestContext, app: &App) -> Fed {
    let definitions = app.definitions.of(ctx);
    let reads = definitions.reads(ctx, app).await;
    let mut fed = Fed::new();
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
