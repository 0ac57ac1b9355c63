//! The end of a worker: what asks for it, and the order in which things are let go.

use std::io::{self, Read};
use std::sync::Arc;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::{DRAIN_TIME, STOP_TIME_MAX};
use crate::worker::AnyError;
use crate::worker::directory::EngineDirectory;
use crate::worker::ffi::{Library, exit_now};
use crate::worker::http::Pools;
use crate::worker::report;

/// Exit status of a worker that could not stop in order; the next one repairs.
const UNCLEAN: i32 = 3;

/// Cancels the token when standard input ends or the process is told to terminate, and makes sure
/// that the process ends soon after.
pub(super) fn on_request(stop: &CancellationToken) -> Result<(), AnyError> {
    let by_input = stop.clone();
    thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            // Whatever comes is ignored; the end is what counts, and an error is an end.
            drop(io::copy(
                &mut io::stdin().lock().take(u64::MAX),
                &mut io::sink(),
            ));
            by_input.cancel();
        })?;
    let by_signal = stop.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        terminate.recv().await;
        by_signal.cancel();
    });
    let requested = stop.clone();
    tokio::spawn(async move {
        requested.cancelled().await;
        drop(thread::Builder::new().name("stop".to_owned()).spawn(|| {
            thread::sleep(STOP_TIME_MAX);
            report("the engine did not stop in time");
            exit_now(UNCLEAN);
        }));
    });
    Ok(())
}

/// Lets running requests end, cancels those that do not, and closes all engine connections.
pub(super) async fn drain(pools: &Arc<Pools>, connections: &TaskTracker) {
    if timeout(DRAIN_TIME, connections.wait()).await.is_err() {
        report("cancelling requests that are still running");
        pools.kill_all().await;
    }
    // The last one is what kills the others.
    for pool in [
        &pools.admin,
        &pools.inserts,
        &pools.readers,
        &pools.copiers,
        &pools.control,
    ] {
        pool.close().await;
    }
}

/// Shuts the engine down and ends the process without exit handlers.
pub(super) fn leave(library: &Library, directory: &EngineDirectory) -> ! {
    library.shutdown();
    match directory.mark_clean() {
        Ok(()) => exit_now(0),
        Err(error) => {
            report(&format!("cannot record a clean stop: {error}"));
            exit_now(UNCLEAN);
        }
    }
}
