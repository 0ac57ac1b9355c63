//! Data sources and pipes that are changed by calls: each is a deployment, live at once.

mod mistakes;
mod populations;

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Scratch, Server, encode, form, ndjson, project, wait_until};

const LIMIT: Duration = Duration::from_secs(60);

/// Creates a data source from `name`, `schema` and whatever `fields` say.
fn create(client: &Client, fields: &[(&str, &str)]) -> Answer {
    client
        .call("POST", "/v0/datasources")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(fields))
        .send()
}

/// Pushes a pipe as the Classic command line does.
fn push(client: &Client, query: &str, name: &str, nodes: &Value) -> Answer {
    let body = json!({"name": name, "description": "", "nodes": nodes});
    client
        .call("POST", format!("/v0/pipes?{query}"))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
}

fn endpoint(sql: &str) -> Value {
    json!([{"name": "n", "sql": sql, "type": "endpoint"}])
}

/// Returns the deployments' numbers.
fn live(admin: &Client) -> Value {
    let all = admin.get("/v1/deployments").ok().json();
    let all = all["deployments"].as_array().unwrap().clone();
    let live = all.into_iter().find(|d| d["live"] == json!(true)).unwrap();
    live["id"].clone()
}

/// Returns names of data sources and pipes.
fn names(admin: &Client) -> Vec<String> {
    let of = |what: &str| {
        let all = admin.get(format!("/v0/{what}")).ok().json();
        let all = all[what].as_array().unwrap().clone();
        all.iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    [of("datasources"), of("pipes")].concat()
}

#[test]
fn a_data_source_is_created_changed_and_dropped() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    let fields = [
        ("name", "visits"),
        ("description", "Who came."),
        (
            "schema",
            "`at` DateTime `json:$.at`,`page` String `json:$.page`",
        ),
        (
            "indexes",
            "INDEX by_page page TYPE bloom_filter(0.01) GRANULARITY 4",
        ),
        ("engine", "MergeTree"),
        ("engine_partition_key", "toYear(at)"),
        ("engine_sorting_key", "page,at"),
        ("engine_ttl", "at + INTERVAL 10 YEAR"),
        ("format", "ndjson"),
        ("branch_mode", "None"),
    ];
    let created = create(&admin, &fields).expect(200).json();
    let datasource = &created["datasource"];
    assert_eq!(datasource["name"], "visits");
    assert_eq!(datasource["type"], "ndjson");
    assert_eq!(datasource["engine"]["ttl"], "at + INTERVAL 10 YEAR");
    assert_eq!(datasource["indexes"][0]["expr"], "page");
    let text = admin.get("/v0/datasources/visits.datasource").ok().text();
    let wanted = "DESCRIPTION >
    Who came.

SCHEMA >
    `at` DateTime `json:$.at`,
    `page` String `json:$.page`

INDEXES >
    by_page page TYPE bloom_filter(0.01) GRANULARITY 4

ENGINE MergeTree
ENGINE_PARTITION_KEY toYear(at)
ENGINE_SORTING_KEY page, at
ENGINE_TTL at + INTERVAL 10 YEAR
";
    assert_eq!(text, wanted);
    assert!(
        create(&admin, &fields)
            .expect(409)
            .error()
            .contains("visits")
    );

    let row = json!({"at": "2026-01-01 00:00:00", "page": "/a"});
    admin.append("visits", ndjson([&row])).expect(200);
    let schema = format!("{}, `ms` UInt16 `json:$.ms` DEFAULT 7", fields[2].1);
    let alter = |dry: &str, schema: &str| {
        let body = form(&[("schema", schema), ("dry", dry)]);
        admin.post("/v0/datasources/visits/alter", body)
    };
    let operations = json!(["ADD COLUMN `ms` UInt16 DEFAULT 7"]);
    assert_eq!(
        alter("true", &schema).expect(200).json()["operations"],
        operations
    );
    assert_eq!(
        admin.get("/v0/datasources/visits.datasource").ok().text(),
        wanted
    );
    assert_eq!(
        alter("false", &schema).expect(200).json()["operations"],
        operations
    );
    assert_eq!(
        admin.value("SELECT (page, ms) FROM visits"),
        json!(["/a", 7])
    );
    let nothing = alter("false", &schema).expect(400).error();
    assert!(
        nothing.contains("There were no operations to perform"),
        "{nothing}"
    );
    let body = form(&[("ttl", "false"), ("indexes", "0"), ("description", "Who.")]);
    let answer = admin.post("/v0/datasources/visits/alter", body).expect(200);
    assert_eq!(answer.json()["operations"].as_array().unwrap().len(), 3);
    let text = admin.get("/v0/datasources/visits.datasource").ok().text();
    assert!(!text.contains("TTL") && !text.contains("INDEXES"), "{text}");
    admin
        .put("/v0/datasources/visits", "description=Guests.")
        .expect(200);
    assert!(
        admin
            .put("/v0/datasources/visits", "name=b")
            .expect(400)
            .error()
            .contains("renamed")
    );
    is_dropped_when_nothing_reads_it(&admin);
    server.stop();
}

fn is_dropped_when_nothing_reads_it(admin: &Client) {
    push(admin, "", "reads", &endpoint("SELECT page FROM visits")).expect(200);
    let used = admin
        .delete("/v0/datasources/visits?dry_run=true")
        .expect(409);
    assert!(used.error().contains("downstream"), "{}", used.error());
    admin
        .delete("/v0/datasources/visits?force=true")
        .expect(409);
    admin.delete("/v0/pipes/reads").expect(204);
    let unused = admin
        .delete("/v0/datasources/visits?dry_run=true")
        .expect(200);
    assert_eq!(unused.json(), json!({"dependent_pipes": []}));
    admin
        .delete("/v0/datasources/visits?force=true")
        .expect(204);
    admin.get("/v0/datasources/visits").expect(404);
    assert!(names(admin).is_empty());
}

#[test]
fn a_file_makes_a_data_source() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    let upload = |query: &str, body: &str| {
        let path = format!("/v0/datasources?{query}");
        admin.call("POST", path).body(body).send()
    };
    let stored = upload("name=guessed&format=csv", "id,price\na,1.5\nb,2.5\n").expect(200);
    assert_eq!(stored.json()["datasource"]["name"], "guessed");
    assert_eq!(admin.value("SELECT sum(price) FROM guessed"), json!(4));
    let rows = "{\"n\":1,\"s\":\"x\"}\n{\"n\":2,\"s\":\"y\"}\n";
    upload("name=lines&mode=create&format=ndjson", rows).expect(200);
    assert_eq!(admin.value("SELECT sum(n) FROM lines"), json!(3));
    let schema = encode("id String, n UInt8 DEFAULT 3");
    upload(&format!("name=said&schema={schema}"), "id,n\na,1\nb,2\n").expect(200);
    assert_eq!(admin.value("SELECT sum(n) FROM said"), json!(3));
    // What is there is not touched.
    upload("name=said&format=csv", "other\n1\n").expect(409);
    assert_eq!(admin.value("SELECT count() FROM said"), json!(2));
    server.stop();
}

#[test]
fn pipes_and_their_nodes_are_changed_by_calls() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    let nodes = json!([
        {"name": "first", "sql": "%\nSELECT {{Int32(n, 1)}} AS n", "type": "standard"},
        {"name": "second", "sql": "SELECT n + 1 AS n FROM first", "description": "More."},
    ]);
    let made = push(&admin, "ignore_sql_errors=false", "two", &nodes)
        .expect(200)
        .json();
    assert_eq!(
        (&made["type"], &made["endpoint"]),
        (&json!("default"), &Value::Null)
    );
    assert!(
        push(&admin, "", "two", &nodes)
            .expect(409)
            .error()
            .contains("two")
    );
    let id = made["nodes"][1]["id"].as_str().unwrap();
    let made = admin
        .post(format!("/v0/pipes/two/nodes/{id}/endpoint"), "")
        .expect(200)
        .json();
    assert_eq!(made["endpoint"], id);
    let call = |query: &str| {
        let answer = admin.get(format!("/v0/pipes/two.json{query}")).ok();
        answer.rows()[0]["n"].clone()
    };
    assert_eq!(call("?n=4"), json!(5));
    let node = admin
        .post("/v0/pipes/two/nodes", "SELECT n * 2 AS n FROM second")
        .ok()
        .json();
    assert_eq!(node["name"], "two_2");
    admin
        .put(
            "/v0/pipes/two/nodes/two_2",
            "name=third&sql=SELECT+n*3+AS+n+FROM+second",
        )
        .ok();
    admin.post("/v0/pipes/two/nodes/third/endpoint", "").ok();
    assert_eq!(call(""), json!(6));
    // What is pushed over an endpoint is one, without a gap.
    let made = push(&admin, "force=true", "two", &nodes).expect(200).json();
    assert_eq!(
        (&made["type"], &made["endpoint"]),
        (&json!("endpoint"), &json!(id))
    );
    admin
        .delete("/v0/pipes/two/nodes/second/endpoint")
        .expect(200);
    admin.get("/v0/pipes/two.json").expect(404);
    admin
        .delete("/v0/pipes/two/nodes/second/endpoint")
        .expect(400);
    admin.post("/v0/pipes/two/nodes/first/endpoint", "").ok();
    admin.delete("/v0/pipes/two/nodes/second").expect(204);
    assert_eq!(call("?n=8"), json!(8));

    push(&admin, "", "reads", &endpoint("SELECT n FROM two")).expect(200);
    assert!(
        admin
            .delete("/v0/pipes/two")
            .expect(409)
            .error()
            .contains("reads")
    );
    admin.put("/v0/pipes/two", "name=one").expect(409);
    admin.delete("/v0/pipes/reads").expect(204);
    admin
        .put("/v0/pipes/two", "name=one&description=Numbers.")
        .expect(200);
    assert_eq!(names(&admin), ["one"]);
    let text = admin.get("/v1/pipes/one.pipe").ok().text();
    let wanted = "DESCRIPTION >
    Numbers.

NODE first
SQL >
    %
    SELECT {{Int32(n, 1)}} AS n

TYPE ENDPOINT
";
    assert_eq!(text, wanted);
    // The short form: a name and a query.
    admin.post("/v0/pipes?name=short", "SELECT 1 AS x").ok();
    assert_eq!(names(&admin), ["one", "short"]);
    server.stop();
}

#[test]
fn a_copy_node_is_made_changed_and_unlinked() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    for name in ["days", "other"] {
        create(&admin, &[("name", name), ("schema", "n UInt8")]).expect(200);
    }
    let nodes = json!([{
        "name": "n", "sql": "SELECT toUInt8(1) AS n", "type": "copy", "target_datasource": "days",
        "copy_schedule": "0 * * * *", "mode": "append", "datasource": "days", "export_params": null,
    }]);
    let made = push(&admin, "", "copies", &nodes).expect(200).json();
    let days = admin.get("/v0/datasources/days").ok().json()["id"].clone();
    assert_eq!(made["copy_target_datasource"], days);
    assert_eq!(made["schedule"]["cron"], "0 * * * *");
    assert_eq!(made["copy_node"], made["nodes"][0]["id"]);
    let change = "schedule_cron=None&mode=replace&target_datasource=other";
    let made = admin
        .put("/v0/pipes/copies/nodes/n/copy", change)
        .ok()
        .json();
    assert_eq!(
        (&made["schedule"]["cron"], &made["copy_mode"]),
        (&Value::Null, &json!("replace"))
    );
    let used = admin
        .delete("/v0/datasources/other?dry_run=true")
        .expect(409)
        .error();
    assert!(
        used.contains("copies.n") && !used.contains("downstream"),
        "{used}"
    );
    admin.delete("/v0/pipes/copies/nodes/n/copy").expect(204);
    assert_eq!(admin.get("/v0/pipes/copies").ok().json()["type"], "default");
    admin.delete("/v0/datasources/other").expect(204);
    server.stop();
}

#[test]
fn tokens_of_a_push_are_in_the_files() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    create(&admin, &[("name", "events"), ("schema", "n UInt8")]).expect(200);
    push(&admin, "", "top", &endpoint("SELECT n FROM events")).expect(200);
    let token = |query: &str| admin.post(format!("/v0/tokens?{query}"), "").expect(200);
    token("name=tracker&origin=DS&resource_id=events&scope=DATASOURCES:APPEND:events");
    token("name=reader&origin=P&resource_id=top&scope=PIPES:READ:top");
    token("name=own&scope=PIPES:READ:top");
    let file = |path: &str| admin.get(path).ok().text();
    let text = file("/v0/datasources/events.datasource");
    assert!(
        text.starts_with("TOKEN \"tracker\" APPEND\n\nSCHEMA"),
        "{text}"
    );
    let text = file("/v1/pipes/top.pipe");
    assert!(text.starts_with("TOKEN \"reader\" READ\n\nNODE"), "{text}");
    // Scopes do not outlive what they are about.
    let reader = server.named("reader");
    reader.endpoint("top", "json", &[]).expect(200);
    admin.put("/v0/pipes/top", "name=best").expect(200);
    reader.endpoint("best", "json", &[]).expect(200);
    admin.delete("/v0/pipes/best").expect(204);
    push(&admin, "", "best", &endpoint("SELECT n FROM events")).expect(200);
    reader.endpoint("best", "json", &[]).expect(403);
    server.stop();
}

#[test]
fn pushes_at_once_come_one_after_the_other() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    create(&admin, &[("name", "events"), ("schema", "n UInt8")]).expect(200);
    thread::scope(|scope| {
        for number in 0..6 {
            let client = server.admin();
            scope.spawn(move || {
                let sql = format!("SELECT n + {number} AS n FROM events");
                push(&client, "", &format!("p{number}"), &endpoint(&sql)).expect(200);
                let fields = [
                    ("name", format!("d{number}")),
                    ("schema", "n UInt8".to_owned()),
                ];
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                create(&client, &fields).expect(200);
            });
        }
    });
    assert_eq!(names(&admin).len(), 13);
    assert_eq!(live(&admin), json!("13"));
    server.stop();
}

#[test]
fn the_pipes_of_a_classic_project_stay_published() {
    let scratch = Scratch::new();
    let classic = "--- pipes/old.pipe
NODE one
SQL >
    SELECT 1 AS n
";
    let server = Server::start(&scratch, &project(&scratch, "project", classic));
    let admin = server.admin();
    let made = push(&admin, "", "new", &endpoint("SELECT n FROM old"))
        .expect(200)
        .json();
    assert_eq!(made["type"], "endpoint");
    for pipe in ["old", "new"] {
        admin.endpoint(pipe, "json", &[]).expect(200);
    }
    let nodes = json!([
        {"name": "a", "sql": "SELECT 1 AS n", "type": "endpoint"},
        {"name": "b", "sql": "SELECT n FROM a"},
    ]);
    let refused = push(&admin, "", "inner", &nodes).expect(400).error();
    assert!(refused.contains("last node"), "{refused}");
    assert_eq!(names(&admin), ["new", "old"]);
    server.stop();
}

#[test]
fn a_deployment_without_what_was_pushed_asks_for_permission() {
    let scratch = Scratch::new();
    let folder = project(
        &scratch,
        "project",
        "--- datasources/events.datasource\nSCHEMA >\n    n UInt8\n",
    );
    let server = Server::start(&scratch, &folder);
    let admin = server.admin();
    create(&admin, &[("name", "pushed"), ("schema", "n UInt8")]).expect(200);
    server.stop();
    let refused = Server::try_start(&scratch, &folder).map(drop).unwrap_err();
    let log = format!("{refused:?}");
    assert!(log.contains("delete the data source pushed"), "{log}");
    let server = Server::start_empty(&scratch);
    assert_eq!(names(&server.admin()), ["events", "pushed"]);
    server.stop();
}

/// Waits until a job is over.
fn job(admin: &Client, id: &str) -> Value {
    wait_until("the job is over", LIMIT, || {
        let job = admin.get(format!("/v0/jobs/{id}")).ok().json();
        match job["status"].as_str() {
            Some("done" | "error") => Ok(job),
            _ => Err(job.to_string()),
        }
    })
}
