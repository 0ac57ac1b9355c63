//! `/metrics`: counters and gauges for Prometheus.
//!
//! Names: `birdhouse_<area>_<what>_<unit>[_total]`, in base units.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use birdhouse_ingest::{
    FlushCounters, IngestionStatus, SYNC_TIME_BOUNDS, SourceName, SourceStatus,
};

use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// `GET /metrics`, with an admin token.
pub(super) async fn metrics(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
) -> Result<Response, ApiError> {
    if !ctx.scopes().is_admin() {
        return Err(ApiError::forbidden("only an admin token may read metrics"));
    }
    let mut status = app.ingestion.status();
    if !ctx.caller.is_account() {
        // An admin of one workspace learns nothing of the others.
        let own = &ctx.workspace().workspace.database;
        status.sources.retain(|source| source.name.database == *own);
    }
    let text = render(&status, app.dropped_records());
    // Source: the Prometheus text exposition format.
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((content_type, text).into_response())
}

fn render(status: &IngestionStatus, telemetry_dropped: u64) -> String {
    let mut page = Page::default();
    journal(&mut page, status);
    flushes(&mut page, &status.flushes);
    datasources(&mut page, &status.sources);
    page.counter(
        "telemetry_dropped_rows_total",
        "Rows of service data sources that were lost.",
        telemetry_dropped,
    );
    page.0
}

fn journal(page: &mut Page, status: &IngestionStatus) {
    let journal = &status.journal;
    let is_poisoned = u64::from(journal.poisoned.is_some());
    for (name, help, value) in [
        ("bytes", "Size of the segments.", journal.bytes),
        (
            "bytes_max",
            "Size at which appends are refused.",
            status.journal_bytes_max,
        ),
        ("segments", "Number of segments.", journal.segments as u64),
        (
            "damaged_segments",
            "Segments with records that cannot be read.",
            journal.damaged_segments as u64,
        ),
        (
            "poisoned",
            "1 when nothing is acknowledged until a restart.",
            is_poisoned,
        ),
    ] {
        page.gauge(&format!("journal_{name}"), help, value);
    }
    page.counter("journal_records_total", "Records written.", journal.records);
    page.counter(
        "journal_record_bytes_total",
        "Bytes of their content.",
        journal.record_bytes,
    );
    let syncs = &journal.syncs;
    page.head("journal_sync_seconds", "histogram", "Time of each sync.");
    let mut below = 0;
    for (class, count) in syncs.classes.iter().enumerate() {
        below += count;
        let bound = SYNC_TIME_BOUNDS.get(class);
        let bound = bound.map_or_else(|| "+Inf".to_owned(), |b| b.as_secs_f64().to_string());
        page.line(
            &format!("journal_sync_seconds_bucket{{le=\"{bound}\"}}"),
            below,
        );
    }
    page.line("journal_sync_seconds_sum", syncs.sum.as_secs_f64());
    page.line("journal_sync_seconds_count", syncs.count);
}

fn flushes(page: &mut Page, flushes: &FlushCounters) {
    for (name, help, value) in [
        (
            "ingest_acknowledged_total",
            "Requests and chunks acknowledged.",
            flushes.acknowledged,
        ),
        (
            "ingest_rows_total",
            "Rows acknowledged for data sources.",
            flushes.rows,
        ),
        (
            "ingest_quarantined_rows_total",
            "Rows acknowledged for quarantines.",
            flushes.quarantined_rows,
        ),
        ("flush_batches_total", "Batches stored.", flushes.batches),
        ("flush_rows_total", "Rows stored.", flushes.batch_rows),
        (
            "flush_failures_total",
            "Attempts that failed.",
            flushes.failures,
        ),
    ] {
        page.counter(name, help, value);
    }
    page.gauge(
        "flush_batch_rows_max",
        "Rows of the largest batch.",
        flushes.batch_rows_max,
    );
    page.head(
        "flush_seconds_total",
        "counter",
        "Time that batches took in the engine.",
    );
    page.line("flush_seconds_total", flushes.elapsed.as_secs_f64());
    page.head(
        "flush_last_lag_seconds",
        "gauge",
        "From acknowledgement to storage, last batch.",
    );
    page.line("flush_last_lag_seconds", flushes.last_lag.as_secs_f64());
}

fn datasources(page: &mut Page, sources: &[SourceStatus]) {
    page.head(
        "datasource_pending_rows",
        "gauge",
        "Rows acknowledged and not stored yet.",
    );
    for source in sources {
        page.line(
            &label("datasource_pending_rows", &source.name),
            source.pending_rows,
        );
    }
    page.head(
        "datasource_lag_seconds",
        "gauge",
        "How long the oldest of them has waited.",
    );
    for source in sources {
        page.line(
            &label("datasource_lag_seconds", &source.name),
            source.lag.as_secs_f64(),
        );
    }
    page.head(
        "datasource_stuck",
        "gauge",
        "1 when the engine refuses the rows.",
    );
    for source in sources {
        let is_stuck = source.trouble.as_ref().is_some_and(|t| !t.is_engine_away);
        page.line(
            &label("datasource_stuck", &source.name),
            u64::from(is_stuck),
        );
    }
}

fn label(name: &str, source: &SourceName) -> String {
    // Both are identifiers that the deployment has checked.
    format!(
        "{name}{{database=\"{}\",datasource=\"{}\"}}",
        source.database, source.datasource
    )
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(
            self.0,
            "# HELP birdhouse_{name} {help}\n# TYPE birdhouse_{name} {kind}"
        )
        .ok();
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        writeln!(self.0, "birdhouse_{name} {value}").ok();
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        self.line(name, value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.line(name, value);
    }
}
