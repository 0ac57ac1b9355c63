//! Which tables and views a deployment uses.
//!
//! A data source keeps its table while its definition stays; a changed one gets a table of another
//! name, so that a deployment that is staged and the one that is live never share what differs.
//! SQL names data sources, not tables. While every table has the name of its data source, queries
//! run in the workspace's database. Else the deployment has a *namespace*: a database of its own,
//! which holds nothing but an alias per data source.

use std::collections::{BTreeMap, BTreeSet};

use birdhouse_catalog::DeploymentId;
use birdhouse_ingest::QUARANTINE_SUFFIX;
use serde::{Deserialize, Serialize};

/// The tables and views of a deployment, by the names that the project gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// The database in which tables have the names of their data sources; absent when that is the
    /// workspace's own.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    /// Tables by data source.
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, String>,
    /// Views in the engine by the name of the materialization, see [`crate::view::View::name_of`].
    #[serde(default)]
    pub(crate) views: BTreeMap<String, String>,
    /// The database of what is only there while the deployment is staged.
    #[serde(default)]
    pub(crate) work: Option<String>,
}

impl Layout {
    /// Returns the layout in which everything has its own name.
    pub(crate) fn plain<'n>(
        datasources: impl IntoIterator<Item = &'n str>,
        views: impl IntoIterator<Item = String>,
    ) -> Self {
        let own = |name: &str| (name.to_owned(), name.to_owned());
        Self {
            namespace: None,
            tables: datasources.into_iter().map(own).collect(),
            views: views.into_iter().map(|name| own(&name)).collect(),
            work: None,
        }
    }

    /// Returns the table of a data source; its own name when it has none here.
    pub(crate) fn table<'a>(&'a self, datasource: &'a str) -> &'a str {
        self.tables
            .get(datasource)
            .map_or(datasource, String::as_str)
    }

    /// Returns the database that queries of the deployment run in.
    pub(crate) fn namespace<'a>(&'a self, database: &'a str) -> &'a str {
        self.namespace.as_deref().unwrap_or(database)
    }

    /// Returns all names in the workspace's database that are used: tables, quarantines, views.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let quarantines = self.tables.values().map(|table| quarantine(table));
        let tables = self.tables.values().chain(self.views.values()).cloned();
        tables.chain(quarantines).collect()
    }

    /// Returns true when every table has the name of its data source.
    pub(crate) fn is_plain(&self) -> bool {
        self.tables.iter().all(|(name, table)| name == table)
    }
}

/// Returns the table of the rows that did not fit into `table`.
pub(crate) fn quarantine(table: &str) -> String {
    format!("{table}{QUARANTINE_SUFFIX}")
}

/// Names for what a deployment makes, none of which exists.
pub(crate) struct Names {
    database: String,
    deployment: DeploymentId,
    taken: BTreeSet<String>,
}

impl Names {
    /// Returns names for `deployment` that are not among those `taken`.
    pub(crate) fn new(database: &str, deployment: DeploymentId, taken: BTreeSet<String>) -> Self {
        Self {
            database: database.to_owned(),
            deployment,
            taken,
        }
    }

    /// Returns a name for a table and its quarantine: `name` itself when it is free.
    pub(crate) fn table(&mut self, name: &str) -> String {
        self.free(name, |name| vec![name.to_owned(), quarantine(name)])
    }

    /// Returns a name for a view: `name` itself when it is free.
    pub(crate) fn view(&mut self, name: &str) -> String {
        self.free(name, |name| vec![name.to_owned()])
    }

    /// Returns a name for the deployment's namespace.
    pub(crate) fn namespace(&self) -> String {
        format!("{}__d{}", self.database, self.deployment)
    }

    /// Returns a name for the database of what is only there while the deployment is staged.
    pub(crate) fn work(&self) -> String {
        format!("{}__d{}__work", self.database, self.deployment)
    }

    fn free(&mut self, name: &str, all: impl Fn(&str) -> Vec<String>) -> String {
        let mut candidate = name.to_owned();
        while all(&candidate).iter().any(|name| self.taken.contains(name)) {
            let base = if candidate == name { name } else { &candidate };
            candidate = format!("{base}__d{}", self.deployment);
        }
        self.taken.extend(all(&candidate));
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_used_twice() {
        let taken = ["events", "days_quarantine", "events__d7"].map(str::to_owned);
        let mut names = Names::new("ws", DeploymentId(7), taken.into());
        assert_eq!(names.table("events"), "events__d7__d7");
        assert_eq!(names.table("days"), "days__d7");
        assert_eq!(names.table("new"), "new");
        assert_eq!(names.view("new"), "new__d7");
    }

    #[test]
    fn names_of_a_layout_include_quarantines() {
        let layout = Layout::plain(["a"], ["p__n".to_owned()]);
        assert!(layout.is_plain());
        assert_eq!(layout.namespace("ws"), "ws");
        let names: Vec<String> = layout.names().into_iter().collect();
        assert_eq!(names, ["a", "a_quarantine", "p__n"]);
    }
}
