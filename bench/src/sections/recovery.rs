//! The start after a kill with a million rows that are acknowledged and not stored.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{STORED_MAX, append};
use crate::events;
use crate::load;
use crate::report::Report;
use crate::server::{Directories, Server};

const ROWS: usize = 1_000_000;
const BATCH_ROWS: usize = 1000;
const CONNECTIONS: usize = 4;

pub(super) async fn run(
    server: Server,
    binary: &Path,
    directories: &Directories,
    report: &mut Report,
) -> anyhow::Result<()> {
    report.section("kill -9 with 1,000,000 rows that are not stored; target: serving in 3 s")?;
    let before = server.rows().await?;
    server.freeze_worker()?;
    let (mut sent, batch) = (0, append(&events::ndjson(0, BATCH_ROWS)));
    while sent < ROWS {
        let connections = server.connections(CONNECTIONS).await?;
        let slice = Duration::from_millis(200);
        let load = load::run(connections, vec![batch.clone()], slice).await?;
        sent += load.acknowledged * BATCH_ROWS;
    }
    report.memory(server.memory()?)?;
    server.kill()?;
    let began = Instant::now();
    let server = Server::start(binary, directories)?;
    let rows = before + u64::try_from(sent)?;
    report.time("start to serving", began.elapsed(), "")?;
    server.stored(rows, STORED_MAX).await?;
    let what = format!("for {sent} rows, each exactly once");
    report.time("start to all stored", began.elapsed(), &what)?;
    report.memory(server.memory()?)
}
