//! What this binary does when another process starts it: it is the engine worker, or the parent
//! of one.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use birdhouse_engine::{is_worker_process, worker_main};

use crate::support::start_in;

/// Names the directory of the engine that this process shall be the parent of.
pub(crate) const PARENT_VARIABLE: &str = "BIRDHOUSE_TEST_ENGINE_PARENT";

#[test]
fn engine_worker() {
    if is_worker_process() {
        // Returns only when the worker could not start; its output has the reason.
        assert_eq!(worker_main(), ExitCode::SUCCESS);
    }
}

/// Starts an engine, prints the process id of the worker and waits to be killed.
#[tokio::test]
async fn engine_parent() {
    if let Some(directory) = std::env::var_os(PARENT_VARIABLE) {
        let engine = start_in(PathBuf::from(directory)).await;
        let pid = engine.worker_pid().expect("it is up");
        writeln!(std::io::stdout(), "\nworker {pid}").expect("written");
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}
