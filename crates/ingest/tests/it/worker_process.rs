//! What this binary does when the supervisor starts it: it is the engine worker.

use std::process::ExitCode;

use birdhouse_engine::{is_worker_process, worker_main};

#[test]
fn engine_worker() {
    if is_worker_process() {
        // Returns only when the worker could not start; its output has the reason.
        assert_eq!(worker_main(), ExitCode::SUCCESS);
    }
}
