//! Materialized views: from a node to `CREATE MATERIALIZED VIEW`, and their order.

use std::collections::BTreeSet;

use birdhouse_datafile::{Node, Pipe, Span};
use birdhouse_sql::assemble::select_all;
use birdhouse_sql::{Cte, assemble, quote_identifier, quote_string};

use crate::table::fingerprint;

/// A materialized view as it shall be.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Its name, see [`View::name_of`].
    pub(crate) name: String,
    /// Its pipe's name.
    pub(crate) pipe: String,
    /// Its node's name.
    pub(crate) node: String,
    /// Name of the data source it writes to.
    pub(crate) target: String,
    /// Whether a new target is filled from what the source holds.
    pub(crate) backfill: bool,
    /// Whether the target is filled again when the query changes.
    pub(crate) is_rebuilt: bool,
    /// Where to report.
    pub(crate) span: Span,
    /// The query, over names of data sources.
    pub(crate) sql: String,
    /// Data sources that the query reads.
    pub(crate) reads: BTreeSet<String>,
}

/// Where a view reads and writes in the engine.
pub(crate) struct ViewPlace<'a> {
    /// The database of tables and views.
    pub(crate) database: &'a str,
    /// The view's name there.
    pub(crate) name: &'a str,
    /// The table it writes to.
    pub(crate) target: &'a str,
    /// The data source whose inserts run it and its table, when the session is in a namespace.
    pub(crate) trigger: Option<(&'a str, &'a str)>,
}

impl View {
    /// Returns the name of the view of a node.
    ///
    /// It is not a resource: queries cannot name it.
    pub(crate) fn name_of(pipe: &Pipe, node: &Node) -> String {
        format!("{}__{}", pipe.name, node.name.value)
    }

    /// Returns what the definition is recognised by later.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&format!("{}\n{}", self.target, self.sql))
    }

    /// Returns the statement that creates the view, for a session in the database where tables have
    /// the names of their data sources.
    ///
    /// An insert runs the views of its table, not those of an alias: the table is named in full.
    pub(crate) fn create(&self, place: &ViewPlace<'_>) -> String {
        let sql = match place.trigger {
            None => self.sql.clone(),
            Some((name, table)) => {
                let table = qualified(place.database, table);
                over(&self.sql, name, &format!("SELECT * FROM {table}"))
            }
        };
        format!(
            "CREATE MATERIALIZED VIEW {} TO {} AS\n{sql}\nCOMMENT {}",
            qualified(place.database, place.name),
            qualified(place.database, place.target),
            quote_string(&self.fingerprint())
        )
    }
}

/// Returns `sql` with `name` standing for `rows`.
pub(crate) fn over(sql: &str, name: &str, rows: &str) -> String {
    assemble(&[Cte { name, sql: rows }], &select_all(sql))
}

/// Returns `database.table`, quoted.
pub(crate) fn qualified(database: &str, table: &str) -> String {
    format!("{}.{}", quote_identifier(database), quote_identifier(table))
}

/// Puts views that write to a data source before those that read it.
///
/// # Errors
/// The names of views that feed each other in a circle.
pub(crate) fn order(mut views: Vec<View>) -> Result<Vec<View>, Vec<View>> {
    let mut ordered: Vec<View> = Vec::with_capacity(views.len());
    while !views.is_empty() {
        let (ready, waiting): (Vec<View>, Vec<View>) = {
            let targets: BTreeSet<String> = views.iter().map(|view| view.target.clone()).collect();
            views
                .into_iter()
                .partition(|view| view.reads.is_disjoint(&targets))
        };
        if ready.is_empty() {
            return Err(waiting);
        }
        ordered.extend(ready);
        views = waiting;
    }
    Ok(ordered)
}
