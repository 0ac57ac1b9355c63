//! Signed tokens (JWT): what their claims allow, fix, filter and limit.

use serde_json::{Value, json};

use crate::harness::{Client, Scratch, Server, project, wait_until};

const PROJECT: &str = "\
--- datasources/events.datasource
SCHEMA >
    `org` String `json:$.org`,
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- endpoints/of_org.pipe
NODE n
SQL >
    %
    SELECT n FROM events WHERE org = {{String(org, 'nobody')}} ORDER BY n
TYPE endpoint
--- endpoints/outer.pipe
NODE n
SQL >
    SELECT sum(n) AS n FROM of_org
TYPE endpoint
";

fn server(scratch: &Scratch) -> Server {
    let server = Server::start(scratch, &project(scratch, "project", PROJECT));
    let rows = "{\"org\":\"acme\",\"n\":1}\n{\"org\":\"bob\",\"n\":2}\n{\"org\":\"acme\",\"n\":3}";
    server.admin().append("events", rows).ok();
    server
}

/// Returns a client with a token that is valid for `seconds`, as the SDKs ask for it.
fn signed(server: &Server, seconds: i64, claims: &Value) -> Client {
    let exp = jiff::Timestamp::now().as_second() + seconds;
    let path = format!("/v0/tokens/?expiration_time={exp}");
    let answer = server
        .admin()
        .post(path, claims.to_string())
        .expect(200)
        .json();
    server.client(answer["token"].as_str().unwrap())
}

fn numbers(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["n"].as_i64().unwrap()).collect()
}

#[test]
fn fixed_parameters_and_filters_hold() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let acme = signed(
        &server,
        600,
        &json!({"name": "acme", "scopes": [
            {"type": "PIPES:READ", "resource": "of_org", "fixed_params": {"org": "acme"}},
        ]}),
    );
    for sent in [
        &[][..],
        &[("org", "bob")],
        &[("org", "acme"), ("org", "bob")],
    ] {
        let rows = acme.endpoint("of_org", "json", sent).ok().rows();
        assert_eq!(numbers(&rows), [1, 3], "{sent:?}");
    }
    let body = acme
        .post("/v0/pipes/of_org.json", r#"{"org": "bob"}"#)
        .ok()
        .rows();
    assert_eq!(numbers(&body), [1, 3]);
    let q = acme
        .get("/v0/pipes/of_org.json?org=bob&q=SELECT%20*%20FROM%20_")
        .ok()
        .rows();
    assert_eq!(numbers(&q), [1, 3]);
    // By SQL as well, whose parameters reach the templates of pipes.
    let sql = acme
        .get("/v0/sql?org=bob&q=SELECT%20*%20FROM%20of_org")
        .ok()
        .rows();
    assert_eq!(numbers(&sql), [1, 3]);
    acme.get("/v0/pipes/outer.json").expect(403);
    acme.query("SELECT * FROM events").expect(403);
    acme.get("/v0/tokens").expect(200);
    acme.call("POST", "/v0/tokens?name=x&scope=ADMIN")
        .send()
        .expect(403);

    let filtered = signed(
        &server,
        600,
        &json!({"name": "bob", "scopes": [
            {"type": "DATASOURCES:READ", "resource": "events", "filter": "org = 'bob'"},
            {"type": "DATASOURCES:APPEND", "resource": "events"},
        ]}),
    );
    assert_eq!(filtered.value("SELECT sum(n) FROM events"), 2);
    filtered.append("events", r#"{"org":"bob","n":5}"#).ok();
    assert_eq!(filtered.value("SELECT sum(n) FROM events"), 7);
    assert_eq!(server.admin().value("SELECT sum(n) FROM events"), 11);
}

#[test]
fn requests_per_second_are_counted_by_name() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let claims = json!({
        "name": "slow", "limits": {"rps": 3},
        "scopes": [{"type": "PIPES:READ", "resource": "of_org"}],
    });
    let slow = signed(&server, 600, &claims);
    let call = || slow.get("/v0/pipes/of_org.json");
    // Within some second there is one call too many.
    let refused = wait_until(
        "a request is refused",
        std::time::Duration::from_secs(30),
        || {
            let answer = call();
            assert_eq!(answer.header("x-ratelimit-limit").as_deref(), Some("3"));
            match answer.status {
                429 => Ok(answer),
                200 => Err("allowed".to_owned()),
                other => panic!("{other}: {}", answer.text()),
            }
        },
    );
    assert_eq!(refused.header("retry-after").as_deref(), Some("1"));
    assert_eq!(
        refused.header("x-ratelimit-remaining").as_deref(),
        Some("0")
    );
    assert_eq!(refused.header("x-ratelimit-reset").as_deref(), Some("1"));
    refused.error();
    wait_until(
        "requests are allowed again",
        std::time::Duration::from_secs(10),
        || match call().status {
            200 => Ok(()),
            other => Err(other.to_string()),
        },
    );
    let free = server.admin().get("/v0/pipes/of_org.json").expect(200);
    assert_eq!(free.header("x-ratelimit-limit"), None);
}

#[test]
fn signed_tokens_end_with_their_time_and_with_their_key() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let claims = json!({"name": "x", "scopes": [{"type": "PIPES:READ", "resource": "of_org"}]});
    let short = signed(&server, 2, &claims);
    let error = wait_until(
        "the token expires",
        std::time::Duration::from_secs(20),
        || {
            let answer = short.get("/v0/pipes/of_org.json");
            if answer.status == 403 {
                Ok(answer.error())
            } else {
                Err(answer.text())
            }
        },
    );
    assert!(error.contains("expired"), "{error}");
    let long = signed(&server, 600, &claims);
    long.get("/v0/pipes/of_org.json").expect(200);
    let path = "/v0/tokens/workspace%20admin%20token/refresh";
    server.admin().post(path, "").expect(200);
    long.get("/v0/pipes/of_org.json").expect(403).error();
}
