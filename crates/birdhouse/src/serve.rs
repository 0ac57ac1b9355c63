//! A running server: from a data directory and a project to routes, and back down in order.

mod connections;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use birdhouse_catalog::{Catalog, SecretText};
use birdhouse_datafile::{Diagnostic, Project};
use birdhouse_deploy::Deployer;
use birdhouse_engine::{Engine, EngineConfig};
use birdhouse_ingest::limits::JOURNAL_BYTES_MAX;
use birdhouse_ingest::{Ingestion, IngestionConfig};
use birdhouse_server::{App, FlushLog, LiveWorkspaces, RateLimits};
use birdhouse_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::args::{ListenArgs, RateArgs};
use crate::project::Secret;

/// How long requests may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// How long the start waits for batches of the last run.
const REPLAY: Duration = Duration::from_secs(10);

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
    /// Opens the directory `data`, starts the engine, stores `secrets` and deploys the project.
    ///
    /// # Errors
    /// When the port is taken, the data directory or the engine cannot be used, or the project is
    /// refused; its mistakes have been shown then.
    pub(crate) async fn start(
        listen: &ListenArgs,
        data: &Path,
        project: Project,
        secrets: Vec<Secret>,
    ) -> anyhow::Result<Self> {
        // First of all, so that a second server on the same port touches nothing.
        let address = SocketAddr::new(listen.host, listen.port);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listen on {address}"))?;
        let admin_token = std::env::var("BIRDHOUSE_ADMIN_TOKEN")
            .ok()
            .filter(|v| !v.is_empty());
        let admin_token = admin_token.map(SecretText::new);
        let catalog = Arc::new(Catalog::open(data, admin_token.as_ref())?);
        let engine = Engine::start(EngineConfig::new(data.join("engine"))?).await?;
        birdhouse_telemetry::ensure_tables(&engine).await?;
        let telemetry = Telemetry::start(engine.clone());
        let live = Arc::new(LiveWorkspaces::default());
        let log = FlushLog::new(
            Arc::clone(&live),
            Arc::clone(&catalog),
            telemetry.recorder(),
        );
        let ingestion = open_ingestion(data, &engine, log).await?;
        let app = App::new(
            engine.clone(),
            Arc::clone(&catalog),
            telemetry.recorder(),
            ingestion.clone(),
            live,
        );
        let app = Arc::new(app.with_rate_limits(rate_limits(&listen.rates)));
        let workspace = Arc::clone(
            catalog
                .view()
                .workspaces()
                .first()
                .context("the catalog has no workspace")?,
        );
        for secret in secrets {
            catalog
                .set_secret(workspace.workspace.id, &secret.name, &secret.value)
                .with_context(|| format!("store the secret {}", secret.name))?;
        }
        let deployer = Deployer {
            engine: engine.clone(),
            guard: app.queries.guard().clone(),
            catalog: Arc::clone(&catalog),
        };
        let deployed = deployer.deploy(workspace.workspace.id, &project).await;
        let server = Self {
            app,
            engine,
            ingestion,
            telemetry,
            listener,
        };
        match deployed {
            Ok(deployed) => {
                show(&deployed.warnings);
                server.app.publish(workspace.workspace.id, deployed.live);
                Ok(server)
            }
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
        let serving = connections::serve(listener, router, stop.clone());
        let drained = async {
            asked.await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            () = serving => {}
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

fn rate_limits(rates: &RateArgs) -> RateLimits {
    RateLimits {
        token_requests: rates.token_requests,
        token_rows: rates.token_rows,
        datasource_requests: rates.datasource_requests,
        datasource_rows: rates.datasource_rows,
    }
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
