//! What every handler stands on.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use birdhouse_catalog::{Catalog, WorkspaceId};
use birdhouse_deploy::Live;
use birdhouse_engine::Engine;
use birdhouse_query::Queries;
use birdhouse_telemetry::Recorder;

use crate::import::Imports;

/// The parts of a running server, shared by all requests.
pub struct App {
    /// The engine.
    pub engine: Engine,
    /// Workspaces, tokens, secrets.
    pub catalog: Arc<Catalog>,
    /// The query path.
    pub queries: Queries,
    /// Where calls and operations are recorded.
    pub recorder: Recorder,
    /// Files on their way in, and jobs.
    pub imports: Imports,
    live: ArcSwap<HashMap<WorkspaceId, Arc<Live>>>,
}

impl App {
    /// Returns an app without any live deployment.
    #[must_use]
    pub fn new(
        engine: Engine,
        catalog: Arc<Catalog>,
        recorder: Recorder,
        imports: Imports,
    ) -> Self {
        let queries = Queries::new(engine.clone());
        Self {
            engine,
            catalog,
            queries,
            recorder,
            imports,
            live: ArcSwap::default(),
        }
    }

    /// Makes `live` what requests to the workspace see, from the next request on.
    pub fn publish(&self, workspace: WorkspaceId, live: Live) {
        let live = Arc::new(live);
        self.live.rcu(|current| {
            let mut next = HashMap::clone(current);
            next.insert(workspace, Arc::clone(&live));
            next
        });
    }

    /// Returns the live deployment of a workspace; an empty one when nothing was deployed.
    #[must_use]
    pub fn live(&self, workspace: WorkspaceId) -> Arc<Live> {
        self.live
            .load()
            .get(&workspace)
            .map_or_else(Arc::default, Arc::clone)
    }
}
