//! Deployments: a project is checked, planned, made beside what is live, and becomes live.
//!
//! Entry point: [`Deployer`]. A deployment never changes what another one uses: data sources that
//! differ get new tables ([`plan`]), which are filled from what the old ones hold while rows go on
//! being appended ([`stage`]). So one step in the catalog makes it live, and until then it can be
//! removed as if it had never been. What would lose rows needs a permission.
//!
//! The crate knows neither HTTP nor where the project's files come from.

mod branch;
mod change;
mod check;
mod codes;
mod compile;
mod deployer;
mod described;
mod details;
mod error;
mod existing;
mod fixtures;
mod kill_point;
mod layout;
mod limits;
mod live;
mod plan;
mod progress;
mod report;
mod scratch;
mod secrets;
mod sources;
mod stage;
mod table;
mod view;

pub use branch::{BranchData, LinkedData, link_data};
pub use deployer::{Deployed, Deployer, Loaded, Made, Prepared};
pub use details::{Making, report_of};
pub use error::DeployError;
pub use fixtures::check_fixture;
pub use live::{Live, LiveCopy, LiveDatasource, LiveView};
pub use plan::{Permission, Terms};
pub use report::{Message, Movement, Names, Report, TokenChange, TokenChangeKind};
pub use secrets::secret_values;
pub use sources::{files_of, parse_project};
