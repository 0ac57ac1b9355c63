//! HTTP: routes, and the dialect of the reference product (bodies, status codes, words).
//!
//! Everything that clients see is decided here, one file per resource in `api/`; product crates
//! know no status codes. [`router`] is the whole surface; [`App`] is what it stands on.

mod api;
mod app;
mod append;
mod append_rate;
mod body;
mod branches;
mod clickhouse;
mod context;
mod copies;
mod definitions;
mod deployment_jobs;
mod deployments;
mod error;
mod flush_log;
mod import;
mod in_flight;
mod limits;
mod operations;
mod params;
mod rate;
mod request_id;
mod spool;
mod storage;
mod structure;
mod unread;
mod upload;
mod views;

pub use api::router;
pub use app::{App, LiveWorkspaces};
pub use append_rate::{RateLimited, RateLimits};
pub use clickhouse::clickhouse_router;
pub use copies::interrupted::{Interrupted, ResumeError};
pub use copies::schedules::run_schedules;
pub use error::ApiError;
pub use flush_log::FlushLog;
pub use import::Imports;
pub use storage::watch_storage;
