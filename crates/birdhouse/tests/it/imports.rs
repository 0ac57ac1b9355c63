//! Files that come as jobs, from URLs, as Parquet, and in sizes beyond memory.

use std::fmt::Write;
use std::fs;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Client, File, Files, Scratch, Server, encode, project, wait_until};
use crate::uploads::gzip;

const PROJECT: &str = "
--- datasources/goods.datasource
TOKEN goods_append APPEND

SCHEMA >
    `id` UInt32 `json:$.id`,
    `name` String `json:$.name`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"id\"
--- datasources/plain.datasource
SCHEMA >
    `id` UInt32,
    `name` String

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"id\"
--- datasources/types.datasource
SCHEMA >
    `id` UInt64 `json:$.id`,
    `name` String `json:$.name`,
    `price` Decimal(10, 2) `json:$.price`,
    `at` DateTime64(6) `json:$.at`,
    `day` Date `json:$.day`,
    `tags` Array(String) `json:$.tags[:]`,
    `city` Nullable(String) `json:$.address.city`,
    `ratio` Nullable(Float64) `json:$.ratio`,
    `ok` Bool `json:$.ok`,
    `attrs` Map(String, String) `json:$.attrs`,
    `items` String `json:$.items`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"id\"
";

/// Written by pyarrow: three rows with numbers, times, lists, structs and maps, NaN and nulls.
const PARQUET: &[u8] = include_bytes!("types.parquet");

/// Starts a server that may read URLs of this machine.
fn start(scratch: &Scratch, project: &Path) -> Server {
    let start = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command
            .args(["start".as_ref(), "--project".as_ref(), project.as_os_str()])
            .env("BIRDHOUSE_ALLOW_PRIVATE_URLS", "1");
    });
    start.unwrap_or_else(|refused| panic!("not started: {refused:#?}"))
}

/// Waits for the end of the job that an answer names.
#[track_caller]
pub(crate) fn ended(client: &Client, answer: &Value) -> Value {
    assert!(
        answer.get("error").is_none(),
        "clients take this for a failure: {answer}"
    );
    let id = answer["id"].as_str().unwrap();
    assert_eq!(answer["job_id"], id);
    assert!(
        answer["job_url"].as_str().unwrap().ends_with(id),
        "{answer}"
    );
    wait_until("the job ends", Duration::from_secs(60), || {
        let job = client
            .get(format!("/v0/jobs/{id}?debug=blocks,block_log"))
            .expect(200)
            .json();
        match job["status"].as_str().unwrap() {
            "waiting" | "working" | "cancelling" => Err(job.to_string()),
            _ => Ok(job),
        }
    })
}

#[track_caller]
fn count(client: &Client, datasource: &str) -> Value {
    client.value(&format!("SELECT count() FROM {datasource}"))
}

#[test]
fn files_become_rows_by_jobs() {
    let scratch = Scratch::new();
    let server = start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    bodies(&admin);
    urls(&admin);
    parquet(&admin);
    scopes(&server);
    listed(&admin);
    analyzed(&admin);
    let spool = server.data().join("engine/data/imports");
    assert_eq!(fs::read_dir(spool).unwrap().count(), 0, "files are left");
    server.stop();
}

fn bodies(admin: &Client) {
    let csv = "id,name\n1,one\n2,two\nx,bad\n";
    let path = "/v1/datasources/goods/append?format=csv";
    let job = ended(admin, &admin.post(path, csv).expect(200).json());
    assert_eq!(job["status"], "done", "{job}");
    assert_eq!(job["kind"], "import");
    assert_eq!(
        (&job["quarantine_rows"], &job["progress_percentage"]),
        (&json!(1), &json!(100.0))
    );
    assert_eq!(
        job["statistics"],
        json!({"bytes": csv.len(), "row_count": 2})
    );
    let part = &job["blocks"][0]["process_return"][0];
    assert_eq!(
        (&part["lines"], &part["quarantine"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(job["block_log"][0]["rows"], 3);
    for key in ["created_at", "updated_at", "started_at"] {
        assert_eq!(
            job[key].as_str().unwrap().len(),
            "2026-01-01 00:00:00.000000".len()
        );
    }
    assert_eq!(count(admin, "goods"), 2);
    let packed = admin
        .call("POST", "/v1/datasources/goods/append/?format=ndjson")
        .header("content-encoding", "gzip")
        .body(gzip(b"{\"id\":3,\"name\":\"three\"}\n"))
        .send();
    assert_eq!(ended(admin, &packed.expect(200).json())["status"], "done");
    assert_eq!(count(admin, "goods"), 3);
    let broken = ended(
        admin,
        &admin
            .post("/v1/datasources/goods/append?format=ndjson", "nonsense")
            .json(),
    );
    assert_eq!(broken["status"], "error");
    assert!(
        broken["error"]
            .as_str()
            .unwrap()
            .contains("no valid JSON row"),
        "{broken}"
    );
    let refused = admin.post(
        format!("/v0/jobs/{}/retry", broken["id"].as_str().unwrap()),
        "",
    );
    assert!(refused.expect(400).error().contains("not kept"));
    let refused = admin.post(
        format!("/v0/jobs/{}/cancel", broken["id"].as_str().unwrap()),
        "",
    );
    assert!(refused.expect(400).error().contains("cannot be cancelled"));
    admin.get("/v0/jobs/nonsense").expect(404);
    admin.post(path, "").expect(400);
}

fn urls(admin: &Client) {
    let files = Files::serve(vec![
        File::new("/a.csv", "id,name\n10,ten\n"),
        File::new("/b.ndjson.gz", gzip(b"{\"id\":11,\"name\":\"eleven\"}\n")),
        File::redirect("/moved", "/a.csv"),
        File::redirect("/loop", "/loop"),
        File::redirect("/away", "file:///etc/passwd"),
    ]);
    let form = format!("url={}", encode(&files.url("/a.csv")));
    let by_form = admin
        .call("POST", "/v0/datasources?mode=append&name=goods&format=csv")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.as_str())
        .send()
        .expect(200)
        .json();
    assert_eq!(by_form["job"]["id"], by_form["id"]);
    let job = ended(admin, &by_form);
    assert_eq!(
        (&job["status"], &job["mode"]),
        (&json!("done"), &json!("append")),
        "{job}"
    );
    for (url, format) in [("/b.ndjson.gz?x=1", ""), ("/moved", "&format=csv")] {
        let path = format!(
            "/v1/datasources/goods/append?url={}{format}",
            encode(&files.url(url))
        );
        let job = ended(admin, &admin.post(path, "").expect(200).json());
        assert_eq!(job["status"], "done", "{job}");
    }
    assert_eq!(count(admin, "goods WHERE id IN (10, 11)"), 3);
    for (url, words) in [
        (files.url("/missing.csv"), "404"),
        (files.url("/loop"), "redirect"),
        (files.url("/away"), "could not be read"),
        ("http://127.0.0.1:1/x.csv".to_owned(), "could not be read"),
    ] {
        let path = format!(
            "/v1/datasources/goods/append?format=csv&url={}",
            encode(&url)
        );
        let job = ended(admin, &admin.post(path, "").expect(200).json());
        assert_eq!(job["status"], "error", "{job}");
        let error = job["error"].as_str().unwrap();
        assert!(
            error.to_lowercase().contains(words),
            "{error:?} does not say {words:?}"
        );
        assert_eq!(job["is_retryable"], true);
        let again = admin.post(
            format!("/v0/jobs/{}/retry", job["id"].as_str().unwrap()),
            "",
        );
        let again = ended(admin, &again.expect(200).json());
        assert_ne!(again["id"], job["id"]);
        assert_eq!(again["status"], "error");
    }
    for url in ["file:///etc/passwd", "ftp://host/x", "nonsense"] {
        let path = format!(
            "/v1/datasources/goods/append?format=csv&url={}",
            encode(url)
        );
        assert!(
            admin
                .post(path, "")
                .expect(400)
                .error()
                .contains("the url ")
        );
    }
}

fn parquet(admin: &Client) {
    let expected = json!([
        [1, "a", 1.1, "2026-01-02 03:04:05.678901", "2026-01-02", ["a", "b"], "Oslo", 0.5, true, {"k": "v"}, "[{\"p\":1}]"],
        [2, "ü", 99_999_999.99, "2026-01-02 03:04:05.678901", "2026-01-02", [], null, null, false, {}, "[]"],
        [u64::MAX, "x\"\n", 0.01, "2026-01-02 03:04:05.678901", "2026-01-02", ["c"], null, null, true, {"x": "y"}, "[{\"p\":2},{\"p\":3}]"],
    ]);
    let stored = |times: usize| {
        let rows = admin.sql("SELECT * FROM types ORDER BY id");
        let once = rows
            .iter()
            .step_by(times)
            .map(|row| row.as_object().unwrap().values());
        let once: Vec<Vec<&Value>> = once.map(Iterator::collect).collect();
        assert_eq!(rows.len(), 3 * times);
        assert_eq!(json!(once), expected);
    };
    let answer = admin.post(
        "/v0/datasources?mode=append&name=types&format=parquet",
        PARQUET,
    );
    assert_eq!(answer.expect(200).json()["quarantine_rows"], 0);
    stored(1);
    assert_eq!(admin.value("SELECT countIf(isNaN(ratio)) FROM types"), 1);
    let job = admin.post("/v1/datasources/types/append?format=parquet", PARQUET);
    assert_eq!(ended(admin, &job.expect(200).json())["status"], "done");
    stored(2);
    let bad = admin.post(
        "/v0/datasources?mode=append&name=types&format=parquet",
        "PAR1 nonsense",
    );
    let error = bad.expect(400).error();
    assert!(
        error.contains("not valid Parquet") && !error.contains("imports"),
        "{error}"
    );
    let plain = admin.post(
        "/v0/datasources?mode=append&name=plain&format=parquet",
        PARQUET,
    );
    assert!(plain.expect(400).error().contains("JSONPaths"));
}

fn scopes(server: &Server) {
    let append = server.named("goods_append");
    let path = "/v1/datasources/goods/append?format=csv";
    let job = ended(&append, &append.post(path, "7,seven\n").expect(200).json());
    assert_eq!(job["status"], "done");
    append
        .post("/v1/datasources/plain/append?format=csv", "7,seven\n")
        .expect(403);
    append
        .post("/v1/datasources/goods/replace?format=csv", "7,seven\n")
        .expect(403);
    append
        .post(
            "/v0/datasources?mode=replace&name=goods&format=csv",
            "7,seven\n",
        )
        .expect(403);
    append
        .post("/v0/datasources/goods/truncate", "")
        .expect(403);
    append
        .post("/v0/datasources/goods/delete", "delete_condition=1")
        .expect(403);
    append.post("/v0/analyze", "a,b\n1,2\n").expect(403);
    server.anonymous().get("/v0/jobs").expect(403);
    let seen = append.get("/v0/jobs").expect(200).json();
    let of_others = |job: &&Value| job["datasource"]["name"] != "goods";
    assert_eq!(
        seen["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .filter(of_others)
            .count(),
        0
    );
    let admin = server.admin();
    admin
        .post("/v1/datasources/nowhere/append?format=csv", "1")
        .expect(404);
    admin
        .post("/v1/datasources/nowhere/replace?format=csv", "1")
        .expect(404);
    admin
        .post("/v0/datasources/nowhere/truncate", "")
        .expect(404);
}

fn listed(admin: &Client) {
    let jobs = |query: &str| {
        let answer = admin.get(format!("/v0/jobs{query}")).expect(200).json();
        answer["jobs"].as_array().unwrap().clone()
    };
    let all = jobs("");
    assert!(all.len() > 5);
    let failed = jobs("?status=error");
    assert!(!failed.is_empty() && failed.iter().all(|job| job["status"] == "error"));
    assert_eq!(jobs("?kind=copy").len(), 0);
    // The deployment of the start is a job as well; it is not in jobs_log.
    let imports = all.iter().filter(|job| job["kind"] == "import").count();
    assert_eq!(jobs("?kind=import&created_after=2000-01-01").len(), imports);
    assert_eq!(jobs("?created_before=2000-01-01T00:00:00Z").len(), 0);
    admin.get("/v0/jobs?created_after=yesterday").expect(400);
    wait_until("jobs_log has all jobs", Duration::from_secs(10), || {
        let ended =
            admin.value("SELECT countIf(status IN ('done', 'error')) FROM tinybird.jobs_log FINAL");
        match ended == imports {
            true => Ok(()),
            false => Err(ended.to_string()),
        }
    });
    let parts = admin.value("SELECT count() FROM tinybird.block_log WHERE datasource_name = 'goods' AND job_id IS NOT NULL");
    assert!(parts.as_u64().unwrap() >= 3, "{parts}");
}

fn analyzed(admin: &Client) {
    let found = admin
        .post("/v0/analyze", "{\"a\":1}\n{\"a\":2,\"b\":{\"c\":[1]}}\n")
        .expect(200)
        .json();
    assert_eq!(
        found["analysis"]["schema"],
        "a Int16 `json:$.a`, b_c Array(Int16) `json:$.b.c[:]`"
    );
    assert_eq!(found["analysis"]["columns"][0]["present_pct"], 1.0);
    assert_eq!(found["preview"]["data"][1], json!({"a": 2, "b_c": [1]}));
    let found = admin
        .post("/v0/analyze", "id;name\n1;x\n")
        .expect(200)
        .json();
    assert_eq!(found["analysis"]["schema"], "id Int16, name String");
    assert_eq!(
        (
            &found["dialect"]["delimiter"],
            &found["dialect"]["has_header"]
        ),
        (&json!(";"), &json!(true))
    );
    let found = admin.post("/v0/analyze", PARQUET).expect(200).json();
    let schema = found["analysis"]["schema"].as_str().unwrap();
    assert!(
        schema
            .starts_with("id UInt64 `json:$.id`, name String `json:$.name`, price Decimal(10, 2)"),
        "{schema}"
    );
    let files = Files::serve(vec![File::new("/x.csv", "n\n1\n")]);
    let path = format!("/v0/analyze?url={}", encode(&files.url("/x.csv")));
    assert_eq!(
        admin.post(path, "").expect(200).json()["analysis"]["schema"],
        "n Int16"
    );
    admin.post("/v0/analyze", "").expect(400);
}

#[test]
fn addresses_of_this_machine_are_refused_unless_allowed() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    let files = Files::serve(vec![File::new("/a.csv", "1,x\n")]);
    let path = format!(
        "/v1/datasources/goods/append?format=csv&url={}",
        encode(&files.url("/a.csv"))
    );
    let job = ended(&admin, &admin.post(path, "").expect(200).json());
    assert_eq!(job["status"], "error");
    assert!(
        job["error"].as_str().unwrap().contains("not public"),
        "{job}"
    );
    assert_eq!(count(&admin, "goods"), 0);
}

#[test]
fn a_large_file_takes_little_memory() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    let mut file = String::from("id,name\n");
    let pad = "x".repeat(150);
    for id in 0..400_000 {
        writeln!(file, "{id},{pad}").unwrap();
    }
    let bytes = file.len();
    assert!(bytes > 60 << 20);
    let answer = admin
        .post("/v0/datasources?mode=append&name=goods&format=csv", file)
        .expect(200)
        .json();
    assert!(answer["blocks"].as_array().unwrap().len() > 10);
    assert_eq!(count(&admin, "goods"), 400_000);
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak_kb: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(
        peak_kb < 120 << 10,
        "{peak_kb} kB for a file of {bytes} bytes"
    );
    server.stop();
}

#[test]
fn a_job_that_a_kill_interrupts_is_an_error_and_leaves_no_file() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", PROJECT);
    let server = start(&scratch, &folder);
    let admin = server.admin();
    // The server waits for a file whose server says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x.csv", silent.local_addr().unwrap());
    let path = format!(
        "/v1/datasources/goods/append?format=csv&url={}",
        encode(&url)
    );
    let job = admin.post(path, "").expect(200).json();
    let waiting = admin
        .post("/v1/datasources/goods/append?format=csv", "1,x\n")
        .expect(200)
        .json();
    let spool = server.data().join("engine/data/imports");
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 1);
    server.kill();
    let server = start(&scratch, &folder);
    let admin = server.admin();
    for job in [job, waiting] {
        let job = ended(&admin, &job);
        assert_eq!(job["status"], "error");
        assert!(
            job["error"]
                .as_str()
                .unwrap()
                .contains("the server stopped"),
            "{job}"
        );
    }
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 0);
    assert_eq!(count(&admin, "goods"), 0);
    server.stop();
}

#[test]
fn a_broken_upload_is_told_and_the_server_goes_on() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    let send = |head: &str, body: &[u8]| {
        let address = server.base().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let token = crate::harness::ADMIN_TOKEN;
        let head = format!("{head} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    };
    // No body, and nothing that says so.
    let mut stream = send("POST /v1/datasources/goods/append?format=csv", b"\r\n");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 411");
    // A client that goes away in the middle of its file.
    let upload = "POST /v0/datasources?mode=append&name=goods&format=csv";
    drop(send(upload, b"Content-Length: 1000\r\n\r\n1,x\n2,"));
    let form = b"Content-Type: multipart/form-data; boundary=f\r\nContent-Length: 1000\r\n\r\n--f\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n1,x\n";
    drop(send(upload, form));
    wait_until(
        "both are recorded as failed",
        Duration::from_secs(20),
        || {
            let failed = admin
                .value("SELECT count() FROM tinybird.datasources_ops_log WHERE result = 'error'");
            match failed == 2 {
                true => Ok(()),
                false => Err(failed.to_string()),
            }
        },
    );
    assert_eq!(count(&admin, "goods"), 0);
    assert!(server.is_running());
    server.stop();
}
