//! What the rights of a caller change about what they read: conditions on rows, fixed parameters.

use std::collections::BTreeMap;

use birdhouse_sql::assemble::select_all;
use birdhouse_sql::{Statement, quote_string};
use birdhouse_template::Parameters;

use crate::error::QueryError;
use crate::guard::Guard;

/// The engine's setting with conditions that it adds wherever it reads a table.
const TABLE_FILTERS: &str = "additional_table_filters";

/// Conditions and parameters that a caller cannot get around. The default restricts nothing.
///
/// They hold for texts of the caller's own, `/v0/sql` and `q`, and for everything that such a text
/// reads through nodes and pipes. An endpoint reads with the rights of its author; only its own entry
/// in `pipes` and `parameters` counts for a call.
#[derive(Debug, Clone, Default)]
pub struct Restrictions {
    /// Condition on the rows of a data source, by its name.
    pub datasources: BTreeMap<String, String>,
    /// Condition on the rows of a pipe's result, by its name.
    pub pipes: BTreeMap<String, String>,
    /// Parameters that a pipe gets whatever the request says, by its name.
    pub parameters: BTreeMap<String, Parameters>,
}

impl Restrictions {
    /// Fails unless every condition is an expression that reads nothing by itself.
    ///
    /// # Errors
    /// [`QueryError::Filter`].
    pub async fn check(&self, guard: &Guard) -> Result<(), QueryError> {
        for (name, filter) in self.datasources.iter().chain(&self.pipes) {
            let wrong = |reason: String| QueryError::Filter {
                name: name.clone(),
                reason,
            };
            let text = format!("SELECT (\n{filter}\n)");
            let statement = Statement::parse(&text).map_err(|error| wrong(error.to_string()))?;
            let analysis = guard.analyze(&statement, "", &[]).await;
            let analysis = analysis.map_err(|error| wrong(error.to_string()))?;
            let reads_nothing = analysis.tables.is_empty()
                && analysis.table_functions.is_empty()
                && analysis.join_tables.is_empty();
            if !reads_nothing {
                return Err(wrong("it reads other tables".to_owned()));
            }
        }
        Ok(())
    }

    /// Returns the setting that makes the engine apply the conditions on data sources of `database`,
    /// at every depth of a statement.
    pub(crate) fn table_filters(&self, database: &str) -> Option<(String, String)> {
        if self.datasources.is_empty() {
            return None;
        }
        let entries = self.datasources.iter().map(|(name, filter)| {
            let table = quote_string(&format!("{database}.{name}"));
            format!("{table}:{}", quote_string(filter))
        });
        let map = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
        Some((TABLE_FILTERS.to_owned(), map))
    }

    /// Returns the text of a pipe's result with its condition.
    pub(crate) fn filtered(&self, pipe: &str, text: String) -> String {
        match self.pipes.get(pipe) {
            Some(filter) => format!("{}\nWHERE (\n{filter}\n)", select_all(&text)),
            None => text,
        }
    }
}
