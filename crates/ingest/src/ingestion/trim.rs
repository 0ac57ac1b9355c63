//! Lets go of what is stored: syncs the engine's files, then removes the journal's segments below.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::time::MissedTickBehavior;
use tracing::{debug, warn};

use birdhouse_journal::{Lsn, kill_point};

use super::Shared;
use super::record::Record;

/// Syncs and trims from time to time, when there is something to trim.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(shared.config.sync_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut synced = shared.journal.next_lsn();
    loop {
        ticks.tick().await;
        shared.carry().await;
        // In this order: whatever is stored when the first is read has its outcome before the second.
        let keep_from = shared.unstored.lock().keep_from();
        let before = shared.journal.next_lsn();
        if before == synced {
            continue;
        }
        match sync_and_trim(&shared, keep_from.unwrap_or(before), before).await {
            // The record of the sync itself is nothing to sync for.
            Ok(()) => synced = shared.journal.next_lsn(),
            Err(error) => warn!(error, "the journal was not trimmed"),
        }
    }
}

async fn sync_and_trim(shared: &Shared, keep_from: Lsn, before: Lsn) -> Result<(), String> {
    let directory = shared.config.engine_directory.clone();
    let synced = tokio::task::spawn_blocking(move || sync(&directory));
    let text = |error: &dyn std::error::Error| error.to_string();
    (synced.await.map_err(|error| text(&error))?).map_err(|error| text(&error))?;
    kill_point!("trim.after_sync");
    shared.keys.save(keep_from).await.map_err(|e| text(&e))?;
    let record = Record::Synced {
        before,
        boot_id: shared.config.boot_id.clone(),
    };
    // A full disk must not keep the journal from getting smaller.
    if let Err(error) = shared.journal.append_control(record.encode()).await {
        warn!(%error, "a sync was not recorded");
    }
    kill_point!("trim.before_removal");
    let journal = shared.journal.clone();
    let trimmed = tokio::task::spawn_blocking(move || journal.trim(keep_from)).await;
    let trimmed = trimmed.map_err(|e| text(&e))?.map_err(|e| text(&e))?;
    debug!(?trimmed, %keep_from, "journal trimmed");
    Ok(())
}

/// Writes everything to disk that processes have written to the file system of `directory`.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    let directory = File::open(directory)?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&directory)?;
    #[cfg(not(target_os = "linux"))]
    {
        drop(directory);
        rustix::fs::sync();
    }
    Ok(())
}

/// Returns what tells one run of the machine from another; empty where nothing does.
pub(super) fn boot_id() -> String {
    // Source: random(4).
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
