//! What the page behind the shop shows: the pipeline of the last minute, read by SQL.
//!
//! Everything comes from the service data sources and the project's own tables, so an operator can
//! run the same queries. Rates count what came through the Events API, not files. Readers within a
//! second share one answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::api::Api;

const WINDOW_SECONDS: u32 = 60;
/// Age up to which an answer is given again.
const FRESH: Duration = Duration::from_millis(900);

const INGEST: &str = "\
SELECT d.name AS datasource,
       round(sumIf(l.rows, recent AND l.event_type = 'append-hfi') / 60, 1) AS events_per_second,
       sumIf(l.rows, recent) AS rows,
       sumIf(l.rows_quarantine, recent) AS quarantined,
       if(max(l.timestamp) = 0, NULL, max(l.timestamp)) AS last_append
FROM (SELECT arrayJoin(['ecomm_events', 'warehouse_stock', 'products']) AS name) AS d
LEFT JOIN (
    SELECT datasource_name, event_type, timestamp, timestamp > now() - 60 AS recent,
           ifNull(rows, 0) AS rows, ifNull(rows_quarantine, 0) AS rows_quarantine
    FROM tinybird.datasources_ops_log
    WHERE event_type LIKE 'append%' AND pipe_name = ''
) AS l ON l.datasource_name = d.name
GROUP BY d.name
ORDER BY d.name";

const MATERIALIZATIONS: &str = "\
SELECT v.1 AS name, v.2 AS source, 'mv_latest_availability' AS target,
       sumIf(l.read_rows, recent) AS source_rows,
       if(max(l.timestamp) = 0, NULL, max(l.timestamp)) AS last_run,
       countIf(recent AND l.result = 'error') AS errors
FROM (
    SELECT arrayJoin([('mat_stock_sales', 'ecomm_events'), ('mat_stock_wh', 'warehouse_stock')]) AS v
) AS views
LEFT JOIN (
    SELECT pipe_name, timestamp, timestamp > now() - 60 AS recent, read_rows, result
    FROM tinybird.datasources_ops_log
    WHERE pipe_name != ''
) AS l ON l.pipe_name = v.1
GROUP BY v
ORDER BY name";

const STOCK: &str = "\
SELECT count() AS products, sum(greatest(stock, 0)) AS units,
       countIf(stock <= 0) AS out_of_stock, countIf(stock > 0 AND stock <= 100) AS low
FROM (
    SELECT p.id AS id, m.stock AS stock
    FROM products AS p
    LEFT JOIN (
        SELECT product, sum(available_stock) AS stock FROM mv_latest_availability GROUP BY product
    ) AS m ON m.product = p.id
)";

const ENDPOINTS: &str = "\
SELECT e.name AS name, countIf(called) AS calls, countIf(called AND c.error = 1) AS errors,
       if(calls = 0, NULL, round(quantileIf(0.5)(c.duration, called) * 1000, 1)) AS p50_ms,
       if(calls = 0, NULL, round(quantileIf(0.95)(c.duration, called) * 1000, 1)) AS p95_ms
FROM (SELECT arrayJoin(['api_product_grid', 'api_ui_filters']) AS name) AS e
LEFT JOIN (
    SELECT pipe_name, duration, error, 1 AS called
    FROM tinybird.pipe_stats_rt
    WHERE start_datetime > now() - 60
) AS c ON c.pipe_name = e.name
GROUP BY e.name
ORDER BY e.name";

const SERIES: &str = "\
SELECT s.second AS second, ifNull(any(i.events), 0) AS events, any(c.calls) AS calls
FROM (SELECT toDateTime(now() - 60 + number) AS second FROM numbers(60)) AS s
LEFT JOIN (
    SELECT timestamp AS second, sum(rows) AS events
    FROM tinybird.datasources_ops_log
    WHERE timestamp > now() - 65 AND event_type = 'append-hfi'
    GROUP BY second
) AS i ON i.second = s.second
LEFT JOIN (
    SELECT start_datetime AS second, count() AS calls
    FROM tinybird.pipe_stats_rt
    WHERE start_datetime > now() - 65 AND pipe_name != 'query_api'
    GROUP BY second
) AS c ON c.second = s.second
GROUP BY second
ORDER BY second";

const ACCURACY: &str = "\
SELECT count() AS checked, groupArrayIf(product, shown != counted) AS differing
FROM (
    SELECT product, sum(in_view) AS shown, sum(recounted) AS counted
    FROM (
        SELECT product, available_stock AS in_view, 0 AS recounted FROM mv_latest_availability
        UNION ALL
        SELECT product, 0 AS in_view, toInt64(amount) AS recounted FROM warehouse_stock
        UNION ALL
        SELECT product, 0 AS in_view, toInt64(-1) AS recounted FROM ecomm_events WHERE event = 'sale'
    )
    GROUP BY product
)";

/// Name, query, and whether its rows (else its first row) are shown.
const QUERIES: [(&str, &str, bool); 6] = [
    ("ingest", INGEST, true),
    ("materializations", MATERIALIZATIONS, true),
    ("stock", STOCK, false),
    ("endpoints", ENDPOINTS, true),
    ("series", SERIES, true),
    ("accuracy", ACCURACY, false),
];

/// Reads the pulse, once a second at most. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pulse {
    api: Api,
    last: Arc<Mutex<Option<Reading>>>,
}

/// What was read last.
struct Reading {
    at: Instant,
    pulse: Value,
    /// Products whose stock differed from the recount.
    differing: Vec<Value>,
}

impl Pulse {
    pub(super) fn new(api: Api) -> Self {
        Self {
            api,
            last: Arc::default(),
        }
    }

    /// Returns the document of `GET /shop/api/pulse` (`examples/ecommerce/shop/README.md`).
    pub(super) async fn read(&self) -> anyhow::Result<Value> {
        let mut last = self.last.lock().await;
        if let Some(reading) = last.as_ref().filter(|reading| reading.at.elapsed() < FRESH) {
            return Ok(reading.pulse.clone());
        }
        let mut pulse = json!({ "window_seconds": WINDOW_SECONDS });
        for (name, query, many) in QUERIES {
            let mut rows = self.api.sql(query).await?;
            let shown = if many {
                Value::Array(rows)
            } else {
                rows.pop().unwrap_or_default()
            };
            if let Some(pulse) = pulse.as_object_mut() {
                pulse.insert(name.to_owned(), shown);
            }
        }
        let before = last.take().map(|reading| reading.differing);
        let differing = judge(&mut pulse, &before.unwrap_or_default());
        *last = Some(Reading {
            at: Instant::now(),
            pulse: pulse.clone(),
            differing,
        });
        Ok(pulse)
    }
}

/// Replaces the products that differ by the number of those that differed `before` as well, and
/// returns them.
///
/// The query reads the view and its sources one after the other, so an event between the two looks
/// like a mistake once, never twice.
fn judge(pulse: &mut Value, before: &[Value]) -> Vec<Value> {
    let Some(accuracy) = pulse.get_mut("accuracy").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let differing = match accuracy.remove("differing") {
        Some(Value::Array(products)) => products,
        _ => Vec::new(),
    };
    let wrong = differing
        .iter()
        .filter(|product| before.contains(product))
        .count();
    accuracy.insert("wrong".to_owned(), wrong.into());
    differing
}

/// Returns the document of `GET /shop/api/pulse/sql`.
pub(super) fn queries() -> Value {
    let queries = QUERIES.map(|(name, sql, _)| json!({ "name": name, "sql": sql }));
    json!({ "queries": queries })
}
