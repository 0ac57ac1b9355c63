//! The guard: what a text reads and calls, by the engine's own parser, once per text.

use std::sync::Arc;

use birdhouse_engine::{Engine, Query, QueryLimits};
use birdhouse_sql::{Analysis, Statement, functions, tree};
use quick_cache::sync::Cache;

use crate::error::QueryError;
use crate::limits::ANALYSES_MAX;

mod syntax;

/// Analyses SQL texts and remembers the answers. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    engine: Engine,
    known: Arc<Cache<String, Arc<Analysis>>>,
}

impl Guard {
    /// Returns a guard that asks `engine`.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            known: Arc::new(Cache::new(ANALYSES_MAX)),
        }
    }

    /// Returns what `statement` reads, after refusing what user SQL may not contain.
    ///
    /// `node` names the place for messages; `secrets` are the query parameters that the text
    /// refers to, whose values the engine does not need for this.
    ///
    /// # Errors
    /// When the engine cannot parse the text, or the text has a `SETTINGS` clause, a table function
    /// or a function that is not allowed.
    pub async fn analyze(
        &self,
        statement: &Statement<'_>,
        node: &str,
        secrets: &[String],
    ) -> Result<Arc<Analysis>, QueryError> {
        let analysis = match self.known.get(statement.body) {
            Some(known) => known,
            None => self.ask(statement.body, node, secrets).await?,
        };
        refuse(&analysis, node)?;
        Ok(analysis)
    }

    async fn ask(
        &self,
        body: &str,
        node: &str,
        secrets: &[String],
    ) -> Result<Arc<Analysis>, QueryError> {
        // The text begins on the second line, see `syntax::error`.
        let explain = format!("{}SELECT * FROM (\n{body}\n)", tree::EXPLAIN);
        let output = self
            .engine
            .query(Query {
                parameters: secrets
                    .iter()
                    .map(|name| (name.clone(), String::new()))
                    .collect(),
                limits: QueryLimits::endpoint(),
                ..Query::admin(explain, "TSVRaw")
            })
            .await
            .map_err(|error| syntax::error(error, node))?;
        let analysis = Arc::new(tree::analyze(&String::from_utf8_lossy(&output.body))?);
        self.known.insert(body.to_owned(), Arc::clone(&analysis));
        Ok(analysis)
    }
}

fn refuse(analysis: &Analysis, node: &str) -> Result<(), QueryError> {
    let refused = |what: String, hint| {
        Err(QueryError::Refused {
            node: node.to_owned(),
            what,
            hint,
        })
    };
    if analysis.has_settings {
        return refused(
            "a SETTINGS clause".to_owned(),
            "; remove it, the server sets what is needed",
        );
    }
    let table_function = analysis
        .table_functions
        .iter()
        .find(|name| !functions::is_allowed_table_function(name));
    if let Some(name) = table_function {
        return refused(
            format!("the table function {name}"),
            "; read a data source instead",
        );
    }
    match analysis
        .functions
        .iter()
        .find(|name| functions::is_refused(name))
    {
        Some(name) => refused(format!("the function {name}"), ""),
        None => Ok(()),
    }
}
