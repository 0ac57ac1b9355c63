//! A statement while it is put together: what has been declared, and how large it has become.

use std::collections::HashMap;

use birdhouse_sql::{Cte, assemble};

use super::Assembled;
use crate::error::QueryError;
use crate::limits::REFERENCES_MAX;
use crate::restrictions::Restrictions;

/// State of one statement while it grows.
pub(super) struct Growing<'r> {
    pub(super) restrictions: &'r Restrictions,
    pub(super) assembled: Assembled,
    /// References so far, over all nested pipes.
    pub(super) references: usize,
    /// Pipes, and nodes as `pipe.node`, that are being expanded, outermost first.
    pub(super) path: Vec<String>,
}

/// Expressions of one level: a pipe's own nodes and the pipes that they read.
#[derive(Default)]
pub(super) struct Level {
    pub(super) ctes: Vec<(String, String)>,
    /// Cost in references of each name that has been declared.
    pub(super) declared: HashMap<String, usize>,
}

impl<'r> Growing<'r> {
    pub(super) fn new(restrictions: &'r Restrictions) -> Self {
        Self {
            restrictions,
            assembled: Assembled::default(),
            references: 0,
            path: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, references: usize) -> Result<(), QueryError> {
        self.references = self.references.saturating_add(references);
        if self.references > REFERENCES_MAX {
            return Err(QueryError::TooManyReferences {
                limit: REFERENCES_MAX,
            });
        }
        Ok(())
    }

    /// `joinGet` looks a row up without reading the table, so a condition on its rows cannot be kept.
    pub(super) fn check_join_table(&self, name: &str) -> Result<(), QueryError> {
        if self.restrictions.datasources.contains_key(name) {
            return Err(QueryError::Forbidden {
                name: name.to_owned(),
            });
        }
        Ok(())
    }

    pub(super) fn enter(&mut self, name: String) -> Result<(), QueryError> {
        let is_open = self.path.contains(&name);
        self.path.push(name);
        if is_open {
            return Err(QueryError::Cycle {
                path: self.path.join(" → "),
            });
        }
        Ok(())
    }
}

impl Level {
    pub(super) fn push(&mut self, name: &str, sql: String) {
        self.ctes.push((name.to_owned(), sql));
    }

    /// Returns `body` with everything declared before it.
    pub(super) fn close(&self, body: &str) -> String {
        let ctes: Vec<Cte<'_>> = self
            .ctes
            .iter()
            .map(|(name, sql)| Cte { name, sql })
            .collect();
        assemble(&ctes, body)
    }
}
