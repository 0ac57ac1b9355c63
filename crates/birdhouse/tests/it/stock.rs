//! Stock accuracy: whatever arrives, in whatever portions, the materialized view is a recount.

use std::collections::BTreeMap;
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Client, Random, Scratch, Server, ago, example, ndjson};

const CLIENTS: u64 = 8;
const ROWS_PER_CLIENT: usize = 2_500;
const PRODUCTS: i64 = 300;

/// What one client sent and the server accepted.
#[derive(Default)]
struct Sent {
    /// Stock by product.
    stock: BTreeMap<String, i64>,
    events: u64,
    changes: u64,
    bad_rows: u64,
}

impl Sent {
    fn add(&mut self, other: Self) {
        for (product, stock) in other.stock {
            *self.stock.entry(product).or_default() += stock;
        }
        self.events += other.events;
        self.changes += other.changes;
        self.bad_rows += other.bad_rows;
    }
}

/// Returns a random row for `ecomm_events` or, with `is_change`, for `warehouse_stock`.
fn row(random: &mut Random, is_change: bool, sent: &mut Sent) -> Value {
    let product = format!("product-{:03}", random.range(0, PRODUCTS - 1));
    let timestamp = ago(random.range(0, 100_000));
    // One row in a hundred is bad: it goes to quarantine and must not count.
    if random.range(1, 100) == 1 {
        sent.bad_rows += 1;
        return json!({"timestamp": "yesterday", "event": "sale", "product": product, "store": "a", "amount": 1});
    }
    if is_change {
        let amount = random.range(-50, 120);
        sent.changes += 1;
        *sent.stock.entry(product.clone()).or_default() += amount;
        json!({"timestamp": timestamp, "product": product, "store": "harbour", "amount": amount})
    } else {
        let event = *random.pick(&["view", "cart", "sale", "sale"]);
        sent.events += 1;
        *sent.stock.entry(product.clone()).or_default() -= i64::from(event == "sale");
        json!({"timestamp": timestamp, "event": event, "product": product})
    }
}

/// Sends random batches until all rows of this client are accepted.
fn send(client: &Client, seed: u64) -> Sent {
    let mut random = Random::new(seed);
    let mut sent = Sent::default();
    let mut left = ROWS_PER_CLIENT;
    while left > 0 {
        let size = usize::try_from(*random.pick(&[1, 1, 1, 2, 7, 30, 110, 400]))
            .unwrap()
            .min(left);
        left -= size;
        let is_change = random.range(0, 1) == 1;
        let bad_before = sent.bad_rows;
        let rows: Vec<Value> = (0..size)
            .map(|_| row(&mut random, is_change, &mut sent))
            .collect();
        let bad = usize::try_from(sent.bad_rows - bad_before).unwrap();
        let datasource = if is_change {
            "warehouse_stock"
        } else {
            "ecomm_events"
        };
        let (wait, status) = *random.pick(&[("true", 200), ("false", 202)]);
        let path = format!("/v0/events?name={datasource}&wait={wait}");
        let answer = client.post(path, ndjson(&rows)).expect(status);
        assert_eq!(
            answer.json(),
            json!({"successful_rows": size - bad, "quarantined_rows": bad})
        );
    }
    sent
}

/// Compares the view with a recount by the engine and with what was sent, once all of it is stored.
fn compare(server: &Server, sent: &Sent) {
    let admin = server.admin();
    admin.wait_until_stored();
    let differing = admin.sql(
        "SELECT product, sum(shown) AS in_view, sum(counted) AS recount FROM (
             SELECT product, available_stock AS shown, 0 AS counted FROM mv_latest_availability
             UNION ALL SELECT product, 0 AS shown, toInt64(amount) AS counted FROM warehouse_stock
             UNION ALL SELECT product, 0 AS shown, toInt64(-1) AS counted FROM ecomm_events WHERE event = 'sale'
         ) GROUP BY product HAVING in_view != recount",
    );
    assert_eq!(differing, Vec::<Value>::new(), "the view is not a recount");
    let shown: BTreeMap<String, i64> = admin
        .sql("SELECT product, sum(available_stock) AS stock FROM mv_latest_availability GROUP BY product")
        .into_iter()
        .map(|row| (row["product"].as_str().unwrap().to_owned(), row["stock"].as_i64().unwrap()))
        .collect();
    // A product that was only viewed has no row in the view.
    let stock = |product: &String| shown.get(product).copied().unwrap_or_default();
    for (product, expected) in &sent.stock {
        assert_eq!(stock(product), *expected, "{product}");
    }
    assert!(shown.keys().all(|product| sent.stock.contains_key(product)));
    let counts = [
        ("ecomm_events", sent.events),
        ("warehouse_stock", sent.changes),
    ];
    for (datasource, expected) in counts {
        assert_eq!(
            admin.value(&format!("SELECT count() FROM {datasource}")),
            expected,
            "{datasource}"
        );
    }
    let quarantined = admin.value(
        "SELECT (SELECT count() FROM ecomm_events_quarantine) + (SELECT count() FROM warehouse_stock_quarantine)",
    );
    assert_eq!(quarantined, sent.bad_rows);
}

#[test]
fn stock_is_a_recount_also_after_a_restart() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let mut sent = Sent::default();
    send_by_all(&server, 1, &mut sent);
    assert!(
        sent.stock.len() > 290 && sent.bad_rows > 100,
        "the rows are not what they should be"
    );
    compare(&server, &sent);
    server.stop();

    let server = Server::start(&scratch, &example());
    compare(&server, &sent);
    // The same batches again are other batches: nothing of them may be taken for a repetition.
    send_by_all(&server, 1, &mut sent);
    compare(&server, &sent);
    server.kill();

    let server = Server::start(&scratch, &example());
    compare(&server, &sent);
    server.stop();
}

fn send_by_all(server: &Server, seed: u64, sent: &mut Sent) {
    let backend = server.named("app_append_token");
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let backend = backend.clone();
                scope.spawn(move || send(&backend, seed * 1000 + client))
            })
            .collect();
        for client in clients {
            sent.add(client.join().unwrap());
        }
    });
}
