//! The official clients, unmodified and at pinned versions, against a fresh server.
//!
//! `scripts/setup-tests` installs them. Each test runs the commands of one client one after the
//! other, and compares what a user sees with what the command promises. The table that comes of it
//! is printed and compared with its section of `docs/clients.md`; `BIRDHOUSE_UPDATE_CLIENTS=1`
//! writes the section instead. A client that is not installed fails its tests, see `install`.

mod classic;
mod classic_push;
mod command;
mod copies;
mod default_ports;
mod forward;
mod forward_account;
mod forward_commands;
mod forward_deployments;
mod install;
mod report;
mod sdk_projects;
mod sdks;
