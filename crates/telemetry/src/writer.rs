//! The task that sends what was recorded to the engine.
//!
//! A batch gets a token of its own and keeps it when it is tried again, so the engine stores it once,
//! whatever happened to the first attempt. Batches that the engine does not take in time are dropped.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use birdhouse_engine::{Engine, EngineError, ErrorKind, Insert};
use bytes::Bytes;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use crate::Recorder;
use crate::limits::{
    DRAIN_TIME_MAX, LINGER, RETRY_PAUSE, RETRY_PAUSE_MAX, RETRY_TIME_MAX, WARNING_PAUSE,
};
use crate::recorder::{Batch, Queue};

/// Sends what is recorded to anything that takes rows.
#[derive(Debug)]
pub(crate) struct Writer<S> {
    queue: Arc<Queue>,
    sink: S,
    reported: Reported,
    /// When a shutdown stops waiting; set when it begins.
    drain_until: OnceLock<Instant>,
}

/// What takes the rows: the engine, and a substitute in tests.
pub(crate) trait Sink {
    fn insert(&self, insert: Insert) -> impl Future<Output = Result<(), EngineError>> + Send;
}

/// What the log knows about dropped rows.
#[derive(Debug, Default)]
struct Reported {
    rows: u64,
    at: Option<Instant>,
    last_error: Option<EngineError>,
}

impl Sink for Engine {
    async fn insert(&self, insert: Insert) -> Result<(), EngineError> {
        Self::insert(self, insert).await.map(|_| ())
    }
}

impl<S: Sink> Writer<S> {
    pub(crate) fn new(recorder: &Recorder, sink: S) -> Self {
        Self {
            queue: recorder.queue(),
            sink,
            reported: Reported::default(),
            drain_until: OnceLock::new(),
        }
    }

    /// Writes until `shutdown`, then what is left.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.queue.arrived() => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = sleep(LINGER) => {}
                () = self.queue.filled() => {}
            }
            self.flush(&shutdown).await;
        }
        self.flush(&shutdown).await;
    }

    async fn flush(&mut self, shutdown: &CancellationToken) {
        for batch in self.queue.take() {
            let (rows, name) = (batch.rows, batch.datasource.name);
            if let Err(error) = self.insert(batch, shutdown).await {
                self.queue.count_dropped(rows);
                debug!(datasource = name, rows, %error, "telemetry batch given up");
                self.reported.last_error = Some(error);
            }
        }
        self.reported.report(self.queue.dropped_rows());
    }

    /// Inserts a batch, again and again with the same token while the engine may take it later.
    async fn insert(
        &mut self,
        batch: Batch,
        shutdown: &CancellationToken,
    ) -> Result<(), EngineError> {
        let insert = to_insert(batch);
        let give_up = Instant::now() + RETRY_TIME_MAX;
        let mut pause = RETRY_PAUSE;
        loop {
            let error = tokio::select! {
                result = self.sink.insert(insert.clone()) => match result {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                },
                () = self.drain_ended(shutdown) => {
                    return Err(EngineError::Timeout { limit: DRAIN_TIME_MAX });
                }
            };
            if !may_pass(&error) || Instant::now() + pause > give_up {
                return Err(error);
            }
            self.reported.report(self.queue.dropped_rows());
            tokio::select! {
                () = sleep(pause) => {}
                () = self.drain_ended(shutdown) => return Err(error),
            }
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
    }

    /// Waits until a shutdown has begun and its time is over.
    async fn drain_ended(&self, shutdown: &CancellationToken) {
        shutdown.cancelled().await;
        let end = self
            .drain_until
            .get_or_init(|| Instant::now() + DRAIN_TIME_MAX);
        sleep_until(*end).await;
    }
}

impl Reported {
    /// Logs rows that were dropped since the last time, not too often.
    fn report(&mut self, dropped_rows: u64) {
        let now = Instant::now();
        let is_due = self.at.is_none_or(|at| now - at >= WARNING_PAUSE);
        if dropped_rows == self.rows || !is_due {
            return;
        }
        let reason = match self.last_error.take() {
            Some(error) => error.to_string(),
            None => "the queue was full".to_owned(),
        };
        warn!(
            rows = dropped_rows - self.rows,
            rows_total = dropped_rows,
            reason,
            "telemetry rows were dropped"
        );
        self.rows = dropped_rows;
        self.at = Some(now);
    }
}

/// Returns true when the same insert may succeed later.
fn may_pass(error: &EngineError) -> bool {
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::TooLarge | ErrorKind::Internal => {
            true
        }
        ErrorKind::InvalidInput | ErrorKind::Forbidden | ErrorKind::NotFound => false,
    }
}

fn to_insert(batch: Batch) -> Insert {
    Insert {
        database: batch.database.to_string(),
        table: batch.datasource.name.to_owned(),
        columns: batch
            .datasource
            .columns
            .iter()
            .map(|column| column.name.to_owned())
            .collect(),
        format: "JSONEachRow",
        data: Bytes::from(batch.lines),
        token: format!("telemetry-{}", Uuid::new_v4()),
        settings: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
