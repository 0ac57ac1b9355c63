//! Durable batches: 1,000 events per request, acknowledged after the sync.

use std::time::{Duration, Instant};

use birdhouse_ingest::{DecodeOptions, Format, decode};
use jiff::Timestamp;

use super::{STORED_MAX, append};
use crate::events;
use crate::load::{self, per_second};
use crate::report::Report;
use crate::server::Server;

const BATCH_ROWS: usize = 1000;
const BODIES: usize = 20;
const TIME: Duration = Duration::from_secs(5);

pub(super) async fn run(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    report.section("NDJSON batches of 1,000 events, acknowledged after fsync")?;
    let bodies: Vec<Vec<u8>> = (0..BODIES)
        .map(|number| events::ndjson(number * BATCH_ROWS, BATCH_ROWS))
        .collect();
    let alone = decode_alone(&bodies)?;
    report.figure("decoding alone, one thread", alone, "events/s")?;
    for connections in [2, 8] {
        let before = server.rows().await?;
        let requests = bodies.iter().map(|body| append(body)).collect();
        let began = Instant::now();
        let load = load::run(server.connections(connections).await?, requests, TIME).await?;
        let rows = load.acknowledged * BATCH_ROWS;
        let rate = per_second(rows, load.elapsed);
        let name = format!("{connections} connections");
        let what = format!(
            "events/s, {:.0} % of decoding alone; target 200,000 and 60 %",
            rate / alone * 100.0
        );
        report.figure(&name, rate, &what)?;
        server
            .stored(before + u64::try_from(rows)?, STORED_MAX)
            .await?;
        let stored = per_second(rows, began.elapsed());
        report.figure("  until all is stored", stored, "events/s")?;
    }
    report.memory(server.memory()?)
}

/// Returns how many events one thread decodes in a second.
fn decode_alone(bodies: &[Vec<u8>]) -> anyhow::Result<f64> {
    const TIME: Duration = Duration::from_secs(2);
    let schema = events::schema()?;
    let options = DecodeOptions {
        format: Format::Ndjson,
        now: Timestamp::now(),
        import_id: None,
    };
    let (began, mut rows) = (Instant::now(), 0);
    for body in bodies.iter().cycle() {
        let decoded = decode(&schema, std::hint::black_box(body), &options)?;
        rows += usize::try_from(std::hint::black_box(decoded).rows)?;
        if began.elapsed() > TIME {
            break;
        }
    }
    Ok(per_second(rows, began.elapsed()))
}
