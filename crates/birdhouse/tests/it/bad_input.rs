//! Hostile and broken requests: each gets a clear error, nothing is lost, and the server goes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Scratch, Server, ago, encode, example, wait_until};

/// A good row, so that what is beside it can be seen to be kept.
fn good(product: &str) -> String {
    format!(
        r#"{{"timestamp":"{}","event":"sale","product":"{product}"}}"#,
        ago(60)
    )
}

#[test]
fn bad_requests_are_refused_and_nothing_is_lost() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &example());
    let admin = server.admin();
    admin.append("ecomm_events", good("kept")).expect(200);
    bad_bodies(&admin);
    large_bodies(&admin);
    bad_rows(&admin);
    bad_compression(&admin);
    rows_that_look_like_sql(&admin);
    bad_sql(&admin);
    bad_routes(&admin);
    bad_http(&server);
    // Nothing above has done anything but what it was meant to.
    assert!(server.is_running(), "the server ended");
    assert_eq!(
        admin.value("SELECT count() FROM ecomm_events WHERE product = 'kept'"),
        1
    );
    assert_eq!(
        admin.value("SELECT count() FROM ecomm_events WHERE product LIKE 'refused%'"),
        0
    );
    admin.append("ecomm_events", good("kept")).expect(200);
    server.stop();
}

#[track_caller]
fn refused(answer: Answer, status: u16, words: &str) {
    let answer = answer.expect(status);
    let error = answer.error();
    assert!(error.contains(words), "{error:?} does not say {words:?}");
}

/// Bodies that make no sense as a whole.
fn bad_bodies(admin: &Client) {
    let events = "/v0/events?name=ecomm_events&wait=true";
    refused(admin.post(events, ""), 400, "the body is empty");
    refused(admin.post(events, " \n\n\t\r\n"), 400, "the body is empty");
    refused(
        admin.post(events, r#"{"timestamp":"2026-01-01 00:00:00","event":"sa"#),
        400,
        "line 1",
    );
    refused(admin.post(events, "not json at all"), 400, "line 1");
    refused(
        admin.post(events, "42"),
        400,
        "neither an object nor an array",
    );
    refused(
        admin.post(events, vec![0xFF, 0xFE, 0x00, 0x80]),
        400,
        "UTF-8",
    );
    refused(admin.post(events, vec![0u8; 100]), 400, "line 1");
    refused(
        admin.post(format!("{events}&format=json"), "{\"a\":1}\n{\"a\":2}"),
        400,
        "format=ndjson",
    );
    refused(
        admin.post(format!("{events}&format=json"), "[{}, "),
        400,
        "not one JSON document",
    );
    refused(
        admin.post(format!("{events}&format=parquet"), good("refused")),
        400,
        "ndjson or json",
    );
    refused(
        admin.post("/v0/events?name=nowhere", good("refused")),
        404,
        "'nowhere' does not exist",
    );
    refused(
        admin.post("/v0/events?wait=true", good("refused")),
        400,
        "'name'",
    );
    refused(
        admin.post("/v0/events?name=", good("refused")),
        400,
        "'name'",
    );
    refused(
        admin.post("/v0/events?name=ecomm_events%00", good("refused")),
        404,
        "does not exist",
    );
    refused(
        admin.post("/v0/events?name=../../etc/passwd", good("refused")),
        404,
        "does not exist",
    );
    let upload = "/v0/datasources?name=ecomm_events&format=ndjson";
    refused(
        admin.post(format!("{upload}&mode=append"), ""),
        400,
        "the body is empty",
    );
    refused(
        admin.post(format!("{upload}&mode=replace"), ""),
        400,
        "the body is empty",
    );
    refused(
        admin.post(format!("{upload}&mode=create"), good("refused")),
        409,
        "already a data source",
    );
    refused(
        admin.post(upload, good("refused")),
        409,
        "already a data source",
    );
    refused(
        admin.post(format!("{upload}&mode=sideways"), good("refused")),
        400,
        "'sideways'",
    );
    let no_format = "/v0/datasources?name=ecomm_events&mode=append&format=xml";
    refused(admin.post(no_format, good("refused")), 400, "'xml'");
    let no_parts = "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
    for (body, words) in [("--x\r\n", "multipart"), (no_parts, "no file")] {
        let call = admin.call("POST", format!("{upload}&mode=append"));
        let answer = call
            .header("content-type", "multipart/form-data; boundary=x")
            .body(body)
            .send();
        refused(answer, 400, words);
    }
}

/// Bodies that are refused before they were read: the connection is fit for the next request, or
/// the answer says that it ends.
fn large_bodies(admin: &Client) {
    let events = "/v0/events?name=ecomm_events&wait=true";
    let line = good("refused") + "\n";
    let large = line.repeat((11 << 20) / line.len() + 1);
    // The connection is fit for the next request, or the answer says that it ends.
    for _ in 0..5 {
        refused(admin.post(events, large.clone()), 413, "10485760 bytes");
        refused(admin.post(events, ""), 400, "the body is empty");
        refused(
            admin.post("/v0/events?name=nothing", large.clone()),
            404,
            "'nothing' does not exist",
        );
        refused(admin.post(events, ""), 400, "the body is empty");
    }
}

/// Single bad rows go to quarantine with the reason; the rows beside them are stored.
fn bad_rows(admin: &Client) {
    let stamp = ago(60);
    let rows = [
        good("beside"),
        r#"{"timestamp":"soon","event":"sale","product":"bad-time"}"#.to_owned(),
        format!(r#"{{"timestamp":"{stamp}","event":7,"product":"number-as-text"}}"#),
        format!(r#"{{"timestamp":"{stamp}","event":null,"product":"bad-null"}}"#),
        format!(r#"{{"timestamp":"{stamp}","product":"bad-missing"}}"#),
        format!(r#"{{"timestamp":"{stamp}","event":{{"a":1}},"product":"object-as-text"}}"#),
        "{\"timestamp\":\"2026".to_owned(),
        "[1, 2]".to_owned(),
        good("beside"),
    ];
    let mut body = rows.join("\n").into_bytes();
    body.extend_from_slice(b"\n{\"product\":\"\xFF\xFE\"}\n");
    let counts = admin.append("ecomm_events", body).expect(200).json();
    let stored = counts["successful_rows"].as_u64().unwrap();
    let quarantined = counts["quarantined_rows"].as_u64().unwrap();
    assert_eq!(stored + quarantined, 11, "a row was lost: {counts}");
    assert_eq!(
        admin.value("SELECT count() FROM ecomm_events WHERE product = 'beside'"),
        2
    );
    let found = admin.sql(
        "SELECT product, timestamp, c__error_column, c__error, c__import_id, insertion_date > now() - 60 AS fresh
         FROM ecomm_events_quarantine WHERE product LIKE 'bad%' ORDER BY product",
    );
    let reasons: Vec<Value> = found
        .iter()
        .map(|row| {
            assert_eq!(row["fresh"], 1, "{row}");
            assert!(!row["c__error"][0].as_str().unwrap().is_empty(), "{row}");
            json!([row["product"], row["c__error_column"]])
        })
        .collect();
    assert_eq!(
        reasons,
        [
            json!(["bad-missing", ["event"]]),
            json!(["bad-null", ["event"]]),
            json!(["bad-time", ["timestamp"]]),
        ]
    );
    assert_eq!(found[2]["timestamp"], "soon", "the original text is kept");
    let change = |amount: &str| {
        format!(r#"{{"timestamp":"{stamp}","product":"range","store":"a","amount":{amount}}}"#)
    };
    let amounts = [
        "1",
        "-2147483648",
        "2147483648",
        "1.5",
        "\"x\"",
        "1e3",
        "99999999999999999999",
    ];
    let body = amounts.map(change).join("\n");
    let counts = admin.append("warehouse_stock", body).expect(200).json();
    let stock = admin.value("SELECT sum(amount) FROM warehouse_stock WHERE product = 'range'");
    let refused =
        admin.value("SELECT count() FROM warehouse_stock_quarantine WHERE product = 'range'");
    assert_eq!(counts["quarantined_rows"], refused);
    let whole = 1 - 2_147_483_648_i64;
    assert!(
        [whole, whole + 1000].contains(&stock.as_i64().unwrap()),
        "a number was bent to fit: {stock}"
    );
}

fn bad_compression(admin: &Client) {
    let send = |encoding: &str, body: Vec<u8>| {
        let call = admin.call("POST", "/v0/events?name=ecomm_events&wait=true");
        call.header("content-encoding", encoding).body(body).send()
    };
    refused(
        send("gzip", good("refused").into_bytes()),
        400,
        "not valid gzip",
    );
    refused(
        send("zstd", good("refused").into_bytes()),
        400,
        "not valid zstd",
    );
    refused(
        send("br", good("refused").into_bytes()),
        400,
        "not valid br",
    );
    refused(
        send("compress", good("refused").into_bytes()),
        400,
        "'compress'",
    );
    let mut cut = crate::uploads::gzip(good("refused").repeat(100).as_bytes());
    cut.truncate(cut.len() - 20);
    refused(send("gzip", cut), 400, "not valid gzip");
    // A small body that would unpack to 200 MB.
    refused(
        send("gzip", crate::uploads::gzip(&vec![b' '; 200 << 20])),
        413,
        "10485760 bytes",
    );
}

/// Text of rows is never executed (rule 1 of the engine).
fn rows_that_look_like_sql(admin: &Client) {
    let stamp = ago(60);
    let hostile = [
        "\n\nDROP TABLE ecomm_events",
        "'; DROP TABLE ecomm_events; --",
        "\u{0}\u{0}DROP TABLE ecomm_events",
        "{{ error('no') }} {% end %}",
        "FORMAT JSONEachRow",
    ];
    for text in hostile {
        let row = json!({"timestamp": stamp, "event": "view", "product": text});
        let counts = admin
            .append("ecomm_events", format!("{row}\n\n\n{row}\n"))
            .expect(200)
            .json();
        assert_eq!(
            counts,
            json!({"successful_rows": 2, "quarantined_rows": 0}),
            "{text:?}"
        );
    }
    let body = format!(
        "{}\n\nDROP TABLE ecomm_events\n\n{}\n",
        good("around"),
        good("around")
    );
    let counts = admin.append("ecomm_events", body).expect(200).json();
    assert_eq!(counts, json!({"successful_rows": 2, "quarantined_rows": 1}));
    let stored: Vec<Value> = admin
        .sql("SELECT product, count() AS n FROM ecomm_events WHERE event = 'view' GROUP BY product")
        .into_iter()
        .filter(|row| row["n"] == 2)
        .map(|row| row["product"].clone())
        .collect();
    for text in hostile {
        assert!(
            stored.contains(&json!(text)),
            "{text:?} is not stored as it was sent"
        );
    }
}

fn bad_sql(admin: &Client) {
    let refusals = [
        (
            "SELECT count() FROM products; DROP TABLE products",
            "multi-statements",
        ),
        ("SELECT 1;\n\nDROP TABLE ecomm_events", "multi-statements"),
        ("DROP TABLE ecomm_events", "[Error]"),
        (
            "INSERT INTO ecomm_events VALUES (now(), 'sale', 'refused')",
            "[Error]",
        ),
        ("ALTER TABLE ecomm_events DELETE WHERE 1", "[Error]"),
        ("SET max_threads = 1", "[Error]"),
        ("SYSTEM SHUTDOWN", "[Error]"),
        (
            "SELECT count() FROM ecomm_events SETTINGS max_threads = 1",
            "SETTINGS",
        ),
        ("SELECT * FROM (SELECT 1 SETTINGS readonly = 0)", "SETTINGS"),
        (
            "SELECT 1 INTO OUTFILE '/tmp/birdhouse-outfile'",
            "INTO OUTFILE",
        ),
        ("SELECT file('/etc/hostname')", "function file"),
        (
            "SELECT * FROM file('/etc/hostname', 'LineAsString')",
            "function file",
        ),
        (
            "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
            "function url",
        ),
        (
            "SELECT * FROM s3('http://127.0.0.1:1/', 'LineAsString')",
            "function s3",
        ),
        (
            "SELECT * FROM remote('127.0.0.1', system.one)",
            "function remote",
        ),
        (
            "SELECT * FROM executable('ls', 'LineAsString', 'x String')",
            "function executable",
        ),
        ("SELECT sleep(3)", "function sleep"),
        ("SELECT * FROM `/etc/hostname`", "/etc/hostname"),
        ("SELECT * FROM no_such_table", "no_such_table"),
        ("SELECT no_such_column FROM products", "no_such_column"),
        ("SELECT * FROM system.tables", "system.tables"),
        (
            "SELECT * FROM information_schema.tables",
            "information_schema.tables",
        ),
        ("SELECT * FROM default.x", "default.x"),
        (
            "SELECT * FROM tinybird.no_such_source",
            "tinybird.no_such_source",
        ),
        ("SELECT 1 FORMAT Vertical", "Vertical"),
        ("SELECT FROM WHERE", "Syntax error"),
        ("SELECT 'open", "not closed"),
        ("SELECT (1", "no partner"),
        ("SELECT 1)", "no partner"),
        ("-- nothing", "empty"),
        ("% SELECT {{ String(", "Missing end expression"),
        ("SELECT throwIf(1, 'thrown')", "thrown"),
    ];
    for (text, words) in refusals {
        let answer = admin.query(text);
        assert!(
            matches!(answer.status, 400 | 404),
            "{text}: {} {}",
            answer.status,
            answer.text()
        );
        let error = answer.error();
        assert!(error.contains(words), "{text}: {error}");
    }
    assert!(!std::path::Path::new("/tmp/birdhouse-outfile").exists());
    let q = encode("SELECT * FROM products SETTINGS readonly = 0");
    refused(
        admin.get(format!("/v0/pipes/api_product_grid.json?q={q}")),
        400,
        "SETTINGS",
    );
    refused(admin.post("/v0/sql", vec![0xFF, 0xFE]), 400, "UTF-8");
    refused(admin.post("/v0/sql", "{\"q\": "), 400, "JSON");
    refused(
        admin.post("/v0/sql", "{\"query\": \"SELECT 1\"}"),
        400,
        "there is no query",
    );
    refused(
        admin.post("/v0/sql", vec![b' '; 2 << 20]),
        413,
        "1048576 bytes",
    );
    let deep = "(".repeat(20_000) + "1" + &")".repeat(20_000);
    refused(admin.query(&format!("SELECT {deep}")), 400, "[Error]");
}

fn bad_routes(admin: &Client) {
    refused(
        admin.get("/v0/pipes/no_such_pipe.json"),
        404,
        "'no_such_pipe'",
    );
    refused(admin.get("/v0/pipes/api_product_grid.xml"), 400, "'xml'");
    refused(
        admin.get("/v0/pipes/no_such_pipe"),
        404,
        "'no_such_pipe' does not exist",
    );
    refused(
        admin.get("/v0/pipes/mat_stock_wh.json"),
        404,
        "does not have an endpoint",
    );
    refused(
        admin.get("/v0/pipes/..%2f..%2fetc%2fpasswd.json"),
        404,
        "does not exist",
    );
    refused(admin.get("/v1/no/such/route"), 404, "/v1/no/such/route");
    refused(admin.get("/"), 404, "no route");
    for (method, path) in [
        ("PATCH", "/v0/pipes/api_product_grid.json"),
        ("PUT", "/v0/events?name=ecomm_events"),
        ("GET", "/v0/events?name=ecomm_events"),
        ("PATCH", "/v0/sql"),
        ("DELETE", "/v0/datasources?name=products"),
        ("POST", "/v0/health"),
    ] {
        refused(admin.call(method, path).send(), 405, "not allowed");
    }
    let long = admin.get(format!("/v0/sql?q={}", "x".repeat(65_500)));
    assert!(matches!(long.status, 400 | 414 | 431), "{}", long.status);
    let call = admin.call("POST", "/v0/pipes/api_product_grid.json");
    let answer = call
        .header("content-type", "application/json")
        .body("[1]")
        .send();
    refused(answer, 400, "JSON object");
}

/// Requests that are no good HTTP, or that never end.
fn bad_http(server: &Server) {
    let address = server.base().strip_prefix("http://").unwrap();
    let connect = || {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    };
    for garbage in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
        &format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(1 << 20)),
    ] {
        let mut stream = connect();
        // A reset is an answer, too.
        stream.write_all(garbage.as_bytes()).ok();
        stream.shutdown(std::net::Shutdown::Write).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        assert!(
            !answer.starts_with(b"HTTP/1.1 2"),
            "{garbage:.50?} was accepted"
        );
    }
    let head = format!(
        "POST /v0/events?name=ecomm_events&wait=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n",
        crate::harness::ADMIN_TOKEN
    );
    let row = good("refused-half");
    // The body stops in the middle of a row, and in the middle of a chunk.
    let promises = [
        format!(
            "{head}content-length: {}\r\n\r\n{row}\n{row}",
            10 * row.len()
        ),
        format!("{head}transfer-encoding: chunked\r\n\r\nffff\r\n{row}\n"),
        format!("{head}content-le"),
    ];
    for request in promises {
        let mut stream = connect();
        stream.write_all(request.as_bytes()).unwrap();
        drop(stream);
    }
    // Connections that send nothing do not keep others from being served.
    let idle: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    let admin = server.admin();
    wait_until(
        "requests are answered beside idle connections",
        Duration::from_secs(10),
        || match admin.value("SELECT count() FROM ecomm_events WHERE product = 'refused-half'") {
            Value::Number(n) if n.as_u64() == Some(0) => Ok(()),
            other => Err(format!("{other} rows of requests that never ended")),
        },
    );
    drop(idle);
}

/// A query that takes too long ends by itself, and what its client does meanwhile is not disturbed.
#[test]
fn a_query_without_end_is_stopped() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let admin = server.admin();
    std::thread::scope(|scope| {
        let endless = scope
            .spawn(|| admin.query("SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"));
        wait_until("it is over", Duration::from_secs(20), || {
            admin.append("ecomm_events", good("meanwhile")).expect(200);
            if endless.is_finished() {
                Ok(())
            } else {
                Err("running".to_owned())
            }
        });
        refused(endless.join().unwrap(), 408, "");
    });
    let stored = admin.value("SELECT count() FROM ecomm_events");
    assert!(
        stored.as_u64().unwrap() > 10,
        "only {stored} appends meanwhile"
    );
    server.stop();
}
