//! Makes what a plan says: tables, views, and the rows that belong into them.
//!
//! Nothing that is live is changed. For a moment no rows are written; in it the files of the old
//! tables are linked as they are (*snapshots*), and views are made that lead all later rows into
//! the new tables as well. A *bridge* is the view that leads from an old table into the one that
//! replaces it. Afterwards the snapshots are written to *fills*, tables like the new ones but
//! without views, whose files the new tables then link. So every row reaches each new table once.

mod chunks;
mod fill;

use std::collections::{BTreeMap, BTreeSet};

use birdhouse_catalog::DeploymentId;
use birdhouse_datafile::{Datasource, EngineFamily, Project};
use birdhouse_sql::{quote_identifier, quote_string};
use parking_lot::Mutex;

use crate::change::has_parts;
use crate::deployer::Deployer;
use crate::error::DeployError;
use crate::existing::{Existing, admin_query};
use crate::kill_point::kill_point;
use crate::layout::{Layout, Names, quarantine};
use crate::plan::{Fill, Plan, ViewPlan};
use crate::progress::Progress;
use crate::table::Table;
use crate::view::{ViewPlace, qualified};

/// A deployment that is being made.
pub(crate) struct Making<'a> {
    pub(crate) id: DeploymentId,
    pub(crate) deployer: &'a Deployer,
    /// The workspace's database.
    pub(crate) database: &'a str,
    pub(crate) project: &'a Project,
    pub(crate) plan: &'a Plan,
    /// What the live deployment uses.
    pub(crate) live: &'a Layout,
    /// What this one will use.
    pub(crate) layout: &'a Layout,
    /// The tables of the database before anything was made.
    pub(crate) existing: &'a Existing,
    /// Tables of which there is a snapshot.
    pub(crate) taken: Mutex<BTreeSet<String>>,
    /// Told of rows that are written; says when to stop.
    pub(crate) progress: &'a Progress,
}

impl Layout {
    /// Returns what the deployment of `plan` will use.
    pub(crate) fn next(live: &Self, project: &Project, plan: &Plan, mut names: Names) -> Self {
        let mut layout = Self::default();
        for datasource in &project.datasources {
            let name = datasource.name.to_string();
            let table = if plan.made.contains_key(&name) {
                names.table(&name)
            } else {
                live.table(&name).to_owned()
            };
            layout.tables.insert(name, table);
        }
        for view in &plan.views {
            let name = &view.view.name;
            let engine_name = match &view.kept {
                Some(kept) => kept.clone(),
                None => names.view(name),
            };
            layout.views.insert(name.clone(), engine_name);
        }
        layout.work = Some(names.work());
        layout.namespace = if layout.is_plain() {
            None
        } else if layout
            .tables
            .iter()
            .all(|(name, table)| live.tables.get(name) == Some(table))
        {
            live.namespace.clone()
        } else {
            Some(names.namespace())
        };
        layout
    }
}

/// A table and its database.
#[derive(Debug, Clone)]
struct At {
    database: String,
    table: String,
}

impl At {
    fn sql(&self) -> String {
        qualified(&self.database, &self.table)
    }
}

impl Making<'_> {
    /// Makes the empty tables and the namespace.
    pub(crate) async fn tables(&self) -> Result<(), DeployError> {
        let work = quote_identifier(self.work());
        self.execute(&format!("CREATE DATABASE {work} ENGINE = Atomic"))
            .await?;
        for name in self.plan.made.keys() {
            let Some(datasource) = self.project.datasource(name) else {
                continue;
            };
            let table = self.layout.table(name);
            let create = Table::of(datasource).create_as(self.database, table);
            self.execute(&create).await?;
            let create =
                Table::quarantine_of(datasource).create_as(self.database, &quarantine(table));
            self.execute(&create).await?;
            tracing::info!(table, "table created");
        }
        kill_point("deploy/tables");
        self.namespace().await
    }

    async fn namespace(&self) -> Result<(), DeployError> {
        let Some(namespace) = &self.layout.namespace else {
            return Ok(());
        };
        if self.live.namespace.as_ref() == Some(namespace) {
            return Ok(());
        }
        let database = quote_identifier(namespace);
        self.execute(&format!("CREATE DATABASE {database} ENGINE = Atomic"))
            .await?;
        for (name, table) in &self.layout.tables {
            for (name, table) in [
                (name.clone(), table.clone()),
                (quarantine(name), quarantine(table)),
            ] {
                let create = format!(
                    "CREATE TABLE {} ENGINE = Alias({}, {})",
                    qualified(namespace, &name),
                    quote_string(self.database),
                    quote_string(&table)
                );
                self.execute(&create).await?;
            }
        }
        Ok(())
    }

    /// Takes snapshots and makes the views. No rows may be written meanwhile.
    pub(crate) async fn switch(&self) -> Result<(), DeployError> {
        for (name, how) in &self.plan.made {
            let (Some(datasource), Some(old)) = (self.project.datasource(name), self.old(name))
            else {
                continue;
            };
            let table = self.layout.table(name);
            self.snapshot(old).await?;
            self.snapshot(&quarantine(old)).await?;
            if !self.is_target(name) {
                self.bridge(old, table, &self.bridge_sql(datasource, how, old))
                    .await?;
            }
            let (old, table) = (quarantine(old), quarantine(table));
            let sql = self.common_columns(&old, datasource);
            self.bridge(&old, &table, &sql).await?;
        }
        kill_point("deploy/bridges");
        for view in self.plan.views.iter().filter(|view| view.kept.is_none()) {
            if let Some(trigger) = self.kept_source(view) {
                self.snapshot(self.layout.table(trigger)).await?;
            }
            self.view(view).await?;
        }
        kill_point("deploy/views");
        Ok(())
    }

    /// Returns the source of a view that is backfilled, when it keeps its table.
    fn kept_source<'v>(&self, view: &'v ViewPlan) -> Option<&'v str> {
        let trigger = view.trigger.as_deref()?;
        (view.is_backfilled && !self.plan.made.contains_key(trigger)).then_some(trigger)
    }

    /// Keeps what `table` holds now, by links to its files.
    async fn snapshot(&self, table: &str) -> Result<(), DeployError> {
        let engine = self.existing.get(table).map(|table| table.engine.as_str());
        if !engine.is_some_and(|engine| engine.ends_with("MergeTree")) {
            return Ok(());
        }
        let (source, copy) = (self.at(table).sql(), self.snapshot_of(table).sql());
        if self.taken.lock().insert(table.to_owned()) {
            self.execute(&format!("CREATE TABLE {copy} AS {source}"))
                .await?;
            // Parts must keep their names until they have been read.
            self.execute(&format!("SYSTEM STOP MERGES {copy}")).await?;
            self.execute(&format!(
                "ALTER TABLE {copy} ATTACH PARTITION ALL FROM {source}"
            ))
            .await?;
        }
        Ok(())
    }

    async fn bridge(&self, old: &str, table: &str, sql: &str) -> Result<(), DeployError> {
        let create = format!(
            "CREATE MATERIALIZED VIEW {} TO {} AS {sql}\nFROM {}",
            self.in_work("bridge", table).sql(),
            self.at(table).sql(),
            self.at(old).sql()
        );
        self.execute(&create).await
    }

    /// Returns the `SELECT` that makes new rows of old ones, without `FROM`.
    fn bridge_sql(&self, datasource: &Datasource, fill: &Fill, old: &str) -> String {
        match fill {
            Fill::Copy(copy) => copy.as_forward_query(),
            Fill::Forward(_) => forward_query(datasource),
            Fill::Carry(_) | Fill::Empty | Fill::Views => self.common_columns(old, datasource),
        }
    }

    /// Returns a `SELECT` of the columns of an old table that the data source, or its quarantine,
    /// has as well.
    fn common_columns(&self, old: &str, datasource: &Datasource) -> String {
        let is_quarantine = quarantine(self.live.table(datasource.name.as_str())) == old;
        let new = if is_quarantine {
            Table::quarantine_columns(datasource)
        } else {
            Table::columns(datasource)
        };
        let before = self.existing.get(old).map(|table| table.columns.as_slice());
        let common = before.unwrap_or_default().iter();
        let common: Vec<String> = common
            .filter(|(name, _)| new.contains(name))
            .map(|(name, _)| quote_identifier(name))
            .collect();
        format!("SELECT {}", common.join(", "))
    }

    async fn view(&self, plan: &ViewPlan) -> Result<(), DeployError> {
        let view = &plan.view;
        let Some(name) = self.layout.views.get(&view.name) else {
            return Ok(());
        };
        let trigger = plan.trigger.as_deref();
        let trigger = trigger.map(|name| (name, self.layout.table(name)));
        let place = ViewPlace {
            database: self.database,
            name,
            target: self.layout.table(&view.target),
            // In a namespace every name is that of an alias.
            trigger: trigger.filter(|_| self.layout.namespace.is_some()),
        };
        let namespace = self.layout.namespace(self.database);
        let create = view.create(&place);
        self.go_on()?;
        admin_query(&self.deployer.engine, Some(namespace), &create, "Null").await?;
        tracing::info!(view = name, "materialized view created");
        Ok(())
    }

    /// Returns the live table of a data source that gets a new one.
    fn old<'n>(&'n self, name: &str) -> Option<&'n str> {
        let table = self.live.tables.get(name)?;
        self.existing.get(table).map(|table| table.name.as_str())
    }

    fn is_target(&self, name: &str) -> bool {
        self.plan.views.iter().any(|view| view.view.target == name)
    }

    /// Returns the database of what is only there for a while.
    fn work(&self) -> &str {
        self.layout.work.as_deref().unwrap_or_default()
    }

    fn at(&self, table: &str) -> At {
        At {
            database: self.database.to_owned(),
            table: table.to_owned(),
        }
    }

    fn in_work(&self, what: &str, table: &str) -> At {
        At {
            database: self.work().to_owned(),
            table: format!("{what}.{table}"),
        }
    }

    /// Returns where what `table` held when the deployment began is.
    fn snapshot_of(&self, table: &str) -> At {
        self.in_work("snapshot", table)
    }

    /// Fails when the deployment was discarded.
    fn go_on(&self) -> Result<(), DeployError> {
        match self.progress.is_stopped() {
            true => Err(self.stopped()),
            false => Ok(()),
        }
    }

    fn stopped(&self) -> DeployError {
        DeployError::GivenUp {
            id: self.id,
            reason: None,
        }
    }

    async fn execute(&self, sql: &str) -> Result<(), DeployError> {
        self.go_on()?;
        Ok(self.deployer.engine.execute(sql).await?)
    }
}

/// Returns a data source's `FORWARD_QUERY`.
fn forward_query(datasource: &Datasource) -> String {
    let query = datasource.forward_query.as_ref();
    let query = query.map_or("SELECT *", |text| text.as_str());
    query.trim().trim_end_matches(';').to_owned()
}

/// Data sources by the tables that hold what they held when the deployment began.
type Contents = BTreeMap<String, At>;

/// Returns true for data sources whose rows are in parts.
fn keeps_parts(datasource: &Datasource) -> bool {
    has_parts(&datasource.engine.family)
}

/// Returns true for data sources that keep nothing.
fn keeps_nothing(datasource: &Datasource) -> bool {
    datasource.engine.family == EngineFamily::Null
}
