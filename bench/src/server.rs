//! The server that is measured: a process of its own on a directory of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::connection::{Connection, request};

/// The admin token.
pub(crate) const TOKEN: &str = "token-of-the-benchmark";

/// The project beside this crate.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ecommerce");

/// An endpoint that tells which probe has arrived.
const PROBE_PIPE: &str = "\
NODE probes
SQL >
    SELECT toUInt64OrZero(max(product)) AS newest FROM ecomm_events WHERE event = 'probe'

TYPE ENDPOINT
";

/// Directories of a project and of data, removed at the end.
pub(crate) struct Directories {
    root: tempfile::TempDir,
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    worker: u32,
}

/// Resident memory in MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) gateway: u64,
    pub(crate) worker: u64,
    /// The most that the gateway ever had.
    pub(crate) gateway_peak: u64,
}

impl Directories {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let root = tempfile::tempdir()?;
        copy(Path::new(PROJECT), &root.path().join("project"))?;
        let endpoints = root.path().join("project/endpoints");
        fs::write(endpoints.join("newest_probe.pipe"), PROBE_PIPE)?;
        Ok(Self { root })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }
}

impl Server {
    /// Starts a server and returns when it says that it is ready.
    pub(crate) fn start(binary: &Path, directories: &Directories) -> anyhow::Result<Self> {
        let mut child = Command::new(binary)
            .args(["start", "--port", "0", "--project"])
            .arg(directories.root.path().join("project"))
            .arg("--data")
            .arg(directories.data())
            .env("BIRDHOUSE_ADMIN_TOKEN", TOKEN)
            .env("BIRDHOUSE_CLICKHOUSE_PORT", "0")
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the server")?;
        let output = child.stdout.take().context("no output")?;
        let port = BufReader::new(output).lines().find_map(|line| {
            let address = line.ok()?;
            let (_, port) = address
                .strip_prefix("birdhouse is ready on ")?
                .rsplit_once(':')?;
            port.parse().ok()
        });
        let port = port.context("the server did not start")?;
        let worker = child_of(child.id()).context("the server has no worker")?;
        Ok(Self {
            child,
            port,
            worker,
        })
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        Connection::tcp(self.port).await
    }

    /// Opens so many connections.
    pub(crate) async fn connections(&self, count: usize) -> anyhow::Result<Vec<Connection>> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.connect().await?);
        }
        Ok(all)
    }

    /// Returns the answer of a query.
    pub(crate) async fn sql(&self, sql: &str) -> anyhow::Result<Value> {
        let request = request("/v0/sql", TOKEN, format!("{sql} FORMAT JSON").as_bytes());
        let body = self.connect().await?.exchange(&request).await?.ok()?;
        Ok(serde_json::from_slice(&body)?)
    }

    /// Returns the number of rows of the data source.
    pub(crate) async fn rows(&self) -> anyhow::Result<u64> {
        let answer = self.sql("SELECT count() AS n FROM ecomm_events").await?;
        let count = answer.pointer("/data/0/n").and_then(Value::as_u64);
        count.context("no count")
    }

    /// Waits until the data source has so many rows.
    pub(crate) async fn stored(&self, rows: u64, limit: Duration) -> anyhow::Result<()> {
        const PAUSE: Duration = Duration::from_millis(20);
        let began = Instant::now();
        loop {
            match self.rows().await? {
                found if found == rows => return Ok(()),
                found if found > rows || began.elapsed() > limit => {
                    bail!("the data source has {found} rows instead of {rows}")
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Returns the socket of the engine's worker.
    pub(crate) fn engine_socket(&self) -> anyhow::Result<PathBuf> {
        let directory = fs::read_dir(format!("/proc/{}/fd", self.worker))?;
        let links = directory.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let inodes: Vec<String> = links
            .filter_map(|link| {
                let link = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
                Some(link.to_owned())
            })
            .collect();
        let sockets = fs::read_to_string("/proc/net/unix")?;
        let path = sockets.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (inode, path) = (fields.get(6)?, fields.get(7)?);
            let is_ours = path.ends_with(".sock") && inodes.iter().any(|known| known == inode);
            is_ours.then(|| PathBuf::from(path))
        });
        path.context("the worker has no socket")
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        Ok(Memory {
            gateway: mebibytes(self.child.id(), "VmRSS:")?,
            worker: mebibytes(self.worker, "VmRSS:")?,
            gateway_peak: mebibytes(self.child.id(), "VmHWM:")?,
        })
    }

    /// Stops the worker's processor time: it takes nothing and answers nothing.
    pub(crate) fn freeze_worker(&self) -> anyhow::Result<()> {
        Ok(kill_process(pid(self.worker)?, Signal::STOP)?)
    }

    /// Kills gateway and worker at once.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        kill_process(pid(self.worker)?, Signal::KILL)?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both do nothing when it has ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn pid(id: u32) -> anyhow::Result<Pid> {
    Pid::from_raw(i32::try_from(id)?).context("no process id")
}

fn mebibytes(process: u32, what: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kibibytes: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("no memory in /proc")?
        .parse()?;
    Ok(kibibytes / 1024)
}

fn child_of(process: u32) -> Option<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .find_map(|children| children.split_whitespace().next()?.parse().ok())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
