//! Static tokens as clients manage them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Client, Scratch, Server, encode, project, wait_until};

const PROJECT: &str = "\
--- datasources/events.datasource
TOKEN sender APPEND
SCHEMA >
    `org` String `json:$.org`,
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- endpoints/top.pipe
TOKEN reader READ
NODE n
SQL >
    SELECT org, sum(n) AS n FROM events GROUP BY org ORDER BY org
TYPE endpoint
";

fn server(scratch: &Scratch) -> Server {
    let server = Server::start(scratch, &project(scratch, "project", PROJECT));
    let rows = "{\"org\":\"acme\",\"n\":1}\n{\"org\":\"bob\",\"n\":2}\n{\"org\":\"acme\",\"n\":3}";
    server.admin().append("events", rows).ok();
    server
}

/// Creates a token with these scopes and returns it.
fn create(admin: &Client, name: &str, scopes: &[&str]) -> Value {
    let scopes: Vec<String> = scopes
        .iter()
        .map(|s| format!("&scope={}", encode(s)))
        .collect();
    let path = format!(
        "/v0/tokens?name={}&origin=C{}",
        encode(name),
        scopes.concat()
    );
    admin.call("POST", path).send().expect(200).json()
}

fn value(token: &Value) -> &str {
    token["token"].as_str().unwrap()
}

#[test]
fn a_token_from_beginning_to_end() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    admin.get("/v0/tokens/mine").expect(404).error();
    let token = create(
        &admin,
        "mine",
        &["DATASOURCES:READ:events", "PIPES:READ:top"],
    );
    assert_eq!(
        token["scopes"],
        json!([
            {"type": "DATASOURCES:READ", "resource": "events", "filter": ""},
            {"type": "PIPES:READ", "resource": "top", "filter": ""},
        ])
    );
    assert_eq!(token["origin"], json!({"type": "C"}));
    let mine = server.client(value(&token));
    assert_eq!(mine.value("SELECT count() FROM events"), 3);
    mine.get("/v0/pipes/top.json").expect(200);
    // It finds itself, by id, name and value, and nothing else.
    for wanted in [token["id"].as_str().unwrap(), "mine", value(&token)] {
        let found = mine.get(format!("/v0/tokens/{wanted}")).expect(200).json();
        assert_eq!(found, token);
    }
    mine.get("/v0/tokens/reader").expect(403).error();
    mine.get("/v0/tokens/none").expect(403).error();
    let listed = mine.get("/v0/tokens").expect(200).json();
    assert_eq!(listed["tokens"], json!([token]));
    mine.call("POST", "/v0/tokens?name=x&scope=ADMIN")
        .send()
        .expect(403)
        .error();
    // New scopes replace the old ones; a body stands for a long query string.
    let changed = admin.put("/v0/tokens/mine?description=said", "scope=PIPES:READ:top");
    assert_eq!(changed.expect(200).json()["description"], "said");
    mine.query("SELECT count() FROM events").expect(403);
    mine.get("/v0/pipes/top.json").expect(200);
    admin.put("/v0/tokens/mine?name=yours", "").expect(200);
    admin.get("/v0/tokens/mine").expect(404);
    let refreshed = admin
        .post("/v0/tokens/yours/refresh", "")
        .expect(200)
        .json();
    assert_ne!(refreshed["token"], token["token"]);
    mine.get("/v0/pipes/top.json").expect(403);
    let yours = server.client(value(&refreshed));
    yours.get("/v0/pipes/top.json").expect(200);
    admin.delete("/v0/tokens/yours").expect(200);
    yours.get("/v0/pipes/top.json").expect(403);
    admin.delete("/v0/tokens/yours").expect(404).error();
}

#[test]
fn tokens_survive_and_datafile_tokens_say_where_they_come_from() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let kept = create(&server.admin(), "kept", &["WORKSPACE:READ_ALL"]);
    server.kill();
    let server = Server::start_empty(&scratch);
    assert_eq!(
        server
            .client(value(&kept))
            .value("SELECT count() FROM events"),
        3
    );
    let admin = server.admin();
    let list = admin.get("/v0/tokens").expect(200).json();
    let tokens = list["tokens"].as_array().unwrap();
    // Clients walk through the scopes of every token.
    assert!(tokens.iter().all(|token| token["scopes"].is_array()));
    let origin = |name: &str| {
        let found = tokens.iter().find(|token| token["name"] == name);
        found.unwrap()["origin"].clone()
    };
    let id = |path: &str| admin.get(path).expect(200).json()["id"].clone();
    assert_eq!(
        origin("sender"),
        json!({"type": "DS", "resource_id": id("/v0/datasources/events")})
    );
    assert_eq!(
        origin("reader"),
        json!({"type": "P", "resource_id": id("/v0/pipes/top")})
    );
    let text = admin.get("/v0/tokens/kept.token").expect(200);
    assert_eq!(text.header("content-type").as_deref(), Some("text/plain"));
}

#[test]
fn a_filter_of_a_token_holds() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let acme = create(&admin, "acme", &["DATASOURCES:READ:events:org = 'acme'"]);
    let acme = server.client(value(&acme));
    assert_eq!(acme.value("SELECT count() FROM events"), 2);
    assert_eq!(
        acme.value("SELECT uniqExact(org) FROM (SELECT * FROM events AS e)"),
        1
    );
    assert_eq!(
        acme.value("SELECT max(n) FROM events WHERE org != 'acme' OR 1 = 1"),
        3
    );
    acme.query("SELECT * FROM events_quarantine").expect(403);
    acme.query("SELECT * FROM top").expect(403);
    // How many rows there are it does not learn.
    let shown = acme.get("/v0/datasources/events").expect(200).json();
    assert_eq!(shown["statistics"], Value::Null);
    let both = create(
        &admin,
        "both",
        &[
            "DATASOURCES:READ:events:org = 'acme'",
            "DATASOURCES:READ:events:n = 2 -- bob",
        ],
    );
    assert_eq!(
        server
            .client(value(&both))
            .value("SELECT count() FROM events"),
        3
    );
    let pipe = create(&admin, "pipe", &["PIPES:READ:top:org = 'bob'"]);
    let pipe = server.client(value(&pipe));
    let bob = [json!({"org": "bob", "n": 2})];
    assert_eq!(pipe.endpoint("top", "json", &[]).ok().rows(), bob);
    assert_eq!(pipe.sql("SELECT * FROM top"), bob);
    // With a filter on the data source as well, it holds inside of the pipe.
    let scopes = ["PIPES:READ:top", "DATASOURCES:READ:events:n = 1"];
    let inside = create(&admin, "inside", &scopes);
    let inside = server.client(value(&inside));
    assert_eq!(
        inside.sql("SELECT * FROM top"),
        [json!({"org": "acme", "n": 1})]
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    for (query, reason) in [
        ("scope=ADMIN", "'name' is missing"),
        ("name=x", "'scope' is missing"),
        ("name=reader&scope=ADMIN", "exists already"),
        ("name=x&scope=EVERYTHING", "unknown scope"),
        ("name=x&scope=PIPES:READ", "needs the name of a resource"),
        (
            "name=x&scope=PIPES:READ:none",
            "'none' of the scope does not exist",
        ),
        (
            "name=x&scope=DATASOURCES:READ:events:n%20IN%20(SELECT%201%20FROM%20top)",
            "reads other tables",
        ),
        (
            "name=x&scope=DATASOURCES:READ:events:n%20=%20",
            "cannot be used",
        ),
        (
            "name=x&scope=DATASOURCES:READ:events:sleep(3)",
            "sleep is not allowed",
        ),
        ("name=x&expiration_time=soon", "Unix seconds"),
        ("name=x&expiration_time=99999999999", "JSON object"),
    ] {
        let answer = admin.call("POST", format!("/v0/tokens?{query}")).send();
        let error = answer.expect(400).error();
        assert!(error.contains(reason), "{query}: {error}");
    }
    let own = "workspace%20admin%20token";
    admin
        .delete(format!("/v0/tokens/{own}"))
        .expect(400)
        .error();
    admin
        .put(format!("/v0/tokens/{own}?scope=TOKENS"), "")
        .expect(400)
        .error();
    // Refreshing is allowed, and then the old value is worth nothing.
    let new = admin
        .post(format!("/v0/tokens/{own}/refresh"), "")
        .expect(200)
        .json();
    admin.get("/v0/tokens").expect(403);
    server.client(value(&new)).get("/v0/tokens").expect(200);
    assert_ne!(value(&new), ADMIN_TOKEN);
}

/// Deploys these files, promoting them at once.
fn deploy(admin: &Client, files: &str) {
    let mut body = String::new();
    for part in files.split("--- ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap();
        body += &format!(
            "--edge\r\ncontent-disposition: form-data; name=\"data_project://\"; filename=\"{path}\"\r\n\
             content-type: text/plain\r\n\r\n{content}\r\n"
        );
    }
    body += "--edge--\r\n";
    let call = admin.call("POST", "/v1/deploy?auto_promote=true");
    let call = call.header("content-type", "multipart/form-data; boundary=edge");
    let answer = call.body(body).send().expect(200).json();
    assert_eq!(answer["result"], "success", "{answer}");
    let id = answer["deployment"]["id"].as_str().unwrap().to_owned();
    wait_until("the deployment is live", Duration::from_secs(30), || {
        let shown = admin
            .get(format!("/v1/deployments/{id}"))
            .expect(200)
            .json();
        match shown["deployment"]["live"] == true {
            true => Ok(()),
            false => Err(shown.to_string()),
        }
    });
}

/// A changed data source has a table of another name behind it; filters and counts follow it.
#[test]
fn a_filter_holds_when_a_deployment_has_changed_the_table() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let acme = create(
        &admin,
        "acme",
        &["DATASOURCES:READ:events:org = 'acme'", "PIPES:READ:top"],
    );
    let acme = server.client(value(&acme));
    let holds = |rows: i64| {
        for (sql, expected) in [
            ("SELECT count() FROM events", rows),
            ("SELECT count() FROM events AS e", rows),
            ("SELECT sum(org != 'acme') FROM (SELECT * FROM events)", 0),
            (
                "WITH x AS (SELECT org FROM events) SELECT uniqExact(org) FROM x",
                1,
            ),
            ("SELECT count() FROM top", 1),
        ] {
            assert_eq!(acme.value(sql), expected, "{sql}");
        }
        let shown = admin.get("/v0/datasources/events").expect(200).json();
        assert_eq!(shown["statistics"]["row_count"], rows + 1, "{shown}");
    };
    holds(2);
    let changed = PROJECT.replace("ENGINE_SORTING_KEY n", "ENGINE_SORTING_KEY org, n");
    deploy(&admin, &changed);
    holds(2);
    let shown = admin.get("/v0/datasources/events").expect(200).json();
    assert_eq!(shown["engine"]["sorting_key"], "org, n");
    admin.append("events", r#"{"org":"acme","n":9}"#).ok();
    holds(3);
    server.kill();
    let server = Server::start_empty(&scratch);
    let acme = server.client(acme.token());
    assert_eq!(acme.value("SELECT count() FROM events"), 3);
}
