//! Kills a worker that is alive and does not answer.
//!
//! The worker answers a ping without the engine, so what is noticed is a process that is frozen or
//! whose threads are all stuck, not a slow query. Several pings in a row must fail, so that a machine
//! that was asleep does not look like a worker that is.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::process::{Pid, Signal, kill_process};
use tracing::error;

use crate::limits::SILENT_PINGS_MAX;

/// Watches one worker from its readiness to its end.
pub(super) struct Watchdog(Arc<Watched>);

struct Watched {
    socket: PathBuf,
    silence_max: Duration,
    /// The worker while it can be killed.
    worker: Mutex<Option<Pid>>,
    ended: Condvar,
}

impl Watchdog {
    pub(super) fn new(pid: u32, socket: &Path, silence_max: Duration) -> Self {
        Self(Arc::new(Watched {
            socket: socket.to_owned(),
            silence_max,
            worker: Mutex::new(i32::try_from(pid).ok().and_then(Pid::from_raw)),
            ended: Condvar::new(),
        }))
    }

    /// Begins to watch, in a thread.
    pub(super) fn start(&self) -> io::Result<()> {
        let watched = Arc::clone(&self.0);
        thread::Builder::new()
            .name("engine-watchdog".to_owned())
            .spawn(move || watched.run())
            .map(drop)
    }

    /// Touches the worker no more. Call it before the process is waited for.
    pub(super) fn end(&self) {
        *self.0.worker.lock() = None;
        self.0.ended.notify_all();
    }
}

impl Watched {
    fn run(&self) {
        let interval = self.silence_max / SILENT_PINGS_MAX;
        let mut silent = 0;
        loop {
            let began = Instant::now();
            match self.ping(interval) {
                Ok(()) => silent = 0,
                Err(_) => silent += 1,
            }
            let mut worker = self.worker.lock();
            let Some(pid) = *worker else {
                return;
            };
            if silent >= SILENT_PINGS_MAX {
                let killed = kill_process(pid, Signal::KILL);
                let seconds = self.silence_max.as_secs_f64();
                error!(
                    ?killed,
                    seconds, "engine worker did not answer and was killed"
                );
                return;
            }
            let rest = interval.saturating_sub(began.elapsed());
            self.ended.wait_for(&mut worker, rest);
        }
    }

    fn ping(&self, limit: Duration) -> io::Result<()> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        stream.write_all(b"GET /ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        match &answer {
            b"HTTP/1.1 200" => Ok(()),
            _ => Err(io::Error::other("not well")),
        }
    }
}
