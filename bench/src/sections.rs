//! What is measured, in order. Each section begins on an idle server.

mod batches;
mod freshness;
mod imports;
mod recovery;
mod singles;

use std::path::Path;
use std::time::Duration;

use crate::connection::request;
use crate::events::DATASOURCE;
use crate::report::Report;
use crate::server::{Directories, Server, TOKEN};

/// How long the engine may take to store what a section sent.
const STORED_MAX: Duration = Duration::from_secs(60);

/// Runs the sections that are `wanted`, or all.
pub(crate) async fn run(
    binary: &Path,
    wanted: &[String],
    report: &mut Report,
) -> anyhow::Result<()> {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|want| want == name);
    let directories = Directories::new()?;
    let server = Server::start(binary, &directories)?;
    report.section("idle")?;
    report.memory(server.memory()?)?;
    if is_wanted("batches") {
        batches::run(&server, report).await?;
    }
    if is_wanted("singles") {
        singles::run(&server, report).await?;
    }
    if is_wanted("freshness") {
        freshness::run(&server, report).await?;
    }
    if is_wanted("imports") {
        imports::run(&server, report).await?;
    }
    if is_wanted("recovery") {
        recovery::run(server, binary, &directories, report).await?;
    }
    Ok(())
}

/// Returns the request of the Events API for these rows.
fn append(rows: &[u8]) -> Vec<u8> {
    request(&format!("/v0/events?name={DATASOURCE}"), TOKEN, rows)
}
