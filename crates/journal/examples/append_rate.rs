//! How fast records become durable: one at a time from many tasks, and large ones, beside bare
//! writes with fdatasync in the same run. The machine is noisy, so the ratios count.
//!
//! ```sh
//! cargo run --release -p birdhouse-journal --example append_rate [DIRECTORY]
//! ```

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use birdhouse_journal::{AppendError, DiskFiles, Journal, JournalConfig};
use bytes::Bytes;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SMALL_BYTES: usize = 200;
const LARGE_BYTES: usize = 256 * 1024;
const RUN: Duration = Duration::from_secs(3);

fn main() -> Result<()> {
    let parent = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = parent.join(format!("append-rate-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let result = measure(&directory);
    std::fs::remove_dir_all(&directory)?;
    result
}

fn measure(directory: &Path) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut out = std::io::stdout().lock();
    let bare = bare_rate(directory, SMALL_BYTES)?;
    writeln!(
        out,
        "bare write of {SMALL_BYTES} B + fdatasync: {bare:.0}/s"
    )?;
    for tasks in [1, 16, 64, 256] {
        let run = runtime.block_on(append_rate(directory, tasks, SMALL_BYTES))?;
        writeln!(
            out,
            "{tasks:4} tasks, {SMALL_BYTES} B: {:.0} appends/s, {:.1} x bare; {:.1} records per commit, \
             sync {:.2} ms",
            run.rate,
            run.rate / bare,
            run.records_per_commit,
            run.sync_ms,
        )?;
    }
    let bare = bare_rate(directory, LARGE_BYTES)? * LARGE_BYTES as f64 / 1e6;
    writeln!(out, "bare write of 256 KiB + fdatasync: {bare:.0} MB/s")?;
    for tasks in [1, 16] {
        let run = runtime.block_on(append_rate(directory, tasks, LARGE_BYTES))?;
        let rate = run.rate * LARGE_BYTES as f64 / 1e6;
        writeln!(
            out,
            "{tasks:4} tasks, 256 KiB: {rate:.0} MB/s, {:.1} x bare; sync {:.2} ms",
            rate / bare,
            run.sync_ms,
        )?;
    }
    Ok(())
}

/// Writes in place of an allocated file, each synced, as the journal does for one task.
fn bare_rate(directory: &Path, bytes: usize) -> Result<f64> {
    let path = directory.join("bare");
    let file = File::create(&path)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 64 << 20)?;
    file.sync_all()?;
    let content = vec![7; bytes];
    let (mut count, mut offset) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < RUN {
        file.write_all_at(&content, offset)?;
        file.sync_data()?;
        count += 1;
        offset = (offset + bytes as u64) % ((64 << 20) - bytes as u64);
    }
    let elapsed = started.elapsed();
    std::fs::remove_file(path)?;
    Ok(f64::from(count) / elapsed.as_secs_f64())
}

struct Run {
    rate: f64,
    records_per_commit: f64,
    sync_ms: f64,
}

async fn append_rate(directory: &Path, tasks: usize, bytes: usize) -> Result<Run> {
    let directory = directory.join("journal");
    let (journal, _) = Journal::open(JournalConfig::new(&directory), Arc::new(DiskFiles))?;
    let content = Bytes::from(vec![7; bytes]);
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            tokio::spawn(append_until(
                journal.clone(),
                content.clone(),
                started + RUN,
            ))
        })
        .collect();
    let mut count = 0;
    for task in running {
        count += task.await??;
    }
    let elapsed = started.elapsed();
    let status = journal.status();
    journal.close().await;
    std::fs::remove_dir_all(directory)?;
    let commits = status.syncs.count.max(1) as f64;
    Ok(Run {
        rate: f64::from(count) / elapsed.as_secs_f64(),
        records_per_commit: status.records as f64 / commits,
        sync_ms: status.syncs.sum.as_secs_f64() * 1e3 / commits,
    })
}

/// Appends one after the other; ends when the journal is full.
async fn append_until(
    journal: Journal,
    content: Bytes,
    end: Instant,
) -> std::result::Result<u32, AppendError> {
    let mut count = 0;
    while Instant::now() < end {
        match journal.append(vec![content.clone()]).await {
            Ok(_) => count += 1,
            Err(AppendError::Full(_)) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
