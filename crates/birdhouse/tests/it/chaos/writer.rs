//! A client that sends one request after the other, repeats each with its key until it is answered,
//! and reads what it has written.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::LIMIT;
use super::ledger::{Fate, Ledger, Request, number};
use crate::harness::{Answer, Client, Random};

/// The server that is up now, and what the writers have reached.
#[derive(Default)]
pub(super) struct Target {
    admin: Mutex<Option<Client>>,
    pub(super) acknowledged: AtomicU64,
    pub(super) is_over: AtomicBool,
}

impl Target {
    pub(super) fn set(&self, admin: Client) {
        *self.admin.lock().unwrap() = Some(admin);
    }

    fn admin(&self) -> Client {
        self.admin.lock().unwrap().clone().expect("a server")
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// How a request ended.
#[derive(Debug, PartialEq, Eq)]
enum Answered {
    /// The rows are in the journal.
    Accepted,
    /// They are in their table and its views.
    Stored,
    /// The client gave up.
    Abandoned,
}

/// Sends requests until it is over, and returns what became of them.
pub(super) fn write(writer: u32, seed: u64, target: &Target) -> Ledger {
    let mut random = Random::new(seed.wrapping_mul(1000) + u64::from(writer));
    let mut ledger = Ledger::default();
    for number in 0.. {
        if target.is_over() {
            break;
        }
        let request = Request::make(&mut random, writer, number);
        let key = format!("{seed}-{writer}-{number}");
        let answered = send(&request, &key, &mut random, target);
        let fate = match answered {
            Answered::Abandoned => Fate::Abandoned,
            Answered::Accepted | Answered::Stored => Fate::Acknowledged,
        };
        ledger.record(writer, number, request.content, fate);
        if fate == Fate::Acknowledged {
            target.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        if answered == Answered::Stored {
            read_what_was_written(writer, &ledger, target);
        }
    }
    ledger
}

/// Sends a request again and again until it is answered or its client gives up.
fn send(request: &Request, key: &str, random: &mut Random, target: &Target) -> Answered {
    let wait = *random.pick(&["false", "true"]);
    let began = Instant::now();
    loop {
        // Some clients are impatient.
        let limit = Duration::from_millis(*random.pick(&[5, 50, 20_000, 20_000, 20_000]));
        let admin = target.admin();
        let call = admin
            .call("POST", format!("/v0/events?name=sales&wait={wait}"))
            .header("idempotency-key", key)
            .body(request.body.clone());
        match call.try_send(limit) {
            Ok(answer) if matches!(answer.status, 200 | 202) => {
                let counts = json!({
                    "successful_rows": request.content.rows,
                    "quarantined_rows": request.content.bad_rows,
                });
                assert_eq!(answer.json(), counts, "of {key}");
                return match answer.status {
                    200 => Answered::Stored,
                    _ => Answered::Accepted,
                };
            }
            Ok(answer) => refused(&answer),
            Err(_) if random.range(1, 40) == 1 => return Answered::Abandoned,
            Err(error) => assert!(began.elapsed() < LIMIT, "{key} never answered: {error}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Nothing but 503 with the time to wait may be seen.
pub(super) fn refused(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let seconds = answer.header("retry-after");
    let seconds: u32 = seconds.expect("when to try again").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(!answer.error().is_empty());
}

/// After a 200 all acknowledged rows of the writer are there, in the table and behind both views:
/// those of earlier requests, too, which were only accepted.
fn read_what_was_written(writer: u32, ledger: &Ledger, target: &Target) {
    let (sure, possible) = ledger.rows_of(writer);
    for sql in [
        format!("SELECT count() AS n FROM sales WHERE writer = {writer}"),
        format!("SELECT sum(sold) AS n FROM sales_hourly WHERE writer = {writer}"),
        format!("SELECT sum(rows) AS n FROM sales_total WHERE writer = {writer}"),
    ] {
        let call = target.admin();
        let call = call.call("POST", "/v0/sql").body(sql.clone());
        // The server may be gone by now; then there is nothing to see.
        let Ok(answer) = call.try_send(LIMIT) else {
            return;
        };
        if answer.status != 200 {
            return refused(&answer);
        }
        let seen = number(&answer.rows()[0]["n"]).cast_unsigned();
        assert!(
            (sure..=sure + possible).contains(&seen),
            "{sql}: {seen} rows seen, {sure} acknowledged before, {possible} more sent"
        );
    }
}
