//! Deployments: a project is checked, its tables and views are made to exist, and it becomes live.
//!
//! Entry point: [`Deployer::deploy`]. Tables keep their rows; a change that would lose or falsify
//! rows is refused with the reason, before anything is changed. What exists is read from the
//! engine itself: each table carries the fingerprint of the definition it was made from as its
//! comment, so that an interrupted deployment is completed by the next one.
//!
//! The crate knows neither HTTP nor where the project's files come from.

mod codes;
mod compile;
mod deployer;
mod error;
mod existing;
mod fixtures;
mod live;
mod secrets;
mod table;
mod view;

pub use deployer::{Deployed, Deployer};
pub use error::DeployError;
pub use fixtures::check_fixture;
pub use live::{Live, LiveDatasource, LiveView};
pub use secrets::{resolve_secrets, secret_values};
