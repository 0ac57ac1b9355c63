//! Tests with the real engine. Each takes a worker of its own in a directory of its own.
//!
//! The worker is this test binary, started again to run `worker_process::engine_worker` only.
//! The library comes from `make engine`; without it every test here fails and says so.

mod queries;
mod support;
mod worker_process;
