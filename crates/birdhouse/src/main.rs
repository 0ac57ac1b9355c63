//! The `birdhouse` binary.
fn main() {}
