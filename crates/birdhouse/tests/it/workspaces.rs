//! Several workspaces on one server: made and deleted by clients, kept apart.

use std::time::Duration;

use serde_json::{Value, json};

use crate::deployments::support::send;
use crate::harness::{Client, Scratch, Server, project, wait_until};

/// How long the engine may take.
const LIMIT: Duration = Duration::from_secs(30);

const PROJECT: &str = "\
--- datasources/events.datasource
SCHEMA >
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- endpoints/total.pipe
NODE sum
SQL >
    SELECT sum(n) AS total FROM events
TYPE endpoint
";

/// Returns the workspaces that a token sees, by name.
fn listed(client: &Client) -> Vec<Value> {
    let list = client.get("/v1/user/workspaces").expect(200).json();
    list["workspaces"].as_array().unwrap().clone()
}

fn named(client: &Client, name: &str) -> Value {
    let all = listed(client);
    let found = all.iter().find(|workspace| workspace["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {all:?}"))
        .clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn the_way_of_the_command_line_tool() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let nobody = server.anonymous();
    let tokens = nobody.get("/tokens?from=python-sdk").expect(200).json();
    let names: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["user_token", "admin_token", "workspace_admin_token"]
    );
    let (user, admin) = (text(&tokens["user_token"]), text(&tokens["admin_token"]));
    for token in [&user, &admin] {
        assert!(token.starts_with("p.ey"), "{token}");
    }
    let path = format!("/v1/user/workspaces?with_organization=true&token={admin}");
    let list = nobody.get(path).expect(200).json();
    let organization = text(&list["organization_id"]);
    // The empty body of a POST, as the tool sends it.
    let created = nobody
        .call(
            "POST",
            format!(
                "/v1/workspaces?name=mine&assign_to_organization_id={organization}&token={user}"
            ),
        )
        .send()
        .expect(200)
        .json();
    assert_eq!(created["name"], "mine");
    // Both tokens of the account see all workspaces; a trailing slash changes nothing.
    for token in [&user, &admin] {
        let path = format!("/v1/user/workspaces/?token={token}");
        let list = nobody.get(path).expect(200).json();
        let names: Vec<&Value> = (list["workspaces"].as_array().unwrap().iter())
            .map(|workspace| &workspace["name"])
            .collect();
        assert_eq!(names, [&json!("Tinybird_Local_Testing"), &json!("mine")]);
    }
    // The new workspace can be used at once.
    let mine = server.client(&text(&created["token"]));
    assert_eq!(mine.value("SELECT 1"), 1);
    assert_eq!(mine.value("SELECT count() FROM tinybird.pipe_stats"), 0);
    let own = mine.get("/v1/workspace").expect(200).json();
    assert_eq!(own["id"], created["id"]);
    assert_eq!(
        mine.get("/v0/datasources").expect(200).json(),
        json!({"datasources": []})
    );
    assert_eq!(
        mine.get("/v0/pipes").expect(200).json(),
        json!({"pipes": []})
    );
    slim_for_the_python_sdk(&server, &admin);
    confirmed_deletion(
        &server,
        &user,
        &text(&created["id"]),
        &text(&created["token"]),
    );
    refused_creations(&server, &user);
}

fn slim_for_the_python_sdk(server: &Server, admin: &str) {
    let path = "/v1/user/workspaces?from=python-sdk";
    let list = server.client(admin).get(path).expect(200).json();
    for workspace in list["workspaces"].as_array().unwrap() {
        let names: Vec<&String> = workspace.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "name", "token"]);
    }
}

fn confirmed_deletion(server: &Server, user: &str, id: &str, token: &str) {
    let account = server.client(user);
    let path = format!("/v1/workspaces/{id}");
    let unconfirmed = account.delete(&path).expect(400).error();
    assert!(
        unconfirmed.contains("hard_delete_confirmation=yes"),
        "{unconfirmed}"
    );
    account
        .delete(format!("{path}?hard_delete_confirmation=no"))
        .expect(400);
    // What a client may send that made up a name.
    let random = account.call("DELETE", "/v1/workspaces/Tinybird_Local_Test_1234");
    random.body("confirmation=yes").send().expect(404).error();
    let own = server
        .client(token)
        .delete(format!("{path}?confirmation=mine"));
    own.expect(403).error();
    account
        .delete(format!("{path}?confirmation=mine"))
        .expect(200);
    account
        .delete(format!("{path}?confirmation=mine"))
        .expect(404)
        .error();
    server
        .client(token)
        .get("/v0/workspace")
        .expect(403)
        .error();
    // The name is free again.
    account.post("/v1/workspaces", "name=mine").expect(200);
}

fn refused_creations(server: &Server, user: &str) {
    let account = server.client(user);
    for (body, status, reason) in [
        ("", 400, "'name' is missing"),
        ("name=mine", 409, "exists already"),
        ("name=a%20b", 400, "letters, digits"),
        ("name=a%3B%20DROP", 400, "letters, digits"),
    ] {
        let error = account.post("/v1/workspaces", body).expect(status).error();
        assert!(error.contains(reason), "{body}: {error}");
    }
}

/// The dates of fixtures grow old, so rows do not expire in the workspaces of `tb test run`.
#[test]
fn rows_do_not_expire_in_workspaces_for_tests() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let account = server.client(&server.local_token("user_token"));
    let expiring = "--- datasources/visits.datasource
SCHEMA >
    at DateTime `json:$.at`
ENGINE MergeTree
ENGINE_SORTING_KEY at
ENGINE_TTL at + INTERVAL 1 DAY
";
    let [kept, other] = ["Tinybird_Local_Test_1", "other"].map(|name| {
        let body = format!("name={name}");
        let created = account.post("/v1/workspaces", body).ok().json();
        let client = server.client(&text(&created["token"]));
        send(&client, "/v1/build", expiring).ok();
        let row = "{\"at\":\"2020-01-01 00:00:00\"}";
        client.append("visits", row).expect(200);
        client
    });
    let count = |client: &Client| client.value("SELECT count() FROM visits");
    wait_until("rows expire elsewhere", LIMIT, || match count(&other) {
        count if count == 0 => Ok(()),
        count => Err(count.to_string()),
    });
    assert_eq!(count(&kept), 1);
}

#[test]
fn workspaces_see_nothing_of_each_other() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let account = server.client(&server.local_token("user_token"));
    account.post("/v1/workspaces", "name=other").expect(200);
    let (first, other) = (server.admin(), text(&named(&account, "other")["token"]));
    let other = server.client(&other);
    first.append("events", "{\"n\":41}\n{\"n\":1}").ok();
    assert_eq!(first.value("SELECT total FROM total"), 42);
    first
        .post("/v0/variables", "name=password&value=x")
        .expect(200);
    let database = text(&listed(&first)[0]["id"]).replace('-', "");
    for sql in [
        "SELECT * FROM events".to_owned(),
        "SELECT * FROM total".to_owned(),
        format!("SELECT * FROM ws_{database}.events"),
        format!("SELECT * FROM ws_{database}_tinybird.pipe_stats_rt"),
    ] {
        let error = other.query(&sql).expect(404).error();
        assert!(error.contains("not found"), "{sql}: {error}");
    }
    other.get("/v0/pipes/total.json").expect(404);
    other.get("/v0/datasources/events").expect(404);
    other.append("events", "{\"n\":1}").expect(404);
    other.get("/v0/variables/password").expect(404);
    other
        .get("/v0/tokens/workspace%20admin%20token")
        .expect(200);
    let shown = other.get("/v0/tokens").expect(200).text();
    assert!(!shown.contains(crate::harness::ADMIN_TOKEN));
    // A workspace's token sees its own workspace only, and manages none.
    assert_eq!(listed(&other).len(), 1);
    assert_eq!(listed(&first).len(), 1);
    let other_id = text(&listed(&other)[0]["id"]);
    first.get(format!("/v0/workspaces/{other_id}")).expect(404);
    first
        .post("/v1/workspaces", "name=third")
        .expect(403)
        .error();
    first
        .delete(format!("/v1/workspaces/{other_id}?confirmation=yes"))
        .expect(403);
    // Logs as well: what one does, the other does not see.
    wait_until("calls are in the log", Duration::from_secs(10), || {
        let calls = first.value("SELECT count() FROM tinybird.pipe_stats_rt WHERE pipe_name = 'query_api' AND status_code = 200");
        if calls.as_u64() > Some(0) {
            Ok(())
        } else {
            Err(calls.to_string())
        }
    });
    let ok = "SELECT count() FROM tinybird.pipe_stats_rt WHERE status_code = 200";
    assert_eq!(other.value(ok), 0);
    assert_eq!(
        other.value("SELECT count() FROM tinybird.datasources_ops_log"),
        0
    );
}

#[test]
fn everything_is_there_after_a_restart() {
    let scratch = Scratch::new();
    let root = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &root);
    let account = server.client(&server.local_token("user_token"));
    account.post("/v1/workspaces", "name=other").expect(200);
    account.post("/v1/workspaces", "name=gone").expect(200);
    let tokens = server.anonymous().get("/tokens").json();
    let gone = text(&named(&account, "gone")["id"]);
    server.admin().append("events", "{\"n\":7}").ok();
    account
        .delete(format!("/v1/workspaces/{gone}?confirmation=gone"))
        .expect(200);
    server.kill();
    // Without its project: what was deployed is still live.
    let server = Server::start_empty(&scratch);
    assert_eq!(server.anonymous().get("/tokens").json(), tokens);
    let account = server.client(&server.local_token("user_token"));
    let names: Vec<Value> = listed(&account).iter().map(|w| w["name"].clone()).collect();
    assert_eq!(names, [json!("Tinybird_Local_Testing"), json!("other")]);
    let admin = server.admin();
    assert_eq!(
        admin.endpoint("total", "json", &[]).ok().rows(),
        [json!({"total": 7})]
    );
    admin.append("events", "{\"n\":1}").ok();
    assert_eq!(admin.value("SELECT total FROM total"), 8);
    let other = server.client(&text(&named(&account, "other")["token"]));
    assert_eq!(other.value("SELECT 1"), 1);
}

#[test]
fn an_empty_workspace_follows_the_last_one() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let account = server.client(&server.local_token("user_token"));
    let first = named(&account, "Tinybird_Local_Testing");
    let path = format!("/v1/workspaces/{}?confirmation=yes", text(&first["id"]));
    account.delete(path).expect(200);
    server.admin().get("/v0/workspace").expect(403);
    let next = named(&account, "Tinybird_Local_Testing");
    assert_ne!(next["id"], first["id"]);
    let admin = server.client(&server.local_token("workspace_admin_token"));
    assert_eq!(admin.value("SELECT 1"), 1);
    admin.query("SELECT * FROM events").expect(404);
    // The admin token of the account is an admin of whatever workspace is the oldest.
    let account_admin = server.client(&server.local_token("admin_token"));
    assert_eq!(
        account_admin.get("/v0/workspace").expect(200).json()["id"],
        next["id"]
    );
}

/// The route needs no token, so who asks is looked at.
#[test]
fn tokens_are_for_programs_of_this_machine() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let nobody = server.anonymous();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("host", "evil.example"),
        ("host", "localhost.evil.example"),
    ] {
        let answer = nobody.call("GET", "/tokens").header(name, value).send();
        answer.expect(403).error();
    }
    let local = nobody
        .call("GET", "/tokens")
        .header("host", "localhost:7181");
    local.send().expect(200);
    server.stop();
    // One that other machines reach gives them to nobody.
    let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command
            .args(["start", "--host", "0.0.0.0"])
            .current_dir(scratch.path("tmp"));
    })
    .unwrap();
    let base = server.base().replace("0.0.0.0", "127.0.0.1");
    let error = Client::new(&base).get("/tokens").expect(403).error();
    assert!(error.contains("birdhouse token ls"), "{error}");
}

#[test]
fn tokens_can_be_given_by_the_environment() {
    let scratch = Scratch::new();
    let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command
            .arg("start")
            .current_dir(scratch.path("tmp"))
            .env("TB_LOCAL_USER_TOKEN", "p.user")
            .env("TB_LOCAL_WORKSPACE_TOKEN", "p.workspace")
            .env_remove("BIRDHOUSE_ADMIN_TOKEN");
    })
    .unwrap();
    assert_eq!(server.local_token("user_token"), "p.user");
    assert_eq!(server.local_token("workspace_admin_token"), "p.workspace");
    server
        .client("p.user")
        .post("/v1/workspaces", "name=x")
        .expect(200);
    assert_eq!(server.client("p.workspace").value("SELECT 1"), 1);
}
