//! Named places where a test ends the process as a crash would.

/// Ends the process when `BIRDHOUSE_KILL_POINT` names this place. Does nothing in a release build.
pub(crate) fn kill_point(name: &str) {
    if cfg!(debug_assertions) && std::env::var("BIRDHOUSE_KILL_POINT").is_ok_and(|it| it == name) {
        std::process::abort();
    }
}
