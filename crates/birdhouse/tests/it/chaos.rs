//! Nothing acknowledged is lost and nothing arrives twice, whatever dies, fills up or breaks.
//!
//! Writers send rows that know which request they are of, and the ledger knows what each request was
//! answered. After everything that a test does, the tables must hold exactly what the ledger says:
//! the landing table, two materialized views in a row, and the quarantine.

mod carry;
mod corruption;
mod full_disk;
mod kill_loop;
mod kill_points;
mod ledger;
mod machine_stop;
mod stuck;
mod writer;

use std::time::Duration;

use crate::harness::{Client, wait_until};

/// A landing data source with two views in a row, and one with a view that fails on the row 13 as
/// long as another data source is empty.
const PROJECT: &str = "
--- datasources/sales.datasource
SCHEMA >
    `ts` DateTime `json:$.ts`,
    `writer` UInt32 `json:$.writer`,
    `request` UInt32 `json:$.request`,
    `id` UInt64 `json:$.id`,
    `amount` Int64 `json:$.amount`,
    `note` String `json:$.note`

ENGINE \"MergeTree\"
ENGINE_PARTITION_KEY \"toYYYYMM(ts)\"
ENGINE_SORTING_KEY \"writer, request\"
--- datasources/sales_hourly.datasource
SCHEMA >
    `hour` DateTime,
    `writer` UInt32,
    `revenue` SimpleAggregateFunction(sum, Int64),
    `sold` SimpleAggregateFunction(sum, UInt64)

ENGINE \"AggregatingMergeTree\"
ENGINE_PARTITION_KEY \"toYYYYMM(hour)\"
ENGINE_SORTING_KEY \"writer, hour\"
--- datasources/sales_total.datasource
SCHEMA >
    `writer` UInt32,
    `total` SimpleAggregateFunction(sum, Int64),
    `rows` SimpleAggregateFunction(sum, UInt64)

ENGINE \"AggregatingMergeTree\"
ENGINE_SORTING_KEY \"writer\"
--- materializations/hourly.pipe
NODE hours
SQL >
    SELECT toStartOfHour(ts) AS hour, writer, sumSimpleState(amount) AS revenue, sumSimpleState(toUInt64(1)) AS sold
    FROM sales
    GROUP BY hour, writer

TYPE MATERIALIZED
DATASOURCE sales_hourly
--- materializations/total.pipe
NODE totals
SQL >
    SELECT writer, sumSimpleState(revenue) AS total, sumSimpleState(sold) AS rows
    FROM sales_hourly
    GROUP BY writer

TYPE MATERIALIZED
DATASOURCE sales_total
--- datasources/unlucky.datasource
SCHEMA >
    `n` Int64 `json:$.n`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"n\"
--- datasources/permits.datasource
SCHEMA >
    `n` Int64 `json:$.n`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"n\"
--- datasources/unlucky_sum.datasource
SCHEMA >
    `k` UInt8,
    `s` SimpleAggregateFunction(sum, Int64)

ENGINE \"AggregatingMergeTree\"
ENGINE_SORTING_KEY \"k\"
--- materializations/unlucky_view.pipe
NODE sums
SQL >
    SELECT toUInt8(throwIf(n = 13 AND (SELECT count() FROM permits) = 0, 'thirteen')) AS k, sumSimpleState(n) AS s
    FROM unlucky
    GROUP BY k

TYPE MATERIALIZED
DATASOURCE unlucky_sum
";

/// How long anything may take on a machine that does other things as well.
const LIMIT: Duration = Duration::from_secs(60);

/// Small segments that are trimmed all the time, so that every part of the journal's life is seen.
const SMALL_AND_BUSY: [(&str, &str); 2] = [
    ("BIRDHOUSE_JOURNAL_SEGMENT_BYTES", "1048576"),
    ("BIRDHOUSE_SYNC_INTERVAL_MS", "300"),
];

/// Waits until everything that was acknowledged for a data source is stored.
fn wait_stored(admin: &Client, datasource: &str) {
    wait_until("everything is stored", LIMIT, || {
        let status = admin.get("/v0/ingestion").ok().json();
        let sources = status["datasources"].as_array().unwrap();
        let source = sources.iter().find(|source| source["name"] == datasource);
        match source {
            Some(source) if source["pending_rows"] != 0 => Err(source.to_string()),
            _ => Ok(()),
        }
    });
}
