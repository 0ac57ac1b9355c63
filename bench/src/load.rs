//! Closed-loop load: so many connections, each sends its next request when it has its answer.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::task::JoinSet;

use crate::connection::Connection;

/// What became of a load.
pub(crate) struct Outcome {
    /// Requests that were acknowledged.
    pub(crate) acknowledged: usize,
    /// Requests that were told to come again (429 and 503).
    pub(crate) refused: usize,
    pub(crate) elapsed: Duration,
    /// Of the acknowledged ones, sorted.
    latencies: Vec<Duration>,
}

impl Outcome {
    /// Returns acknowledged requests per second.
    pub(crate) fn rate(&self) -> f64 {
        per_second(self.acknowledged, self.elapsed)
    }

    /// Returns the latency that this share of the requests, in percent, is not above.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        percentile(&self.latencies, percent)
    }
}

pub(crate) fn per_second(count: usize, elapsed: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / elapsed.as_secs_f64()
}

/// Returns a percentile of sorted times.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}

/// Sends `requests` in turns over all `connections` until the time is over.
pub(crate) async fn run(
    connections: Vec<Connection>,
    requests: Vec<Vec<u8>>,
    time: Duration,
) -> anyhow::Result<Outcome> {
    let requests = Rc::new(requests);
    let started = Instant::now();
    let mut clients = JoinSet::new();
    let step = connections.len();
    for (number, connection) in connections.into_iter().enumerate() {
        // Each client has requests of its own, unless there are fewer than clients.
        let own = (number % requests.len()..requests.len()).step_by(step);
        let client = client(connection, Rc::clone(&requests), own, started + time);
        clients.spawn_local(client);
    }
    let mut outcome = Outcome {
        acknowledged: 0,
        refused: 0,
        elapsed: Duration::ZERO,
        latencies: Vec::new(),
    };
    while let Some(client) = clients.join_next().await {
        let (latencies, refused) = client??;
        outcome.latencies.extend(latencies);
        outcome.refused += refused;
    }
    outcome.elapsed = started.elapsed();
    outcome.acknowledged = outcome.latencies.len();
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

async fn client(
    mut connection: Connection,
    requests: Rc<Vec<Vec<u8>>>,
    own: impl Iterator<Item = usize> + Clone,
    end: Instant,
) -> anyhow::Result<(Vec<Duration>, usize)> {
    /// Pause after a refusal.
    const PAUSE: Duration = Duration::from_millis(10);
    let (mut latencies, mut refused) = (Vec::new(), 0);
    for request in own.cycle().filter_map(|number| requests.get(number)) {
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        let answer = connection.exchange(request).await?;
        match answer.status {
            200..300 => latencies.push(sent.elapsed()),
            429 | 503 => {
                refused += 1;
                tokio::time::sleep(PAUSE).await;
            }
            status => bail!("{status}: {}", String::from_utf8_lossy(&answer.body)),
        }
    }
    Ok((latencies, refused))
}
