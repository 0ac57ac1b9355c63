//! Life and death of the worker: start, stop, kill, restart, and the death of its parent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use birdhouse_engine::{Durability, Engine, EngineError, ErrorKind};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::{TestEngine, config, reader, start_in, text, tsv, wait_until};
use crate::worker_process::PARENT_VARIABLE;

#[tokio::test]
async fn a_killed_worker_is_replaced() {
    let test = TestEngine::start().await;
    test.execute("CREATE TABLE ws_a.t (a Int64) ENGINE = MergeTree ORDER BY a")
        .await;
    for round in 0..2 {
        let row = format!("{round}\n");
        let token = format!("round-{round}");
        test.engine
            .insert(tsv("t", row.into(), &token))
            .await
            .expect("stored");
        let engine = test.engine.clone();
        let in_flight = tokio::spawn(async move {
            engine
                .query(reader(
                    "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)",
                ))
                .await
        });
        let busy = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sum(city%'";
        wait_until(|| test.admin(busy), |count| count == "1").await;
        let pid = test.engine.worker_pid().expect("it is up");
        kill(pid, Signal::KILL);
        let error = in_flight.await.expect("no panic").expect_err("interrupted");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(test.engine.ready(Duration::from_secs(20)).await);
        assert_ne!(test.engine.worker_pid(), Some(pid));
    }
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "2");
}

#[tokio::test]
async fn without_a_worker_the_engine_is_unavailable() {
    let test = TestEngine::start().await;
    test.engine.clone().stop().await;
    let error = test
        .engine
        .query(reader("SELECT 1"))
        .await
        .expect_err("stopped");
    let EngineError::Unavailable { retry_after, .. } = error else {
        panic!("{error:?}");
    };
    assert!(retry_after > Duration::ZERO);
    assert_eq!(test.engine.worker_pid(), None);
    assert!(!test.engine.ready(Duration::from_millis(10)).await);
}

#[tokio::test]
async fn a_stop_is_clean_and_keeps_the_data() {
    let mut test = TestEngine::start().await;
    test.execute("CREATE TABLE ws_a.t (a Int64) ENGINE = MergeTree ORDER BY a")
        .await;
    test.insert("t", "1\n", "one").await.expect("stored");
    let pid = test.engine.worker_pid().expect("it is up");
    let marker = test.engine_directory().join("data/birdhouse.running");
    assert!(marker.exists());
    test.engine.clone().stop().await;
    assert!(!is_alive(pid));
    assert!(!marker.exists());
    test.engine = start_in(test.engine_directory()).await;
    assert_eq!(test.read("SELECT a FROM t").await, "1");
}

/// A worker that does not react at all is killed in the end.
#[tokio::test]
async fn a_stuck_worker_does_not_block_the_stop() {
    let test = TestEngine::start().await;
    let pid = test.engine.worker_pid().expect("it is up");
    kill(pid, Signal::STOP);
    let engine = test.engine.clone();
    let stopped = tokio::time::timeout(Duration::from_secs(30), engine.stop());
    stopped.await.expect("within its limit");
    wait_until(|| async { is_alive(pid) }, |alive| !alive).await;
}

/// A worker that lives and does not answer is killed and replaced.
#[tokio::test]
async fn a_frozen_worker_is_replaced() {
    let limit = Duration::from_secs(2);
    let test = TestEngine::start_with(|config| config.silence_max = limit).await;
    test.execute("CREATE TABLE ws_a.t (a Int64) ENGINE = MergeTree ORDER BY a")
        .await;
    let pid = test.engine.worker_pid().expect("it is up");
    kill(pid, Signal::STOP);
    let frozen_since = Instant::now();
    let error = (test.insert("t", "1\n", "one").await).expect_err("nobody answers");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(
        frozen_since.elapsed() >= limit / 2,
        "not killed before several pings have failed: {:?}",
        frozen_since.elapsed()
    );
    assert!(test.engine.ready(Duration::from_secs(20)).await);
    assert_ne!(test.engine.worker_pid(), Some(pid));
    wait_until(|| async { is_alive(pid) }, |alive| !alive).await;
    test.insert("t", "1\n", "one").await.expect("repeated");
    assert_eq!(test.read("SELECT a FROM t").await, "1");
}

#[tokio::test]
async fn the_durability_of_inserts_is_configured() {
    let settings = "SELECT name, value FROM system.merge_tree_settings WHERE name IN ('fsync_after_insert', 'fsync_part_directory', 'min_rows_to_fsync_after_merge', 'old_parts_lifetime') ORDER BY name";
    let shown = |synced, merged, lifetime| {
        format!(
            "fsync_after_insert\t{synced}\nfsync_part_directory\t{synced}\nmin_rows_to_fsync_after_merge\t{merged}\nold_parts_lifetime\t{lifetime}"
        )
    };
    let test = TestEngine::start().await;
    assert_eq!(test.admin(settings).await, shown(0, 0, 0));
    let test = TestEngine::start_with(|config| config.durability = Durability::Power).await;
    assert_eq!(test.admin(settings).await, shown(1, 1, 480));
    test.execute("CREATE TABLE ws_a.t (a Int64) ENGINE = MergeTree ORDER BY a")
        .await;
    test.insert("t", "1\n", "one").await.expect("stored");
    assert_eq!(test.read("SELECT a FROM t").await, "1");
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_worker() {
    let TestEngine { engine, directory } = TestEngine::start().await;
    let pid = engine.worker_pid().expect("it is up");
    drop(engine);
    wait_until(|| async { is_alive(pid) }, |alive| !alive).await;
    assert!(
        !directory
            .path()
            .join("engine/data/birdhouse.running")
            .exists()
    );
}

#[tokio::test]
async fn a_worker_that_cannot_start_says_why() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut broken = config(directory.path().join("engine"));
    broken.library = directory.path().join("nothing.so");
    let error = Engine::start(broken)
        .await
        .map(drop)
        .expect_err("no library");
    assert!(error.to_string().contains("nothing.so"), "{error}");

    let test = TestEngine::start().await;
    let second = config(test.engine_directory());
    let error = Engine::start(second).await.map(drop).expect_err("in use");
    assert!(error.to_string().contains("another worker uses"), "{error}");
    assert_eq!(test.read("SELECT 1").await, "1");
}

/// A long path of the data directory does not reach the socket, whose path has little room.
#[tokio::test]
async fn a_long_directory_works() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let engine = start_in(directory.path().join("a long name ".repeat(20))).await;
    assert_eq!(
        text(engine.query(reader_without_database("SELECT 1")).await),
        "1"
    );
    engine.stop().await;
}

#[test]
fn the_worker_ends_when_its_parent_is_killed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let engine = directory.path().join("engine");
    let mut parent = test_process("worker_process::engine_parent")
        .env(PARENT_VARIABLE, &engine)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let output = parent.stdout.take().expect("piped");
    let pid: u32 = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("worker ")?.parse().ok())
        .expect("the worker's process id");
    assert!(is_alive(pid));
    parent.kill().expect("killed");
    parent.wait().expect("ended");
    let started = Instant::now();
    while is_alive(pid) {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "worker {pid} is alive"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(
        !engine.join("data/birdhouse.running").exists(),
        "it stopped in order"
    );
}

/// A worker without a supervisor, for what the client never sends.
struct BareWorker {
    process: Child,
    socket: PathBuf,
    directory: tempfile::TempDir,
}

impl BareWorker {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let socket = directory.path().join("s");
        let mut process = test_process("worker_process::engine_worker")
            .env("BIRDHOUSE_ENGINE_WORKER", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let line = json!({
            "protocol": 1,
            "library": birdhouse_engine::find_library().expect("fetched"),
            "directory": directory.path().join("engine"),
            "socket": socket,
            "memory_bytes_max": 2_000_000_000_u64,
            "readers": 1,
            "durability": "process",
        });
        let mut input = process.stdin.take().expect("piped");
        writeln!(input, "{line}").expect("sent");
        process.stdin = Some(input);
        let mut output = BufReader::new(process.stdout.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("birdhouse_engine_worker") {
            line.clear();
            assert_ne!(
                output.read_line(&mut line).expect("readable"),
                0,
                "it ended"
            );
        }
        Self {
            process,
            socket,
            directory,
        }
    }

    /// Sends a request as it stands on the wire, ends the sending side, and returns the answer.
    fn send(&self, request: &str) -> String {
        let mut stream = UnixStream::connect(&self.socket).expect("connected");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    fn post(&self, url: &str, body: &str) -> String {
        let length = body.len();
        self.send(&format!(
            "POST /?{url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    #[track_caller]
    fn ended_in_order(mut self) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("waited for") {
                break status;
            }
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "it does not end"
            );
            std::thread::sleep(Duration::from_millis(10));
        };
        assert!(status.success(), "{status}");
        assert!(!marker(&self.directory).exists());
    }
}

impl Drop for BareWorker {
    fn drop(&mut self) {
        // Fails when it has ended, as it should have.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn marker(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("engine/data/birdhouse.running")
}

#[test]
fn the_worker_speaks_the_dialect_of_a_server() {
    let mut worker = BareWorker::start();
    let ping = worker.send("GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(ping.starts_with("HTTP/1.1 200 OK"), "{ping}");
    assert!(ping.ends_with("Ok.\n"), "{ping}");
    let answer = worker.post(
        "query=SELECT+{x:UInt8}&param_x=4&default_format=JSONEachRow",
        "+1 AS y",
    );
    assert!(answer.contains("{\"y\":5}"), "{answer}");
    assert!(answer.contains("x-clickhouse-timezone: UTC"), "{answer}");
    let answer = worker.post("wait_end_of_query=1&query_id=q7", "SELECT 1");
    assert!(answer.contains("x-clickhouse-summary: {"), "{answer}");
    assert!(answer.contains("x-clickhouse-query-id: q7"), "{answer}");
    for (sql, status, code) in [
        ("SELECT", "400", "62"),
        ("SELECT * FROM nothing", "404", "60"),
    ] {
        let answer = worker.post("", sql);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(
            answer.contains(&format!("x-clickhouse-exception-code: {code}\r\n")),
            "{answer}"
        );
        assert!(
            answer.contains(&format!("\r\n\r\nCode: {code}. DB::Exception: ")),
            "{answer}"
        );
    }
    assert!(
        worker
            .send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .contains(" 404 ")
    );
    // Rule 13: closing standard input stops it in order.
    drop(worker.process.stdin.take());
    worker.ended_in_order();
}

/// Rule 14: a client that leaves in the middle of its rows stores nothing and holds nothing.
#[test]
fn a_body_that_is_cut_off_stores_nothing() {
    let worker = BareWorker::start();
    let admin = |sql: &str| worker.post("role=admin", sql);
    assert!(admin("CREATE DATABASE ws_a").contains(" 200 "));
    assert!(admin("CREATE TABLE ws_a.t (a Int64) ENGINE = MergeTree ORDER BY a").contains(" 200 "));
    let insert = "query=INSERT+INTO+ws_a.t+FORMAT+TSV&insert_deduplication_token=cut";
    // More often than there are connections for inserts.
    for _ in 0..4 {
        let mut stream = UnixStream::connect(&worker.socket).expect("connected");
        write!(
            stream,
            "POST /?{insert} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n1\n2\n"
        )
        .expect("sent");
        stream.shutdown(Shutdown::Both).expect("cut");
    }
    let stored = worker.post(insert, "1\n2\n3\n");
    assert!(stored.contains(" 200 "), "{stored}");
    let count = admin("SELECT count() FROM ws_a.t");
    assert!(count.ends_with("\r\n\r\n3\n"), "{count}");
    kill(worker.process.id(), Signal::TERM);
    worker.ended_in_order();
}

fn reader_without_database(sql: &str) -> birdhouse_engine::Query {
    let mut query = reader(sql);
    query.database = None;
    query
}

/// Returns this test binary, told to run one test.
fn test_process(test: &str) -> Command {
    let program = std::env::current_exe().expect("the path of this binary");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command
}

fn is_alive(pid: u32) -> bool {
    // A process that has ended but was not waited for has no memory map.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|text| !text.is_empty())
}

fn kill(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id"), signal).expect("sent");
}
