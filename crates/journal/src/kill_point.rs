//! Kill points: named places where a test can end the process as a crash would.
//!
//! `BIRDHOUSE_KILL_POINT=<name>` kills the process when it first gets there, `<name>:3` the third
//! time. With `BIRDHOUSE_KILL_CHILDREN=1` it kills the processes that this one has started instead,
//! and goes on. Debug builds only.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, Signal, getpid, kill_process};

/// The variable that arms a kill point.
pub const KILL_POINT_VARIABLE: &str = "BIRDHOUSE_KILL_POINT";

/// The variable that makes a kill point kill the processes that this one has started.
pub const KILL_CHILDREN_VARIABLE: &str = "BIRDHOUSE_KILL_CHILDREN";

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
        if std::env::var_os(KILL_CHILDREN_VARIABLE).is_some() {
            return kill_children();
        }
        kill_process(getpid(), Signal::KILL).ok();
        // The signal may take a moment; nothing may happen in it.
        loop {
            std::thread::park();
        }
    }
}

/// Kills the processes that threads of this one have started.
fn kill_children() {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    for thread in threads.flatten() {
        let children = std::fs::read_to_string(thread.path().join("children"));
        for child in children.unwrap_or_default().split_whitespace() {
            if let Some(child) = child.parse().ok().and_then(Pid::from_raw) {
                kill_process(child, Signal::KILL).ok();
            }
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
