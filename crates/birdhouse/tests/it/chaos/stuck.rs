//! A data source whose rows fail stops nobody else, says why, and is unblocked in two ways.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ledger::number;
use super::{LIMIT, PROJECT, wait_stored};
use crate::harness::{Client, Scratch, Server, project, wait_until};

/// Longest time that another data source may take meanwhile. Pauses between attempts of the one that
/// fails grow to 30 s, so this tells waiting for it from work.
const NORMAL: Duration = Duration::from_secs(5);

/// Returns what is shown of a data source.
fn shown(admin: &Client, name: &str) -> Value {
    let status = admin.get("/v0/ingestion").ok().json();
    let sources = status["datasources"].as_array().unwrap();
    let source = sources.iter().find(|source| source["name"] == name);
    source.cloned().unwrap_or(Value::Null)
}

fn metric(admin: &Client, name: &str, datasource: &str) -> String {
    let page = admin.get("/metrics").ok().text();
    let ending = format!("datasource=\"{datasource}\"}} ");
    let value = (page.lines())
        .find_map(|line| line.strip_prefix(name)?.split_once(&ending))
        .unwrap_or_else(|| panic!("no {name} of {datasource} in\n{page}"));
    value.1.to_owned()
}

fn sums(admin: &Client) -> (i64, i64) {
    let view = "SELECT sum(s) FROM unlucky_sum";
    let count = admin.value("SELECT count() FROM unlucky");
    (number(&count), number(&admin.value(view)))
}

#[test]
fn a_failing_view_stops_only_its_own_data_source() {
    let scratch = Scratch::new();
    let project = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &project);
    let admin = server.admin();
    admin.append("unlucky", "{\"n\":1}").expect(200);
    let refused = admin.append("unlucky", "{\"n\":13}").expect(422);
    for part in ["materialized view", "do not send them again", "thirteen"] {
        assert!(refused.error().contains(part), "{}", refused.error());
    }
    // These wait behind it.
    admin
        .post("/v0/events?name=unlucky", "{\"n\":2}")
        .expect(202);

    let began = Instant::now();
    let sale = "{\"ts\":\"2026-01-01 00:00:00\",\"writer\":1,\"request\":1,\"id\":1,\"amount\":5,\"note\":\"\"}";
    admin.append("sales", sale).expect(200);
    let elapsed = began.elapsed();
    assert!(elapsed < NORMAL, "another data source took {elapsed:?}");

    let stuck = shown(&admin, "unlucky");
    assert_eq!(stuck["pending_rows"], 2, "{stuck}");
    let trouble = &stuck["trouble"];
    assert_eq!(trouble["is_view"], true, "{stuck}");
    assert_eq!(trouble["is_engine_away"], false, "{stuck}");
    assert!(trouble["reason"].as_str().unwrap().contains("thirteen"));
    assert!(
        trouble["how_to_unblock"]
            .as_str()
            .unwrap()
            .contains("set-aside")
    );
    assert_eq!(shown(&admin, "sales")["trouble"], Value::Null);
    let is_stuck = "birdhouse_datasource_stuck";
    assert_eq!(metric(&admin, is_stuck, "unlucky"), "1");
    assert_eq!(metric(&admin, is_stuck, "sales"), "0");
    assert_eq!(
        metric(&admin, "birdhouse_datasource_pending_rows", "unlucky"),
        "2"
    );

    // Trying again does not help before anything is repaired; setting aside does.
    let path = "/v0/ingestion/unlucky";
    admin.post(format!("{path}/retry"), "").expect(200);
    let aside = wait_until("it is set aside", LIMIT, || {
        let answer = admin.post(format!("{path}/set-aside"), "");
        match answer.status {
            400 => Err(answer.text()),
            _ => Ok(answer.ok().json()),
        }
    });
    assert_eq!(aside["rows"], 1, "{aside}");
    wait_stored(&admin, "unlucky");
    assert_eq!(
        sums(&admin),
        (3, 3),
        "13 is in the table and not in the view"
    );
    assert_eq!(metric(&admin, is_stuck, "unlucky"), "0");
    admin.post(format!("{path}/set-aside"), "").expect(400);

    // Put back they fail again, and are not twice in the table.
    let file = aside["file"].as_str().unwrap();
    let put_back = admin.post(format!("/v0/ingestion/put-back?file={file}"), "");
    assert_eq!(put_back.ok().json(), json!({"rows": 1}));
    wait_until("they fail again", LIMIT, || {
        let shown = shown(&admin, "unlucky");
        match shown["trouble"]["is_view"] == true {
            true => Ok(()),
            false => Err(shown.to_string()),
        }
    });
    assert_eq!(sums(&admin), (3, 3));

    // The cause is removed: what waits is stored, once.
    admin.append("permits", "{\"n\":13}").expect(200);
    admin.post(format!("{path}/retry"), "").expect(200);
    wait_stored(&admin, "unlucky");
    assert_eq!(sums(&admin), (3, 16));
    server.stop();
}
