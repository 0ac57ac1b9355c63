//! Tests with the real engine. Each takes a worker of its own in a directory of its own.
//!
//! The worker is this test binary, started again to run `worker_process::engine_worker` only.
//! The library comes from `make engine`; without it every test here fails and says so.
//! Numbers in the comments are those of the rules in the engine's specification.

// `cfg(test)` is how Clippy knows that helpers outside test functions may panic.
#[cfg(test)]
mod access;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod inserts;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod support;
#[cfg(test)]
mod worker_process;
