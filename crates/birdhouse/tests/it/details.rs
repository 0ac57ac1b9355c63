//! What clients read about data sources, pipes and connections.

mod queries;

use serde_json::{Value, json};

use crate::harness::{Answer, Scratch, Server, project};

const PROJECT: &str = "\
--- datasources/events.datasource
DESCRIPTION What happened
TOKEN sender APPEND
TAGS \"stack=web\", shop
SCHEMA >
    `ts` DateTime `json:$.ts`,
    `kind` LowCardinality(String) `json:$.kind` DEFAULT 'view',
    `n` Nullable(Int32) `json:$.n`
ENGINE MergeTree
ENGINE_PARTITION_KEY toYYYYMM(ts)
ENGINE_SORTING_KEY ts, kind
ENGINE_TTL ts + INTERVAL 10 YEAR
--- datasources/by_kind.datasource
SCHEMA >
    `kind` LowCardinality(String),
    `n` SimpleAggregateFunction(sum, Int64)
ENGINE AggregatingMergeTree
ENGINE_SORTING_KEY kind
--- datasources/copied.datasource
SCHEMA >
    `n` Int64
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- connections/lake.connection
TYPE s3
S3_REGION eu-west-1
S3_ACCESS_KEY {{ tb_secret('key', 'unset') }}
S3_SECRET very-secret
--- materializations/mat.pipe
NODE prepare
SQL >
    SELECT kind, toInt64(ifNull(n, 0)) AS n FROM events
NODE store
SQL >
    SELECT kind, sum(n) AS n FROM prepare GROUP BY kind
TYPE materialized
DATASOURCE by_kind
--- copies/snapshot.pipe
NODE take
SQL >
    SELECT toInt64(count()) AS n FROM events
TYPE copy
TARGET_DATASOURCE copied
COPY_SCHEDULE 0 * * * *
COPY_MODE replace
--- endpoints/top.pipe
DESCRIPTION The best
TOKEN reader READ
NODE filtered
SQL >
    %
    SELECT kind, n FROM by_kind
    WHERE kind = {{String(kind, 'view', description='Which', required=True)}}
NODE answer
DESCRIPTION Published
SQL >
    %
    SELECT kind, sum(n) AS n FROM filtered GROUP BY kind LIMIT {{Int32(limit, 10)}}
TYPE endpoint
";

fn server(scratch: &Scratch) -> Server {
    Server::start(scratch, &project(scratch, "project", PROJECT))
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|entry| entry["name"].as_str().unwrap()).collect()
}

fn plain(answer: Answer) -> String {
    let answer = answer.expect(200);
    // Clients compare the whole header.
    assert_eq!(answer.header("content-type").as_deref(), Some("text/plain"));
    answer.text()
}

#[test]
fn data_sources_are_shown_with_their_rows_of_this_moment() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let list = admin.get("/v0/datasources").expect(200).json();
    assert_eq!(names(&list["datasources"]), ["by_kind", "copied", "events"]);
    let get = || admin.get("/v0/datasources/events").expect(200).json();
    let events = get();
    assert_eq!(events["statistics"], json!({"bytes": 0, "row_count": 0}));
    let id = events["id"].as_str().unwrap();
    assert!(id.starts_with("t_") && id.len() == 34, "{id}");
    assert_eq!(
        admin
            .get(format!("/v0/datasources/{id}"))
            .expect(200)
            .json(),
        events
    );
    assert_eq!(events["description"], "What happened");
    assert_eq!(events["type"], "ndjson");
    for (name, value) in [
        ("engine", "MergeTree"),
        ("engine_sorting_key", "ts, kind"),
        ("engine_partition_key", "toYYYYMM(ts)"),
        ("engine_ttl", "ts + INTERVAL 10 YEAR"),
    ] {
        assert_eq!(events["engine"][name], value, "{name}");
    }
    assert_eq!(
        events["schema"]["sql_schema"],
        "`ts` DateTime `json:$.ts`, `kind` LowCardinality(String) `json:$.kind` DEFAULT 'view', \
         `n` Nullable(Int32) `json:$.n`"
    );
    assert_eq!(
        events["columns"][2],
        json!({
            "name": "n", "type": "Nullable(Int32)", "codec": null, "default_value": null,
            "jsonpath": "$.n", "nullable": true, "normalized_name": "n", "auto": false,
        })
    );
    assert_eq!(names(&events["used_by"]), ["mat", "snapshot"]);
    // Right after an append, without waiting: clients decide by it whether to load fixtures.
    let rows = "{\"ts\":\"2026-01-01 00:00:00\",\"n\":1}\n{\"ts\":\"never\"}";
    admin.append("events", rows).ok();
    let events = get();
    assert_eq!(events["statistics"]["row_count"], 1);
    assert!(events["statistics"]["bytes"].as_u64() > Some(0));
    assert_eq!(events["quarantine_rows"], 1);
    let views = admin.get("/v0/datasources/by_kind").expect(200).json();
    assert_eq!(views["statistics"]["row_count"], 1);
    let some = admin
        .get("/v0/datasources?attrs=name,statistics")
        .expect(200)
        .json();
    assert_eq!(
        some["datasources"][1],
        json!({"name": "copied", "statistics": {"bytes": 0, "row_count": 0}})
    );
    let file = plain(admin.get("/v0/datasources/events.datasource"));
    assert!(
        file.starts_with("DESCRIPTION What happened\nTOKEN sender APPEND\n"),
        "{file}"
    );
    assert_eq!(
        plain(admin.get("/v0/datasources/events?format=datasource")),
        file
    );
    for path in ["none", "none.datasource", "none?format=datasource"] {
        admin
            .get(format!("/v0/datasources/{path}"))
            .expect(404)
            .error();
    }
}

#[test]
fn pipes_are_shown_with_nodes_parameters_and_dependencies() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let top = admin.get("/v0/pipes/top").expect(200).json();
    let id = top["id"].as_str().unwrap();
    assert_eq!(admin.get(format!("/v0/pipes/{id}")).expect(200).json(), top);
    assert_eq!(
        (&top["type"], &top["description"]),
        (&json!("endpoint"), &json!("The best"))
    );
    assert_eq!(top["url"], format!("{}/v0/pipes/top.json", server.base()));
    let nodes = top["nodes"].as_array().unwrap();
    assert_eq!(names(&top["nodes"]), ["filtered", "answer"]);
    assert_eq!(top["endpoint"], nodes[1]["id"]);
    let types = |pipe: &Value| {
        let nodes = pipe["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| node["node_type"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(types(&top), ["standard", "endpoint"]);
    assert_eq!(nodes[0]["dependencies"], json!(["by_kind"]));
    assert_eq!(nodes[1]["dependencies"], json!([]));
    assert_eq!(
        nodes[0]["params"],
        json!([{"name": "kind", "type": "String", "default": "view", "required": true, "description": "Which"}])
    );
    assert_eq!(nodes[1]["params"][0]["name"], "limit");
    let list = admin.get("/v1/pipes").expect(200).json();
    assert_eq!(names(&list["pipes"]), ["mat", "snapshot", "top"]);
    let target = admin.get("/v0/datasources/by_kind").json()["id"].clone();
    let mat = admin.get("/v0/pipes/mat").expect(200).json();
    assert_eq!(
        (&mat["type"], &mat["endpoint"]),
        (&json!("materialized"), &Value::Null)
    );
    assert_eq!(types(&mat), ["standard", "materialized"]);
    assert_eq!(mat["nodes"][1]["materialized"], target);
    let copied = admin.get("/v0/datasources/copied").json()["id"].clone();
    let copy = admin.get("/v0/pipes/snapshot").expect(200).json();
    assert_eq!(copy["type"], "copy");
    assert_eq!(
        (&copy["copy_mode"], &copy["copy_target_datasource"]),
        (&json!("replace"), &copied)
    );
    assert_eq!(copy["schedule"]["cron"], "0 * * * *");
    assert_eq!(copy["nodes"][0]["tags"]["copy_target_datasource"], copied);
    // As `tb endpoint ls` asks.
    let query = "/v0/pipes?dependencies=false&attrs=name,updated_at,endpoint,url&node_attrs=name";
    let some = admin.get(query).expect(200).json();
    let fields: Vec<&String> = some["pipes"][2].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["name", "endpoint", "url", "updated_at", "nodes"]);
    assert_eq!(some["pipes"][2]["nodes"][0], json!({"name": "filtered"}));
    for path in ["/v1/pipes/top.pipe", "/v0/pipes/top.pipe"] {
        assert!(plain(admin.get(path)).starts_with("DESCRIPTION The best\n"));
    }
    admin.get("/v0/pipes/none").expect(404).error();
    admin.get("/v1/pipes/none.pipe").expect(404).error();
}

#[test]
fn what_a_call_runs_can_be_seen() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let explained = admin
        .get("/v0/pipes/top/explain?limit=3")
        .expect(200)
        .json();
    let query = explained["debug_query"].as_str().unwrap();
    assert!(
        query.contains("LIMIT toInt32('3')") && query.contains("by_kind"),
        "{query}"
    );
    let plan = explained["query_explain"].as_str().unwrap();
    assert!(plan.contains("Limit"), "{plan}");
    let node = admin
        .get("/v0/pipes/top/nodes/filtered/explain")
        .expect(200)
        .json();
    assert!(!node["debug_query"].as_str().unwrap().contains("LIMIT"));
    admin
        .get("/v0/pipes/top/nodes/none/explain")
        .expect(404)
        .error();
    admin.get("/v0/pipes/top/data").expect(200).rows();
    let reader = server.named("reader");
    let token = server.token("reader");
    let url = plain(reader.get(format!(
        "/examples/query.http?format=json&pipe=top&q=&token={token}"
    )));
    assert_eq!(
        url,
        format!("{}/v0/pipes/top.json?token={token}", server.base())
    );
    server
        .anonymous()
        .get(url.replace(server.base(), ""))
        .expect(200);
    reader
        .get("/examples/query.http?pipe=mat")
        .expect(403)
        .error();
    reader.get("/examples/query.http").expect(400).error();
}

#[test]
fn connections_tags_and_dependencies() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let connectors = admin.get("/v0/connectors").expect(200).json();
    let lake = &connectors["connectors"][0];
    assert_eq!(
        (&lake["name"], &lake["service"]),
        (&json!("lake"), &json!("s3"))
    );
    assert_eq!(lake["settings"], json!({"s3_region": "eu-west-1"}));
    assert_eq!(
        admin.get("/v0/connectors?service=kafka").json()["connectors"],
        json!([])
    );
    let file = plain(admin.get("/v0/connectors/lake.connection"));
    assert!(file.starts_with("TYPE s3\n"), "{file}");
    let inside = admin.get("/v0/connectors/lake.connection?include_metadata=true");
    assert_eq!(
        inside.expect(200).json(),
        json!({"content": file, "warnings": []})
    );
    admin
        .get("/v0/connectors/none.connection")
        .expect(404)
        .error();
    let tags = admin.get("/v0/tags").expect(200).json();
    assert_eq!(tags["tags"][0]["name"], "shop");
    assert_eq!(tags["tags"][0]["resources"][0]["name"], "events");
    let dependencies = admin
        .get("/v0/dependencies?datasource=events")
        .expect(200)
        .json();
    assert_eq!(
        dependencies,
        json!({"dependencies": {"events": ["by_kind"]}, "incompatible_datasources": {}})
    );
    // Who removes the rows of one asks for those that depend on them.
    let dependent = admin.get("/v0/dependencies?datasource=events&check_for_partial_replace=true");
    assert_eq!(
        dependent.expect(200).json()["dependencies"],
        json!({"by_kind": []})
    );
}
