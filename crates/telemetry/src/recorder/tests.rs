//! The queue is bounded, and what does not fit is counted.

use jiff::Timestamp;

use super::*;

fn call() -> PipeCall {
    PipeCall::new(Timestamp::UNIX_EPOCH, "t_1", "top")
}

fn rows(batches: &[Batch]) -> Vec<(&'static str, u64, usize)> {
    batches
        .iter()
        .map(|batch| {
            let lines = batch.lines.iter().filter(|byte| **byte == b'\n').count();
            (batch.datasource.name, batch.rows, lines)
        })
        .collect()
}

#[test]
fn rows_are_collected_per_table() {
    let recorder = Recorder::default();
    let mut failed = call();
    failed.error = Some("no".to_owned());
    recorder.clone().record_pipe_call(call());
    recorder.record_pipe_call(failed);
    assert_eq!(
        rows(&recorder.queue.take()),
        [("pipe_stats_rt", 2, 2), ("endpoint_errors", 1, 1)]
    );
    assert!(recorder.queue.take().is_empty());
    assert_eq!(recorder.dropped_rows(), 0);
}

#[test]
fn full_queue_drops_counts_and_recovers() {
    let recorder = Recorder::default();
    let mut big = call();
    big.user_agent = Some("x".repeat(8 * 1024));
    for _ in 0..1100 {
        recorder.record_pipe_call(big.clone());
    }
    let dropped = recorder.dropped_rows();
    let batches = recorder.queue.take();
    let [batch] = batches.as_slice() else {
        panic!("one batch expected");
    };
    assert!((900..1050).contains(&batch.rows), "{}", batch.rows);
    assert_eq!(batch.rows + dropped, 1100);
    assert!(batch.lines.len() <= QUEUE_BYTES_MAX);

    recorder.record_pipe_call(call());
    assert_eq!(rows(&recorder.queue.take()), [("pipe_stats_rt", 1, 1)]);
    assert_eq!(recorder.dropped_rows(), dropped);
}

#[test]
fn many_threads_lose_nothing() {
    let recorder = Recorder::default();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    recorder.record_pipe_call(call());
                }
            });
        }
    });
    assert_eq!(
        rows(&recorder.queue.take()),
        [("pipe_stats_rt", 4000, 4000)]
    );
}
