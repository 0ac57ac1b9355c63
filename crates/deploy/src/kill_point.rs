//! Named places at which a test can end the process, as a power switch would.

/// Kills the process when `BIRDHOUSE_KILL_POINT` names this place. Debug builds only.
pub(crate) fn kill_point(name: &str) {
    if cfg!(debug_assertions) {
        birdhouse_journal::reach_kill_point(name);
    }
}
