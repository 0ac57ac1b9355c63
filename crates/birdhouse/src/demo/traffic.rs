//! Simulated shoppers and a warehouse.
//!
//! Every tick sends what is due at the chosen rate as one request: shoppers view, some put into
//! the cart, some buy. A few products are wanted more than others and the favourites drift, so
//! that the trending marks move. The warehouse delivers what runs low. A failing server costs the
//! ticks it is away; nothing piles up.

use std::fmt::Write;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::shop::now;

const TICKS_PER_SECOND: u32 = 4;
/// How often the warehouse looks at the stock.
const DELIVERY_EVERY: Duration = Duration::from_secs(5);
/// Stock below which a product is ordered again, some of the time.
const LOW_STOCK: i64 = 60;
const STORES: [&str; 3] = ["hedge-lane", "harbour", "mill-road"];

/// How much traffic, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    /// Events per second.
    pub(crate) rate: u32,
    /// When to stop; never when absent.
    pub(crate) limit: Option<Duration>,
}

/// Sends traffic until the limit or until `stop`.
///
/// # Errors
/// When the catalogue cannot be read.
pub(crate) async fn run(api: Api, traffic: Traffic, stop: CancellationToken) -> anyhow::Result<()> {
    if traffic.rate == 0 {
        return Ok(());
    }
    let rows = api.sql("SELECT id FROM products ORDER BY id").await?;
    let products: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(row.get("id")?.as_str()?.to_owned()))
        .collect();
    let mut shoppers = Shoppers {
        products,
        random: Random::new()?,
        owed: 0.0,
    };
    let mut ticks = interval(Duration::from_secs(1) / TICKS_PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let started = Instant::now();
    let mut delivered = started;
    while traffic.limit.is_none_or(|limit| started.elapsed() < limit) {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        shoppers.owed += f64::from(traffic.rate) / f64::from(TICKS_PER_SECOND);
        let rows = shoppers.shop(started.elapsed());
        if !rows.is_empty() {
            report(
                api.append("ecomm_events", rows).await.map(|_| ()),
                "shoppers",
            );
        }
        if delivered.elapsed() >= DELIVERY_EVERY {
            delivered = Instant::now();
            report(deliver(&api, &mut shoppers.random).await, "warehouse");
        }
    }
    Ok(())
}

fn report(result: anyhow::Result<()>, who: &str) {
    if let Err(error) = result {
        tracing::debug!(who, error = %format!("{error:#}"), "simulated traffic was not accepted");
    }
}

/// Everybody who is in the shop.
struct Shoppers {
    products: Vec<String>,
    random: Random,
    /// Events that are due; less than one stays for the next tick.
    owed: f64,
}

impl Shoppers {
    /// Returns the rows that are due, as NDJSON.
    fn shop(&mut self, elapsed: Duration) -> String {
        let timestamp = now();
        let mut rows = String::new();
        while self.owed >= 1.0 {
            let Some(product) = self.wanted(elapsed) else {
                break;
            };
            // One in three goes into the cart, half of those are bought.
            let events: &[&str] = match self.random.below(6) {
                0 => &["view", "cart", "sale"],
                1 => &["view", "cart"],
                _ => &["view"],
            };
            for event in events {
                let row = json!({ "timestamp": timestamp, "event": event, "product": product });
                // Writing to a String cannot fail.
                writeln!(rows, "{row}").ok();
                self.owed -= 1.0;
            }
        }
        rows
    }

    /// Returns a product: often one of the favourites, which change every two minutes.
    fn wanted(&mut self, elapsed: Duration) -> Option<String> {
        let count = self.products.len();
        let season = usize::try_from(elapsed.as_secs() / 120).unwrap_or_default();
        let index = match self.random.below(2) {
            0 => season * 7 + self.random.below(6) * 11,
            _ => self.random.below(count.max(1)),
        };
        self.products.get(index.checked_rem(count)?).cloned()
    }
}

/// Delivers some of what runs low.
async fn deliver(api: &Api, random: &mut Random) -> anyhow::Result<()> {
    let low = format!(
        "SELECT product, sum(available_stock) AS stock FROM mv_latest_availability \
         GROUP BY product HAVING stock < {LOW_STOCK} ORDER BY stock"
    );
    let mut rows = String::new();
    for product in api
        .sql(&low)
        .await?
        .iter()
        .filter_map(|row| row.get("product"))
    {
        // What is sold out may stay so for a while, as in a real shop.
        if random.below(4) == 0 {
            let store = STORES
                .get(random.below(STORES.len()))
                .copied()
                .unwrap_or_default();
            let amount = 40 + random.below(160);
            let row =
                json!({ "timestamp": now(), "product": product, "store": store, "amount": amount });
            writeln!(rows, "{row}").context("write a row")?;
        }
    }
    if !rows.is_empty() {
        api.append("warehouse_stock", rows).await?;
    }
    Ok(())
}

/// A small random generator (splitmix64); nothing here needs more.
struct Random(u64);

impl Random {
    fn new() -> anyhow::Result<Self> {
        let nanos = jiff::Timestamp::now().as_nanosecond();
        Ok(Self(
            u64::try_from(nanos & i128::from(u64::MAX)).context("seed")?,
        ))
    }

    /// Returns a number from 0 to `limit` − 1.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or_default()
    }
}
