//! Gateway and worker are killed at random moments while writers write.
//!
//! `CHAOS_ROUNDS` and `CHAOS_SEED` make it longer, and the same again.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::ledger::Ledger;
use super::writer::{Target, write};
use super::{LIMIT, PROJECT, SMALL_AND_BUSY, wait_stored};
use crate::harness::{Random, Scratch, Server, project, try_signal, wait_until};

const WRITERS: u32 = 5;

/// Rounds of the short form.
const ROUNDS: u64 = 8;

/// Rounds after which the tables are compared, so that a mistake is found near its cause.
const ROUNDS_PER_CHECK: u64 = 20;

fn variable(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => otherwise,
    }
}

#[test]
fn what_was_acknowledged_is_there_once_whatever_is_killed() {
    let (mut left, mut seed) = (variable("CHAOS_ROUNDS", ROUNDS), variable("CHAOS_SEED", 1));
    let scratch = Scratch::new();
    let project = project(&scratch, "project", PROJECT);
    let start = || Server::try_start_with(&scratch, &project, &SMALL_AND_BUSY).unwrap();
    let mut server = start();
    let mut ledger = Ledger::default();
    let mut first_writer = 0;
    while left > 0 {
        let rounds = left.min(ROUNDS_PER_CHECK);
        eprintln!("CHAOS_SEED={seed} CHAOS_ROUNDS={left}: {rounds} rounds");
        server = rounds_of(
            server,
            &start,
            Series {
                seed,
                rounds,
                first_writer,
            },
            &mut ledger,
        );
        wait_stored(&server.admin(), "sales");
        ledger.check(&server.admin());
        (left, seed, first_writer) = (left - rounds, seed + 1, first_writer + WRITERS);
    }
    server.stop();
    let server = start();
    let status = server.admin().get("/v0/ingestion").ok().json();
    assert_eq!(status["last_start"]["before"], "stopped", "{status}");
    assert_eq!(status["last_start"]["pending_rows"], 0, "{status}");
    ledger.check(&server.admin());
    server.stop();
}

/// Some rounds in a row.
struct Series {
    seed: u64,
    rounds: u64,
    first_writer: u32,
}

/// Lets writers write and kills what runs, round after round; returns the last server.
fn rounds_of(
    server: Server,
    start: &impl Fn() -> Server,
    series: Series,
    ledger: &mut Ledger,
) -> Server {
    let target = Target::default();
    target.set(server.admin());
    thread::scope(|scope| {
        let writers: Vec<_> = (series.first_writer..series.first_writer + WRITERS)
            .map(|writer| {
                let (seed, target) = (series.seed, &target);
                scope.spawn(move || write(writer, seed, target))
            })
            .collect();
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut random = Random::new(series.seed);
            (0..series.rounds).fold(server, |server, _| {
                let server = kill(server, start, &mut random, &target);
                target.set(server.admin());
                server
            })
        }));
        target.is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            ledger.extend(writer.join().unwrap());
        }
        killed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Kills gateway, worker or both in the middle of the writers' work, and starts what does not start
/// by itself.
fn kill(
    server: Server,
    start: &impl Fn() -> Server,
    random: &mut Random,
    target: &Target,
) -> Server {
    let before = target.acknowledged.load(Ordering::Relaxed);
    let wanted = random.range(5, 40).cast_unsigned();
    wait_until("requests are acknowledged", LIMIT, || {
        let more = target.acknowledged.load(Ordering::Relaxed) - before;
        match more >= wanted {
            true => Ok(()),
            false => Err(format!("{more} of {wanted} since the last kill")),
        }
    });
    thread::sleep(Duration::from_micros(
        random.range(0, 30_000).cast_unsigned(),
    ));
    match random.range(1, 3) {
        1 => {
            if let Some(worker) = server.worker() {
                try_signal(worker, Signal::KILL);
            }
            server
        }
        2 => {
            server.kill();
            start()
        }
        _ => {
            server.crash();
            start()
        }
    }
}
