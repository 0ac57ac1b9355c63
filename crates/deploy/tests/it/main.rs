//! Projects on the real engine: they deploy, take their fixtures, and answer as their tests say.
//!
//! The worker is this test binary, started again to run `engine_worker` only. The library comes
//! from `make engine`.

#![cfg(test)]

mod mistakes;
mod moves;
mod projects;
mod redeploy;
mod support;
mod traffic;

/// Is the engine worker when the supervisor starts it; in a test run there is nothing to do.
#[test]
fn engine_worker() {
    if birdhouse_engine::is_worker_process() {
        let code = birdhouse_engine::worker_main();
        panic!("the worker ended with {code:?}");
    }
}
