//! Tests of the crate from outside.

mod sample;
