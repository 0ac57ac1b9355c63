//! The real binary with the real engine, from outside: over HTTP and on the command line.
//!
//! The library comes from `make engine`; without it every server here refuses to start and says
//! so. Each test takes a server and a directory of its own (`harness`).

#![cfg(test)]

mod access;
mod bad_input;
mod branches;
mod chaos;
mod check;
mod clickhouse;
mod clients;
mod copies;
mod debug;
mod deployment;
mod deployments;
mod details;
mod endpoints;
mod fmt;
mod harness;
mod imports;
mod model;
mod openapi;
mod organization;
mod other_clients;
mod overload;
mod project_tests;
mod replacements;
mod secrets;
mod service_datasources;
mod shop_page;
mod signed_tokens;
mod stock;
mod structure;
mod token_api;
mod tokens;
mod uploads;
mod variables;
mod worker_death;
mod workspaces;
