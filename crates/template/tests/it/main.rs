//! Tests of the crate from outside.

mod hostile;
mod properties;
mod sample;
