//! Projects and requests that are no good, and large ones: clear answers, and how long they take.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{TOP, VISITS, empty, send};
use crate::harness::{Answer, Client, Scratch, Server, example};

const PATHS: [&str; 2] = ["/v1/build", "/v1/deploy"];

/// Files of a project that may have, and large ones that it may not.
const FILES_MAX: usize = 5_000;
const BODY_BYTES_MAX: usize = 50 << 20;

#[track_caller]
fn says(answer: Answer, status: u16, words: &str) {
    let error = answer.expect(status).error();
    assert!(error.contains(words), "{error:?} does not say {words:?}");
}

/// Returns what is wrong with the files of a project: `file: text`.
#[track_caller]
fn mistakes(client: &Client, path: &str, text: &str) -> Vec<String> {
    let answer = send(client, path, text).expect(200).json();
    assert_eq!(answer["result"], "failed", "{answer}");
    let errors = match &answer["errors"] {
        Value::Null => answer["deployment"]["errors"].clone(),
        errors => errors.clone(),
    };
    let errors = errors.as_array().unwrap().clone();
    assert!(!errors.is_empty(), "{answer}");
    let text = |error: &Value, field: &str| error[field].as_str().unwrap_or_default().to_owned();
    errors
        .iter()
        .map(|error| format!("{}: {}", text(error, "filename"), text(error, "error")))
        .collect()
}

fn endpoint(name: &str, folder: &str) -> String {
    format!("--- {folder}/{name}.pipe\nNODE n\nSQL >\n    SELECT 1 AS one\nTYPE endpoint\n")
}

#[test]
fn names_are_there_once() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    let same_pipe = [endpoint("one", "endpoints"), endpoint("one", "pipes")].concat();
    let same_source = [VISITS, &VISITS.replace("datasources/", "others/")].concat();
    let both = [VISITS.to_owned(), endpoint("visits", "endpoints")].concat();
    let same_node = endpoint("one", "endpoints").replace(
        "TYPE endpoint\n",
        "\nNODE n\nSQL >\n    SELECT 2 AS two\nTYPE endpoint\n",
    );
    for (project, name) in [
        (same_pipe, "one"),
        (same_source, "visits"),
        (both, "visits"),
        (same_node, "n"),
    ] {
        for path in PATHS {
            let found = mistakes(&admin, path, &project);
            assert!(found.iter().any(|m| m.contains(name)), "{found:?}");
        }
    }
    server.stop();
}

#[test]
fn forms_that_are_broken_are_refused() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    let part = "--X\r\nContent-Disposition: form-data; name=\"data_project://\"; filename=\"a.pipe\"\r\n\r\nNODE a\r\n";
    for path in PATHS {
        let sent = |content_type: &str, body: &str| {
            let call = admin
                .call("POST", path)
                .header("content-type", content_type);
            call.body(body).send()
        };
        let form = "multipart/form-data; boundary=X";
        for (content_type, body) in [
            (form, ""),
            (form, "--X"),
            (form, part),
            (form, "no form at all"),
            ("multipart/form-data; boundary=Y", part),
            (
                form,
                "--X\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--X--\r\n--",
            ),
        ] {
            let answer = sent(content_type, body);
            // A form without parts is an empty project.
            assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
            if answer.status == 400 {
                assert!(!answer.error().is_empty());
            }
        }
        says(sent(form, part), 400, "multipart form");
        says(sent("multipart/form-data", part), 400, "no boundary");
        for content_type in [
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/mixed; boundary=X",
        ] {
            says(sent(content_type, part), 400, "multipart/form-data");
        }
        let whole = format!("{part}--X--\r\n");
        says(
            sent(form, &whole.replace("a.pipe", "")),
            400,
            "path as file name",
        );
        says(
            sent(form, &whole.replace("a.pipe", &"a".repeat(2_000))),
            400,
            "path as file name",
        );
        cut_off(&server, path, part);
    }
    // Nothing of it was deployed.
    let now = admin.get("/v1/deployments").ok().json();
    assert_eq!(now["deployments"].as_array().unwrap().len(), 1);
    server.stop();
}

/// Sends half of what is announced and goes away.
fn cut_off(server: &Server, path: &str, part: &str) {
    let address = server.base().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: {}\r\n\r\n{part}",
        crate::harness::ADMIN_TOKEN,
        part.len() * 2
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    // There may be an answer or none; it is no success.
    stream.read_to_end(&mut answer).ok();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
}

/// Announces more than a project may have, and is told so before it sends anything.
fn too_large(server: &Server) {
    let address = server.base().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/deploy HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: {}\r\n\r\n",
        crate::harness::ADMIN_TOKEN,
        BODY_BYTES_MAX + 1
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"error\":\""), "{answer}");
}

/// The files of a folder as one text.
fn text_of(folder: &Path, root: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text_of(&path, root, text);
        }
        let extension = path.extension().and_then(|e| e.to_str());
        if matches!(extension, Some("datasource" | "pipe")) {
            let name = path.strip_prefix(root).unwrap().display();
            let content = fs::read_to_string(&path).unwrap();
            *text += &format!("--- {name}\n{content}\n");
        }
    }
}

/// What `tb dev` does after every saved file.
#[test]
fn a_changed_endpoint_is_built_quickly() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    let mut text = String::new();
    text_of(&example(), &example(), &mut text);
    let endpoint = "--- endpoints/changing.pipe\nNODE n\nSQL >\n    SELECT 0 AS step, count() AS n FROM ecomm_events\nTYPE endpoint\n";
    text += endpoint;
    let built = send(&admin, "/v1/build", &text).ok().json();
    assert_eq!(built["result"], "success", "{built}");
    let mut times: Vec<Duration> = (1..=10)
        .map(|step| {
            let changed = text.replace("SELECT 0 AS step", &format!("SELECT {step} AS step"));
            let began = Instant::now();
            let built = send(&admin, "/v1/build", &changed).ok().json();
            let took = began.elapsed();
            assert_eq!(built["build"]["changed_pipe_names"], json!(["changing"]));
            let rows = admin.endpoint("changing", "json", &[]).ok().rows();
            assert_eq!(rows[0]["step"], json!(step));
            took
        })
        .collect();
    times.sort();
    println!(
        "a changed endpoint is live after {:?} (median of 10, {:?} to {:?})",
        times[5], times[0], times[9]
    );
    // 0.3 s is the aim on a machine that does nothing else.
    assert!(times[5] < Duration::from_secs(3), "{times:?}");
    server.stop();
}

#[test]
fn large_projects_work_up_to_their_limits() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    let mut project = VISITS.to_owned();
    for number in 1..500 {
        project += &TOP
            .replace("endpoints/top", &format!("endpoints/top_{number}"))
            .replace(
                "count() AS visits",
                &format!("count() + {number} AS visits"),
            );
    }
    let began = Instant::now();
    let built = send(&admin, "/v1/build", &project).ok().json();
    let first = began.elapsed();
    assert_eq!(built["result"], "success", "{built}");
    assert_eq!(
        built["build"]["new_pipe_names"].as_array().unwrap().len(),
        499
    );
    for more in [251, 252] {
        let changed = project.replace("count() + 250 AS", &format!("count() + {more} AS"));
        let began = Instant::now();
        let built = send(&admin, "/v1/build", &changed).ok().json();
        let took = began.elapsed();
        println!("500 files: built in {first:?}, one changed in {took:?}");
        assert_eq!(built["build"]["changed_pipe_names"], json!(["top_250"]));
    }
    let tokens = admin.get("/v0/pipes").ok().json();
    assert_eq!(tokens["pipes"].as_array().unwrap().len(), 499);

    let many: String = (0..=FILES_MAX)
        .map(|number| format!("--- a/{number}.incl\n"))
        .collect();
    for path in PATHS {
        says(send(&admin, path, &many), 400, "may have 5000 files");
    }
    too_large(&server);
    // A large file within the limit is one like others; this one says nothing.
    let large = format!("{VISITS}\nDESCRIPTION >\n    {}\n", "x".repeat(4 << 20));
    let answer = send(
        &admin,
        "/v1/deploy?check=true&allow_destructive_operations=true",
        &large,
    );
    assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
    let binary = "--- datasources/a.datasource\n\u{0}\u{1}\u{2}SCHEMA >\n";
    assert!(!mistakes(&admin, "/v1/build", binary).is_empty());
    server.stop();
}
