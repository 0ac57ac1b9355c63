//! After a stop of the machine, which another boot id stands for, rows are stored again and compared
//! with their tables. What is found when something is wrong is shown in the ingestion's own tests.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{LIMIT, PROJECT, wait_stored};
use crate::harness::{Scratch, Server, project, signal, wait_until};

fn row(id: u32) -> String {
    format!(
        "{{\"ts\":\"2026-0{}-01 00:00:00\",\"writer\":1,\"request\":1,\"id\":{id},\"amount\":5,\"note\":\"\"}}",
        id % 3 + 1
    )
}

#[test]
fn the_tables_are_compared_after_a_stop_of_the_machine() {
    let scratch = Scratch::new();
    let project = project(&scratch, "project", PROJECT);
    let start = |boot_id| {
        let environment = [
            ("BIRDHOUSE_BOOT_ID", boot_id),
            ("BIRDHOUSE_SYNC_INTERVAL_MS", "600000"),
            ("BIRDHOUSE_DURABILITY", "power"),
        ];
        Server::try_start_with(&scratch, &project, &environment).unwrap()
    };
    let server = start("before");
    let admin = server.admin();
    for id in 0..6 {
        admin.append("sales", row(id)).expect(200);
    }
    admin.append("unlucky", "{\"n\":1}").expect(200);
    // Some wait as well; these are not stored again but for the first time.
    signal(server.worker().unwrap(), Signal::STOP);
    admin.post("/v0/events?name=sales", row(6)).expect(202);
    server.crash();

    let server = start("after");
    let admin = server.admin();
    let status = wait_until("both are compared", LIMIT, || {
        let status = admin.get("/v0/ingestion").ok().json();
        let checks = status["last_start"]["checks"].as_array().map(Vec::len);
        match checks {
            Some(2) => Ok(status),
            _ => Err(status.to_string()),
        }
    });
    assert_eq!(
        status["last_start"]["before"], "machine stopped",
        "{status}"
    );
    assert!(
        status["last_start"]["replayed_batches"].as_u64() >= Some(7),
        "{status}"
    );
    let check = |name: &str| -> Value {
        let checks = status["last_start"]["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name);
        check.unwrap().clone()
    };
    for (name, rows) in [("sales", 6..=7), ("unlucky", 1..=1)] {
        let check = check(name);
        assert!(rows.contains(&check["rows"].as_u64().unwrap()), "{check}");
        assert_eq!(check["missing_rows"], 0, "{check}");
        assert_eq!(check["surplus_rows"], 0, "{check}");
    }
    wait_stored(&admin, "sales");
    let sums = "SELECT (SELECT count() FROM sales) AS a, (SELECT sum(sold) FROM sales_hourly) AS b, (SELECT sum(rows) FROM sales_total) AS c";
    assert_eq!(admin.sql(sums), [json!({"a": 7, "b": 7, "c": 7})]);
    server.stop();
}
