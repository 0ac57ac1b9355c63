//! The engine: ClickHouse, embedded as libchdb in a supervised child process.
//!
//! The gateway never loads the library. It speaks the HTTP dialect of a ClickHouse server through
//! [`Engine`]; behind that is a worker ([`worker_main`]), a child process that loads the library,
//! locks itself into its directory and serves a Unix socket. The supervisor restarts a worker that
//! dies; calls fail as `Unavailable` meanwhile.
//!
//! The crate does not know workspaces, resources or tokens: callers bring SQL text, names and
//! limits. Text written by users must have passed the guard before it comes here.

mod client;
mod dialect;
mod error;
mod exception;
mod library;
mod limits;
mod request;
mod supervisor;
mod worker;

pub use client::{Engine, QueryStream};
pub use error::{EngineError, ErrorKind};
pub use library::{LibraryError, find_library};
pub use request::{Insert, Query, QueryLimits, QueryOutput, Role, Summary};
pub use supervisor::{Durability, EngineConfig, WorkerCommand};
pub use worker::{
    COPY_DATABASE_PREFIX, DATABASE_PREFIX, SERVICE_DATABASE, is_worker_process, service_database,
    worker_main,
};
