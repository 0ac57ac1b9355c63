//! When batches are sent, how often they are tried, and what happens at the end. Time is simulated.

use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::*;
use crate::PipeCall;
use crate::limits::BATCH_ROWS;

/// Answers each insert with the next of its answers, then always with the last one.
#[derive(Clone, Debug)]
struct FakeEngine {
    began: Instant,
    answers: Arc<Mutex<Vec<Answer>>>,
    inserts: Arc<Mutex<Vec<(Duration, Insert)>>>,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Stored,
    Unavailable,
    Refused,
    Silence,
}

impl Sink for FakeEngine {
    async fn insert(&self, insert: Insert) -> Result<(), EngineError> {
        self.inserts.lock().push((self.began.elapsed(), insert));
        let answer = {
            let mut answers = self.answers.lock();
            if answers.len() > 1 {
                answers.remove(0)
            } else {
                answers[0]
            }
        };
        match answer {
            Answer::Stored => Ok(()),
            Answer::Unavailable => Err(EngineError::Unavailable {
                retry_after: Duration::from_secs(1),
                reason: "restarting".to_owned(),
            }),
            Answer::Refused => Err(EngineError::Exception {
                code: 16,
                name: "NO_SUCH_COLUMN_IN_TABLE".to_owned(),
                message: "no such column".to_owned(),
            }),
            Answer::Silence => std::future::pending().await,
        }
    }
}

struct Running {
    recorder: Recorder,
    engine: FakeEngine,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

fn start(answers: &[Answer]) -> Running {
    let recorder = Recorder::default();
    let engine = FakeEngine {
        began: Instant::now(),
        answers: Arc::new(Mutex::new(answers.to_vec())),
        inserts: Arc::default(),
    };
    let shutdown = CancellationToken::new();
    let writer = Writer::new(&recorder, engine.clone());
    let task = tokio::spawn(writer.run(shutdown.clone()));
    Running {
        recorder,
        engine,
        shutdown,
        task,
    }
}

impl Running {
    fn record(&self, rows: u64) {
        for _ in 0..rows {
            self.recorder
                .record_pipe_call(PipeCall::new(Timestamp::UNIX_EPOCH, "t_1", "top"));
        }
    }

    /// Returns when each insert came, and with how many rows.
    fn inserts(&self) -> Vec<(Duration, usize)> {
        self.engine
            .inserts
            .lock()
            .iter()
            .map(|(at, insert)| {
                (
                    *at,
                    insert.data.iter().filter(|byte| **byte == b'\n').count(),
                )
            })
            .collect()
    }

    fn tokens(&self) -> Vec<String> {
        let inserts = self.engine.inserts.lock();
        inserts
            .iter()
            .map(|(_, insert)| insert.token.clone())
            .collect()
    }

    async fn stop(self) -> Duration {
        let began = Instant::now();
        self.shutdown.cancel();
        self.task.await.unwrap();
        began.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn rows_wait_for_each_other_a_quarter_second() {
    let running = start(&[Answer::Stored]);
    sleep(Duration::from_secs(5)).await;
    running.record(2);
    sleep(Duration::from_millis(100)).await;
    running.record(1);
    sleep(Duration::from_millis(200)).await;
    let [(at, rows)] = running.inserts()[..] else {
        panic!("one insert expected: {:?}", running.inserts());
    };
    assert_eq!((at.as_millis() / 10, rows), (525, 3));
    assert_eq!(running.recorder.dropped_rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn full_batch_does_not_wait() {
    let running = start(&[Answer::Stored]);
    running.record(BATCH_ROWS);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(running.inserts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn batch_is_tried_again_with_the_same_token() {
    let running = start(&[Answer::Unavailable, Answer::Unavailable, Answer::Stored]);
    running.record(1);
    sleep(Duration::from_secs(1)).await;
    running.record(1);
    sleep(Duration::from_secs(1)).await;
    let tokens = running.tokens();
    assert_eq!(tokens.len(), 4);
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(tokens[1], tokens[2]);
    assert_ne!(tokens[2], tokens[3], "another batch has another token");
    assert_eq!(running.recorder.dropped_rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn batch_is_given_up_in_the_end() {
    let running = start(&[Answer::Unavailable]);
    running.record(3);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(running.recorder.dropped_rows(), 3);
    let inserts = running.inserts();
    let (last, _) = inserts.last().unwrap();
    assert!((29..=31).contains(&last.as_secs()), "{last:?}");
    assert!(inserts.len() < 50, "{} attempts", inserts.len());
}

#[tokio::test(start_paused = true)]
async fn refused_batch_is_not_tried_again() {
    let running = start(&[Answer::Refused, Answer::Stored]);
    running.record(3);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(running.inserts().len(), 1);
    assert_eq!(running.recorder.dropped_rows(), 3);
    running.record(1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(running.inserts().len(), 2);
    assert_eq!(running.recorder.dropped_rows(), 3);
}

#[tokio::test(start_paused = true)]
async fn shutdown_writes_what_is_left() {
    let running = start(&[Answer::Stored]);
    running.record(3);
    let engine = running.engine.clone();
    let took = running.stop().await;
    assert_eq!(engine.inserts.lock().len(), 1);
    assert!(took < Duration::from_millis(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_two_seconds_in_all() {
    for answer in [Answer::Unavailable, Answer::Silence] {
        let running = start(&[answer]);
        let mut failed = PipeCall::new(Timestamp::UNIX_EPOCH, "t_1", "top");
        failed.error = Some("two tables, two batches".to_owned());
        running.recorder.record_pipe_call(failed);
        sleep(Duration::from_millis(300)).await;
        let recorder = running.recorder.clone();
        let took = running.stop().await;
        assert!(
            (1900..=2100).contains(&took.as_millis()),
            "{answer:?}: {took:?}"
        );
        assert_eq!(recorder.dropped_rows(), 2, "{answer:?}");
    }
}
