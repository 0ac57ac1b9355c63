//! More than a server can take: large bodies on many connections, slow ones, rates.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::harness::{ADMIN_TOKEN, Scratch, Server, ago, example};

/// Bytes that events of one request may have.
const LARGEST: usize = 10 << 20;

fn event(product: &str) -> String {
    let at = ago(60);
    format!(r#"{{"timestamp":"{at}","event":"view","product":"{product}"}}"#)
}

/// Returns the most memory that a process ever had, in MiB.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.unwrap().split_whitespace().next().unwrap();
    kibibytes.parse::<u64>().unwrap() / 1024
}

/// Sends the largest body up to its last megabyte; returns the connection, or nothing when the server
/// has closed it.
fn send_most_of_a_body(address: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v0/events?name=ecomm_events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\ncontent-length: {LARGEST}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let piece = vec![b' '; 1 << 20];
    for _ in 1..LARGEST / piece.len() {
        stream.write_all(&piece).ok()?;
    }
    Some(stream)
}

/// Returns the status of the answer on a connection.
fn status(stream: &mut TcpStream, limit: Duration) -> Option<String> {
    stream.set_read_timeout(Some(limit)).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    String::from_utf8_lossy(&head)
        .rsplit_once(' ')
        .map(|(_, status)| status.to_owned())
}

#[test]
fn a_flood_of_large_bodies_is_refused_and_slow_clients_are_cut_off() {
    // There is room for 38 of them, and then not for half of another one.
    const CLIENTS: usize = 60;
    let half = " ".repeat(LARGEST / 2);
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let admin = server.admin();
    let address = server.base().strip_prefix("http://").unwrap().to_owned();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let address = address.clone();
            thread::spawn(move || send_most_of_a_body(&address))
        })
        .collect();
    // All room is taken, and who is refused learns when to come again. Reads go on.
    let refused = loop {
        let answer = admin.append("ecomm_events", event("early") + &half);
        if answer.status == 503 {
            break answer;
        }
        answer.expect(200);
    };
    assert!(refused.error().contains("again later"));
    assert_eq!(refused.header("retry-after").as_deref(), Some("1"));
    admin.sql("SELECT 1 AS n");
    // Those that were let in are cut off, since their last byte never comes; the others were refused.
    let statuses: Vec<Option<String>> = clients
        .into_iter()
        .map(|client| status(&mut client.join().unwrap()?, Duration::from_secs(40)))
        .collect();
    let count = |wanted: &str| {
        let is_wanted = |status: &&Option<String>| status.as_deref() == Some(wanted);
        statuses.iter().filter(is_wanted).count()
    };
    assert!((1..=38).contains(&count("408")), "{statuses:?}");
    assert_eq!(count("202") + count("200"), 0, "{statuses:?}");
    let peak = peak_memory(server.pid());
    assert!(
        peak < 600,
        "{CLIENTS} × 10 MiB were sent, the gateway had {peak} MiB"
    );
    admin.append("ecomm_events", event("late")).expect(200);
    assert_eq!(
        admin.value("SELECT count() FROM ecomm_events WHERE product = 'late'"),
        1
    );
    server.stop();
}

#[test]
fn rates_are_limited_when_configured() {
    let scratch = Scratch::new();
    let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command.args(["start", "--project"]).arg(example()).args([
            "--token-requests",
            "2",
            "--datasource-rows",
            "1000",
        ]);
    })
    .unwrap();
    let admin = server.admin();
    let append = |rows: &str| admin.post("/v0/events?name=ecomm_events", rows);
    let burst = thread::scope(|scope| {
        let sent = [(); 20].map(|()| scope.spawn(|| append(&event("x"))));
        sent.map(|answer| answer.join().unwrap())
    });
    let refused = burst.into_iter().find(|answer| answer.status != 202);
    let refused = refused.expect("twenty at once are too many").expect(429);
    assert!(
        refused
            .error()
            .contains("requests of this token: 2 per second")
    );
    for (header, value) in [
        ("retry-after", "1"),
        ("x-ratelimit-limit", "2"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1"),
    ] {
        assert_eq!(refused.header(header).as_deref(), Some(value), "{header}");
    }
    // Who waits as told is let in. A large request is, too, and the next ones wait for its rows.
    thread::sleep(Duration::from_secs(1));
    append(&format!("{}\n", event("y")).repeat(5000)).expect(202);
    let refused = append(&event("z")).expect(429);
    assert!(
        refused
            .error()
            .contains("rows of this data source: 1000 per second")
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    thread::sleep(Duration::from_secs(wait));
    append(&event("z")).expect(202);
    // Reads have no limit.
    for _ in 0..10 {
        admin.sql("SELECT 1 AS n");
    }
    server.stop();
}
