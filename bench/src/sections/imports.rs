//! Files: CSV and Parquet through the API, beside the engine reading the same bytes itself.

use std::time::Instant;

use super::STORED_MAX;
use crate::connection::request;
use crate::engine::Engine;
use crate::events::{self, DATASOURCE};
use crate::load::per_second;
use crate::report::Report;
use crate::server::{Server, TOKEN};

const ROWS: usize = 1_000_000;

/// A format: its name here, in the API and in the engine.
type Format = (&'static str, &'static str, &'static str);

pub(super) async fn run(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    report.section("imports, 1,000,000 rows, until they are stored in table and views")?;
    let csv = events::csv(ROWS);
    import(server, ("CSV", "csv", "CSVWithNames"), &csv, report).await?;
    let select = format!("SELECT * FROM {DATASOURCE} LIMIT {ROWS} FORMAT Parquet");
    let parquet = request("/v0/sql", TOKEN, select.as_bytes());
    let parquet = server.connect().await?.exchange(&parquet).await?.ok()?;
    import(server, ("Parquet", "parquet", "Parquet"), &parquet, report).await?;
    report.memory(server.memory()?)
}

async fn import(
    server: &Server,
    (name, api, format): Format,
    file: &[u8],
    report: &mut Report,
) -> anyhow::Result<()> {
    let before = server.rows().await?;
    let target = format!("/v0/datasources?mode=append&format={api}&name={DATASOURCE}");
    let import = request(&target, TOKEN, file);
    let began = Instant::now();
    server.connect().await?.exchange(&import).await?.ok()?;
    server
        .stored(before + u64::try_from(ROWS)?, STORED_MAX)
        .await?;
    let ours = per_second(ROWS, began.elapsed());
    let engine = Engine::of(server).await?;
    let insert = engine.insert(format, file, &format!("import-{api}"));
    let mut connections = engine.connections(1).await?;
    let began = Instant::now();
    for connection in &mut connections {
        connection.exchange(&insert).await?.ok()?;
    }
    let own = per_second(ROWS, began.elapsed());
    report.figure(name, ours, "rows/s")?;
    report.figure(&format!("{name}, the engine itself"), own, "rows/s")?;
    report.figure("ratio", ours / own, "")
}
