//! The real binary: commands that end, and a server that is ready.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Client, Scratch, wait_until};

/// The admin token of every server here.
pub(crate) const ADMIN_TOKEN: &str = "admin-token-of-the-tests";

const READY: &str = "birdhouse is ready on ";
const CLICKHOUSE: &str = "ClickHouse interface on ";

/// How long a server may take to start; a cold one opens a 400 MB library.
const START_MAX: Duration = Duration::from_secs(60);

/// How long a server may take to end.
const STOP_MAX: Duration = Duration::from_secs(30);

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A server that is ready. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    base: String,
    data: PathBuf,
    root: PathBuf,
}

impl Finished {
    /// Runs `birdhouse` with `arguments` to its end.
    pub(crate) fn run(scratch: &Scratch, arguments: &[&OsStr]) -> Self {
        Self::run_with(scratch, arguments, &[])
    }

    /// Does the same with environment variables set or, without a value, removed.
    pub(crate) fn run_with(
        scratch: &Scratch,
        arguments: &[&OsStr],
        environment: &[(&str, Option<&OsStr>)],
    ) -> Self {
        let mut command = command(scratch.root());
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.args(arguments).output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Server {
    /// Starts a server of `project` on the test's data directory; panics when it does not start.
    #[track_caller]
    pub(crate) fn start(scratch: &Scratch, project: &Path) -> Self {
        Self::try_start(scratch, project)
            .unwrap_or_else(|refused| panic!("not started: {refused:#?}"))
    }

    /// Starts a server of `project`, or returns how it ended.
    pub(crate) fn try_start(scratch: &Scratch, project: &Path) -> Result<Self, Finished> {
        Self::try_start_with(scratch, project, &[])
    }

    /// Starts a server of `project` with further environment variables, or returns how it ended.
    pub(crate) fn try_start_with(
        scratch: &Scratch,
        project: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Self, Finished> {
        let data = scratch.path("data");
        let arguments = ["start".as_ref(), "--project".as_ref(), project.as_os_str()];
        Self::launch(scratch.root(), data, |command| {
            command.args(arguments).envs(environment.iter().copied());
        })
    }

    /// Starts a server without a project; panics when it does not start.
    #[track_caller]
    pub(crate) fn start_empty(scratch: &Scratch) -> Self {
        Self::launch(scratch.root(), scratch.path("data"), |command| {
            // A directory without datafiles.
            command.arg("start").current_dir(scratch.path("tmp"));
        })
        .unwrap_or_else(|refused| panic!("not started: {refused:#?}"))
    }

    /// Returns the tokens that the server gives to programs of this machine.
    #[track_caller]
    pub(crate) fn local_token(&self, name: &str) -> String {
        let tokens = self.anonymous().get("/tokens").expect(200).json();
        tokens[name].as_str().unwrap().to_owned()
    }

    /// Starts the command that `complete` completes; `--data` and `--port` are set here.
    pub(crate) fn launch(
        root: &Path,
        data: PathBuf,
        complete: impl FnOnce(&mut Command),
    ) -> Result<Self, Finished> {
        Self::launch_on([0, 0], root, data, complete)
    }

    /// Does the same on these ports, of the API and of the ClickHouse interface; 0 is a free one.
    #[expect(
        clippy::unwrap_in_result,
        reason = "the error is a server that refuses to start, not a broken test"
    )]
    pub(crate) fn launch_on(
        [port, clickhouse_port]: [u16; 2],
        root: &Path,
        data: PathBuf,
        complete: impl FnOnce(&mut Command),
    ) -> Result<Self, Finished> {
        let began_at = fs::metadata(root.join("server.log")).map_or(0, |log| log.len());
        let mut command = command(root);
        complete(&mut command);
        let mut child = command
            .args(["--port", &port.to_string()])
            .args(["--clickhouse-port", &clickhouse_port.to_string()])
            .arg("--data")
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(append_to(&root.join("server.log")))
            .spawn()
            .unwrap();
        let lines = follow(child.stdout.take().unwrap(), &root.join("server.out"));
        let mut shown = String::new();
        let began = Instant::now();
        loop {
            match lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) if line.starts_with(READY) => {
                    let base = line.trim_start_matches(READY).to_owned();
                    return Ok(Self {
                        child,
                        base,
                        data,
                        root: root.to_owned(),
                    });
                }
                Ok(line) => shown += &format!("{line}\n"),
                Err(RecvTimeoutError::Timeout) if began.elapsed() < START_MAX => {}
                Err(error) => {
                    if error == RecvTimeoutError::Timeout {
                        child.kill().unwrap();
                    }
                    let status = child.wait().unwrap();
                    let log = fs::read(root.join("server.log")).unwrap();
                    let log = &log[usize::try_from(began_at).unwrap()..];
                    return Err(Finished {
                        code: status.code().unwrap_or(-1),
                        stdout: shown,
                        stderr: String::from_utf8_lossy(log).into_owned(),
                    });
                }
            }
        }
    }

    /// Returns `http://127.0.0.1:<port>`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns a client of the ClickHouse interface, without a token.
    pub(crate) fn clickhouse(&self) -> Client {
        let shown = fs::read_to_string(self.root.join("server.out")).unwrap();
        let mut lines = shown.lines().rev();
        let base = lines.find_map(|line| line.strip_prefix(CLICKHOUSE));
        Client::new(base.unwrap())
    }

    /// Returns a client without a token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(&self.base)
    }

    /// Returns a client with the token of that value.
    pub(crate) fn client(&self, token: &str) -> Client {
        self.anonymous().with_token(token)
    }

    pub(crate) fn admin(&self) -> Client {
        self.client(ADMIN_TOKEN)
    }

    /// Returns a client with the token of that name.
    pub(crate) fn named(&self, name: &str) -> Client {
        self.client(&self.token(name))
    }

    /// Returns the value of a token, as `birdhouse token ls` shows it.
    pub(crate) fn token(&self, name: &str) -> String {
        let output = command(&self.root)
            .args(["token", "ls", "--data"])
            .arg(&self.data)
            .output()
            .unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        // A name, then its scopes and its value, indented.
        let mut lines = shown.lines().skip_while(|line| *line != name).skip(1);
        let of_it: Vec<&str> = lines
            .by_ref()
            .take_while(|line| line.starts_with(' '))
            .collect();
        of_it
            .last()
            .unwrap_or_else(|| panic!("no token {name} in\n{shown}"))
            .trim()
            .to_owned()
    }

    /// Returns the process id of the engine's worker, when there is one.
    pub(crate) fn worker(&self) -> Option<u32> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).ok()?;
        let children = threads
            .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
        let ids: Vec<u32> = children
            .flat_map(|ids| {
                ids.split_whitespace()
                    .map(|id| id.parse().unwrap())
                    .collect::<Vec<_>>()
            })
            .collect();
        let is_worker = |id: &u32| {
            fs::read(format!("/proc/{id}/cmdline"))
                .is_ok_and(|line| line.ends_with(b"engine-worker\0"))
        };
        ids.into_iter().find(is_worker)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Asks the server to end, waits for it, and for the end of its worker.
    pub(crate) fn stop(mut self) {
        let worker = self.worker();
        signal(self.pid(), Signal::TERM);
        let status = self.wait();
        assert!(status.success(), "the server ended with {status}");
        if let Some(worker) = worker {
            assert!(
                !is_running(worker),
                "the worker {worker} outlived its server"
            );
        }
    }

    /// Ends the server at once and waits until its worker has followed it.
    pub(crate) fn kill(self) {
        self.dies_of(|server| signal(server.pid(), Signal::KILL));
    }

    /// Does what makes the server die, and waits until it and its worker are gone.
    pub(crate) fn dies_of(self, what: impl FnOnce(&Self)) {
        let worker = self.worker().unwrap();
        what(&self);
        self.dies(worker);
    }

    /// Waits until the server has ended by itself, and its worker has followed it.
    pub(crate) fn dies(mut self, worker: u32) {
        self.wait();
        wait_until(
            "the worker ends with its server",
            STOP_MAX,
            || match is_running(worker) {
                true => Err(format!("worker {worker} is running")),
                false => Ok(()),
            },
        );
    }

    /// Ends the server and its worker at once, however far they are.
    pub(crate) fn crash(mut self) {
        let worker = self.worker();
        // Both may have ended already.
        try_signal(self.pid(), Signal::KILL);
        if let Some(worker) = worker {
            try_signal(worker, Signal::KILL);
        }
        self.wait();
        if let Some(worker) = worker {
            wait_until("the worker ends", STOP_MAX, || match is_running(worker) {
                true => Err(format!("worker {worker} is running")),
                false => Ok(()),
            });
        }
    }

    fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        wait_until("the server ends", STOP_MAX, || {
            child.try_wait().unwrap().ok_or("running".to_owned())
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then both do nothing.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sends a signal to a process that was started here.
pub(crate) fn signal(id: u32, signal: Signal) {
    assert!(try_signal(id, signal), "there is no process {id}");
}

/// Does the same with a process that may be gone; returns whether it was there.
pub(crate) fn try_signal(id: u32, signal: Signal) -> bool {
    let pid = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    kill_process(pid, signal).is_ok()
}

/// Returns false for a process that is gone or only waits to be reaped.
fn is_running(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some(None | Some('Z' | 'X')))
}

/// Returns the binary with an environment of its own.
fn command(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_birdhouse"));
    command
        .current_dir(root)
        .env("BIRDHOUSE_ADMIN_TOKEN", ADMIN_TOKEN)
        .env("TMPDIR", root.join("tmp"))
        .env("NO_COLOR", "1");
    for name in [
        "BIRDHOUSE_DATA",
        "BIRDHOUSE_PORT",
        "BIRDHOUSE_CLICKHOUSE_PORT",
        "BIRDHOUSE_HOST",
        "RUST_LOG",
    ] {
        command.env_remove(name);
    }
    command
}

fn append_to(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap()
}

/// Copies every line to a file and to the returned channel, until the process closes its output.
fn follow(output: ChildStdout, path: &Path) -> Receiver<String> {
    let mut copy = append_to(path);
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            writeln!(copy, "{line}").unwrap();
            // Nobody listens any more once the server is ready.
            sender.send(line).ok();
        }
    });
    lines
}
