//! The one way to wait.

use std::thread;
use std::time::{Duration, Instant};

/// Repeats `probe` until it is content and returns what it found.
///
/// `probe` returns the present state as `Err` while the condition does not hold; the last one is
/// reported when `limit` is over.
#[track_caller]
pub(crate) fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<T, String>,
) -> T {
    let began = Instant::now();
    loop {
        match probe() {
            Ok(found) => return found,
            Err(state) if began.elapsed() > limit => {
                panic!("{what}: not within {limit:?}; last state: {state}")
            }
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
