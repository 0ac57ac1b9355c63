//! Branches: workspaces with the project, the secrets and, when asked for, the rows of another one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Client, Scratch, Server, project, wait_until};

/// How long a job may take.
const LIMIT: Duration = Duration::from_secs(30);

const PROJECT: &str = "\
--- datasources/events.datasource
SCHEMA >
    `day` Date `json:$.day`,
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_PARTITION_KEY day
ENGINE_SORTING_KEY n
--- datasources/sums.datasource
SCHEMA >
    `day` Date,
    `s` Int64
ENGINE SummingMergeTree
ENGINE_PARTITION_KEY day
ENGINE_SORTING_KEY day
--- materializations/events_to_sums.pipe
NODE sum
SQL >
    SELECT day, toInt64(n) AS s FROM events
TYPE materialized
DATASOURCE sums
--- endpoints/total.pipe
NODE sum
SQL >
    %
    SELECT sum(n) AS total, {{tb_secret('unit')}} AS unit FROM events
TYPE endpoint
--- materializations/daily.pipe
NODE count
SQL >
    SELECT day, count() AS c FROM events GROUP BY day
TYPE materialized
DATASOURCE daily
ENGINE SummingMergeTree
ENGINE_SORTING_KEY day
";

/// Makes a branch and waits for its job; returns a client with its admin token.
fn branch(admin: &Client, name: &str, data: &str) -> Client {
    let path = format!("/v1/environments?name={name}&data={data}");
    let made = admin.post(path, "").expect(200).json();
    done(admin, &made);
    let found = admin.get(format!("/v0/environments/{name}?with_token=true"));
    let found = found.expect(200).json();
    assert_eq!(found["id"], made["workspace"]["id"]);
    admin.with_token(found["token"].as_str().unwrap())
}

/// Waits until the job of an answer is done.
fn done(admin: &Client, answer: &Value) -> Value {
    let id = answer["job"]["job_id"].as_str().unwrap();
    wait_until("the job is done", LIMIT, || {
        let job = admin.get(format!("/v0/jobs/{id}")).expect(200).json();
        match job["status"].as_str().unwrap() {
            "done" => Ok(job),
            "waiting" | "working" => Err(job.to_string()),
            _ => panic!("{job}"),
        }
    })
}

fn sums(client: &Client) -> (Value, Value) {
    let n = client.value("SELECT sum(n) FROM events");
    (n, client.value("SELECT sum(s) FROM sums"))
}

fn append(client: &Client, day: u32, n: u32) {
    let row = json!({ "day": format!("2026-01-0{day}"), "n": n });
    client.append("events", row.to_string()).expect(200);
}

#[test]
fn a_branch_has_what_its_workspace_has_and_lives_on_its_own() {
    let scratch = Scratch::new();
    let project = project(&scratch, "project", PROJECT);
    std::fs::write(project.join(".env"), "unit=pieces\n").unwrap();
    let server = Server::start(&scratch, &project);
    let admin = server.admin();
    for (day, n) in [(1, 1), (2, 10)] {
        append(&admin, day, n);
    }

    let empty = branch(&admin, "empty", "");
    assert_eq!(sums(&empty), (json!(0), json!(0)));
    let total = empty.endpoint("total", "json", &[]).ok().rows();
    assert_eq!(total, [json!({"total": 0, "unit": "pieces"})]);
    let last = branch(&admin, "last", "last_partition");
    assert_eq!(sums(&last), (json!(10), json!(10)));
    let all = branch(&admin, "all", "all_partitions");
    assert_eq!(sums(&all), (json!(11), json!(11)));

    // Rows that come to one side are not seen on the other, and views run on both.
    append(&all, 2, 100);
    append(&admin, 2, 1000);
    assert_eq!(sums(&all), (json!(111), json!(111)));
    assert_eq!(sums(&admin), (json!(1011), json!(1011)));
    // Its data once more: partitions are replaced, not added.
    let again = admin.post("/v0/environments/all/data?mode=all_partitions", "");
    let job = done(&admin, &again.expect(200).json());
    let names = job["partitions"].as_array().unwrap().iter();
    let names: Vec<&Value> = names.map(|data| &data["datasource"]["name"]).collect();
    assert_eq!(names, ["daily", "events", "sums"]);
    assert_eq!(sums(&all), (json!(1011), json!(1011)));

    let listed = |query: &str| -> Vec<Value> {
        let list = admin
            .get(format!("/v1/user/workspaces?{query}"))
            .ok()
            .json();
        let list = list["workspaces"].as_array().unwrap().iter();
        list.map(|w| json!([w["name"], w["is_branch"]])).collect()
    };
    assert_eq!(listed("").len(), 1);
    assert_eq!(listed("with_environments=false").len(), 1);
    assert_eq!(listed("with_environments=true").len(), 4);
    let branches = ["empty", "last", "all"].map(|name| json!([name, true]));
    assert_eq!(listed("only_environments=true"), branches);
    let own = all.get("/v1/user/workspaces?with_environments=true").ok();
    let own = own.json()["workspaces"].as_array().unwrap().len();
    assert_eq!(own, 1, "a branch's token sees the branch");

    admin.post("/v1/environments?name=all", "").expect(409);
    let wrong = admin.post("/v1/environments?name=more&data=some", "");
    assert!(wrong.expect(400).error().contains("last_partition"));
    admin.get("/v0/environments/more").expect(404);
    let nested = all.post("/v1/environments?name=nested", "").expect(403);
    assert!(nested.error().contains("main workspace"));

    admin.delete("/v0/environments/all").expect(200);
    all.get("/v0/datasources").expect(403);
    assert_eq!(sums(&admin), (json!(1011), json!(1011)));
    let branches = admin.get("/v1/environments").ok().json();
    assert_eq!(branches["environments"].as_array().unwrap().len(), 2);
}
