//! Requests as they are sent by clients that the tests do not install: the Grafana plugin, Prometheus,
//! `mcp-tinybird`.

use serde_json::{Value, json};

use crate::harness::{Scratch, Server, encode, project};

const PROJECT: &str = "\
--- datasources/visits.datasource
SCHEMA >
    `at` DateTime `json:$.at`,
    `page` String `json:$.page`
ENGINE MergeTree
ENGINE_SORTING_KEY at
--- endpoints/visits_by_page.pipe
DESCRIPTION >
    Visits since a day.

TOKEN dashboards READ
NODE counted
SQL >
    %
    SELECT page, count() AS visits FROM visits
    WHERE at >= {{DateTime(start, '2026-01-01 00:00:00', description='From when on')}}
    GROUP BY page ORDER BY page
TYPE endpoint
--- endpoints/visits_metrics.pipe
TOKEN dashboards READ
NODE metrics
SQL >
    SELECT 'visits_total' AS name, toFloat64(count()) AS value, 'Visits so far' AS help,
        'counter' AS type, map('page', page) AS labels
    FROM visits GROUP BY page ORDER BY page
TYPE endpoint
";

fn started(scratch: &Scratch) -> Server {
    let server = Server::start(scratch, &project(scratch, "project", PROJECT));
    let rows = "{\"at\":\"2026-02-01 10:00:00\",\"page\":\"/\"}\n\
                {\"at\":\"2026-02-02 10:00:00\",\"page\":\"/\"}\n\
                {\"at\":\"2025-02-02 10:00:00\",\"page\":\"/old\"}\n";
    let path = "/v0/events?name=visits&wait=true";
    server.admin().post(path, rows).expect(200);
    server
}

#[test]
fn grafana_lists_pipes_and_asks_for_rows_with_their_parameters() {
    let scratch = Scratch::new();
    let server = started(&scratch);
    let grafana = server.named("dashboards");
    let pipes = grafana.get("/v0/pipes/").expect(200).json();
    let names: Vec<&Value> = pipes["pipes"].as_array().unwrap().iter().collect();
    let names: Vec<&Value> = names.iter().map(|pipe| &pipe["name"]).collect();
    assert_eq!(names, ["visits_by_page", "visits_metrics"]);
    let pipe = grafana.get("/v0/pipes/visits_by_page").expect(200).json();
    let parameter = &pipe["nodes"][0]["params"][0];
    assert_eq!(parameter["name"], "start");
    assert_eq!(parameter["type"], "DateTime");
    let path = "/v0/pipes/visits_by_page.json?start=2025-01-01+00:00:00";
    let rows = grafana.get(path).expect(200).json();
    assert_eq!(rows["meta"][1], json!({"name": "visits", "type": "UInt64"}));
    assert_eq!(
        rows["data"],
        json!([{"page": "/", "visits": 2}, {"page": "/old", "visits": 1}])
    );
    grafana
        .get("/v0/pipes/visits_by_page.json?start=soon")
        .expect(400)
        .error();
}

#[test]
fn prometheus_scrapes_an_endpoint() {
    let scratch = Scratch::new();
    let server = started(&scratch);
    let nobody = server.anonymous();
    let token = server.token("dashboards");
    let path = format!("/v0/pipes/visits_metrics.prometheus?token={token}");
    let scrape = nobody.call("GET", path);
    let accept =
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let scraped = scrape.header("accept", accept).send().expect(200);
    let content_type = scraped.header("content-type").unwrap();
    assert!(
        content_type.starts_with("text/plain; version=0.0.4"),
        "{content_type}"
    );
    let text = scraped.text();
    for line in [
        "# HELP visits_total Visits so far",
        "# TYPE visits_total counter",
        "visits_total{page=\"/\"} 2",
        "visits_total{page=\"/old\"} 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in {text}"
        );
    }
}

#[test]
fn mcp_looks_around_and_asks() {
    let scratch = Scratch::new();
    let server = started(&scratch);
    let mcp = server.admin();
    let from = "__tb__client=mcp-tinybird";
    let list = mcp.get(format!(
        "/v0/datasources?attrs=id,name,description,columns&{from}"
    ));
    let list = list.expect(200).json();
    let first = list["datasources"][0].as_object().unwrap();
    let fields: Vec<&String> = first.keys().collect();
    assert_eq!(fields, ["id", "name", "description", "columns"]);
    let list = mcp.get(format!(
        "/v0/pipes?attrs=id,name,description,type,endpoint&{from}"
    ));
    assert_eq!(
        list.expect(200).json()["pipes"][0]["description"],
        "Visits since a day."
    );
    let sql = encode("SELECT page FROM visits ORDER BY at LIMIT 1 FORMAT JSON");
    let rows = mcp
        .get(format!("/v0/sql?q={sql}&{from}"))
        .expect(200)
        .json();
    assert_eq!(rows["data"], json!([{"page": "/old"}]));
    let plan = mcp.get(format!("/v0/pipes/visits_by_page/explain?{from}"));
    let plan = plan.expect(200).json();
    assert!(
        plan["debug_query"].as_str().unwrap().contains("visits"),
        "{plan}"
    );
    let note = "{\"at\":\"2026-03-01 10:00:00\",\"page\":\"/note\"}";
    mcp.post(format!("/v0/events?name=visits&wait=true&{from}"), note)
        .expect(200);
}
