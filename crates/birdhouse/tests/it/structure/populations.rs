//! Materialized nodes that are pushed while rows come: each row is in the target once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

const VIEW: &str = "SELECT k, count() AS rows, sum(v) AS total FROM events GROUP BY k";

fn view(target: &str) -> Value {
    json!([{"name": "n", "sql": VIEW, "type": "materialized", "datasource": target}])
}

fn summing(admin: &Client, name: &str) {
    let fields = [
        ("name", name),
        ("schema", "k UInt8, rows UInt64, total UInt64"),
        ("engine", "SummingMergeTree"),
        ("engine_sorting_key", "k"),
    ];
    create(admin, &fields).expect(200);
}

fn sums(admin: &Client, target: &str) -> (u64, u64) {
    let row = admin.sql(&format!(
        "SELECT sum(rows) AS n, sum(total) AS t FROM {target}"
    ));
    (row[0]["n"].as_u64().unwrap(), row[0]["t"].as_u64().unwrap())
}

#[test]
fn rows_that_come_during_a_push_are_counted_once() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    let schema = "k UInt8 `json:$.k`, v UInt64 `json:$.v`";
    create(&admin, &[("name", "events"), ("schema", schema)]).expect(200);
    for name in ["with", "without", "later"] {
        summing(&admin, name);
    }
    let (sent, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let writer = server.admin();
    let bounds = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                let first = sent.load(Ordering::Acquire);
                let rows = (first..first + 10).map(|v| json!({"k": v % 3, "v": v}));
                let rows: Vec<Value> = rows.collect();
                writer.append("events", ndjson(&rows)).expect(200);
                sent.store(first + 10, Ordering::Release);
            }
        });
        let more = |than: u64| {
            wait_until("more rows come", LIMIT, || {
                let now = sent.load(Ordering::Acquire);
                if now > than {
                    Ok(now)
                } else {
                    Err(now.to_string())
                }
            })
        };
        let before = more(50);
        push(&admin, "populate=false", "unfilled", &view("without")).expect(200);
        let after = sent.load(Ordering::Acquire);
        more(after + 50);
        let made = push(&admin, "populate=true", "filled", &view("with"))
            .expect(200)
            .json();
        assert_eq!(made["datasource"]["name"], "with");
        assert_eq!(made["created_datasource"], false);
        let done = job(&admin, made["job"]["job_id"].as_str().unwrap());
        assert_eq!(
            (&done["kind"], &done["status"]),
            (&json!("populateview"), &json!("done"))
        );
        push(&admin, "", "late", &view("later")).expect(200);
        more(sent.load(Ordering::Acquire) + 50);
        let populate =
            |query: &str| admin.post(format!("/v0/pipes/late/nodes/n/population?{query}"), "");
        let refused = populate("truncate=false").expect(400).error();
        assert!(refused.contains("twice"), "{refused}");
        let refused = populate("truncate=true&populate_condition=k+%3D+1")
            .expect(400)
            .error();
        assert!(refused.contains("populate_condition"), "{refused}");
        let populated = populate("truncate=true").expect(200).json();
        let done = job(&admin, populated["job"]["id"].as_str().unwrap());
        assert_eq!(done["status"], "done", "{done}");
        more(sent.load(Ordering::Acquire) + 50);
        is_over.store(true, Ordering::Release);
        (before, after)
    });
    admin.wait_until_stored();
    let n = sent.load(Ordering::Acquire);
    let all = (n, (0..n).sum());
    assert_eq!(sums(&admin, "with"), all);
    assert_eq!(sums(&admin, "later"), all);
    let (unfilled, _) = sums(&admin, "without");
    // One batch may be on its way when the push begins and ends.
    assert!(unfilled <= n - bounds.0, "{unfilled} of {n}, {bounds:?}");
    assert!(
        unfilled >= n - bounds.1 - 10,
        "{unfilled} of {n}, {bounds:?}"
    );
    // A view that is pushed again keeps what it wrote; to populate computes it again.
    push(&admin, "force=true", "unfilled", &view("without")).expect(200);
    assert_eq!(sums(&admin, "without").0, unfilled);
    push(
        &admin,
        "force=true&populate=true",
        "unfilled",
        &view("without"),
    )
    .expect(200);
    assert_eq!(sums(&admin, "without"), all);
    server.stop();
}

#[test]
fn a_changed_view_keeps_its_rows_unless_it_is_populated() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    create(
        &admin,
        &[
            ("name", "events"),
            ("schema", "k UInt8 `json:$.k`, v UInt64 `json:$.v`"),
        ],
    )
    .expect(200);
    summing(&admin, "totals");
    push(&admin, "", "view", &view("totals")).expect(200);
    let row = ndjson([&json!({"k": 1, "v": 5})]);
    admin.append("events", row.clone()).expect(200);
    let doubled = json!([{"name": "n", "sql": VIEW.replace("sum(v)", "sum(v * 2)"), "type": "materialized", "datasource": "totals"}]);
    push(&admin, "force=true", "view", &doubled).expect(200);
    admin.append("events", row).expect(200);
    admin.wait_until_stored();
    assert_eq!(sums(&admin, "totals"), (2, 15));
    push(&admin, "force=true&populate=true", "view", &doubled).expect(200);
    assert_eq!(sums(&admin, "totals"), (2, 20));
    // Unlinked it writes no more, and what it wrote stays.
    admin
        .delete("/v0/pipes/view/nodes/n/materialization")
        .expect(204);
    assert_eq!(sums(&admin, "totals"), (2, 20));
    wait_until("the view is gone", LIMIT, || {
        let before = sums(&admin, "totals");
        admin.append("events", "{\"k\":1,\"v\":5}\n").expect(200);
        match sums(&admin, "totals") {
            after if after == before => Ok(()),
            after => Err(format!("{after:?}")),
        }
    });
    server.stop();
}

#[test]
fn a_target_that_is_not_there_is_made_with_the_columns_of_the_node() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    create(
        &admin,
        &[("name", "events"), ("schema", "k UInt8, v Int32")],
    )
    .expect(200);
    let sql = "SELECT k, countState() AS rows, sumSimpleState(v) AS total FROM events GROUP BY k";
    let nodes = json!([{"name": "n", "sql": sql}]);
    push(&admin, "force=true", "view__checker", &nodes).expect(200);
    let path = "/v0/pipes/view__checker/nodes/n/analysis?include_datafile=true&dry_run=true&type=materialized&datasource=totals&override_datasource=false";
    let found = admin.get(path).ok().json();
    assert_eq!(found["warnings"], json!([]));
    assert_eq!(found["analysis"]["datasource"]["name"], "totals");
    assert_eq!(
        found["analysis"]["datasource"]["engine"]["type"],
        "AggregatingMergeTree"
    );
    let datafile = "SCHEMA >
    `k` UInt8,
    `rows` AggregateFunction(count),
    `total` SimpleAggregateFunction(sum, Int64)

ENGINE AggregatingMergeTree
ENGINE_SORTING_KEY k
";
    assert_eq!(found["datafile"], datafile);
    admin.delete("/v0/pipes/view__checker").expect(204);
    let nodes = json!([{"name": "n", "sql": sql, "type": "materialized", "datasource": "totals"}]);
    let made = push(&admin, "", "view", &nodes).expect(200).json();
    assert_eq!(
        (&made["created_datasource"], &made["type"]),
        (&json!(true), &json!("materialized"))
    );
    assert_eq!(
        admin.get("/v0/datasources/totals.datasource").ok().text(),
        datafile
    );
    // Nothing reads it, but the node writes to it.
    let used = admin
        .delete("/v0/datasources/totals?dry_run=true")
        .expect(409)
        .error();
    assert!(used.contains("view.n"), "{used}");
    admin
        .delete("/v0/datasources/totals?force=true&dry_run=false")
        .expect(204);
    assert_eq!(admin.get("/v0/pipes/view").ok().json()["type"], "default");
    server.stop();
}

#[test]
fn a_kill_during_a_push_leaves_all_of_it_or_nothing() {
    for (point, is_made) in [("deploy/views", false), ("deploy/promoted", true)] {
        let scratch = Scratch::new();
        let server = Server::start_empty(&scratch);
        let admin = server.admin();
        let fields = [("name", "events"), ("schema", "k UInt8, v UInt64")];
        create(&admin, &fields).expect(200);
        summing(&admin, "totals");
        let rows = "k,v\n1,5\n2,6\n";
        let append = "/v0/datasources?name=events&mode=append&format=csv";
        admin.post(append, rows).expect(200);
        server.stop();
        let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
            command.arg("start").current_dir(scratch.path("tmp"));
            command.env("BIRDHOUSE_KILL_POINT", point);
        });
        let server = server.unwrap_or_else(|refused| panic!("not started: {refused:#?}"));
        server.dies_of(|server| {
            let body = json!({"name": "view", "nodes": view("totals")}).to_string();
            let admin = server.admin();
            let call = admin.call("POST", "/v0/pipes?populate=true").body(body);
            let answer = call.try_send(LIMIT);
            assert!(answer.is_err(), "{point}");
        });
        let server = Server::start_empty(&scratch);
        let admin = server.admin();
        assert_eq!(
            names(&admin).contains(&"view".to_owned()),
            is_made,
            "{point}"
        );
        assert_eq!(admin.value("SELECT sum(v) FROM events"), json!(11));
        if !is_made {
            assert_eq!(sums(&admin, "totals"), (0, 0));
            push(&admin, "populate=true", "view", &view("totals")).expect(200);
        }
        assert_eq!(sums(&admin, "totals"), (2, 11), "{point}");
        admin.post(append, rows).expect(200);
        assert_eq!(sums(&admin, "totals"), (4, 22), "{point}");
        server.stop();
    }
}
