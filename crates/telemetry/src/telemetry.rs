//! The running telemetry of a server: its recorder and its writer, started and stopped together.

use birdhouse_engine::Engine;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Recorder;
use crate::writer::Writer;

/// The recorder and the task that sends its rows to the engine.
#[derive(Debug)]
pub struct Telemetry {
    recorder: Recorder,
    shutdown: CancellationToken,
    writer: JoinHandle<()>,
}

impl Telemetry {
    /// Starts the task on the current runtime. The tables of a workspace must exist before
    /// something is recorded for it, see [`crate::ensure_tables`].
    #[must_use]
    pub fn start(engine: Engine) -> Self {
        let recorder = Recorder::default();
        let shutdown = CancellationToken::new();
        let writer = Writer::new(&recorder, engine);
        Self {
            recorder,
            writer: tokio::spawn(writer.run(shutdown.clone())),
            shutdown,
        }
    }

    /// Returns the recorder for whoever has something to record.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// Sends what is left, for at most two seconds, and ends the task. Call it while the engine still
    /// runs; what is recorded later is lost.
    pub async fn stop(self) {
        self.shutdown.cancel();
        if let Err(error) = self.writer.await {
            warn!(%error, "telemetry ended badly");
        }
    }
}
