//! Events at a steady rate and readers of an endpoint, over HTTP, while deployments come and go.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::until;
use crate::harness::{Answer, Client, Server};

/// Rows of a request, and the time from one request to the next: 2,000 events per second.
pub(super) const FAST: Pace = Pace {
    rows: 100,
    interval: Duration::from_millis(50),
};

/// Enough to be in the middle of anything.
pub(super) const SLOW: Pace = Pace {
    rows: 10,
    interval: Duration::from_millis(20),
};

const READ_PAUSE: Duration = Duration::from_millis(5);
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// How fast events come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) rows: u64,
    pub(super) interval: Duration,
}

/// What was acknowledged.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) rows: u64,
    pub(super) bad: u64,
    pub(super) ids: u64,
    pub(super) ms: u64,
}

/// One client that appends to `visits`, and one that reads the endpoint `summary`.
pub(super) struct Traffic {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    sent: Mutex<Sent>,
    reads: AtomicU64,
    /// No request is sent while somebody holds it.
    gate: Mutex<()>,
    is_small: AtomicBool,
    /// The engine may be away: calls may be asked to come again. Appends may not.
    may_be_away: bool,
    is_stopped: AtomicBool,
    /// What must not have happened.
    failures: Mutex<Vec<String>>,
}

impl Traffic {
    pub(super) fn start(server: &Server, pace: Pace) -> Self {
        Self::with(server, pace, Shared::default())
    }

    /// Starts traffic on a server whose engine dies at some time.
    /// `sent` is what was sent before.
    pub(super) fn start_on_shaky_ground(server: &Server, pace: Pace, sent: Sent) -> Self {
        let shared = Shared {
            sent: Mutex::new(sent),
            may_be_away: true,
            ..Shared::default()
        };
        Self::with(server, pace, shared)
    }

    fn with(server: &Server, pace: Pace, shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let client = server.admin();
        let writer = Writer {
            client: client.clone(),
            shared: Arc::clone(&shared),
            pace,
        };
        let reader = (client, Arc::clone(&shared));
        Self {
            shared,
            threads: vec![
                thread::spawn(move || writer.run()),
                thread::spawn(move || read(&reader.0, &reader.1)),
            ],
        }
    }

    pub(super) fn sent(&self) -> Sent {
        *self.shared.sent.lock().unwrap()
    }

    pub(super) fn reads(&self) -> u64 {
        self.shared.reads.load(Ordering::SeqCst)
    }

    /// Makes `big` of later rows small enough for a byte.
    pub(super) fn become_small(&self) {
        self.shared.is_small.store(true, Ordering::SeqCst);
    }

    /// Waits until that many more rows have been acknowledged.
    #[track_caller]
    pub(super) fn more(&self, rows: u64) {
        let before = self.sent().rows;
        until("events come in", || {
            self.check();
            self.sent().rows >= before + rows
        });
    }

    /// Looks at what is stored while nothing is sent.
    pub(super) fn paused<T>(&self, look: impl FnOnce(Sent) -> T) -> T {
        let gate = self.shared.gate.lock().unwrap();
        let seen = look(self.sent());
        drop(gate);
        seen
    }

    /// Panics when a request failed.
    #[track_caller]
    pub(super) fn check(&self) {
        let failures = self.shared.failures.lock().unwrap().clone();
        assert!(failures.is_empty(), "{failures:#?}");
    }

    #[track_caller]
    pub(super) fn stop(self) -> Sent {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let failures = self.shared.failures.lock().unwrap().clone();
        assert!(failures.is_empty(), "{failures:#?}");
        *self.shared.sent.lock().unwrap()
    }
}

impl Shared {
    /// Returns an answer that is a success; everything else is a failure of the test.
    fn success(&self, answer: Result<Answer, String>) -> Option<Answer> {
        let failure = match answer {
            Ok(answer) if matches!(answer.status, 200..300) => return Some(answer),
            Ok(answer) => format!("{} {}", answer.status, answer.text()),
            Err(error) => error,
        };
        self.failures.lock().unwrap().push(failure);
        None
    }
}

struct Writer {
    client: Client,
    shared: Arc<Shared>,
    pace: Pace,
}

impl Writer {
    fn run(self) {
        let mut id = self.shared.sent.lock().unwrap().rows;
        let mut next = Instant::now();
        while !self.shared.is_stopped.load(Ordering::SeqCst) {
            let gate = self.shared.gate.lock().unwrap();
            let (body, batch) = self.batch(&mut id);
            let call = self.client.call("POST", "/v0/events?name=visits");
            let answer = call.body(body).try_send(ANSWER_MAX);
            if let Some(answer) = self.shared.success(answer) {
                let counts = answer.json();
                let expected =
                    json!({"successful_rows": batch.rows, "quarantined_rows": batch.bad});
                if counts != expected {
                    self.shared
                        .failures
                        .lock()
                        .unwrap()
                        .push(counts.to_string());
                }
                self.shared.sent.lock().unwrap().add(batch);
            }
            drop(gate);
            next += self.pace.interval;
            // What a pause has cost is not made up for.
            next = next.max(Instant::now() - self.pace.interval);
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn batch(&self, id: &mut u64) -> (String, Sent) {
        let big = if self.shared.is_small.load(Ordering::SeqCst) {
            3
        } else {
            300
        };
        let mut body = String::new();
        let mut batch = Sent::default();
        for _ in 0..self.pace.rows {
            *id += 1;
            let (page, ms, month) = (*id % 7, *id % 50, *id % 2 + 1);
            body += &format!(
                "{{\"at\":\"2026-{month:02}-01 00:00:00\",\"page\":\"/{page}\",\"ms\":{ms},\"id\":{id},\"note\":\"n{page}\",\"ref\":\"r\",\"kind\":{page},\"big\":{big}}}\n"
            );
            batch.rows += 1;
            batch.ids += *id;
            batch.ms += ms;
        }
        body += "{\"at\":\"never\",\"page\":\"/\",\"ms\":1,\"id\":1,\"note\":\"\",\"ref\":\"\",\"kind\":1,\"big\":1}\n";
        batch.bad += 1;
        (body, batch)
    }
}

impl Sent {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.bad += other.bad;
        self.ids += other.ids;
        self.ms += other.ms;
    }
}

/// Reads all the time; what was seen once is seen from then on.
fn read(client: &Client, shared: &Shared) {
    let mut seen = 0;
    while !shared.is_stopped.load(Ordering::SeqCst) {
        let call = client.call("GET", "/v0/pipes/summary.json");
        let answer = call.try_send(ANSWER_MAX);
        let is_away = answer.as_ref().is_ok_and(|answer| answer.status == 503);
        if is_away && shared.may_be_away {
            thread::sleep(READ_PAUSE);
            continue;
        }
        if let Some(answer) = shared.success(answer) {
            let rows = answer.rows()[0]["rows"].as_u64().unwrap();
            // Rows of a batch that the engine died on may be seen, and then not until they are stored
            // again.
            if rows < seen && !shared.may_be_away {
                let failure = format!("{rows} rows are seen after {seen}");
                shared.failures.lock().unwrap().push(failure);
            }
            seen = rows;
            shared.reads.fetch_add(1, Ordering::SeqCst);
        }
        thread::sleep(READ_PAUSE);
    }
}

/// Returns what the endpoint `summary` answers when everything is stored once.
pub(super) fn summary(sent: Sent) -> Value {
    json!({
        "rows": sent.rows,
        "ids": sent.ids,
        "visits": sent.rows,
        "ms": sent.ms,
        "total": sent.rows,
        "bad": sent.bad,
    })
}
