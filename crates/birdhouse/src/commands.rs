//! One file per command.

mod check;
mod debug;
mod demo;
mod diff;
mod fmt;
mod quarantine;
mod start;
mod test;
mod token;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

pub(crate) use check::check;
pub(crate) use debug::debug;
pub(crate) use demo::demo;
pub(crate) use fmt::fmt;
pub(crate) use quarantine::quarantine;
pub(crate) use start::start;
pub(crate) use test::test;
pub(crate) use token::token;

/// `birdhouse version`.
pub(crate) fn version() -> anyhow::Result<ExitCode> {
    say(concat!("birdhouse ", env!("CARGO_PKG_VERSION")))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a line of a command's result to standard output.
fn say(line: impl AsRef<str>) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{}", line.as_ref()).context("write to standard output")
}

/// Writes an error with its causes to standard error.
pub(crate) fn report(error: &anyhow::Error) {
    // There is nowhere left to report a failure to report.
    writeln!(std::io::stderr().lock(), "error: {error:#}").ok();
}

/// Sends log lines to standard error; `RUST_LOG` decides which.
fn log(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// Runs `work` on the server's runtime.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?
        .block_on(work)
}
