//! The demo: the e-commerce example with its shop, fixtures and live traffic.
//!
//! The project and the pages are built into the binary. The demo uses the server as a customer's
//! backend would: through its routes and with tokens, only without a network in between.

mod api;
mod fixtures;
mod pages;
mod pulse;
mod shop;
mod traffic;

pub(crate) use api::Api;
pub(crate) use fixtures::load;
pub(crate) use pages::project;
pub(crate) use shop::routes;
pub(crate) use traffic::{Traffic, run};
