//! Tests of the datafile crate through its public interface.

mod files;
mod formatting;
mod properties;
mod support;
