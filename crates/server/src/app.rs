//! What every handler stands on.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwap;
use birdhouse_catalog::{Catalog, CatalogError, Workspace, WorkspaceId};
use birdhouse_deploy::{Deployer, Live};
use birdhouse_engine::{Engine, EngineError, service_database};
use birdhouse_ingest::{Ingestion, SourceName};
use birdhouse_query::{Queries, Resources};
use birdhouse_sql::quote_identifier;
use birdhouse_telemetry::Recorder;
use tokio::task::JoinError;

use crate::append_rate::{AppendRates, RateLimits};
use crate::definitions::AllDefinitions;
use crate::error::ApiError;
use crate::import::Imports;
use crate::in_flight::InFlight;
use crate::limits::BODIES_BYTES_MAX;
use crate::rate::Rates;
use crate::structure::Turns;

/// The parts of a running server, shared by all requests.
pub struct App {
    /// The engine.
    pub engine: Engine,
    /// Workspaces, tokens, secrets.
    pub catalog: Arc<Catalog>,
    /// The query path.
    pub queries: Queries,
    /// Where rows go.
    pub ingestion: Ingestion,
    /// Files on their way in, and jobs.
    pub imports: Imports,
    /// Whether only programs of this machine reach the server; it gives them its tokens then.
    pub is_local: bool,
    pub(crate) definitions: AllDefinitions,
    pub(crate) turns: Turns,
    pub(crate) rates: Rates,
    /// How projects become live.
    pub deployer: Deployer,
    /// Owned by whoever changes in the catalog what is live or staged, until requests see it.
    pub(crate) switching: tokio::sync::Mutex<()>,
    recorder: Recorder,
    live: Arc<LiveWorkspaces>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) append_rates: AppendRates,
}

/// The deployments of each workspace, as requests see them.
#[derive(Default)]
pub struct LiveWorkspaces {
    all: ArcSwap<HashMap<WorkspaceId, Deployments>>,
    app: OnceLock<Weak<App>>,
}

/// The deployments of a workspace.
#[derive(Clone, Default)]
struct Deployments {
    live: Arc<Live>,
    staging: Option<Arc<Live>>,
}

impl LiveWorkspaces {
    /// Returns the live deployment of a workspace; an empty one when nothing was deployed.
    #[must_use]
    pub fn of(&self, workspace: WorkspaceId) -> Arc<Live> {
        let all = self.all.load();
        let found = all.get(&workspace);
        found.map_or_else(Arc::default, |found| Arc::clone(&found.live))
    }

    /// Returns the staged deployment of a workspace, when there is one that is ready.
    fn staging(&self, workspace: WorkspaceId) -> Option<Arc<Live>> {
        self.all.load().get(&workspace)?.staging.clone()
    }

    /// Says that a view failed on rows that are stored: when it belongs to a staged deployment, that
    /// one is given up, so that the rows reach what is live.
    pub(crate) fn view_failed(&self, workspace: WorkspaceId, source: &SourceName, reason: &str) {
        if let Some(app) = self.app.get().and_then(Weak::upgrade) {
            let (source, reason) = (source.clone(), reason.to_owned());
            tokio::spawn(async move { app.give_up_staging(workspace, &source, &reason).await });
        }
    }

    /// Changes the deployments of a workspace, and returns what they were.
    fn change(&self, workspace: WorkspaceId, change: impl Fn(&mut Deployments)) -> Deployments {
        let before = self.all.rcu(|current| {
            let mut next = HashMap::clone(current);
            change(next.entry(workspace).or_default());
            next
        });
        before.get(&workspace).cloned().unwrap_or_default()
    }

    fn knows(&self, workspace: WorkspaceId) -> bool {
        self.all.load().contains_key(&workspace)
    }

    fn forget(&self, workspace: WorkspaceId) {
        self.all.rcu(|current| {
            let mut next = HashMap::clone(current);
            next.remove(&workspace);
            next
        });
    }
}

impl App {
    /// Returns an app over a running engine and ingestion.
    #[must_use]
    pub fn new(
        engine: Engine,
        catalog: Arc<Catalog>,
        recorder: Recorder,
        (ingestion, imports): (Ingestion, Imports),
        live: Arc<LiveWorkspaces>,
    ) -> Self {
        let queries = Queries::new(engine.clone());
        let deployer = Deployer::new(
            engine.clone(),
            queries.guard().clone(),
            Arc::clone(&catalog),
            ingestion.clone(),
        );
        Self {
            deployer,
            switching: tokio::sync::Mutex::default(),
            engine,
            catalog,
            queries,
            is_local: false,
            definitions: AllDefinitions::default(),
            turns: Turns::default(),
            rates: Rates::default(),
            recorder,
            ingestion,
            imports,
            live,
            in_flight: Arc::new(InFlight::new(BODIES_BYTES_MAX)),
            append_rates: AppendRates::new(RateLimits::default()),
        }
    }

    /// Limits how fast rows may come.
    #[must_use]
    pub fn with_rate_limits(self, limits: RateLimits) -> Self {
        Self {
            append_rates: AppendRates::new(limits),
            ..self
        }
    }

    /// Lets failures of views reach deployments from now on.
    pub fn watch_views(self: &Arc<Self>) {
        // The second call changes nothing.
        self.live.app.set(Arc::downgrade(self)).ok();
    }

    /// Returns where calls and operations of a workspace are recorded.
    #[must_use]
    pub fn recorder(&self, workspace: &Workspace) -> Recorder {
        self.recorder.of(&workspace.database)
    }

    /// Returns how many rows of service data sources were lost since the start.
    #[must_use]
    pub fn dropped_records(&self) -> u64 {
        self.recorder.dropped_rows()
    }

    /// Makes `live` what requests to the workspace see, from the next request on. Returns what they
    /// saw before; requests that have begun keep it.
    pub fn publish(&self, workspace: WorkspaceId, live: Live) -> Arc<Live> {
        let live = Arc::new(live);
        let change = |deployments: &mut Deployments| deployments.live = Arc::clone(&live);
        self.live.change(workspace, change).live
    }

    /// Makes `staging` what requests see that ask for the staged deployment; nothing ends that.
    pub fn stage(&self, workspace: WorkspaceId, staging: Option<Live>) {
        let staging = staging.map(Arc::new);
        self.live.change(workspace, |deployments| {
            deployments.staging.clone_from(&staging);
        });
    }

    /// Makes the staged deployment the live one. Returns what was live; nothing when none was staged.
    pub(crate) fn publish_staging(&self, workspace: WorkspaceId) -> Option<Arc<Live>> {
        let before = self.live.change(workspace, |deployments| {
            if let Some(staging) = deployments.staging.take() {
                deployments.live = staging;
            }
        });
        before.staging.map(|_| before.live)
    }

    /// Returns the live deployment of a workspace; an empty one when nothing was deployed.
    #[must_use]
    pub fn live(&self, workspace: WorkspaceId) -> Arc<Live> {
        self.live.of(workspace)
    }

    /// Returns the staged deployment of a workspace, when there is one that is ready.
    pub(crate) fn staging(&self, workspace: WorkspaceId) -> Option<Arc<Live>> {
        self.live.staging(workspace)
    }

    /// Makes the databases of a workspace exist: one for its data, one for its service data sources.
    ///
    /// # Errors
    /// When the engine is away or refuses.
    pub async fn ensure_databases(&self, workspace: &Workspace) -> Result<(), EngineError> {
        let create = format!(
            "CREATE DATABASE IF NOT EXISTS {} ENGINE = Atomic",
            quote_identifier(&workspace.database)
        );
        self.engine.execute(&create).await?;
        birdhouse_telemetry::ensure_tables(&self.engine, &workspace.database).await?;
        let live = Live {
            resources: empty_resources(workspace),
            ..Live::default()
        };
        self.publish(workspace.id, live);
        Ok(())
    }

    /// Creates an empty workspace that can be used at once.
    pub(crate) async fn create_workspace(&self, name: &str) -> Result<Workspace, ApiError> {
        let (catalog, name) = (Arc::clone(&self.catalog), name.to_owned());
        let id = blocking(move || catalog.create_workspace(&name)).await?;
        let view = self.catalog.view();
        let workspace = view.workspace(id);
        let workspace =
            workspace.ok_or_else(|| ApiError::from(CatalogError::UnknownWorkspace(id)))?;
        if let Err(error) = self.ensure_databases(&workspace.workspace).await {
            // Without its databases it would be of no use, and its name taken.
            self.delete_workspace(id).await.ok();
            return Err(error.into());
        }
        Ok(workspace.workspace.clone())
    }

    /// Deletes a workspace and its branches with all their data.
    pub(crate) async fn delete_workspace(&self, id: WorkspaceId) -> Result<(), ApiError> {
        let before = self.catalog.view();
        let catalog = Arc::clone(&self.catalog);
        blocking(move || catalog.delete_workspace(id)).await?;
        let now = self.catalog.view();
        for gone in before.workspaces().iter().map(|view| view.workspace.id) {
            if now.workspace(gone).is_none() {
                self.live.forget(gone);
                self.definitions.forget(gone);
                self.turns.forget(gone);
            }
        }
        if let Some(only) = self.catalog.view().workspaces().first() {
            // The last one was followed by a new one, which is not in the engine yet.
            if !self.live.knows(only.workspace.id) {
                self.ensure_databases(&only.workspace).await?;
            }
        }
        if let Err(error) = self.drop_databases().await {
            tracing::warn!(%error, "databases of deleted workspaces are dropped at the next start");
        }
        Ok(())
    }

    /// Drops the databases of workspaces that were deleted.
    ///
    /// # Errors
    /// When the engine is away or refuses; the next call tries again.
    pub async fn drop_databases(&self) -> Result<(), EngineError> {
        let databases = self.catalog.dropped_databases().unwrap_or_default();
        for database in databases {
            self.deployer.drop_namespaces(&database).await?;
            for name in [service_database(&database), database.clone()] {
                let name = quote_identifier(&name);
                let drop = format!("DROP DATABASE IF EXISTS {name} SYNC");
                self.engine.execute(&drop).await?;
            }
            if let Err(error) = self.catalog.forget_database(&database) {
                tracing::warn!(%error, database, "a dropped database is remembered");
            }
        }
        Ok(())
    }
}

/// Returns what can be queried in a workspace without a deployment: its service data sources.
fn empty_resources(workspace: &Workspace) -> Resources {
    let services = birdhouse_telemetry::SERVICE_DATASOURCES.iter();
    Resources {
        database: workspace.database.clone(),
        service_database: service_database(&workspace.database),
        services: services.map(|service| service.name.to_owned()).collect(),
        ..Resources::default()
    }
}

/// Does work to its end also when the client goes away in the middle, so that what requests see stays
/// what the catalog says.
pub(crate) async fn to_the_end<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<JoinError> + Send + 'static,
{
    tokio::spawn(work).await?
}

/// Does work of the catalog, which waits for the disk, off the threads that answer requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CatalogError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => {
            tracing::error!(%error, "a change of the catalog ended badly");
            Err(ApiError::internal())
        }
    }
}
