//! One worker process, from its start to its end.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use tracing::warn;

use crate::limits::WORKER_OUTPUT_BYTES_MAX;
use crate::supervisor::watchdog::Watchdog;
use crate::supervisor::{EngineConfig, Stop};
use crate::worker::{PROTOCOL, ReadyLine, Sandbox, WORKER_VARIABLE, WorkerConfig};

/// Memory that is assumed when the machine does not say.
const MEMORY_BYTES_FALLBACK: u64 = 4 << 30;

/// Starts a worker, calls `ready` when it is, waits for its end and returns the reason of it.
pub(super) fn run(
    config: &EngineConfig,
    socket: &Path,
    stop: &Mutex<Stop>,
    mut ready: impl FnMut(u32, Sandbox),
) -> io::Result<String> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut child = spawn(config)?;
    let pid = child.id();
    let errors = child.stderr.take().map(collect_errors).transpose()?;
    let sent = send_config(&mut child, config, socket, stop);
    let watchdog = Watchdog::new(pid, socket, config.silence_max);
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            // Other lines come from the program around the worker, such as a test harness.
            let parsed = serde_json::from_str::<ReadyLine>(&line.unwrap_or_default());
            if let Ok(line) = parsed
                && line.birdhouse_engine_worker == PROTOCOL
            {
                ready(pid, line.sandbox);
                watchdog.start()?;
            }
        }
    }
    stop.lock().input = None;
    // From here on the process id may become that of another process.
    watchdog.end();
    let status = child.wait()?;
    let said = errors
        .and_then(|thread| thread.join().ok())
        .unwrap_or_default();
    sent?;
    Ok(reason(status, &said))
}

fn spawn(config: &EngineConfig) -> io::Result<Child> {
    Command::new(&config.worker.program)
        .args(&config.worker.arguments)
        // The gateway's environment may hold secrets, and its time zone must not matter.
        .env_clear()
        .env(WORKER_VARIABLE, "1")
        .env("TZ", "UTC")
        // An interrupt from the terminal is for the gateway, which stops the worker in order.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Sends the configuration and keeps standard input open until the worker shall stop.
fn send_config(
    child: &mut Child,
    config: &EngineConfig,
    socket: &Path,
    stop: &Mutex<Stop>,
) -> io::Result<()> {
    let Some(mut input) = child.stdin.take() else {
        return Ok(());
    };
    let mut line = serde_json::to_vec(&WorkerConfig {
        protocol: PROTOCOL,
        library: config.library.clone(),
        directory: config.directory.clone(),
        socket: socket.to_owned(),
        memory_bytes_max: config.memory_bytes_max,
        readers: config.readers,
        durability: config.durability,
    })?;
    line.push(b'\n');
    input.write_all(&line)?;
    let mut stop = stop.lock();
    if !stop.requested {
        stop.input = Some(input);
    }
    Ok(())
}

/// Logs what the worker writes to standard error and keeps the end of it.
fn collect_errors(output: impl Read + Send + 'static) -> io::Result<JoinHandle<String>> {
    thread::Builder::new()
        .name("engine-stderr".to_owned())
        .spawn(move || {
            let mut kept = String::new();
            let mut lines = BufReader::new(output);
            let mut line = Vec::new();
            // A line without an end must not fill the memory.
            let limit = u64::try_from(WORKER_OUTPUT_BYTES_MAX).unwrap_or(u64::MAX);
            while matches!(
                lines.by_ref().take(limit).read_until(b'\n', &mut line),
                Ok(1..)
            ) {
                let text = String::from_utf8_lossy(&line);
                warn!(line = text.trim_end(), "engine worker wrote");
                kept.push_str(&text);
                let surplus = kept.len().saturating_sub(WORKER_OUTPUT_BYTES_MAX);
                let start = kept.ceil_char_boundary(surplus);
                drop(kept.drain(..start));
                line.clear();
            }
            kept
        })
}

fn reason(status: ExitStatus, said: &str) -> String {
    let said = said.trim();
    if said.is_empty() {
        status.to_string()
    } else {
        format!("{status}: {said}")
    }
}

/// Returns the memory of this machine in bytes.
pub(super) fn memory_bytes() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"))
        .and_then(|kilobytes| kilobytes.parse::<u64>().ok())
        .map_or(MEMORY_BYTES_FALLBACK, |kilobytes| kilobytes * 1024)
}
