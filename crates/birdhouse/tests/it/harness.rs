//! What the tests share: the real binary in a directory of its own, an HTTP client, and waiting.
//!
//! A test makes a [`Scratch`], writes or picks a project, and starts a [`Server`] in it. When the
//! test fails the directory is kept and printed; when it passes it is removed. Only processes that
//! were started here are ended here.

mod files;
mod http;
mod project;
mod random;
mod scratch;
mod server;
mod wait;

pub(crate) use files::{File, Files};
pub(crate) use http::{Answer, Call, Client, encode, form};
pub(crate) use project::{example, project};
pub(crate) use random::Random;
pub(crate) use scratch::Scratch;
pub(crate) use server::{ADMIN_TOKEN, Finished, Server, signal, try_signal};
pub(crate) use wait::wait_until;

use serde_json::Value;

/// Returns the rows as NDJSON.
pub(crate) fn ndjson<'a>(rows: impl IntoIterator<Item = &'a Value>) -> String {
    rows.into_iter().map(|row| format!("{row}\n")).collect()
}

/// Returns the time `seconds` ago as the data sources take it.
pub(crate) fn ago(seconds: i64) -> String {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    then.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
