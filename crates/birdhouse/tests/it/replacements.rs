//! Rows replaced and removed over HTTP, and what a kill in the middle leaves.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Client, Scratch, Server, encode, project, wait_until};
use crate::imports::ended;

/// `sales` → `by_day` → `total`, and `corrections` → `by_day`.
const PROJECT: &str = "
--- datasources/sales.datasource
SCHEMA >
    `day` Date `json:$.day`,
    `amount` Int64 `json:$.amount`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"day\"
--- datasources/corrections.datasource
SCHEMA >
    `day` Date `json:$.day`,
    `amount` Int64 `json:$.amount`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"day\"
--- datasources/by_day.datasource
SCHEMA >
    `day` Date,
    `amount` Int64

ENGINE \"SummingMergeTree\"
ENGINE_SORTING_KEY \"day\"
--- datasources/total.datasource
SCHEMA >
    `one` UInt8,
    `amount` Int64

ENGINE \"SummingMergeTree\"
ENGINE_SORTING_KEY \"one\"
--- pipes/sales_by_day.pipe
NODE sums
SQL >
    SELECT day, sum(amount) AS amount FROM sales GROUP BY day

TYPE materialized
DATASOURCE by_day
--- pipes/corrections_by_day.pipe
NODE sums
SQL >
    SELECT day, sum(amount) AS amount FROM corrections GROUP BY day

TYPE materialized
DATASOURCE by_day
--- pipes/total_of_days.pipe
NODE sums
SQL >
    SELECT toUInt8(1) AS one, sum(amount) AS amount FROM by_day GROUP BY one

TYPE materialized
DATASOURCE total
";

const OLD: &str = "2026-01-01,1\n2026-01-02,2\n";
const NEW: &str = "2026-01-02,20\n2026-01-03,30\n";

fn fill(admin: &Client) {
    admin
        .post("/v0/datasources?mode=append&name=sales&format=csv", OLD)
        .expect(200);
    admin
        .post(
            "/v0/datasources?mode=append&name=corrections&format=csv",
            "2026-01-01,100\n",
        )
        .expect(200);
}

/// Returns the sums of all three levels.
#[track_caller]
fn sums(admin: &Client) -> [i64; 3] {
    ["sales", "by_day", "total"].map(|name| {
        admin
            .value(&format!("SELECT sum(amount) FROM {name}"))
            .as_i64()
            .unwrap()
    })
}

#[test]
fn rows_are_replaced_and_removed() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    fill(&admin);
    assert_eq!(sums(&admin), [3, 103, 103]);
    replace(&admin);
    refuse(&admin);
    delete(&admin);
    truncate(&admin);
    recorded(&admin);
    server.stop();
}

fn replace(admin: &Client) {
    let answer = admin
        .post("/v0/datasources?mode=replace&name=sales&format=csv", NEW)
        .expect(200)
        .json();
    assert_eq!(answer["error"], false);
    assert_eq!(
        answer["replaced"],
        json!({"rows": 2, "ignored_rows": 0, "rebuilt": ["by_day", "total"]})
    );
    assert_eq!(sums(admin), [50, 150, 150]);
    admin
        .post(
            "/v0/datasources?mode=append&name=sales&format=csv",
            "2026-01-04,7\n",
        )
        .expect(200);
    assert_eq!(sums(admin), [57, 157, 157]);
    let condition = encode("day >= '2026-01-03'");
    let path = format!(
        "/v1/datasources/sales/replace?format=csv&replace_condition={condition}&skip_incompatible_partition_key=true"
    );
    let job = admin
        .post(path, "2026-01-02,99\n2026-01-05,1\n")
        .expect(200)
        .json();
    let job = ended(admin, &job);
    assert_eq!(
        (&job["status"], &job["mode"]),
        (&json!("done"), &json!("replace")),
        "{job}"
    );
    assert_eq!(
        (&job["ignored_rows"], &job["statistics"]["row_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(sums(admin), [21, 121, 121]);
}

fn refuse(admin: &Client) {
    let before = sums(admin);
    let path = "/v0/datasources?mode=replace&name=sales&format=csv";
    let refused = |parameters: &str, body: &str, words: &str| {
        let error = admin
            .post(format!("{path}{parameters}"), body)
            .expect(400)
            .error();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    };
    refused("", "x,y\n", "all 1 rows of the file are in quarantine");
    refused("&replace_condition=1", "\n", "replace_truncate_when_empty");
    for (condition, words) in [
        ("nothing = 1", "nothing"),
        ("1) OR (1", "no partner"),
        ("1; DROP TABLE sales", "multi-statements"),
        (
            "amount IN (SELECT amount FROM url('http://x', 'CSV'))",
            "table function",
        ),
        ("file('/etc/passwd') = ''", "not allowed"),
        ("1 SETTINGS max_threads = 1", "yntax error"),
        ("day IN (SELECT day FROM sales_by_day)", "data sources"),
    ] {
        refused(
            &format!("&replace_condition={}", encode(condition)),
            NEW,
            words,
        );
        let form = format!("delete_condition={}", encode(condition));
        let error = admin
            .post("/v0/datasources/sales/delete?dry_run=true", form)
            .expect(400)
            .error();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    }
    let append = "/v0/datasources?mode=append&name=sales&format=csv&replace_condition=1";
    assert!(
        admin
            .post(append, NEW)
            .expect(400)
            .error()
            .contains("mode=replace")
    );
    let unknown = encode("day IN (SELECT day FROM nowhere)");
    let unknown = admin.post(format!("{path}&replace_condition={unknown}"), NEW);
    assert!(unknown.expect(404).error().contains("nowhere"));
    let target = admin.post("/v0/datasources?mode=replace&name=nowhere&format=csv", NEW);
    target.expect(404);
    assert_eq!(sums(admin), before);
    let empty = admin.post(format!("{path}&replace_truncate_when_empty=true"), "\n");
    assert_eq!(empty.expect(200).json()["replaced"]["rows"], 0);
    assert_eq!(sums(admin), [0, 100, 100]);
}

fn delete(admin: &Client) {
    admin
        .post("/v0/datasources?mode=append&name=sales&format=csv", OLD)
        .expect(200);
    let path = "/v0/datasources/sales/delete";
    let dry = admin
        .post(
            format!("{path}?dry_run=true"),
            "delete_condition=amount+%3E+1",
        )
        .expect(200);
    assert_eq!(dry.json(), json!({"rows_to_be_deleted": 1}));
    let job = admin
        .post(path, "delete_condition=amount+%3E+1")
        .expect(200)
        .json();
    assert_eq!(
        (&job["delete_id"], &job["kind"]),
        (&job["id"], &json!("delete_data"))
    );
    let job = ended(admin, &job);
    assert_eq!(
        (&job["status"], &job["rows_affected"]),
        (&json!("done"), &json!(1)),
        "{job}"
    );
    assert_eq!(sums(admin)[0], 1);
    let light = admin.post(
        "/v1/datasources/sales/delete",
        "delete_condition=1&wait=true",
    );
    assert_eq!(light.expect(200).json()["rows_affected"], 1);
    let light = admin.post(
        "/v1/datasources/sales/delete",
        "delete_condition=1&wait=false",
    );
    assert_eq!(ended(admin, &light.expect(200).json())["rows_affected"], 0);
    for (path, form) in [
        (path, ""),
        (path, "delete_condition="),
        (
            "/v1/datasources/sales/delete",
            "delete_condition=1&projection_mode=maybe",
        ),
    ] {
        admin.post(path, form).expect(400);
    }
}

fn truncate(admin: &Client) {
    assert_eq!(admin.value("SELECT count() FROM sales_quarantine"), 1);
    assert_eq!(
        admin
            .post("/v0/datasources/sales_quarantine/truncate/", "")
            .expect(200)
            .json(),
        json!({})
    );
    assert_eq!(admin.value("SELECT count() FROM sales_quarantine"), 0);
    admin
        .post("/v0/datasources/by_day/truncate", "")
        .expect(200);
    assert_eq!(sums(admin)[1], 0);
}

fn recorded(admin: &Client) {
    let sql = "SELECT event_type, datasource_name, result, count() AS n, sum(rows) AS rows \
               FROM tinybird.datasources_ops_log WHERE event_type != 'append' GROUP BY ALL ORDER BY ALL";
    wait_until("operations are recorded", Duration::from_secs(10), || {
        let rows = admin.sql(sql);
        let text: Vec<String> = rows
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {} {}",
                    row["event_type"], row["datasource_name"], row["result"], row["n"], row["rows"]
                )
                .replace('"', "")
            })
            .collect();
        let expected = [
            "delete sales ok 3 2",
            "replace by_day ok 3 null",
            "replace sales error 3 0",
            "replace sales ok 3 3",
            "replace total ok 3 null",
            "truncate by_day ok 1 null",
            "truncate sales_quarantine ok 1 null",
        ];
        match text == expected {
            true => Ok(()),
            false => Err(text.join("\n")),
        }
    });
}

/// Starts a server that ends itself at a place, and returns what its clients saw.
fn killed_at(scratch: &Scratch, folder: &Path, place: &str, path: &str) -> Value {
    let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command
            .args(["start".as_ref(), "--project".as_ref(), folder.as_os_str()])
            .env("BIRDHOUSE_KILL_POINT", place);
    });
    let server = server.unwrap_or_else(|refused| panic!("not started: {refused:#?}"));
    let admin = server.admin();
    let worker = server.worker().unwrap();
    let job = admin.post(path, NEW).expect(200).json();
    server.dies(worker);
    job
}

#[test]
fn a_kill_at_any_point_leaves_all_old_rows_or_all_new_ones() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &folder);
    fill(&server.admin());
    server.stop();
    let plain = "/v1/datasources/sales/replace?format=csv";
    let condition = format!(
        "{plain}&replace_condition={}",
        encode("day >= '2026-01-02'")
    );
    // Sums by the present state: the old rows, all replaced, those of a condition replaced.
    for (place, path, expected) in [
        ("replace.create", plain, [3, 103, 103]),
        ("replace.load", plain, [3, 103, 103]),
        ("replace.load", &condition, [3, 103, 103]),
        ("replace.complete", &condition, [3, 103, 103]),
        ("replace.complete", plain, [3, 103, 103]),
        ("replace.note", &condition, [51, 151, 151]),
        ("replace.exchanged", plain, [50, 150, 150]),
    ] {
        let job = killed_at(&scratch, &folder, place, path);
        let server = Server::start(&scratch, &folder);
        let admin = server.admin();
        assert_eq!(sums(&admin), expected, "{place} {path}");
        let job = ended(&admin, &job);
        assert_eq!(job["status"], "error", "{place}: {job}");
        let metadata = fs::read_dir(server.data().join("engine/data/metadata")).unwrap();
        let names: Vec<_> = metadata.map(|entry| entry.unwrap().file_name()).collect();
        let stray = names
            .iter()
            .filter(|name| name.to_string_lossy().starts_with("replace"));
        assert_eq!(stray.count(), 0, "{place}: {names:?}");
        admin
            .post(
                "/v0/datasources?mode=append&name=sales&format=csv",
                "2026-01-09,1\n",
            )
            .expect(200);
        assert_eq!(
            sums(&admin),
            expected.map(|sum| sum + 1),
            "{place}: views go on"
        );
        let delete = admin.post("/v0/datasources?mode=replace&name=sales&format=csv", OLD);
        delete.expect(200);
        if expected[0] == 3 {
            assert_eq!(sums(&admin), [3, 103, 103]);
        }
        server.stop();
    }
}

/// The engine dies when the switch may have begun. Rows that are acknowledged before it is done wait for
/// it, else they would go with the old ones.
#[test]
fn rows_that_come_while_a_switch_waits_for_the_engine_stay() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &folder);
    fill(&server.admin());
    server.stop();
    for (place, sum) in [("replace.note", 50), ("replace.exchanged", 50)] {
        let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
            command
                .args(["start".as_ref(), "--project".as_ref(), folder.as_os_str()])
                .env("BIRDHOUSE_KILL_POINT", place)
                .env("BIRDHOUSE_KILL_CHILDREN", "1");
        });
        let server = server.unwrap_or_else(|refused| panic!("not started: {refused:#?}"));
        let admin = server.admin();
        let worker = server.worker();
        let job = admin.post("/v1/datasources/sales/replace?format=csv", NEW);
        let job = job.expect(200).json();
        wait_until("the worker is killed", Duration::from_secs(30), || {
            match server.worker() != worker {
                true => Ok(()),
                false => Err("it lives".to_owned()),
            }
        });
        let row = "{\"day\":\"2026-01-05\",\"amount\":7}";
        admin.post("/v0/events?name=sales", row).expect(202);
        let ended = ended(&admin, &job);
        assert_eq!(ended["status"], "done", "{place}: {ended}");
        admin.wait_until_stored();
        assert_eq!(sums(&admin), [sum + 7, sum + 107, sum + 107], "{place}");
        server.stop();
    }
}
