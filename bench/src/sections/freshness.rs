//! From the acknowledgement of an event to its being seen by an endpoint, under steady load.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;
use tokio::time::MissedTickBehavior;

use super::{STORED_MAX, append};
use crate::connection::{Connection, request};
use crate::events;
use crate::load::percentile;
use crate::report::Report;
use crate::server::{Server, TOKEN};

const TIME: Duration = Duration::from_secs(8);
/// 100 events every 10 ms are 10,000 in a second.
const BATCH_ROWS: usize = 100;
const BATCH_PAUSE: Duration = Duration::from_millis(10);
const PROBE_PAUSE: Duration = Duration::from_millis(20);
const POLL_PAUSE: Duration = Duration::from_millis(4);

pub(super) async fn run(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    report.section("freshness at 10,000 events/s; target p50 100 ms, p99 300 ms")?;
    let before = server.rows().await?;
    let end = Instant::now() + TIME;
    let load = tokio::task::spawn_local(load(server.connections(4).await?, end));
    let acknowledged = tokio::task::spawn_local(probes(server.connect().await?, end));
    let seen = watch(server.connect().await?, end).await?;
    let (sent, acknowledged) = (load.await??, acknowledged.await??);
    let mut times: Vec<Duration> = acknowledged
        .iter()
        .enumerate()
        .filter_map(|(number, acknowledged)| {
            let seen = seen.iter().find(|(newest, _)| *newest > number)?;
            Some(seen.1.saturating_duration_since(*acknowledged))
        })
        .collect();
    times.sort_unstable();
    report.time("acknowledged to visible, p50", percentile(&times, 50), "")?;
    report.time("acknowledged to visible, p99", percentile(&times, 99), "")?;
    let what = format!("events/s sent, {} probes", times.len());
    report.figure("load", crate::load::per_second(sent, TIME), &what)?;
    let rows = sent + acknowledged.len();
    server
        .stored(before + u64::try_from(rows)?, STORED_MAX)
        .await?;
    report.memory(server.memory()?)
}

/// Sends batches at a steady rate; returns how many events.
async fn load(mut connections: Vec<Connection>, end: Instant) -> anyhow::Result<usize> {
    let request = append(&events::ndjson(0, BATCH_ROWS));
    let mut senders = tokio::task::JoinSet::new();
    let pause = BATCH_PAUSE * u32::try_from(connections.len())?;
    for (number, mut connection) in connections.drain(..).enumerate() {
        let request = request.clone();
        senders.spawn_local(async move {
            tokio::time::sleep(BATCH_PAUSE * u32::try_from(number)?).await;
            let mut ticks = tokio::time::interval(pause);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut sent = 0;
            while Instant::now() < end {
                ticks.tick().await;
                connection.exchange(&request).await?.ok()?;
                sent += BATCH_ROWS;
            }
            anyhow::Ok(sent)
        });
    }
    let mut sent = 0;
    while let Some(sender) = senders.join_next().await {
        sent += sender??;
    }
    Ok(sent)
}

/// Sends numbered events; returns when each was acknowledged.
async fn probes(mut connection: Connection, end: Instant) -> anyhow::Result<Vec<Instant>> {
    let mut ticks = tokio::time::interval(PROBE_PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut acknowledged = Vec::new();
    while Instant::now() < end {
        ticks.tick().await;
        // Numbers begin with 1: nothing has arrived at 0.
        let request = append(&events::probe(acknowledged.len() + 1));
        connection.exchange(&request).await?.ok()?;
        acknowledged.push(Instant::now());
    }
    Ok(acknowledged)
}

/// Asks the endpoint until some time after the end; returns how many probes were there when.
async fn watch(mut connection: Connection, end: Instant) -> anyhow::Result<Vec<(usize, Instant)>> {
    const AFTER: Duration = Duration::from_secs(2);
    let request = request("/v0/pipes/newest_probe.json", TOKEN, b"");
    let mut seen = Vec::new();
    while Instant::now() < end + AFTER {
        let body = connection.exchange(&request).await?.ok()?;
        let now = Instant::now();
        let answer: Value = serde_json::from_slice(&body)?;
        let newest = answer.pointer("/data/0/newest").and_then(Value::as_u64);
        seen.push((usize::try_from(newest.context("no probe")?)?, now));
        tokio::time::sleep(POLL_PAUSE).await;
    }
    Ok(seen)
}
