//! Files: CSV through the API, beside the engine reading the same bytes itself.
//!
//! Parquet belongs here as soon as it can be imported.

use std::time::Instant;

use super::STORED_MAX;
use crate::connection::request;
use crate::engine::Engine;
use crate::events::{self, DATASOURCE};
use crate::load::per_second;
use crate::report::Report;
use crate::server::{Server, TOKEN};

const ROWS: usize = 1_000_000;

pub(super) async fn run(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    report.section("imports, 1,000,000 rows, until they are stored in table and views")?;
    let before = server.rows().await?;
    let file = events::csv(ROWS);
    let target = format!("/v0/datasources?mode=append&format=csv&name={DATASOURCE}");
    let import = request(&target, TOKEN, &file);
    let began = Instant::now();
    server.connect().await?.exchange(&import).await?.ok()?;
    server
        .stored(before + u64::try_from(ROWS)?, STORED_MAX)
        .await?;
    let ours = per_second(ROWS, began.elapsed());
    let engine = Engine::of(server).await?;
    let insert = engine.insert("CSVWithNames", &file, "import");
    let mut connections = engine.connections(1).await?;
    let began = Instant::now();
    for connection in &mut connections {
        connection.exchange(&insert).await?.ok()?;
    }
    let own = per_second(ROWS, began.elapsed());
    report.figure("CSV", ours, "rows/s")?;
    report.figure("CSV, the engine itself", own, "rows/s")?;
    report.figure("ratio", ours / own, "")?;
    report.memory(server.memory()?)
}
