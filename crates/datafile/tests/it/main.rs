//! Tests of the datafile crate through its public interface.

mod files;
mod properties;
mod support;
