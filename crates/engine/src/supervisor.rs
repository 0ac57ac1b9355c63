//! Keeps an engine worker running: starts it, notices its death, starts the next one.
//!
//! One thread per supervisor does all of it, because the kernel ties the worker's life to the
//! thread that started it. States:
//!
//! ```text
//! Starting ──ready line──► Ready ──death──► Down ──pause──► (next worker) ──ready line──► Ready
//!     └──death before the first ready line──► Failed          any state ──stop──► Stopped
//! ```
//!
//! A new worker starts only after the old one is dead: it takes the lock on the directory. One that
//! lives and does not answer is killed by the watchdog.

mod process;
mod watchdog;

use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::error::EngineError;
use crate::library::find_library;
use crate::limits::{
    HEALTHY_TIME, KILL_TIME, RESTART_PAUSE_MAX, RESTART_PAUSE_MIN, SILENCE_MAX, START_TIME_MAX,
};
use crate::worker::Sandbox;

/// How an engine is run.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The engine's own directory; created when missing.
    pub directory: PathBuf,
    /// The engine library.
    pub library: PathBuf,
    /// The program that runs as worker.
    pub worker: WorkerCommand,
    /// Memory that the engine may use for everything together, in bytes.
    pub memory_bytes_max: u64,
    /// Queries that run at the same time.
    pub readers: u32,
    /// What an insert survives when it has returned.
    pub durability: Durability,
    /// How long a worker may be silent before it is killed and replaced.
    pub silence_max: Duration,
}

/// What an insert survives when it has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The end of processes, however sudden.
    #[default]
    Process,
    /// A loss of power, too; an insert takes two to three times as long.
    Power,
}

impl EngineConfig {
    /// Returns the configuration of an engine in `directory`: the library of this machine, the
    /// running program as worker, half of the machine's memory, two readers per processor.
    ///
    /// # Errors
    /// When there is no library, or the running program cannot be found.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, EngineError> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            directory: directory.into(),
            library: find_library()?,
            worker: WorkerCommand::this_program()?,
            memory_bytes_max: process::memory_bytes() / 2,
            readers: u32::try_from(processors * 2).unwrap_or(u32::MAX),
            durability: Durability::default(),
            silence_max: SILENCE_MAX,
        })
    }

    /// Returns the directory below `directory` that the sandboxed worker can read files from.
    #[must_use]
    pub fn readable(directory: &Path) -> PathBuf {
        directory.join("data")
    }
}

/// A program that calls [`worker_main`](crate::worker_main) when it is started with these
/// arguments.
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// Returns `<this program> engine-worker`.
    ///
    /// # Errors
    /// When the path of this program is unknown.
    pub fn this_program() -> Result<Self, EngineError> {
        Ok(Self {
            program: this_program()?,
            arguments: vec!["engine-worker".into()],
        })
    }

    /// Returns this test binary, told to run only the test of this name, which must call
    /// [`worker_main`](crate::worker_main) when
    /// [`is_worker_process`](crate::is_worker_process) says so.
    ///
    /// # Errors
    /// When the path of this program is unknown.
    pub fn this_test(name: &str) -> Result<Self, EngineError> {
        let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
        Ok(Self {
            program: this_program()?,
            arguments: arguments.into_iter().map(OsString::from).collect(),
        })
    }
}

fn this_program() -> Result<PathBuf, EngineError> {
    std::env::current_exe().map_err(|source| EngineError::Io {
        operation: "find the path of",
        path: "this program".into(),
        source,
    })
}

/// What is known about the worker.
#[derive(Debug, Clone)]
pub(crate) enum WorkerState {
    /// The first worker is starting.
    Starting,
    /// The worker answers.
    Ready { pid: u32, sandbox: Sandbox },
    /// The worker died; the next one is on its way.
    Down { reason: String },
    /// The first worker never became ready.
    Failed { reason: String },
    /// The supervisor was stopped.
    Stopped,
}

/// The owner's side of a supervisor. Dropping it stops the worker.
pub(crate) struct Supervisor {
    /// Removed with the supervisor, if there is one.
    _socket_directory: Option<TempDir>,
    shared: Arc<Shared>,
    state: watch::Receiver<WorkerState>,
}

/// What the supervisor's thread and its owner share.
struct Shared {
    config: EngineConfig,
    socket: PathBuf,
    state: watch::Sender<WorkerState>,
    stop: Mutex<Stop>,
    stop_requested: Condvar,
}

#[derive(Default)]
struct Stop {
    requested: bool,
    /// Standard input of the worker; closing it stops the worker.
    input: Option<ChildStdin>,
}

impl Supervisor {
    /// Starts the first worker and its supervision.
    pub(crate) fn start(mut config: EngineConfig) -> Result<Self, EngineError> {
        config.directory =
            std::path::absolute(&config.directory).map_err(|source| EngineError::Io {
                operation: "find",
                path: config.directory.clone(),
                source,
            })?;
        let (socket, socket_directory) =
            socket_place(&config.directory).map_err(|source| EngineError::Io {
                operation: "make a place for the socket of",
                path: config.directory.clone(),
                source,
            })?;
        let (sender, state) = watch::channel(WorkerState::Starting);
        let shared = Arc::new(Shared {
            config,
            socket,
            state: sender,
            stop: Mutex::default(),
            stop_requested: Condvar::new(),
        });
        let supervised = Arc::clone(&shared);
        thread::Builder::new()
            .name("engine-supervisor".to_owned())
            .spawn(move || supervised.run())
            .map_err(|source| EngineError::Io {
                operation: "start a thread for",
                path: "the engine supervisor".into(),
                source,
            })?;
        Ok(Self {
            _socket_directory: socket_directory,
            shared,
            state,
        })
    }

    /// Waits for the first worker.
    pub(crate) async fn started(&self) -> Result<(), EngineError> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, WorkerState::Starting));
        let reason = match tokio::time::timeout(START_TIME_MAX, settled).await {
            Err(_) => format!("not ready within {} s", START_TIME_MAX.as_secs()),
            Ok(Err(_)) => "its supervisor is gone".to_owned(),
            Ok(Ok(state)) => match &*state {
                WorkerState::Failed { reason } => reason.clone(),
                WorkerState::Starting | WorkerState::Ready { .. } | WorkerState::Down { .. } => {
                    return Ok(());
                }
                WorkerState::Stopped => "it was stopped".to_owned(),
            },
        };
        Err(EngineError::Start { reason })
    }

    /// Waits until a worker is ready; false when there will be none.
    pub(crate) async fn ready(&self) -> bool {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| match state {
            WorkerState::Ready { .. } | WorkerState::Failed { .. } | WorkerState::Stopped => true,
            WorkerState::Starting | WorkerState::Down { .. } => false,
        });
        matches!(settled.await.as_deref(), Ok(WorkerState::Ready { .. }))
    }

    pub(crate) fn state(&self) -> WorkerState {
        self.state.borrow().clone()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.shared.socket.clone()
    }

    /// Stops the worker and waits for its end.
    pub(crate) async fn stop(&self) {
        self.shared.request_stop();
        let mut state = self.state.clone();
        let ended = state
            .wait_for(|state| matches!(state, WorkerState::Stopped | WorkerState::Failed { .. }));
        // The worker ends itself when its engine does not let go, unless it is stuck altogether.
        if tokio::time::timeout(KILL_TIME, ended).await.is_err()
            && let WorkerState::Ready { pid, .. } = self.state()
            && let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw)
        {
            let killed = kill_process(pid, Signal::KILL);
            warn!(?killed, "engine worker did not stop and was killed");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.request_stop();
    }
}

impl Shared {
    fn run(&self) {
        let mut pause = Duration::ZERO;
        loop {
            let started = Instant::now();
            let reason = self.run_worker();
            if self.stop.lock().requested {
                self.state.send_replace(WorkerState::Stopped);
                return;
            }
            if matches!(*self.state.borrow(), WorkerState::Starting) {
                error!(reason, "engine worker failed to start");
                self.state.send_replace(WorkerState::Failed { reason });
                return;
            }
            if started.elapsed() > HEALTHY_TIME {
                pause = Duration::ZERO;
            }
            warn!(reason, pause_ms = pause.as_millis(), "engine worker died");
            self.state.send_replace(WorkerState::Down { reason });
            if self.stopped_within(pause) {
                self.state.send_replace(WorkerState::Stopped);
                return;
            }
            pause = (pause * 2).clamp(RESTART_PAUSE_MIN, RESTART_PAUSE_MAX);
        }
    }

    /// Runs one worker to its end and returns why it ended.
    fn run_worker(&self) -> String {
        let started = Instant::now();
        let ended = process::run(&self.config, &self.socket, &self.stop, |pid, sandbox| {
            let elapsed_ms = started.elapsed().as_millis();
            info!(pid, ?sandbox, elapsed_ms, "engine worker is ready");
            if sandbox == Sandbox::None {
                warn!("this kernel has no Landlock: the engine worker runs without a sandbox");
            }
            self.state.send_replace(WorkerState::Ready { pid, sandbox });
        });
        match ended {
            Ok(reason) => reason,
            Err(error) => format!(
                "cannot run {}: {error}",
                self.config.worker.program.display()
            ),
        }
    }

    fn request_stop(&self) {
        let mut stop = self.stop.lock();
        stop.requested = true;
        stop.input = None;
        self.stop_requested.notify_all();
    }

    fn stopped_within(&self, pause: Duration) -> bool {
        let mut stop = self.stop.lock();
        if !stop.requested {
            self.stop_requested.wait_for(&mut stop, pause);
        }
        stop.requested
    }
}

/// Returns the path of the socket, in a directory that only this user can enter: the engine's own,
/// or a temporary one when that path is too long for a socket.
fn socket_place(directory: &Path) -> io::Result<(PathBuf, Option<TempDir>)> {
    /// Room for the path of a socket, on the system that has the least.
    const SOCKET_PATH_BYTES_MAX: usize = 100;
    const NAME: &str = "engine.sock";
    let own = directory.join("run");
    if own.join(NAME).as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        DirBuilder::new().recursive(true).mode(0o700).create(&own)?;
        return Ok((own.join(NAME), None));
    }
    let configured = std::env::temp_dir();
    let base = if configured.as_os_str().len() <= SOCKET_PATH_BYTES_MAX / 2 {
        configured.as_path()
    } else {
        Path::new("/tmp")
    };
    let temporary = tempfile::Builder::new()
        .prefix("birdhouse-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(base)?;
    Ok((temporary.path().join(NAME), Some(temporary)))
}
