//! The two endpoints of the shop, every combination of their parameters, against the model.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Random, Scratch, Server, ago, encode, example, ndjson};
use crate::model::{Change, Event, GridRow, Product, Shop};

/// A category with a quote, so that a parameter which reached the SQL as text would be noticed.
const CATEGORIES: [&str; 3] = ["feeders", "water", "kids' corner"];

/// A shop with every case that the endpoints tell apart, and some random trade around them.
fn shop() -> Shop {
    let mut shop = Shop::default();
    let mut product = |category: usize, id: &str, name: &str, price: f64| {
        shop.products.push(Product {
            category: CATEGORIES[category].to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            price,
        });
    };
    product(0, "exactly-100", "Low by one", 20.5);
    product(0, "exactly-101", "In stock by one", 20.5);
    product(0, "exactly-1", "The last one", 3.25);
    product(0, "exactly-0", "Just sold out", 99.0);
    product(0, "oversold", "Sold more than there was", 12.0);
    product(1, "never-seen", "No stock row, no sale", 84.5);
    product(1, "only-sold", "No stock row, one sale", 7.75);
    product(1, "no-sales", "Plenty, but nobody buys", 1.5);
    product(1, "old-sales", "Sold, but not in this hour", 1.5);
    product(2, "tie-a", "Comma, \"quotes\" and ünïcödé", 40.0);
    product(2, "tie-b", "Tab\tand back\\slash", 40.0);
    product(2, "tie-c", "O'Brien", 40.0);
    product(2, "tie-d", "Same name", 2.0);
    product(2, "tie-e", "Same name", 2.0);
    let mut stock = |id: &str, amount: i64| {
        shop.changes.push(Change {
            product: id.to_owned(),
            amount,
        });
    };
    stock("exactly-100", 103);
    stock("exactly-101", 150);
    stock("exactly-101", -49);
    stock("exactly-1", 2);
    stock("exactly-0", 4);
    stock("oversold", 1);
    stock("no-sales", 5000);
    stock("old-sales", 300);
    for id in ["tie-a", "tie-b", "tie-c", "tie-d", "tie-e"] {
        stock(id, 500);
    }
    stock("not-in-the-catalogue", 1000);
    let mut events = |id: &str, event: &'static str, count: usize, minutes_ago: i64| {
        let product = id.to_owned();
        shop.events.extend(vec![
            Event {
                seconds_ago: minutes_ago * 60,
                event,
                product
            };
            count
        ]);
    };
    events("exactly-100", "sale", 3, 10);
    events("exactly-1", "sale", 1, 300);
    events("exactly-0", "sale", 4, 20);
    events("oversold", "sale", 3, 30);
    events("only-sold", "sale", 1, 40);
    events("no-sales", "view", 50, 5);
    events("no-sales", "cart", 20, 5);
    events("old-sales", "sale", 30, 121);
    events("old-sales", "sale", 10, 1790);
    // Five with the same hits: only three can trend, and one has more views.
    for id in ["tie-a", "tie-b", "tie-c", "tie-d", "tie-e"] {
        events(id, "sale", 6, 25);
    }
    events("tie-e", "view", 40, 25);
    events("not-in-the-catalogue", "sale", 100, 10);
    trade(&mut shop);
    shop
}

/// Adds products with random stock and sales, away from the edge of the hour.
fn trade(shop: &mut Shop) {
    let mut random = Random::new(7);
    for number in 0..40 {
        let id = format!("random-{number:02}");
        shop.products.push(Product {
            category: (*random.pick(&CATEGORIES)).to_owned(),
            name: format!("Random {}", random.range(0, 9)),
            price: f64::from(i32::try_from(random.range(4, 200)).unwrap()) / 4.0,
            id: id.clone(),
        });
        for _ in 0..random.range(0, 3) {
            shop.changes.push(Change {
                product: id.clone(),
                amount: random.range(-20, 140),
            });
        }
        for _ in 0..random.range(0, 12) {
            let minutes_ago = *random.pick(&[5, 12, 29, 41, 50, 120, 300, 1000, 1800]);
            let event = *random.pick(&["view", "view", "cart", "sale", "sale"]);
            shop.events.push(Event {
                seconds_ago: minutes_ago * 60,
                event,
                product: id.clone(),
            });
        }
    }
}

/// Sends everything: the catalogue as a CSV file, the rest as events.
fn send(shop: &Shop, server: &Server) {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["category", "id", "name", "photo", "price"])
        .unwrap();
    for product in &shop.products {
        let price = product.price.to_string();
        let photo = product.photo();
        csv.write_record([
            &product.category,
            &product.id,
            &product.name,
            &photo,
            &price,
        ])
        .unwrap();
    }
    let file = csv.into_inner().unwrap();
    let answer = server
        .admin()
        .post("/v0/datasources?mode=append&name=products&format=csv", file)
        .ok();
    assert_eq!(answer.json()["quarantine_rows"], 0, "{}", answer.text());
    let backend = server.named("app_append_token");
    let events: Vec<Value> = shop
        .events
        .iter()
        .map(|e| json!({"timestamp": ago(e.seconds_ago), "event": e.event, "product": e.product}))
        .collect();
    let changes: Vec<Value> = shop
        .changes
        .iter()
        .map(|c| json!({"timestamp": ago(86_400), "product": c.product, "store": "mill-road", "amount": c.amount}))
        .collect();
    for (datasource, rows) in [("ecomm_events", &events), ("warehouse_stock", &changes)] {
        for batch in rows.chunks(200) {
            let answer = backend.append(datasource, ndjson(batch)).expect(200);
            assert_eq!(
                answer.json(),
                json!({"successful_rows": batch.len(), "quarantined_rows": 0})
            );
        }
    }
}

/// Reads the rows of `api_product_grid` in one of its formats.
fn grid_rows(answer: &Answer, format: &str) -> Vec<GridRow> {
    match format {
        "json" => answer
            .rows()
            .into_iter()
            .map(|row| serde_json::from_value(row).unwrap())
            .collect(),
        "ndjson" => {
            let text = answer.text();
            assert!(
                text.is_empty() || text.ends_with('\n'),
                "the last line has no end: {text}"
            );
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        }
        _ => {
            let mut reader = csv::Reader::from_reader(answer.body.as_slice());
            assert_eq!(
                reader.headers().unwrap(),
                vec![
                    "id",
                    "name",
                    "stock",
                    "stock_status",
                    "hits",
                    "rank_status",
                    "photo",
                    "price"
                ]
            );
            let record = |record: csv::StringRecord| GridRow {
                id: record[0].to_owned(),
                name: record[1].to_owned(),
                stock: record[2].parse().unwrap(),
                stock_status: record[3].parse().unwrap(),
                hits: record[4].parse().unwrap(),
                rank_status: Some(record[5].to_owned()).filter(|status| status != "\\N"),
                photo: record[6].to_owned(),
                price: record[7].parse().unwrap(),
            };
            reader
                .records()
                .map(|found| record(found.unwrap()))
                .collect()
        }
    }
}

/// Pairs of name and value without those that are absent.
fn given<'a>(all: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    all.iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)))
        .collect()
}

#[test]
fn endpoints_answer_what_a_recount_says() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let shop = shop();
    send(&shop, &server);
    let browser = server.named("app_read_token");
    every_grid(&shop, &browser);
    every_filter_list(&shop, &browser);
    the_cases_are_there(&shop);
    envelope_and_content_types(&browser);
    ways_to_send_parameters(&shop, &browser);
    sql_over_the_result(&shop, &browser);
    server.stop();
}

fn every_grid(shop: &Shop, browser: &Client) {
    let categories = [
        None,
        Some("all"),
        Some(CATEGORIES[0]),
        Some(CATEGORIES[1]),
        Some(CATEGORIES[2]),
        Some("submarines"),
    ];
    let mut compared = 0;
    for category in categories {
        for show_oos in [None, Some("0"), Some("1")] {
            for ranking in [None, Some("0"), Some("1")] {
                let parameters = given(&[
                    ("category", category),
                    ("show_oos", show_oos),
                    ("ranking", ranking),
                ]);
                let expected = shop.grid(category, show_oos, ranking);
                for format in ["json", "csv", "ndjson"] {
                    let answer = browser
                        .endpoint("api_product_grid", format, &parameters)
                        .expect(200);
                    let found = grid_rows(&answer, format);
                    assert_eq!(found, expected, "{parameters:?} as {format}");
                    compared += found.len();
                }
            }
        }
    }
    assert!(compared > 1000, "only {compared} rows were compared");
}

fn every_filter_list(shop: &Shop, browser: &Client) {
    let categories = [
        None,
        Some("all"),
        Some(CATEGORIES[0]),
        Some(CATEGORIES[2]),
        Some("submarines"),
    ];
    for filter in ["product", "value"] {
        for category in categories {
            let parameters = given(&[("filter", Some(filter)), ("category", category)]);
            let answer = browser
                .endpoint("api_ui_filters", "json", &parameters)
                .expect(200);
            assert_eq!(
                answer.rows(),
                shop.filters(filter, category),
                "{parameters:?}"
            );
        }
    }
    let message = "The parameter 'filter' is required and must be 'product' or 'value'";
    let no_filter: [&[(&str, &str)]; 5] = [
        &[],
        &[("filter", "")],
        &[("filter", "colour")],
        &[("filter", "products")],
        &[("category", CATEGORIES[0])],
    ];
    for parameters in no_filter {
        for format in ["json", "csv", "ndjson"] {
            let answer = browser
                .endpoint("api_ui_filters", format, parameters)
                .expect(400);
            assert_eq!(answer.error(), message, "{parameters:?}");
        }
    }
}

/// The rows above must contain every case, or the comparison proves less than it says.
fn the_cases_are_there(shop: &Shop) {
    let all = shop.grid(None, Some("1"), Some("1"));
    let row = |id: &str| all.iter().find(|row| row.id == id).unwrap();
    let status = |id: &str| (row(id).stock, row(id).stock_status);
    assert_eq!(status("exactly-101"), (101, 0));
    assert_eq!(status("exactly-100"), (100, 1));
    assert_eq!(status("exactly-1"), (1, 1));
    assert_eq!(status("exactly-0"), (0, 2));
    assert_eq!(status("oversold"), (-2, 2));
    assert_eq!(status("never-seen"), (0, 2));
    assert_eq!(status("only-sold"), (-1, 2));
    assert_eq!((row("no-sales").hits, row("old-sales").hits), (0, 0));
    let corner = shop.grid(Some(CATEGORIES[2]), None, Some("1"));
    let marks: Vec<_> = corner
        .iter()
        .take(5)
        .map(|row| (row.id.as_str(), row.rank_status.is_some()))
        .collect();
    assert_eq!(
        marks,
        [
            ("tie-a", true),
            ("tie-b", true),
            ("tie-c", true),
            ("tie-d", false),
            ("tie-e", false)
        ]
    );
}

fn envelope_and_content_types(browser: &Client) {
    let answer = browser.endpoint("api_product_grid", "json", &[]);
    let body = answer.json();
    let columns: Vec<(&str, &str)> = body["meta"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| {
            (
                column["name"].as_str().unwrap(),
                column["type"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "String"),
            ("name", "String"),
            ("stock", "Int64"),
            ("stock_status", "UInt8"),
            ("hits", "UInt64"),
            ("rank_status", "Nullable(String)"),
            ("photo", "String"),
            ("price", "Float64"),
        ]
    );
    assert_eq!(
        body["rows"].as_u64().unwrap(),
        body["data"].as_array().unwrap().len() as u64
    );
    let statistics = &body["statistics"];
    assert!(
        statistics["elapsed"].as_f64().unwrap() > 0.0,
        "{statistics}"
    );
    assert!(
        statistics["rows_read"].as_u64().unwrap() > 50,
        "{statistics}"
    );
    assert!(
        statistics["bytes_read"].as_u64().unwrap() > 1000,
        "{statistics}"
    );
    let types = [
        ("json", "application/json; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("ndjson", "application/x-ndjson; charset=utf-8"),
    ];
    for (format, content_type) in types {
        let answer = browser.endpoint("api_ui_filters", format, &[("filter", "value")]);
        assert_eq!(answer.header("content-type").as_deref(), Some(content_type));
        assert_eq!(
            answer.header("access-control-allow-origin").as_deref(),
            Some("*")
        );
        let id = answer.header("x-request-id").unwrap();
        assert!(
            id.len() == 26 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{id} is no ULID"
        );
    }
}

fn ways_to_send_parameters(shop: &Shop, browser: &Client) {
    let path = "/v0/pipes/api_product_grid.json";
    let expected = shop.grid(Some("water"), Some("1"), Some("1"));
    let check = |what: &str, answer: Answer| {
        assert_eq!(grid_rows(&answer.expect(200), "json"), expected, "{what}");
    };
    let form = "category=water&show_oos=1&ranking=1";
    check("GET", browser.get(format!("{path}?{form}")));
    check(
        "trailing options",
        browser.get(format!(
            "{path}?{form}&from=ui&cli_version=5.0.2&__tb__client=x"
        )),
    );
    check(
        "unknown",
        browser.get(format!("{path}?{form}&no_such_parameter=1&sort=%27%3B--")),
    );
    let post = |body: &str, content_type: &str, query: &str| {
        browser
            .call("POST", format!("{path}{query}"))
            .header("content-type", content_type)
            .body(body)
            .send()
    };
    let urlencoded = "application/x-www-form-urlencoded";
    check("form", post(form, urlencoded, ""));
    check(
        "JSON",
        post(
            r#"{"category":"water","show_oos":"1","ranking":"1"}"#,
            "application/json",
            "",
        ),
    );
    check(
        "JSON numbers",
        post(
            r#"{"category":"water","show_oos":1,"ranking":1}"#,
            "application/json",
            "",
        ),
    );
    check(
        "query and form",
        post("ranking=1", urlencoded, "?category=water&show_oos=1"),
    );
    check(
        "the body wins",
        post(
            "category=water",
            urlencoded,
            "?category=feeders&show_oos=1&ranking=1",
        ),
    );
    check(
        "empty body",
        post("", "application/json", &format!("?{form}")),
    );

    // A parameter that comes twice is a list; no category has that name.
    let twice = browser
        .get(format!("{path}?category=water&category=feeders"))
        .expect(200);
    assert_eq!(twice.rows(), Vec::<Value>::new());
    // Text of a parameter never becomes SQL.
    let quoted = encode("' OR 1=1 --");
    assert_eq!(
        browser
            .get(format!("{path}?category={quoted}"))
            .expect(200)
            .rows(),
        Vec::<Value>::new()
    );
    let long = "x".repeat(10_000);
    assert_eq!(
        browser
            .get(format!("{path}?category={long}"))
            .expect(200)
            .rows(),
        Vec::<Value>::new()
    );
}

fn sql_over_the_result(shop: &Shop, browser: &Client) {
    let path = "/v0/pipes/api_product_grid.json?show_oos=1";
    let q = "SELECT count() AS products, sum(stock) AS units FROM _ WHERE stock > 0";
    let rows: Vec<GridRow> = shop
        .grid(None, Some("1"), None)
        .into_iter()
        .filter(|row| row.stock > 0)
        .collect();
    let expected =
        json!({"products": rows.len(), "units": rows.iter().map(|row| row.stock).sum::<i64>()});
    let by_query = browser.get(format!("{path}&q={}", encode(q))).expect(200);
    assert_eq!(by_query.rows(), std::slice::from_ref(&expected));
    // curl calls a raw body a form.
    let by_body = browser
        .call("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(q)
        .send();
    assert_eq!(by_body.expect(200).rows(), [expected]);
    let csv = browser
        .get(format!(
            "{path}&q={}",
            encode("SELECT max(hits) AS most FROM _ FORMAT CSV")
        ))
        .expect(200);
    assert_eq!(
        csv.header("content-type").as_deref(),
        Some("text/csv; charset=utf-8")
    );
    assert_eq!(
        csv.text().trim(),
        shop.grid(None, Some("1"), Some("0"))
            .iter()
            .map(|row| row.hits)
            .max()
            .unwrap()
            .to_string()
    );
}
