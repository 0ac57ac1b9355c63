//! What a deployment has to say: names, mistakes, movements of data, changes of tokens.

use std::collections::{BTreeMap, BTreeSet};

use birdhouse_catalog::{Resource, ResourceDraft, ResourceKind, TokenGrant, content_hash};
use birdhouse_datafile::Diagnostic;
use serde::{Deserialize, Serialize};

use crate::plan::{Fill, Plan};

/// What a deployment has to say about itself. Kept in the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Data sources that are new, changed or deleted.
    pub datasources: Names,
    /// Pipes that are new, changed or deleted.
    pub pipes: Names,
    /// Connections that are new, changed or deleted.
    pub connections: Names,
    /// Why it failed.
    pub errors: Vec<Message>,
    /// What is suspect, but works.
    pub feedback: Vec<Message>,
    /// Data sources whose rows are written anew.
    pub movements: Vec<Movement>,
    /// Tokens that datafiles give other scopes than before.
    pub tokens: Vec<TokenChange>,
}

/// Names of resources by what happens to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Not there before.
    pub new: Vec<String>,
    /// There before, with another text.
    pub changed: Vec<String>,
    /// Not there any more.
    pub deleted: Vec<String>,
}

/// A sentence about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Path of the file in the project; empty when there is none.
    pub file: String,
    /// The sentence, with line and column.
    pub text: String,
}

/// Rows that are written anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The data source.
    pub datasource: String,
    /// The pipe whose view gives the rows; absent when they come from the old table.
    pub pipe: Option<String>,
}

/// A token whose scopes change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenChange {
    /// Its name.
    pub token: String,
    /// Scopes that it gets.
    pub added: Vec<String>,
    /// Scopes that it loses.
    pub removed: Vec<String>,
    /// Whether it has no scope from datafiles before, or afterwards.
    pub kind: TokenChangeKind,
}

/// What happens to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenChangeKind {
    /// No datafile named it before.
    Added,
    /// It is named by other datafiles than before.
    Changed,
    /// No datafile names it any more.
    Deleted,
}

impl Report {
    /// Reports the difference between what is live and `draft`, and what is done about it.
    pub(crate) fn new(
        live: &[Resource],
        draft: &[ResourceDraft],
        movements: Vec<Movement>,
        tokens: Vec<TokenChange>,
    ) -> Self {
        Self {
            datasources: Names::of(ResourceKind::Datasource, live, draft),
            pipes: Names::of(ResourceKind::Pipe, live, draft),
            connections: Names::of(ResourceKind::Connection, live, draft),
            movements,
            tokens,
            ..Self::default()
        }
    }

    /// Returns true when neither a resource nor a token changes.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        let all = [&self.datasources, &self.pipes, &self.connections];
        all.iter().all(|names| names.is_empty()) && self.tokens.is_empty()
    }
}

impl Names {
    fn of(kind: ResourceKind, live: &[Resource], draft: &[ResourceDraft]) -> Self {
        let before: BTreeMap<&str, &str> = live
            .iter()
            .filter(|resource| resource.kind == kind)
            .map(|resource| (resource.name.as_str(), resource.content_hash.as_str()))
            .collect();
        let mut names = Self::default();
        let mut now = BTreeSet::new();
        for resource in draft.iter().filter(|resource| resource.kind == kind) {
            now.insert(resource.name.as_str());
            match before.get(resource.name.as_str()) {
                None => names.new.push(resource.name.clone()),
                Some(hash) if *hash != content_hash(&resource.content) => {
                    names.changed.push(resource.name.clone());
                }
                Some(_) => {}
            }
        }
        let gone = before.keys().filter(|name| !now.contains(*name));
        names.deleted.extend(gone.map(|name| (*name).to_owned()));
        names
    }

    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.deleted.is_empty()
    }
}

impl Message {
    /// Returns a diagnostic as one text, its place at the end.
    #[must_use]
    pub fn of(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.span.location();
        let mut text = format!(
            "{} (line {}, column {})",
            diagnostic.message, place.line, place.column
        );
        if let Some(hint) = &diagnostic.hint {
            text.push_str("; ");
            text.push_str(hint);
        }
        Self {
            file: diagnostic.span.file().path().to_owned(),
            text,
        }
    }
}

/// Returns the data sources whose rows a plan writes anew; `rows` says how many a data source has.
pub(crate) fn movements(plan: &Plan, rows: impl Fn(&str) -> u64) -> Vec<Movement> {
    let copied = plan.made.iter().filter_map(|(datasource, fill)| {
        let is_copied = matches!(fill, Fill::Copy(_) | Fill::Forward(_)) && rows(datasource) > 0;
        is_copied.then(|| Movement {
            datasource: datasource.clone(),
            pipe: None,
        })
    });
    let computed = plan.views.iter().filter(|view| view.is_backfilled);
    let computed = computed
        .filter(|view| view.kept.is_none())
        .filter(|view| {
            view.trigger
                .as_deref()
                .is_some_and(|source| rows(source) > 0)
        })
        .map(|view| Movement {
            datasource: view.view.target.clone(),
            pipe: Some(view.view.pipe.clone()),
        });
    copied.chain(computed).collect()
}

/// Compares the grants of two deployments.
pub(crate) fn token_changes(before: &[TokenGrant], after: &[TokenGrant]) -> Vec<TokenChange> {
    let by_token = |grants: &[TokenGrant]| {
        let mut scopes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for grant in grants {
            let of_token = scopes.entry(grant.token.clone()).or_default();
            of_token.insert(grant.scope.to_string());
        }
        scopes
    };
    let (before, after) = (by_token(before), by_token(after));
    let tokens: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let none = BTreeSet::new();
    let change = |token: &String| {
        let (old, new) = (before.get(token), after.get(token));
        let kind = match (old, new) {
            (None, _) => TokenChangeKind::Added,
            (_, None) => TokenChangeKind::Deleted,
            _ => TokenChangeKind::Changed,
        };
        let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
        (old != new).then(|| TokenChange {
            token: token.clone(),
            added: new.difference(old).cloned().collect(),
            removed: old.difference(new).cloned().collect(),
            kind,
        })
    };
    tokens.into_iter().filter_map(change).collect()
}
