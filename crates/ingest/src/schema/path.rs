//! How a column's JSONPath is followed: the keys in one pass over the row, the rest per value.

use birdhouse_datafile::{JsonPath, Segment};

/// Returns the keys before the first array step.
pub(crate) fn keys(path: &JsonPath) -> impl Iterator<Item = &str> {
    path.segments().iter().map_while(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Each | Segment::Index(_) => None,
    })
}

/// Returns the first array step and everything behind it. A final `[:]` is left out: it says what
/// the column's array type says already.
pub(crate) fn rest(path: &JsonPath) -> &[Segment] {
    let rest = path
        .segments()
        .get(keys(path).count()..)
        .unwrap_or_default();
    match rest.split_last() {
        Some((Segment::Each, front)) => front,
        _ => rest,
    }
}
