//! `/v0/pipes/openapi.json`: the document over the whole way, and who sees what in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Scratch, Server, example, project};

const PROJECT: &str = "\
--- datasources/visits.datasource
SCHEMA >
    `page` String `json:$.page`,
    `at` DateTime `json:$.at`,
    `score` Nullable(Float32) `json:$.score`

ENGINE MergeTree
ENGINE_SORTING_KEY page
--- endpoints/top.pipe
TOKEN \"reader\" READ

NODE filtered
SQL >
    %
    SELECT page, at, score FROM visits
    WHERE at >= {{ DateTime(since, '2024-01-01 00:00:00', description='The first moment') }}
    {% if defined(pages) %} AND page IN {{ Array(pages, 'String', example='/a,/b') }} {% end %}

NODE end
SQL >
    %
    SELECT page, max(score) AS best, count() AS visits, any(at) AS at FROM filtered GROUP BY page
    LIMIT {{ Int32(n, 10, enum=[10, 20]) }}

TYPE endpoint
--- endpoints/needs.pipe
NODE end
SQL >
    %
    SELECT {{ UInt8(number, description='No default') }} AS number

TYPE endpoint
--- pipes/inner.pipe
NODE end
SQL >
    SELECT 1
";

const ODD: &str = r#"
--- one.pipe
NODE a
SQL >
    %
    {% set x = 5 %}
    SELECT {{ Int8(n, 1) }} AS n, {{ Array(l, 'Int32', default='1,2') }} AS l, {{ x }} AS x,
      {{ DateTime(t, '2024-01-01 00:00:00') }} AS t, {{ Date(d, '2024-02-03', format='date') }} AS d,
      {{ String(é, 'a"b', enum=['a', 'b'], example='zz', description='Über "x"') }} AS `odd "name`,
      {{ Int64(big, 9007199254740993) }} AS big, {{ Boolean(b, 1) }} AS b, {{ Int8(n, 1) }} AS again,
      {{ Float32(f, default=1, required=True) }} AS f

TYPE endpoint
--- one_json.pipe
NODE a
SQL >
    SELECT 1::Enum8('a' = 1) AS e, map('a', 1) AS m, (1, 'x') AS t, [1.5] AS l, NULL AS nothing,
      CAST((1, 'x') AS Tuple(a UInt8, `b c` String)) AS named, toDecimal64(1, 3) AS money,
      generateUUIDv4() AS id, sumState(1) AS state, '{"a": 1}'::JSON AS object,
      toInt256(1) AS wide, toDateTime64(0, 3) AS moment, toIPv4('1.2.3.4') AS address

TYPE endpoint
"#;

/// Panics when the document breaks a rule of OpenAPI that its readers rely on.
fn assert_well_formed(document: &Value) {
    assert_references_exist(document, document);
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let operation = &item["get"];
        let id = operation["operationId"].as_str().unwrap();
        assert!(operations.insert(id), "{id} stands twice");
        let mut names = BTreeSet::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            assert!(names.insert(name), "{path}: {name} stands twice");
            assert_eq!(parameter["in"], json!("query"), "{path}");
            let schema = &parameter["schema"];
            let default = schema.get("default");
            let is_valid = default.is_none_or(|default| fits(default, schema));
            assert!(is_valid, "{path}: {parameter}");
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("200") && responses.contains_key("default"));
        assert!(responses["200"]["description"].is_string(), "{path}");
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(name.chars().all(is_allowed), "{name}");
    }
}

fn assert_references_exist(value: &Value, document: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let target = document.pointer(reference.trim_start_matches('#'));
                assert!(target.is_some(), "{reference} leads nowhere");
            }
            fields
                .values()
                .for_each(|v| assert_references_exist(v, document));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|v| assert_references_exist(v, document)),
        _ => {}
    }
}

/// Returns whether a value has the type of a schema and is one of its allowed values.
fn fits(value: &Value, schema: &Value) -> bool {
    let has_type = match schema["type"].as_str() {
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("array") => {
            let mut items = value.as_array().into_iter().flatten();
            value.is_array() && items.all(|item| fits(item, &schema["items"]))
        }
        _ => true,
    };
    let allowed = schema.get("enum").and_then(Value::as_array);
    has_type && allowed.is_none_or(|allowed| allowed.contains(value))
}

/// Returns the names of the document's paths.
fn paths(document: &Value) -> Vec<&str> {
    let paths = document["paths"].as_object().unwrap();
    paths.keys().map(String::as_str).collect()
}

#[test]
fn the_document_describes_what_can_be_called() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    let document = admin.get("/v0/pipes/openapi.json").ok().json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
    // The second answer comes from memory and is the same.
    assert_eq!(admin.get("/v0/pipes/openapi.json").ok().json(), document);
    for path in paths(&document) {
        let parameters = &document["paths"][path]["get"]["parameters"];
        let needed = parameters.as_array().unwrap().iter();
        let needed: Vec<String> = needed
            .filter(|parameter| parameter["required"] == json!(true))
            .map(|parameter| format!("{}=1", parameter["name"].as_str().unwrap()))
            .collect();
        let answer = admin.get(format!("{path}?{}", needed.join("&"))).ok();
        let content = document["paths"][path]["get"]["responses"]["200"]["content"].as_object();
        let named = content.unwrap().keys().next().unwrap();
        let sent = answer.header("content-type").unwrap();
        assert_eq!(sent.split(';').next(), Some(named.as_str()));
    }
    server.stop();
}

#[test]
fn a_token_sees_its_own_endpoints_only() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let (admin, reader) = (server.admin(), server.named("reader"));
    let top = [
        "/v0/pipes/top.json",
        "/v0/pipes/top.csv",
        "/v0/pipes/top.ndjson",
        "/v0/pipes/top.parquet",
    ];
    let seen = reader.get("/v0/pipes/openapi.json").ok().json();
    assert_eq!(paths(&seen), top);
    for url in [
        "/v0/pipes/openapi.json?pipes=top",
        "/v0/pipes/top/openapi.json",
    ] {
        assert_eq!(paths(&admin.get(url).ok().json()), top, "{url}");
        assert_eq!(reader.get(url).ok().json(), seen, "{url}");
    }
    let both = admin.get("/v0/pipes/openapi.json?pipes=top,needs").ok();
    assert_eq!(paths(&both.json()).len(), 8);

    server.anonymous().get("/v0/pipes/openapi.json").expect(403);
    for (name, status) in [("needs", 403), ("inner", 403), ("gone", 404)] {
        let one = format!("/v0/pipes/{name}/openapi.json");
        let filtered = format!("/v0/pipes/openapi.json?pipes={name}");
        reader.get(one).expect(status).error();
        reader.get(filtered).expect(status).error();
    }
    let error = admin.get("/v0/pipes/inner/openapi.json").expect(404);
    assert_eq!(
        error.error(),
        "The pipe 'inner' does not have an endpoint yet"
    );
    server.stop();
}

#[test]
fn a_new_deployment_is_described_anew() {
    let scratch = Scratch::new();
    let columns = |server: &Server| {
        let document = server.admin().get("/v0/pipes/top/openapi.json").ok().json();
        let row = document["components"]["schemas"]["top_row"]["properties"].clone();
        row.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    assert_eq!(columns(&server), ["page", "best", "visits", "at"]);
    server.stop();
    let changed = PROJECT.replace("max(score) AS best", "min(score) AS worst");
    let server = Server::start(&scratch, &project(&scratch, "project", &changed));
    assert_eq!(columns(&server), ["page", "worst", "visits", "at"]);
    server.stop();
}

#[test]
fn odd_parameters_and_types_give_a_valid_document() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", ODD));
    let document = server.admin().get("/v0/pipes/openapi.json").ok().json();
    assert_well_formed(&document);
    let parameters = document["paths"]["/v0/pipes/one.json"]["get"]["parameters"].as_array();
    let names: Vec<&Value> = parameters.unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["n", "l", "t", "d", "é", "big", "b", "f"]);
    for pipe in ["one", "one_json"] {
        let answer = server.admin().endpoint(pipe, "json", &[("f", "1")]).ok();
        let row = &document["components"]["schemas"][format!("{pipe}_row")];
        let columns = row["properties"].as_object().unwrap();
        let rows = answer.rows();
        for (column, value) in rows[0].as_object().unwrap() {
            let schema = &columns[column];
            let is_null = value.is_null() && schema["nullable"] == json!(true);
            assert!(
                is_null || fits(value, schema) || schema.get("type").is_none(),
                "{column}: {value} {schema}"
            );
        }
        assert_eq!(columns.len(), rows[0].as_object().unwrap().len());
    }
    server.stop();
}

#[test]
fn the_example_is_described() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let document = server.admin().get("/v0/pipes/openapi.json").ok().json();
    assert_well_formed(&document);
    let parameters = |pipe: &str| {
        let operation = &document["paths"][format!("/v0/pipes/{pipe}.json")]["get"];
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let named = parameters.map(|p| {
            let name = p["name"].as_str().unwrap();
            format!(
                "{name}{}",
                if p["required"] == json!(true) {
                    "!"
                } else {
                    ""
                }
            )
        });
        named.collect::<Vec<_>>().join(" ")
    };
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        parameters("api_product_grid"),
        parameters("api_ui_filters"),
        document["components"]["schemas"]["api_product_grid_row"]
    ));
    server.stop();
}
