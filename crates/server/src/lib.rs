//! HTTP: routes, and the dialect of the reference product (bodies, status codes, words).
//!
//! Everything that clients see is decided here, one file per resource in `api/`; product crates
//! know no status codes. [`router`] is the whole surface; [`App`] is what it stands on.

mod api;
mod app;
mod append;
mod body;
mod context;
mod definitions;
mod error;
mod flush_log;
mod limits;
mod params;
mod rate;
mod request_id;
mod unread;

pub use api::router;
pub use app::{App, LiveWorkspaces};
pub use error::ApiError;
pub use flush_log::FlushLog;
