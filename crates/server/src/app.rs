//! What every handler stands on.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use birdhouse_catalog::{Catalog, WorkspaceId};
use birdhouse_deploy::Live;
use birdhouse_engine::Engine;
use birdhouse_ingest::Ingestion;
use birdhouse_query::Queries;
use birdhouse_telemetry::Recorder;

use crate::in_flight::InFlight;
use crate::limits::BODIES_BYTES_MAX;
use crate::rate::{RateLimits, Rates};

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
    /// Where rows go.
    pub ingestion: Ingestion,
    live: Arc<LiveWorkspaces>,
    pub(crate) in_flight: InFlight,
    pub(crate) rates: Rates,
}

/// The live deployment of each workspace.
#[derive(Default)]
pub struct LiveWorkspaces(ArcSwap<HashMap<WorkspaceId, Arc<Live>>>);

impl LiveWorkspaces {
    /// Returns the live deployment of a workspace; an empty one when nothing was deployed.
    #[must_use]
    pub fn of(&self, workspace: WorkspaceId) -> Arc<Live> {
        self.0
            .load()
            .get(&workspace)
            .map_or_else(Arc::default, Arc::clone)
    }
}

impl App {
    /// Returns an app over a running engine and ingestion.
    #[must_use]
    pub fn new(
        engine: Engine,
        catalog: Arc<Catalog>,
        recorder: Recorder,
        ingestion: Ingestion,
        live: Arc<LiveWorkspaces>,
    ) -> Self {
        let queries = Queries::new(engine.clone());
        Self {
            engine,
            catalog,
            queries,
            recorder,
            ingestion,
            live,
            in_flight: InFlight::new(BODIES_BYTES_MAX),
            rates: Rates::new(RateLimits::default()),
        }
    }

    /// Limits how fast rows may come.
    #[must_use]
    pub fn with_rate_limits(self, limits: RateLimits) -> Self {
        Self {
            rates: Rates::new(limits),
            ..self
        }
    }

    /// Makes `live` what requests to the workspace see, from the next request on.
    pub fn publish(&self, workspace: WorkspaceId, live: Live) {
        let live = Arc::new(live);
        self.live.0.rcu(|current| {
            let mut next = HashMap::clone(current);
            next.insert(workspace, Arc::clone(&live));
            next
        });
    }

    /// Returns the live deployment of a workspace; an empty one when nothing was deployed.
    #[must_use]
    pub fn live(&self, workspace: WorkspaceId) -> Arc<Live> {
        self.live.of(workspace)
    }
}
