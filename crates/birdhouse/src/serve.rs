//! A running server: from a data directory and a project to routes, and back down in order.

mod connections;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use birdhouse_catalog::{Catalog, CatalogError, SecretText, WorkspaceView};
use birdhouse_datafile::{Diagnostic, Project};
use birdhouse_deploy::{DeployError, Permission, secret_values};
use birdhouse_engine::{Durability, Engine, EngineConfig};
use birdhouse_ingest::{Ingestion, IngestionConfig};
use birdhouse_server::{App, FlushLog, Imports, Interrupted, LiveWorkspaces, RateLimits};
use birdhouse_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::args::{DurabilityArg, ListenArgs, RateArgs, StorageArgs};
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
    clickhouse: TcpListener,
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
        storage: &StorageArgs,
        data: &Path,
        project: Option<(LoadProject, Permission)>,
        secrets: Vec<Secret>,
    ) -> anyhow::Result<Self> {
        // First of all, so that a second server on the same port touches nothing.
        let listener = bind(listen, "port", listen.port).await?;
        let clickhouse = bind(listen, "clickhouse-port", listen.clickhouse_port).await?;
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
        let project = project
            .map(|(load, permission)| anyhow::Ok((load(&secrets)?, permission)))
            .transpose()?;
        let engine = Engine::start(EngineConfig {
            durability: match storage.durability {
                DurabilityArg::Process => Durability::Process,
                DurabilityArg::Power => Durability::Power,
            },
            ..EngineConfig::new(data.join("engine"))?
        })
        .await?;
        let interrupted = Interrupted::settle(&engine).await?;
        let telemetry = Telemetry::start(engine.clone());
        let live = Arc::new(LiveWorkspaces::default());
        let log = FlushLog::new(
            Arc::clone(&live),
            Arc::clone(&catalog),
            telemetry.recorder(),
        );
        let ingestion = open_ingestion(ingestion_config(data, storage), &engine, log).await?;
        let imports = Imports::open(
            Arc::clone(&catalog),
            telemetry.recorder(),
            &interrupted,
            EngineConfig::readable(&data.join("engine")).join("imports"),
            std::env::var("BIRDHOUSE_ALLOW_PRIVATE_URLS").is_ok_and(|value| value == "1"),
        );
        let imports = imports.map_err(|error| anyhow::anyhow!(error))?;
        let app = App::new(
            engine.clone(),
            Arc::clone(&catalog),
            telemetry.recorder(),
            (ingestion.clone(), imports),
            live,
        );
        let mut app = app.with_rate_limits(rate_limits(&listen.rates));
        app.is_local = listen.host.is_loopback();
        let app = Arc::new(app);
        app.watch_views();
        load_workspaces(&app).await?;
        let deployed = match &project {
            Some((project, permission)) => app
                .deployer
                .deploy(workspace.workspace.id, project, *permission)
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
            clickhouse,
        };
        match deployed {
            Ok(Some(deployed)) => {
                show(&deployed.warnings);
                server.app.publish(workspace.workspace.id, deployed.live);
                let live = first_workspace(&catalog)?.live.id;
                if live != workspace.live.id {
                    server.app.record_deployment(workspace.workspace.id, live);
                }
            }
            Ok(None) => {}
            Err(DeployError::Catalog(CatalogError::DeploymentInProgress(id))) => {
                warn!(
                    "deployment {id} is staged, so the project was not deployed and what was live is served; promote or discard it (tb deployment promote, tb deployment discard), then start again"
                );
            }
            Err(error) => {
                show(error.diagnostics());
                server.close().await;
                bail!("the project was not deployed: {error}")
            }
        }
        // What they append goes to the tables that are live from now on.
        server.app.resume_copies(interrupted).await?;
        Ok(server)
    }

    /// Returns the address that is listened on.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("read the address")
    }

    /// Returns the address of the ClickHouse interface.
    pub(crate) fn clickhouse_address(&self) -> anyhow::Result<SocketAddr> {
        self.clickhouse.local_addr().context("read the address")
    }

    /// Answers requests to `router` and to the ClickHouse interface until one of `signals` or `stop`, then ends everything in order.
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
            clickhouse,
        } = self;
        let asked = async {
            tokio::select! {
                name = signals.received() => info!(signal = name, "stopping"),
                () = stop.cancelled() => {}
            }
            stop.cancel();
        };
        let schedules = birdhouse_server::run_schedules(Arc::clone(&app), stop.clone());
        let schedules = tokio::spawn(schedules);
        let on_clickhouse = birdhouse_server::clickhouse_router(Arc::clone(&app));
        let serving = connections::serve(listener, router, stop.clone());
        let serving_clickhouse = connections::serve(clickhouse, on_clickhouse, stop.clone());
        let serving = async { tokio::join!(serving, serving_clickhouse) };
        let watching = birdhouse_server::watch_storage(&app);
        let drained = async {
            asked.await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            ((), ()) = serving => {}
            never = watching => match never {},
            () = drained => warn!(seconds = DRAIN.as_secs(), "some requests did not end in time"),
        }
        if let Err(error) = schedules.await {
            warn!(%error, "schedules ended badly");
        }
        // Jobs bring rows in, so they end first.
        app.imports.jobs.stop().await;
        drop(app);
        ingestion.stop(DRAIN).await;
        telemetry.stop().await;
        engine.stop().await;
        Ok(())
    }

    /// Ends everything in order, without having served.
    pub(crate) async fn close(self) {
        self.app.imports.jobs.stop().await;
        self.ingestion.stop(DRAIN).await;
        self.telemetry.stop().await;
        self.engine.stop().await;
    }
}

fn first_workspace(catalog: &Catalog) -> anyhow::Result<Arc<WorkspaceView>> {
    let view = catalog.view();
    let first = view.workspaces().first();
    first.cloned().context("the catalog has no workspace")
}

/// Listens on the port that the option `--<option>` names.
async fn bind(listen: &ListenArgs, option: &str, port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(listen.host, port);
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address}; --{option} takes another port"))
}

fn ingestion_config(data: &Path, storage: &StorageArgs) -> IngestionConfig {
    let mut config = IngestionConfig::new(data);
    if let Some(bytes) = storage.journal_bytes_max {
        config.journal_bytes_max = bytes;
    }
    if let Some(bytes) = storage.journal_segment_bytes {
        config.segment_bytes = bytes;
    }
    if let Some(milliseconds) = storage.sync_interval_ms {
        config.sync_interval = Duration::from_millis(milliseconds.max(1));
    }
    if let Some(boot_id) = &storage.boot_id {
        config.boot_id.clone_from(boot_id);
    }
    config
}

/// Opens the journal and stores what an earlier process may have begun to store: the tables must be
/// those of that time.
async fn open_ingestion(
    config: IngestionConfig,
    engine: &Engine,
    log: FlushLog,
) -> anyhow::Result<Ingestion> {
    let (ingestion, _) = Ingestion::open(config, engine.clone(), Arc::new(log)).await?;
    if !ingestion.replayed(REPLAY).await {
        warn!("rows of the last run are not stored yet; a change of their tables may be refused");
    }
    Ok(ingestion)
}

fn rate_limits(rates: &RateArgs) -> RateLimits {
    RateLimits {
        token_requests: rates.token_requests,
        token_rows: rates.token_rows,
        datasource_requests: rates.datasource_requests,
        datasource_rows: rates.datasource_rows,
    }
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
/// deployment brings it back.
async fn load_workspaces(app: &App) -> anyhow::Result<()> {
    app.drop_databases().await?;
    let catalog = app.catalog.view();
    for view in catalog.workspaces() {
        let (id, name) = (view.workspace.id, view.workspace.name.as_str());
        app.ensure_databases(&view.workspace).await?;
        if view.deployments.len() == 1 {
            continue;
        }
        match app.deployer.load(id).await {
            Ok(loaded) => {
                app.publish(id, loaded.live);
                app.stage(id, loaded.staging);
                if let Some(interrupted) = loaded.interrupted {
                    app.record_deployment(id, interrupted);
                }
            }
            Err(error) => {
                show(error.diagnostics());
                warn!(workspace = name, %error, "what was live cannot be loaded; deploy it again");
            }
        }
    }
    Ok(())
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
