//! Materialized views: from a node to `CREATE MATERIALIZED VIEW`, and their order.

use std::collections::BTreeSet;

use birdhouse_datafile::{Node, Pipe, Span};
use birdhouse_sql::{quote_identifier, quote_string};

use crate::table::fingerprint;

/// Ends the comment of a view whose target is still being filled.
const FILLING: &str = ":filling";

/// A materialized view as it shall be.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Its name in the engine.
    pub(crate) name: String,
    /// Its pipe's name.
    pub(crate) pipe: String,
    /// Its node's name.
    pub(crate) node: String,
    /// Name of the data source it writes to.
    pub(crate) target: String,
    /// Whether a new target is filled from what the source holds.
    pub(crate) backfill: bool,
    /// Where to report.
    pub(crate) span: Span,
    /// The query.
    pub(crate) sql: String,
    /// Data sources that the query reads.
    pub(crate) reads: BTreeSet<String>,
}

impl View {
    /// Returns the name that the view of a node has in the engine.
    ///
    /// It is not a resource: queries cannot name it.
    pub(crate) fn name_of(pipe: &Pipe, node: &Node) -> String {
        format!("{}__{}", pipe.name, node.name.value)
    }

    /// Returns what the definition is recognised by later.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&format!("{}\n{}", self.target, self.sql))
    }

    /// Returns true for the comment of a view whose target was still being filled.
    pub(crate) fn is_filling(comment: &str) -> bool {
        comment.ends_with(FILLING)
    }

    /// Returns the statement that creates the view, marked as being filled.
    pub(crate) fn create(&self, database: &str) -> String {
        format!(
            "CREATE MATERIALIZED VIEW {} TO {} AS\n{}\nCOMMENT {}",
            qualified(database, &self.name),
            qualified(database, &self.target),
            self.sql,
            quote_string(&format!("{}{FILLING}", self.fingerprint()))
        )
    }

    /// Returns the statements that remove the mark, in order.
    ///
    /// The view is loaded anew: after an `ALTER` the engine gives other deduplication tokens to the
    /// rows of its target than after a restart, and an insert repeated after one would count twice.
    pub(crate) fn finish(&self, database: &str) -> [String; 3] {
        let name = qualified(database, &self.name);
        let fingerprint = quote_string(&self.fingerprint());
        [
            format!("ALTER TABLE {name} MODIFY COMMENT {fingerprint}"),
            format!("DETACH TABLE {name}"),
            format!("ATTACH TABLE {name}"),
        ]
    }
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
