//! The real binary with the real engine, from outside: over HTTP and on the command line.
//!
//! The library comes from `make engine`; without it every server here refuses to start and says
//! so. Each test takes a server and a directory of its own (`harness`).

#![cfg(test)]

mod bad_input;
mod check;
mod debug;
mod deployment;
mod endpoints;
mod fmt;
mod harness;
mod model;
mod openapi;
mod project_tests;
mod secrets;
mod service_datasources;
mod shop_page;
mod stock;
mod tokens;
mod uploads;
mod worker_death;
