//! `/v0/pipes/openapi.json`: the document over the whole way, and who sees what in it.

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
fn the_example_is_described() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let document = server.admin().get("/v0/pipes/openapi.json").ok().json();
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
