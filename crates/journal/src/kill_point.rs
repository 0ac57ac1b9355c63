//! Kill points: named places where a test can end the process as a crash would.
//!
//! `BIRDHOUSE_KILL_POINT=<name>` kills the process when it first gets there, `<name>:3` the third
//! time. Debug builds only.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Signal, getpid, kill_process};

/// The variable that arms a kill point.
pub const KILL_POINT_VARIABLE: &str = "BIRDHOUSE_KILL_POINT";

/// All kill points of this crate, in the order of a journal's life.
pub const KILL_POINTS: [&str; 13] = [
    "journal.recovery_before_cut",
    "journal.recovery_after_cut",
    "journal.segment_after_create",
    "journal.segment_before_rename",
    "journal.segment_after_rename",
    "journal.segment_after_sync",
    "journal.before_write",
    "journal.half_written",
    "journal.before_fsync",
    "journal.after_fsync",
    "journal.trim_before_remove",
    "journal.trim_after_remove",
    "journal.trim_after_sync",
];

/// Names a place where a test can kill the process.
#[macro_export]
macro_rules! kill_point {
    ($name:literal) => {
        if cfg!(debug_assertions) {
            $crate::reach_kill_point($name);
        }
    };
}

struct Armed {
    name: String,
    left: AtomicU64,
}

/// Kills the process when this place is the armed one. Called by [`kill_point!`](crate::kill_point).
pub fn reach_kill_point(name: &str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| armed(&std::env::var(KILL_POINT_VARIABLE).ok()?));
    let Some(armed) = armed.as_ref().filter(|armed| armed.name == name) else {
        return;
    };
    if armed.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        kill_process(getpid(), Signal::KILL).ok();
        // The signal may take a moment; nothing may happen in it.
        loop {
            std::thread::park();
        }
    }
}

fn armed(text: &str) -> Option<Armed> {
    let (name, times) = match text.split_once(':') {
        Some((name, times)) => (name, times.parse().ok()?),
        None => (text, 1),
    };
    Some(Armed {
        name: name.to_owned(),
        left: AtomicU64::new(times),
    })
}
