//! The engine worker: a child process that loads libchdb and serves the ClickHouse HTTP dialect on
//! a Unix socket.
//!
//! It reads its configuration as one line of JSON from standard input, prints a line when it is
//! ready, and stops in order when standard input is closed or it is told to terminate. Its order
//! of work is the order of this file: take the directory, repair, write the access rules, bind the
//! socket, enter the sandbox, and only then load the library and start threads.

mod access;
mod dedup_log;
mod directory;
mod ffi;
mod http;
mod insert;
mod pool;
mod request;
mod running;
mod sandbox;
mod session;
mod settings;
mod statement;
mod stop;

use std::error::Error;
use std::ffi::CString;
use std::io::{self, BufRead, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use access::{COPY_DATABASE_PREFIX, DATABASE_PREFIX, SERVICE_DATABASE, service_database};
pub(crate) use sandbox::Sandbox;

use crate::limits::LOCK_WAIT_MAX;
use crate::supervisor::Durability;
use directory::{EngineDirectory, LastStop};
use ffi::Library;
use http::Pools;
use pool::Pool;
use session::{Profile, Session};

/// Set in the environment of a worker process and nowhere else.
pub(crate) const WORKER_VARIABLE: &str = "BIRDHOUSE_ENGINE_WORKER";

/// Version of what supervisor and worker say to each other outside HTTP.
pub(crate) const PROTOCOL: u32 = 1;

type AnyError = Box<dyn Error + Send + Sync>;

/// The configuration of a worker, sent by the supervisor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WorkerConfig {
    pub(crate) protocol: u32,
    pub(crate) library: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) memory_bytes_max: u64,
    pub(crate) readers: u32,
    pub(crate) durability: Durability,
}

/// What a worker says when it is ready: one line of JSON on standard output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ReadyLine {
    /// The protocol, under the name that marks the line as ours.
    pub(crate) birdhouse_engine_worker: u32,
    pub(crate) sandbox: Sandbox,
}

/// Returns whether this process was started as an engine worker.
///
/// A test binary that uses the engine has a test that calls [`worker_main`] when this is true, and
/// is its own worker through
/// [`WorkerCommand::this_test`](crate::WorkerCommand::this_test).
#[must_use]
pub fn is_worker_process() -> bool {
    std::env::var_os(WORKER_VARIABLE).is_some()
}

/// Runs an engine worker until it is told to stop; on success it does not return.
///
/// Call it on the main thread before any other thread exists: the sandbox covers this thread and
/// those that it starts.
#[must_use]
pub fn worker_main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("engine worker: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), AnyError> {
    // Closed standard input is the usual sign; this covers a parent whose pipe is still open
    // somewhere.
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let config = read_config()?;
    // Relative file names of the engine must not mean anything.
    std::env::set_current_dir("/")?;
    let (directory, last_stop) = EngineDirectory::take(&config.directory, LOCK_WAIT_MAX)?;
    if last_stop == LastStop::Unclean {
        let repair = dedup_log::repair(&directory.data)?;
        report(&format!("repaired after an unclean stop: {repair:?}"));
    }
    let access = access::write(&directory.access, config.durability)?;
    let listener = UnixListener::bind(&config.socket)?;
    listener.set_nonblocking(true)?;
    let sandbox = sandbox::enter(&sandbox::Places {
        data: &directory.data,
        config: &directory.access,
        library: &config.library,
    })?;
    let library = Library::load(&config.library).map_err(|error| {
        let path = config.library.display();
        format!("cannot load {path}; version 26.7.3 or later is needed: {error}")
    })?;
    let (pools, first) = open_pools(library, &config, &directory.data, &access)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(serve(listener, &pools, sandbox))?;
    drop(first);
    stop::leave(library, &directory)
}

fn read_config() -> Result<WorkerConfig, AnyError> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let config: WorkerConfig = serde_json::from_str(&line)?;
    if config.protocol != PROTOCOL {
        return Err("supervisor and worker are of different versions".into());
    }
    Ok(config)
}

/// Starts the engine and returns the pools and the first connection, which carries the server
/// settings and keeps the engine started.
fn open_pools(
    library: &'static Library,
    config: &WorkerConfig,
    data: &Path,
    access: &Path,
) -> Result<(Arc<Pools>, Session), AnyError> {
    let base: Vec<String> = std::iter::once(format!("--path={}", path_text(data)?))
        .chain(settings::base().iter().map(|(n, v)| format!("--{n}={v}")))
        .collect();
    let server = [
        format!("--config-file={}", path_text(access)?),
        format!("--max_server_memory_usage={}", config.memory_bytes_max),
    ];
    let first = Profile {
        library,
        arguments: c_strings(base.iter().chain(&server))?,
        setup: &[],
    };
    let first = session::start_engine(first, access::STARTUP)
        .map_err(|exception| format!("cannot start the engine: {}", exception.text()))?;
    let profile = |setup| -> Result<Arc<Profile>, AnyError> {
        Ok(Arc::new(Profile {
            library,
            arguments: c_strings(base.iter())?,
            setup,
        }))
    };
    let admin = profile(access::ADMIN_SETUP)?;
    let readers = profile(access::READER_SETUP)?;
    let copiers = profile(access::COPIER_SETUP)?;
    let pools = Pools {
        // Imports and deletions keep a connection for long, and the guard needs one for each new text.
        admin: Pool::new("admin", &admin, 6),
        inserts: Pool::new("insert", &admin, 2),
        readers: Pool::new("reader", &readers, config.readers.max(1)),
        // As many as jobs run at a time.
        copiers: Pool::new("copier", &copiers, 2),
        control: Pool::new("control", &admin, 1),
        spool_directory: data.join("tmp"),
    };
    Ok((Arc::new(pools), first))
}

async fn serve(
    listener: UnixListener,
    pools: &Arc<Pools>,
    sandbox: Sandbox,
) -> Result<(), AnyError> {
    let listener = tokio::net::UnixListener::from_std(listener)?;
    let stop = CancellationToken::new();
    stop::on_request(&stop)?;
    announce(sandbox)?;
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let pools = Arc::clone(pools);
                connections.spawn(serve_connection(stream, pools, stop.clone()));
            }
        }
    }
    connections.close();
    stop::drain(pools, &connections).await;
    Ok(())
}

async fn serve_connection(
    stream: tokio::net::UnixStream,
    pools: Arc<Pools>,
    stop: CancellationToken,
) {
    let service = service_fn(move |request| Arc::clone(&pools).answer(request));
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
    );
    // An error here is a client that went away; its statements were cancelled by that.
    tokio::select! {
        ended = connection.as_mut() => drop(ended),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}

fn announce(sandbox: Sandbox) -> Result<(), AnyError> {
    let line = serde_json::to_string(&ReadyLine {
        birdhouse_engine_worker: PROTOCOL,
        sandbox,
    })?;
    let mut out = io::stdout().lock();
    // A test harness may have begun a line.
    writeln!(out, "\n{line}")?;
    out.flush()?;
    Ok(())
}

/// Writes a line to standard error, where the supervisor reads it.
fn report(text: &str) {
    // Nobody is left to tell when this fails.
    drop(writeln!(io::stderr(), "{text}"));
}

fn path_text(path: &Path) -> Result<&str, AnyError> {
    path.to_str()
        .ok_or_else(|| format!("{} is not UTF-8", path.display()).into())
}

fn c_strings<'a>(
    texts: impl Iterator<Item = &'a String>,
) -> Result<Vec<CString>, std::ffi::NulError> {
    texts.map(|text| CString::new(text.as_str())).collect()
}
