//! A running server: from a data directory and a project to routes, and back down in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use birdhouse_catalog::{Catalog, SecretText, WorkspaceId, WorkspaceView};
use birdhouse_datafile::{Diagnostic, Project};
use birdhouse_deploy::{Deployer, secret_values};
use birdhouse_engine::{Engine, EngineConfig};
use birdhouse_ingest::limits::JOURNAL_BYTES_MAX;
use birdhouse_ingest::{Ingestion, IngestionConfig};
use birdhouse_server::{App, FlushLog, LiveWorkspaces};
use birdhouse_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::args::ListenArgs;
use crate::project::Secret;

/// How long requests may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// How long the start waits for batches of the last run.
const REPLAY: Duration = Duration::from_secs(10);

/// Reads the project to deploy, with the values of the workspace's secrets by name.
pub(crate) type LoadProject =
    Box<dyn FnOnce(&BTreeMap<String, String>) -> anyhow::Result<Project> + Send>;

/// A server that is ready to listen.
pub(crate) struct Server {
    /// What the routes stand on.
    pub(crate) app: Arc<App>,
    engine: Engine,
    ingestion: Ingestion,
    telemetry: Telemetry,
    listener: TcpListener,
}

impl Server {
    /// Opens the directory `data`, starts the engine and loads what is live in every workspace. With a
    /// project, stores its `secrets` and deploys it to the first workspace.
    ///
    /// # Errors
    /// When the port is taken, the data directory or the engine cannot be used, or the project is
    /// refused; its mistakes have been shown then.
    pub(crate) async fn start(
        listen: &ListenArgs,
        data: &Path,
        project: Option<LoadProject>,
        secrets: Vec<Secret>,
    ) -> anyhow::Result<Self> {
        // First of all, so that a second server on the same port touches nothing.
        let address = SocketAddr::new(listen.host, listen.port);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listen on {address}"))?;
        let admin_token =
            given("BIRDHOUSE_ADMIN_TOKEN").or_else(|| given("TB_LOCAL_WORKSPACE_TOKEN"));
        let catalog = Arc::new(Catalog::open(data, admin_token.as_ref())?);
        if let Some(user_token) = given("TB_LOCAL_USER_TOKEN") {
            catalog.set_user_token(&user_token)?;
        }
        let workspace = first_workspace(&catalog)?;
        for secret in secrets {
            catalog
                .set_secret(workspace.workspace.id, &secret.name, &secret.value)
                .with_context(|| format!("store the secret {}", secret.name))?;
        }
        let secrets = secret_values(first_workspace(&catalog)?.as_ref());
        let project = project.map(|load| load(&secrets)).transpose()?;
        let engine = Engine::start(EngineConfig::new(data.join("engine"))?).await?;
        let telemetry = Telemetry::start(engine.clone());
        let live = Arc::new(LiveWorkspaces::default());
        let log = FlushLog::new(
            Arc::clone(&live),
            Arc::clone(&catalog),
            telemetry.recorder(),
        );
        let ingestion = open_ingestion(data, &engine, log).await?;
        let mut app = App::new(
            engine.clone(),
            Arc::clone(&catalog),
            telemetry.recorder(),
            ingestion.clone(),
            live,
        );
        app.is_local = listen.host.is_loopback();
        let app = Arc::new(app);
        let deployer = Deployer {
            engine: engine.clone(),
            guard: app.queries.guard().clone(),
            catalog: Arc::clone(&catalog),
        };
        let deployed_to = project.as_ref().map(|_| workspace.workspace.id);
        load_workspaces(&app, &deployer, deployed_to).await?;
        let deployed = match &project {
            Some(project) => deployer
                .deploy(workspace.workspace.id, project)
                .await
                .map(Some),
            None => Ok(None),
        };
        let server = Self {
            app,
            engine,
            ingestion,
            telemetry,
            listener,
        };
        match deployed {
            Ok(Some(deployed)) => {
                show(&deployed.warnings);
                server.app.publish(workspace.workspace.id, deployed.live);
                Ok(server)
            }
            Ok(None) => Ok(server),
            Err(error) => {
                show(error.diagnostics());
                server.close().await;
                bail!("the project was not deployed: {error}")
            }
        }
    }

    /// Returns the address that is listened on.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("read the address")
    }

    /// Answers requests to `router` until one of `signals` or `stop`, then ends everything in order.
    pub(crate) async fn serve(
        self,
        router: Router,
        mut signals: Signals,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let Self {
            app,
            engine,
            ingestion,
            telemetry,
            listener,
        } = self;
        let asked = async {
            tokio::select! {
                name = signals.received() => info!(signal = name, "stopping"),
                () = stop.cancelled() => {}
            }
            stop.cancel();
        };
        let serving = axum::serve(listener, router)
            .with_graceful_shutdown(stop.clone().cancelled_owned())
            .into_future();
        let drained = async {
            asked.await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            result = serving => result.context("serve")?,
            () = drained => warn!(seconds = DRAIN.as_secs(), "some requests did not end in time"),
        }
        drop(app);
        ingestion.stop(DRAIN).await;
        telemetry.stop().await;
        engine.stop().await;
        Ok(())
    }

    /// Ends everything in order, without having served.
    pub(crate) async fn close(self) {
        self.ingestion.stop(DRAIN).await;
        self.telemetry.stop().await;
        self.engine.stop().await;
    }
}

/// Opens the journal and stores what an earlier process may have begun to store: the tables must be
/// those of that time.
async fn open_ingestion(data: &Path, engine: &Engine, log: FlushLog) -> anyhow::Result<Ingestion> {
    let config = IngestionConfig {
        directory: data.join("journal"),
        engine_directory: data.join("engine"),
        journal_bytes_max: JOURNAL_BYTES_MAX,
    };
    let (ingestion, _) = Ingestion::open(config, engine.clone(), Arc::new(log)).await?;
    if !ingestion.replayed(REPLAY).await {
        warn!("rows of the last run are not stored yet; a change of their tables may be refused");
    }
    Ok(ingestion)
}

/// Returns the token that an environment variable gives.
fn given(variable: &str) -> Option<SecretText> {
    let value = std::env::var(variable).ok()?;
    Some(value)
        .filter(|value| !value.is_empty())
        .map(SecretText::new)
}

/// Makes what is live in every workspace available to requests, and ends deletions that were cut short.
///
/// A workspace whose files are no longer understood stays empty; its data is untouched, and a
/// deployment brings it back. That of `deployed_to` is about to be replaced, and not loaded.
async fn load_workspaces(
    app: &App,
    deployer: &Deployer,
    deployed_to: Option<WorkspaceId>,
) -> anyhow::Result<()> {
    app.drop_databases().await?;
    let catalog = app.catalog.view();
    for view in catalog.workspaces() {
        let (id, name) = (view.workspace.id, view.workspace.name.as_str());
        app.ensure_databases(&view.workspace).await?;
        if view.resources.is_empty() || deployed_to == Some(id) {
            continue;
        }
        match deployer.load(id).await {
            Ok(live) => app.publish(id, live),
            Err(error) => {
                show(error.diagnostics());
                warn!(workspace = name, %error, "what was live cannot be loaded; deploy it again");
            }
        }
    }
    Ok(())
}

fn first_workspace(catalog: &Catalog) -> anyhow::Result<Arc<WorkspaceView>> {
    let view = catalog.view();
    let first = view.workspaces().first().map(Arc::clone);
    first.context("the catalog has no workspace")
}

/// Shows diagnostics to whoever started the server.
pub(crate) fn show(diagnostics: &[Diagnostic]) {
    use std::io::Write;
    for diagnostic in diagnostics {
        // There is nowhere left to report a failure to report.
        writeln!(std::io::stderr().lock(), "{}", diagnostic.render()).ok();
    }
}

/// The signals that end a server in order, caught from when this is made.
///
/// Made before a server says that it is ready: whoever reads that may send one at once.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// When the system does not let this process catch them.
    pub(crate) fn catch() -> anyhow::Result<Self> {
        let caught = |kind| signal(kind).context("catch the signals that end the server");
        Ok(Self {
            interrupt: caught(SignalKind::interrupt())?,
            terminate: caught(SignalKind::terminate())?,
        })
    }

    async fn received(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
