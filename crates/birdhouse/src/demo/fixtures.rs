//! Loads the fixtures into empty data sources, moved in time so that their month ends now.
//!
//! They come as files, so that the pulse can tell them from live events.

use anyhow::{Context, anyhow};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::api::Api;
use super::pages;

/// Timestamp of the newest event of the fixtures (`examples/ecommerce/generate_fixtures.py`).
const ANCHOR: &str = "2025-06-30 12:00:00";

/// Rows that are sent at once.
const BATCH_ROWS: usize = 5_000;

const TIMESTAMP_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// Fills the data sources that are empty and reports each step through `progress`.
///
/// # Errors
/// When a fixture is not accepted as a whole.
pub(crate) async fn load(api: &Api, mut progress: impl FnMut(String)) -> anyhow::Result<()> {
    if is_empty(api, "products").await? {
        api.upload("products", "csv", fixture("products.csv")?)
            .await?;
        progress("products: the catalogue is there".to_owned());
    }
    let now = jiff::Timestamp::now().to_zoned(TimeZone::UTC).datetime();
    let anchor = DateTime::strptime(TIMESTAMP_FORMAT, ANCHOR)?;
    let shift = now.duration_since(anchor);
    for datasource in ["warehouse_stock", "ecomm_events"] {
        if !is_empty(api, datasource).await? {
            continue;
        }
        let rows = shifted(&fixture(&format!("{datasource}.ndjson"))?, shift)?;
        let mut sent = 0;
        for batch in rows.chunks(BATCH_ROWS) {
            let file = batch.concat().into_bytes();
            api.upload(datasource, "ndjson", file).await?;
            sent += batch.len();
            progress(format!("{datasource}: {sent} of {} rows", rows.len()));
        }
    }
    Ok(())
}

async fn is_empty(api: &Api, datasource: &str) -> anyhow::Result<bool> {
    let rows = api
        .sql(&format!("SELECT count() AS n FROM {datasource}"))
        .await?;
    Ok(rows
        .first()
        .and_then(|row| row.get("n"))
        .and_then(Value::as_u64)
        == Some(0))
}

fn fixture(name: &str) -> anyhow::Result<Vec<u8>> {
    pages::fixture(name).ok_or_else(|| anyhow!("the fixture {name} is not in the binary"))
}

/// Returns the rows, each a line, with `shift` added to their timestamps.
fn shifted(fixture: &[u8], shift: SignedDuration) -> anyhow::Result<Vec<String>> {
    let text = std::str::from_utf8(fixture)?;
    text.lines()
        .map(|line| {
            let mut row: Value = serde_json::from_str(line)?;
            let timestamp = row
                .get_mut("timestamp")
                .context("a row without timestamp")?;
            let old = timestamp.as_str().context("a timestamp that is not text")?;
            let new = DateTime::strptime(TIMESTAMP_FORMAT, old)?.checked_add(shift)?;
            *timestamp = Value::String(new.strftime(TIMESTAMP_FORMAT).to_string());
            Ok(format!("{row}\n"))
        })
        .collect()
}
