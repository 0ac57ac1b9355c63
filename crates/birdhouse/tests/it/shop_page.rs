//! `birdhouse demo`: the routes of the shop, and a real browser in front of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Client, Scratch, Server, wait_until};

fn start(scratch: &Scratch, rate: &str) -> Server {
    Server::launch(scratch.root(), scratch.path("data"), |command| {
        command.args(["demo", "--rate", rate, "--traffic-seconds", "90"]);
    })
    .unwrap_or_else(|refused| panic!("not started: {refused:#?}"))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_backend_of_the_shop_guards_its_tokens_and_input() {
    let scratch = Scratch::new();
    let server = start(&scratch, "0");
    let visitor = server.anonymous();
    pages(&server, &visitor);
    purchases(&visitor);
    pulse(&visitor);
    let rows = "SELECT (SELECT count() FROM products), (SELECT count() FROM ecomm_events), (SELECT count() FROM warehouse_stock)";
    let before = server.admin().query(rows).ok().rows();
    server.stop();

    // The fixtures are not loaded a second time.
    let server = start(&scratch, "0");
    assert_eq!(server.admin().query(rows).ok().rows(), before);
    server.stop();
}

fn pages(server: &Server, visitor: &Client) {
    let append = server.token("app_append_token");
    let read = server.token("app_read_token");
    let config = visitor.get("/shop/config.json").expect(200).json();
    assert_eq!(config, json!({"read_token": read, "append": false}));
    let shop = repository().join("examples/ecommerce/shop");
    let mut paths = vec![
        "".to_owned(),
        "/".to_owned(),
        "/behind".to_owned(),
        "/pictures/robin-mug.svg".to_owned(),
    ];
    for entry in fs::read_dir(shop).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.contains('.') && !name.ends_with(".md") {
            paths.push(format!("/{name}"));
        }
    }
    assert!(paths.len() > 15, "{paths:?}");
    for path in paths {
        let page = visitor.get(format!("/shop{path}")).expect(200);
        assert_eq!(
            page.header("content-security-policy").as_deref(),
            Some("default-src 'self'"),
            "{path}"
        );
        assert!(
            !page.text().contains(&append),
            "{path} shows the append token"
        );
        let tag = page.header("etag").unwrap();
        visitor
            .call("GET", format!("/shop{path}"))
            .header("if-none-match", tag)
            .send()
            .expect(304);
    }
    for path in [
        "/shop/README.md",
        "/shop/no.css",
        "/shop/../Cargo.toml",
        "/shop/..%2F..%2FREADME.md",
        "/shop/%2e%2e/fixtures/products.csv",
    ] {
        visitor.get(path).expect(404);
    }
}

fn purchases(visitor: &Client) {
    let stock = |product: &str| -> i64 {
        let token = visitor.get("/shop/config.json").json()["read_token"]
            .as_str()
            .unwrap()
            .to_owned();
        let rows = visitor
            .with_token(&token)
            .endpoint("api_product_grid", "json", &[("show_oos", "1")])
            .rows();
        rows.iter().find(|row| row["id"] == product).unwrap()["stock"]
            .as_i64()
            .unwrap()
    };
    let act = |action: &str, body: &Value| {
        let call = visitor.call("POST", format!("/shop/api/{action}"));
        call.header("content-type", "application/json")
            .body(body.to_string())
            .send()
    };
    let (mug, print) = (stock("robin-mug"), stock("dawn-print"));
    let items = json!({"items": [{"product": "robin-mug", "quantity": 2}, {"product": "dawn-print", "quantity": 1}]});
    for action in ["view", "cart", "buy"] {
        assert_eq!(
            act(action, &items).expect(200).json(),
            json!({"accepted": 3}),
            "{action}"
        );
    }
    assert_eq!(
        (stock("robin-mug"), stock("dawn-print")),
        (mug - 2, print - 1)
    );
    let delivery = json!({"product": "robin-mug", "amount": 25});
    assert_eq!(
        act("restock", &delivery).expect(200).json(),
        json!({"accepted": 1})
    );
    assert_eq!(stock("robin-mug"), mug + 23);
    let item = |product: &str, quantity: i64| json!({"product": product, "quantity": quantity});
    let refused = [
        ("buy", json!({})),
        ("buy", json!({"items": []})),
        ("buy", json!({"items": [item("robin-mug", 0)]})),
        ("buy", json!({"items": [item("robin-mug", -1)]})),
        ("buy", json!({"items": [item("robin-mug", 100)]})),
        ("buy", json!({"items": [item("", 1)]})),
        ("buy", json!({"items": vec![item("robin-mug", 1); 51]})),
        ("view", json!({"items": [item(&"x".repeat(101), 1)]})),
        ("cart", json!("robin-mug")),
        ("restock", json!({"product": "robin-mug", "amount": 0})),
        ("restock", json!({"product": "robin-mug", "amount": 1001})),
        ("restock", json!({"product": "", "amount": 1})),
        ("restock", json!({"amount": 1})),
    ];
    for (action, body) in refused {
        act(action, &body).expect(400).error();
    }
    visitor.get("/shop/api/buy").expect(405);
    visitor
        .call("POST", "/shop/api/buy")
        .body("{")
        .send()
        .expect(400)
        .error();
    assert_eq!(
        (stock("robin-mug"), stock("dawn-print")),
        (mug + 23, print - 1),
        "a refused action counted"
    );
}

fn pulse(visitor: &Client) {
    let limit = std::time::Duration::from_secs(5);
    let pulse = wait_until("the pulse has seen the calls", limit, || {
        let pulse = visitor.get("/shop/api/pulse").expect(200).json();
        let calls = pulse["endpoints"][0]["calls"].as_u64().unwrap();
        if calls > 0 {
            Ok(pulse)
        } else {
            Err(pulse.to_string())
        }
    });
    assert_eq!(pulse["window_seconds"], 60);
    let names = |list: &str, member: &str| -> Vec<String> {
        let entries = pulse[list].as_array().unwrap().iter();
        entries
            .map(|entry| entry[member].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names("ingest", "datasource"),
        ["ecomm_events", "products", "warehouse_stock"]
    );
    assert_eq!(
        names("materializations", "name"),
        ["mat_stock_sales", "mat_stock_wh"]
    );
    assert_eq!(
        names("endpoints", "name"),
        ["api_product_grid", "api_ui_filters"]
    );
    assert_eq!(pulse["accuracy"]["wrong"], 0, "{pulse}");
    assert!(
        pulse["accuracy"]["checked"].as_u64().unwrap() >= 60,
        "{pulse}"
    );
    assert_eq!(pulse["stock"]["products"], 66, "{pulse}");
    let series = pulse["series"].as_array().unwrap();
    assert_eq!(series.len(), 60, "one entry per second");
    let seconds: Vec<&str> = series
        .iter()
        .map(|point| point["second"].as_str().unwrap())
        .collect();
    assert!(seconds.is_sorted(), "{seconds:?}");
    let grid = &pulse["endpoints"][0];
    assert!(
        grid["p50_ms"].as_f64().unwrap() > 0.0
            && grid["p95_ms"].as_f64() >= grid["p50_ms"].as_f64(),
        "{grid}"
    );
    assert_eq!(
        pulse["endpoints"][1],
        json!({"name": "api_ui_filters", "calls": 0, "errors": 0, "p50_ms": null, "p95_ms": null})
    );
    let events = &pulse["ingest"][0];
    assert!(
        events["rows"].as_u64().unwrap() > 0 && events["last_append"].is_string(),
        "{events}"
    );
    let queries = visitor.get("/shop/api/pulse/sql").expect(200).json();
    assert!(
        queries["queries"].as_array().unwrap().len() >= 5,
        "{queries}"
    );
}

/// Pictures of every step are kept in `target/artifacts/shop`; `BIRDHOUSE_ARTIFACTS` names another
/// folder than `target/artifacts`.
#[test]
fn a_browser_shops_and_looks_behind_the_shop() {
    let scratch = Scratch::new();
    let server = start(&scratch, "20");
    let artifacts = std::env::var_os("BIRDHOUSE_ARTIFACTS")
        .map_or_else(|| repository().join("target/artifacts"), PathBuf::from);
    let output = Command::new("node")
        .arg(repository().join("tests/browser/shop.mjs"))
        .arg(server.base())
        .arg(artifacts.join("shop"))
        .output()
        .expect("node can be started; `make setup` installs what the tests need");
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    server.stop();
}
