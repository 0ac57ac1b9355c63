//! What is refused, and that it leaves everything as it was.

use super::*;

/// Starts a server with a data source that has a row, and an endpoint and a view over it.
fn filled(scratch: &Scratch) -> Server {
    let server = Server::start_empty(scratch);
    let admin = server.admin();
    let schema = "n UInt8 `json:$.n`, s String `json:$.s`";
    create(&admin, &[("name", "events"), ("schema", schema)]).expect(200);
    create(&admin, &[("name", "totals"), ("schema", "n UInt8")]).expect(200);
    admin
        .append("events", "{\"n\":1,\"s\":\"x\"}\n")
        .expect(200);
    push(&admin, "", "top", &endpoint("SELECT n FROM events")).expect(200);
    server
}

/// A form that is sent.
type Fields = &'static [(&'static str, &'static str)];

/// Forms of data sources that cannot be, with the status and words of the answer.
const SOURCES: &[(Fields, u16, &str)] = &[
    (&[("schema", "n UInt8")], 400, "'name' is missing"),
    (&[("name", "a")], 400, "'schema' is missing"),
    (
        &[("name", "a"), ("schema", "n Strin")],
        400,
        "did you mean String",
    ),
    (&[("name", "a b"), ("schema", "n UInt8")], 400, "'a b'"),
    (
        &[("name", "a"), ("schema", "n UInt8\nTOKEN x READ")],
        400,
        "TOKEN",
    ),
    (
        &[("name", "a"), ("schema", "n UInt8"), ("engine", "Foo")],
        400,
        "Foo",
    ),
    (
        &[
            ("name", "a"),
            ("schema", "n UInt8"),
            ("engine_sorting_key", "m"),
        ],
        400,
        "'m'",
    ),
    (
        &[
            ("name", "a"),
            ("schema", "n UInt8"),
            ("engine_ttl", "nonsense("),
        ],
        400,
        "",
    ),
    (
        &[("name", "a"), ("schema", "n UInt8"), ("service", "kafka")],
        400,
        "service",
    ),
    (
        &[("name", "top"), ("schema", "n UInt8")],
        409,
        "pipe named 'top'",
    ),
    (
        &[("name", "events"), ("schema", "n UInt8")],
        409,
        "data source named 'events'",
    ),
    (
        &[("name", "events_quarantine"), ("schema", "n UInt8")],
        400,
        "quarantine",
    ),
];

/// Nodes that cannot be, with the status and words of the answer.
fn wrong_nodes() -> Vec<(Value, u16, &'static str)> {
    let node = |extra: Value| {
        let mut node = json!({"name": "n", "sql": "SELECT n FROM events"});
        let fields = extra.as_object().unwrap().clone();
        node.as_object_mut().unwrap().extend(fields);
        json!([node])
    };
    vec![
        (json!([]), 400, "no nodes"),
        (json!([1]), 400, "JSON object"),
        (json!([{"name": "n"}]), 400, "'sql'"),
        (
            node(json!({"sql": "SELEC 1"})),
            400,
            "node 'n', line 1: Syntax error",
        ),
        (
            node(json!({"sql": "SELECT 1;\nDROP TABLE x"})),
            400,
            "node 'n'",
        ),
        (
            node(json!({"sql": "SELECT *\nFROM nope"})),
            400,
            "node 'n', line 2: Resource 'nope'",
        ),
        (node(json!({"sql": "%\n\nSELECT {{Nope(x)}}"})), 400, "Nope"),
        (
            node(json!({"sql": "SELECT m FROM events", "type": "endpoint"})),
            400,
            "`m`",
        ),
        (
            node(json!({"type": "weird"})),
            400,
            "node 'n': Invalid node",
        ),
        (node(json!({"name": "x\nTYPE endpoint"})), 400, "NODE"),
        (node(json!({"type": "materialized"})), 400, "DATASOURCE"),
        (
            node(json!({"type": "materialized", "datasource": "top"})),
            409,
            "pipe named 'top'",
        ),
        (
            node(
                json!({"sql": "SELECT s AS n, n AS m FROM events", "type": "materialized", "datasource": "totals"}),
            ),
            400,
            "node 'n'",
        ),
        (
            node(json!({"type": "copy", "target_datasource": "nope"})),
            400,
            "'nope'",
        ),
        (
            node(json!({"type": "copy", "target_datasource": "totals", "copy_schedule": "often"})),
            400,
            "cron",
        ),
    ]
}

#[test]
fn mistakes_are_told_by_node_and_field_and_change_nothing() {
    let scratch = Scratch::new();
    let server = filled(&scratch);
    let admin = server.admin();
    let before = (live(&admin), names(&admin));
    for (fields, status, words) in SOURCES {
        let error = create(&admin, fields).expect(*status).error();
        assert!(error.contains(words), "{fields:?}: {error}");
    }
    for (nodes, status, words) in wrong_nodes() {
        let error = push(&admin, "", "new", &nodes).expect(status).error();
        assert!(error.contains(words), "{nodes}: {error}");
    }
    assert_eq!((live(&admin), names(&admin)), before);
    let taken = push(&admin, "force=true", "events", &endpoint("SELECT 1 AS one")).expect(409);
    assert!(taken.error().contains("data source"));
    // What others read cannot be changed under them.
    let broken = push(&admin, "", "reads", &endpoint("SELECT n FROM top"));
    broken.expect(200);
    let error = push(
        &admin,
        "force=true",
        "top",
        &endpoint("SELECT n AS m FROM events"),
    );
    assert!(error.expect(400).error().contains("reads.pipe"));
    admin.delete("/v0/pipes/reads").expect(204);
    let rows = form(&[("schema", "n DateTime, s String")]);
    let error = admin.post("/v0/datasources/events/alter", rows).expect(400);
    assert!(error.error().contains("do not fit"), "{}", error.error());
    for (method, path) in [
        ("DELETE", "/v0/datasources/nope"),
        ("DELETE", "/v0/pipes/nope"),
        ("PUT", "/v0/pipes/nope"),
        ("POST", "/v0/datasources/nope/alter"),
        ("POST", "/v0/pipes/nope/nodes"),
        ("POST", "/v0/pipes/top/nodes/nope/endpoint"),
        ("GET", "/v0/pipes/top/nodes/nope/analysis"),
        ("POST", "/v0/pipes/nope/nodes/n/population"),
    ] {
        let answer = admin.call(method, path).body("name=x&description=y").send();
        assert!(answer.expect(404).error().contains("nope"), "{path}");
    }
    for path in [
        "/v0/datasources/exchange",
        "/v0/datasources/events/share",
        "/v0/tags",
    ] {
        let refused = admin.post(path, "").expect(400).error();
        assert!(refused.contains("not supported"), "{refused}");
    }
    assert_eq!(names(&admin), before.1);
    assert_eq!(admin.value("SELECT count() FROM events"), json!(1));
    server.stop();
}

#[test]
fn while_a_deployment_is_staged_nothing_is_pushed() {
    let scratch = Scratch::new();
    let server = filled(&scratch);
    let admin = server.admin();
    let file = |name: &str| {
        let text = admin.get(name).ok().text();
        let path = name.rsplit('/').next().unwrap();
        format!(
            "--X\r\nContent-Disposition: form-data; name=\"data_project://\"; filename=\"{path}\"\r\n\r\n{text}\r\n"
        )
    };
    let body = [
        file("/v0/datasources/events.datasource"),
        file("/v0/datasources/totals.datasource"),
        "--X--\r\n".to_owned(),
    ];
    let staged = admin
        .call("POST", "/v1/deploy")
        .header("content-type", "multipart/form-data; boundary=X")
        .body(body.concat())
        .send()
        .expect(200)
        .json();
    let id = staged["deployment"]["id"].as_str().unwrap();
    let again = || {
        push(
            &admin,
            "force=true",
            "top",
            &endpoint("SELECT s FROM events"),
        )
    };
    let error = again().expect(409).error();
    assert!(error.contains(id) && error.contains("discard"), "{error}");
    admin.delete(format!("/v1/deployments/{id}")).ok();
    again().expect(200);
    server.stop();
}
