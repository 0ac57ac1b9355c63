//! Named places at which a test can end the process, as a power switch would.

/// Aborts the process when `BIRDHOUSE_KILL_POINT` names this place. Debug builds only.
pub(crate) fn kill_point(name: &str) {
    #[cfg(debug_assertions)]
    if std::env::var("BIRDHOUSE_KILL_POINT").is_ok_and(|wanted| wanted == name) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _unused = name;
}
