//! What each token may do, on every route, and that no value of a token is ever shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{ADMIN_TOKEN, Answer, Scratch, Server, ago, encode, example};

const WRONG: &str = "p.wrong-token-of-the-tests";

/// A request, and the status that each caller gets.
struct Case {
    method: &'static str,
    path: String,
    body: Option<String>,
    /// With the admin token, `app_read_token`, `app_append_token`.
    statuses: [u16; 3],
}

fn get(path: impl Into<String>, statuses: [u16; 3]) -> Case {
    Case {
        method: "GET",
        path: path.into(),
        body: None,
        statuses,
    }
}

fn post(path: impl Into<String>, body: impl Into<String>, statuses: [u16; 3]) -> Case {
    Case {
        method: "POST",
        path: path.into(),
        body: Some(body.into()),
        statuses,
    }
}

fn sql(text: &str, statuses: [u16; 3]) -> [Case; 2] {
    [
        get(format!("/v0/sql?q={}", encode(text)), statuses),
        post("/v0/sql", text, statuses),
    ]
}

/// Every route that takes a token.
fn cases() -> Vec<Case> {
    [appends(), endpoints(), queries()]
        .into_iter()
        .flatten()
        .collect()
}

fn appends() -> Vec<Case> {
    let event = format!(
        r#"{{"timestamp":"{}","event":"view","product":"robin-mug"}}"#,
        ago(60)
    );
    let change = format!(
        r#"{{"timestamp":"{}","product":"robin-mug","store":"a","amount":5}}"#,
        ago(60)
    );
    let product =
        r#"{"category":"home","id":"robin-mug","name":"Robin Mug","photo":"/a.svg","price":16.5}"#;
    let stock = r#"{"product":"robin-mug","available_stock":100}"#;
    let csv = "category,id,name,photo,price\nhome,wren-mug,Wren Mug,/b.svg,17\n";
    let upload = "/v0/datasources?mode=append";
    vec![
        post("/v0/events?name=ecomm_events", &event, [202, 403, 202]),
        post(
            "/v0/events?name=ecomm_events&wait=true",
            &event,
            [200, 403, 200],
        ),
        post(
            "/v0/events?name=warehouse_stock&wait=true",
            &change,
            [200, 403, 200],
        ),
        post(
            "/v0/events?name=products&wait=true",
            product,
            [200, 403, 403],
        ),
        post(
            "/v0/events?name=mv_latest_availability",
            stock,
            [400, 403, 403],
        ),
        post(
            "/v0/events?name=ecomm_events_quarantine",
            &event,
            [404, 403, 403],
        ),
        post(
            "/v0/events?name=tinybird.pipe_stats_rt",
            "{}",
            [404, 403, 403],
        ),
        post("/v0/events?name=api_product_grid", "{}", [404, 403, 403]),
        post("/v0/events?name=no_such_source", "{}", [404, 403, 403]),
        post("/v0/events", "{}", [400, 400, 400]),
        post(
            format!("{upload}&name=ecomm_events&format=ndjson"),
            &event,
            [200, 403, 200],
        ),
        post(
            format!("{upload}&name=warehouse_stock&format=ndjson"),
            &change,
            [200, 403, 200],
        ),
        post(
            format!("{upload}&name=products&format=csv"),
            csv,
            [200, 403, 403],
        ),
        post(
            format!("{upload}&name=mv_latest_availability&format=ndjson"),
            stock,
            [400, 403, 403],
        ),
        post(
            format!("{upload}&name=no_such_source&format=csv"),
            csv,
            [404, 403, 403],
        ),
    ]
}

fn endpoints() -> Vec<Case> {
    let mut cases = vec![
        get("/v0/pipes/api_product_grid.json", [200, 200, 403]),
        post(
            "/v0/pipes/api_product_grid.json",
            "ranking=1",
            [200, 200, 403],
        ),
        get(
            "/v0/pipes/api_product_grid.csv?category=home",
            [200, 200, 403],
        ),
        get(
            "/v0/pipes/api_ui_filters.ndjson?filter=value",
            [200, 200, 403],
        ),
        get("/v0/pipes/api_ui_filters.json", [400, 400, 403]),
        get("/v0/pipes/mat_stock_sales.json", [404, 403, 403]),
        get("/v0/pipes/no_such_pipe.json", [404, 404, 404]),
    ];
    // SQL of the caller's own over the result.
    let result = |q: &str| format!("/v0/pipes/api_product_grid.json?q={}", encode(q));
    cases.push(get(result("SELECT count() FROM _"), [200, 200, 403]));
    cases.push(get(
        result("SELECT count() FROM _, api_ui_filters"),
        [400, 400, 403],
    ));
    for hidden in [
        "products",
        "ecomm_events",
        "tinybird.pipe_stats_rt",
        "mat_stock_sales",
    ] {
        cases.push(get(
            result(&format!("SELECT count() FROM {hidden}")),
            [200, 403, 403],
        ));
        cases.push(get(
            result(&format!(
                "SELECT * FROM _ WHERE id IN (SELECT 'x' FROM {hidden})"
            )),
            [200, 403, 403],
        ));
    }
    cases
}

/// SQL over endpoints, inner nodes and everything else.
fn queries() -> Vec<Case> {
    let mut cases = vec![get("/v0/sql", [400, 400, 400])];
    cases.extend(sql("SELECT count() FROM api_product_grid", [200, 200, 403]));
    for hidden in [
        "products",
        "ecomm_events",
        "warehouse_stock",
        "mv_latest_availability",
        "products_quarantine",
        "mat_stock_wh",
        "tinybird.pipe_stats_rt",
        "tinybird.datasources_ops_log",
        "tinybird.endpoint_errors",
    ] {
        cases.extend(sql(
            &format!("SELECT count() FROM {hidden}"),
            [200, 403, 403],
        ));
    }
    cases.extend(sql(
        "SELECT (SELECT count() FROM products)",
        [200, 403, 403],
    ));
    cases.extend(sql(
        "SELECT id FROM api_product_grid WHERE (id, id, id, id, 1) IN products",
        [200, 403, 403],
    ));
    cases.extend(sql(
        "SELECT * FROM api_product_grid UNION ALL SELECT * FROM api_product_grid",
        [200, 200, 403],
    ));
    cases.extend(sql(
        "WITH x AS (SELECT * FROM products) SELECT count() FROM x",
        [200, 403, 403],
    ));
    let nodes = format!(
        "/v0/sql?pipeline=api_product_grid&q={}",
        encode("SELECT count() FROM filter_prods")
    );
    cases.push(get(nodes, [200, 403, 403]));
    cases
}

/// Sends the request with the token as a header or as a parameter.
fn send(server: &Server, case: &Case, token: Option<&str>, as_parameter: bool) -> Answer {
    let mut path = case.path.clone();
    let mut client = server.anonymous();
    match token {
        Some(token) if as_parameter => {
            path += if path.contains('?') { "&" } else { "?" };
            path += &format!("token={}", encode(token));
        }
        Some(token) => client = client.with_token(token),
        None => {}
    }
    let mut call = client.call(case.method, path);
    if let Some(body) = &case.body {
        call = call
            .header("content-type", "text/plain")
            .body(body.as_str());
    }
    call.send()
}

#[test]
fn tokens_allow_exactly_their_scopes() {
    let scratch = Scratch::new();
    let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command
            .args(["start", "--project"])
            .arg(example())
            .env("RUST_LOG", "trace");
    })
    .unwrap();
    let read = server.token("app_read_token");
    let append = server.token("app_append_token");
    let secrets = [ADMIN_TOKEN, &read, &append, WRONG];
    let hides_tokens = |answer: &Answer, what: &str| {
        let shown = format!("{:?} {}", answer.headers, answer.text());
        assert!(
            !secrets.iter().any(|secret| shown.contains(secret)),
            "{what} shows a token: {shown}"
        );
    };
    for case in cases() {
        let what = format!("{} {}", case.method, case.path);
        let [as_admin, as_reader, as_writer] = case.statuses;
        let callers = [
            ("admin", Some(ADMIN_TOKEN), as_admin),
            ("app_read_token", Some(read.as_str()), as_reader),
            ("app_append_token", Some(append.as_str()), as_writer),
            ("a wrong token", Some(WRONG), 403),
            ("an empty token", Some(""), 403),
            ("no token", None, 403),
        ];
        for (caller, token, expected) in callers {
            for as_parameter in [false, true] {
                let answer = send(&server, &case, token, as_parameter);
                assert_eq!(
                    answer.status,
                    expected,
                    "{what} as {caller}: {}",
                    answer.text()
                );
                if expected >= 400 {
                    answer.error();
                }
                hides_tokens(&answer, &what);
            }
        }
    }
    header_wins_over_parameter(&server, &read);
    open_routes(&server);
    no_value_is_kept_in_clear(&scratch, server, &secrets);
}

/// The same token twice is what some clients send; of two different ones the header counts.
fn header_wins_over_parameter(server: &Server, read: &str) {
    let path = "/v0/pipes/api_product_grid.json?token=";
    let reader = server.client(read);
    reader.get(format!("{path}{}", encode(read))).expect(200);
    reader.get(format!("{path}{WRONG}")).expect(200);
    server
        .client(WRONG)
        .get(format!("{path}{}", encode(read)))
        .expect(403);
    let twice = format!("{path}{}&token={WRONG}", encode(read));
    server.anonymous().get(twice).expect(200);
    let lower = server.anonymous();
    lower
        .call("GET", path)
        .header("authorization", format!("bearer {read}"))
        .send()
        .expect(200);
    lower
        .call("GET", path)
        .header("authorization", format!("Basic {read}"))
        .send()
        .expect(403);
}

fn open_routes(server: &Server) {
    let nobody = server.anonymous();
    nobody.get("/v0/health").expect(200);
    assert!(
        nobody
            .get("/version")
            .expect(200)
            .text()
            .starts_with("birdhouse ")
    );
    nobody.get("/v0/no_such_route").expect(404).error();
}

/// Looks for the values in the logs, in the service data sources, and in every file of the data.
fn no_value_is_kept_in_clear(scratch: &Scratch, server: Server, secrets: &[&str]) {
    let admin = server.admin();
    for table in ["pipe_stats_rt", "datasources_ops_log", "endpoint_errors"] {
        let rows = admin
            .query(&format!(
                "SELECT * FROM tinybird.{table} FORMAT JSONEachRow"
            ))
            .ok()
            .text();
        assert!(rows.len() > 1000, "{table} has no rows to look at");
        assert!(
            !secrets.iter().any(|secret| rows.contains(secret)),
            "tinybird.{table} shows a token"
        );
    }
    let data = server.data().to_owned();
    server.stop();
    let key = fs::metadata(data.join("key")).unwrap();
    assert_eq!(
        key.permissions().mode() & 0o777,
        0o600,
        "who may read the key"
    );
    let log = fs::read_to_string(scratch.path("server.log")).unwrap();
    assert!(
        log.contains("TRACE") && log.contains("engine worker is ready"),
        "the log is not complete"
    );
    let mut files = 0;
    each_file(scratch.root(), &mut |path| {
        let bytes = fs::read(path).unwrap();
        for secret in secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} contains {secret}", path.display());
        }
        files += 1;
    });
    assert!(files > 50, "only {files} files were looked at");
}

fn each_file(folder: &Path, look: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            each_file(&entry.path(), look);
        } else if kind.is_file() {
            look(&entry.path());
        }
    }
}
