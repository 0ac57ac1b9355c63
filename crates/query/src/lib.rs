//! Endpoints and SQL: render the needed nodes, ask the engine's parser what they read, check that
//! against the workspace and the token, assemble one statement, and execute it.
//!
//! Entry points: [`Queries::endpoint`] for `/v0/pipes/<pipe>.<format>`, [`Queries::sql`] for
//! `/v0/sql`, [`describe`] for what an endpoint takes and gives. The crate does not know HTTP,
//! tokens' values, or how resources came to be: it gets a [`Resources`] snapshot and an [`Access`]
//! answer with every call.

mod assembly;
mod clickhouse;
mod describe;
mod error;
mod execute;
mod format;
mod guard;
mod limits;
mod resources;
mod restrictions;

pub use assembly::{Access, Assembled, Assembler, OwnText, Scope, Views};
pub use clickhouse::Dialect;
pub use describe::{DeclaredParameter, Description, describe, node_parameters};
pub use error::QueryError;
pub use execute::{Answer, Call, Explained, Queries, in_their_words};
pub use format::{Format, OutputSettings};
pub use guard::Guard;
pub use limits::REFERENCES_MAX;
pub use resources::{Body, Node, Pipe, Resources};
pub use restrictions::Restrictions;
