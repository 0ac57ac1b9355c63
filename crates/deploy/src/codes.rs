//! Stable codes of the diagnostics made here.

/// A node's template cannot be compiled or rendered.
pub(crate) const TEMPLATE: &str = "template/invalid";
/// A node's SQL is not one plain `SELECT`, or the engine cannot parse it.
pub(crate) const SQL_SYNTAX: &str = "sql/syntax";
/// A node uses something that is not allowed.
pub(crate) const SQL_REFUSED: &str = "sql/refused";
/// A node reads something that is not in the project.
pub(crate) const UNKNOWN_RESOURCE: &str = "sql/unknown-resource";
/// Nodes or pipes read each other in a circle.
pub(crate) const CYCLE: &str = "sql/cycle";
/// The engine refuses the query of a node.
pub(crate) const QUERY: &str = "sql/invalid-query";
/// The engine refuses a table.
pub(crate) const TABLE: &str = "deploy/invalid-table";
/// The engine refuses a materialized view.
pub(crate) const VIEW: &str = "deploy/invalid-materialization";
/// Columns that rows cannot fill.
pub(crate) const COLUMNS: &str = "deploy/invalid-columns";
/// The project does not fit the tables that hold rows.
pub(crate) const INCOMPATIBLE: &str = "deploy/incompatible-change";
/// Something would be lost, and nobody has said that it may be.
pub(crate) const DESTRUCTIVE: &str = "deploy/destructive-change";
/// A `FORWARD_QUERY` does not give the columns of its data source.
pub(crate) const FORWARD: &str = "deploy/invalid-forward-query";
/// Something is accepted that cannot run here.
pub(crate) const NOT_ACTIVE: &str = "deploy/not-active";
/// A column finds nothing in the fixture of its data source.
pub(crate) const FIXTURE: &str = "deploy/fixture-mismatch";
