//! One event per request, beside the engine's own acknowledged inserts.
//!
//! The engine's are synchronous: the library takes `async_insert=1` and ignores it (its queue
//! belongs to the server program). They are acknowledged without a sync.

use std::time::Duration;

use super::{STORED_MAX, append};
use crate::engine::{Engine, INSERT_CONNECTIONS};
use crate::events;
use crate::load;
use crate::report::Report;
use crate::server::Server;

const TIME: Duration = Duration::from_secs(4);
const BODIES: usize = 1009;

pub(super) async fn run(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    report.section("one event per request, acknowledged after fsync; target 15,000 requests/s")?;
    let mut best = 0.0_f64;
    for connections in [1, 16, 64, 256] {
        let before = server.rows().await?;
        let requests = (0..BODIES).map(|n| append(&events::ndjson(n, 1))).collect();
        let load = load::run(server.connections(connections).await?, requests, TIME).await?;
        best = best.max(load.rate());
        report.load(&format!("{connections} connections"), &load)?;
        let rows = u64::try_from(load.acknowledged)?;
        server.stored(before + rows, STORED_MAX).await?;
    }
    let engine = Engine::of(server).await?;
    let requests = (0..50_000).map(|number| {
        let row = events::ndjson(number, 1);
        engine.insert("JSONEachRow", &row, &format!("single-{number}"))
    });
    let connections = engine.connections(INSERT_CONNECTIONS).await?;
    // Its clients start one request apart and go on in steps of one: no token comes twice while it
    // is remembered.
    let own = load::run(connections, requests.collect(), TIME).await?;
    report.load("the engine itself, 2 connections", &own)?;
    report.figure("ratio, best", best / own.rate(), "times; target 10")?;
    report.memory(server.memory()?)
}
