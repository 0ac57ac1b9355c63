//! Differences between two texts, for people.

use similar::TextDiff;

/// Lines around each difference.
const CONTEXT: usize = 3;

/// Returns the unified diff of two texts, with a header that names both.
pub(super) fn unified(old: (&str, &str), new: (&str, &str)) -> String {
    TextDiff::from_lines(old.1, new.1)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(old.0, new.0)
        .to_string()
}
