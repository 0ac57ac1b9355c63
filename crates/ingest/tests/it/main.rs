//! Tests with the real engine: what was decoded reads back equal, and appends survive its death.
//!
//! The engine's worker is this test binary, started again to run `worker_process::engine_worker`
//! only. The library comes from `make engine`.

#![cfg(test)]

mod appends;
mod checks;
mod copies;
mod every_type;
mod hostile;
mod matrix;
mod replace;
mod support;
mod values;
mod worker_process;
