//! The first rows of new tables: from snapshots, through fills.

use birdhouse_datafile::Datasource;
use birdhouse_sql::quote_identifier;

use super::{At, Contents, Making, chunks, forward_query, keeps_nothing, keeps_parts};
use crate::error::DeployError;
use crate::existing::{self, admin_query, describe};
use crate::kill_point::kill_point;
use crate::layout::quarantine;
use crate::plan::{Fill, ViewPlan};
use crate::table::Table;
use crate::view::{over, qualified};

/// A query, and how many rows it gives.
struct Rows {
    sql: String,
    rows: u64,
}

impl Making<'_> {
    /// Fills the new tables. Rows may be written meanwhile.
    pub(crate) async fn fill(&self) -> Result<(), DeployError> {
        let mut contents = Contents::new();
        for view in &self.plan.views {
            if let Some(source) = self.kept_source(view) {
                let taken = self.snapshot_of(self.layout.table(source));
                contents.insert(source.to_owned(), taken);
            }
        }
        for name in self.in_order() {
            let Some(datasource) = self.project.datasource(name) else {
                continue;
            };
            if let Some(content) = self.content(datasource, &contents).await? {
                self.link(&content, self.layout.table(name)).await?;
                contents.insert(name.to_owned(), content);
                tracing::info!(datasource = name, "table filled");
            }
            self.quarantine(datasource).await?;
            kill_point("deploy/filled");
        }
        self.expire().await?;
        for table in existing::read(&self.deployer.engine, self.work())
            .await?
            .values()
        {
            if !table.is_view() {
                let table = qualified(self.work(), &table.name);
                self.execute(&format!("DROP TABLE {table} SYNC")).await?;
            }
        }
        kill_point("deploy/ready");
        Ok(())
    }

    /// Returns the data sources with new tables, those that no view fills first, upstream first.
    fn in_order(&self) -> Vec<&str> {
        let made = self.plan.made.keys().map(String::as_str);
        let mut order: Vec<&str> = made.filter(|name| !self.is_target(name)).collect();
        // A data source comes when all views that write to it have come.
        let mut targets = Vec::new();
        for view in &self.plan.views {
            let target = view.view.target.as_str();
            targets.retain(|name| *name != target);
            targets.push(target);
        }
        order.extend(
            targets
                .into_iter()
                .filter(|name| self.plan.made.contains_key(*name)),
        );
        order
    }

    /// Puts together what a new table shall hold; returns the table it is in.
    async fn content(
        &self,
        datasource: &Datasource,
        contents: &Contents,
    ) -> Result<Option<At>, DeployError> {
        let name = datasource.name.as_str();
        let Some(how) = self.plan.made.get(name) else {
            return Ok(None);
        };
        let table = self.layout.table(name);
        let old = self.old(name);
        let views: Vec<&ViewPlan> = self
            .plan
            .views
            .iter()
            .filter(|view| view.view.target == name && view.is_backfilled)
            .collect();
        if keeps_nothing(datasource) || (old.is_none() && views.is_empty()) {
            return Ok(None);
        }
        let content = match (how, old) {
            (Fill::Carry(added), Some(old)) => {
                let taken = self.snapshot_of(old);
                if !added.is_empty() {
                    // Nothing rewrites the parts of a snapshot, so there is nothing to wait for.
                    let alter = format!(
                        "ALTER TABLE {} {} SETTINGS alter_sync = 0, mutations_sync = 0",
                        taken.sql(),
                        added.join(", ")
                    );
                    self.execute(&alter).await?;
                }
                taken
            }
            (Fill::Empty | Fill::Views | Fill::Copy(_) | Fill::Forward(_) | Fill::Carry(_), _) => {
                // Tables without parts take their rows directly.
                let content = if keeps_parts(datasource) {
                    let content = self.in_work("fill", table);
                    let create = Table::of(datasource).create_as(self.work(), &content.table);
                    self.execute(&create).await?;
                    content
                } else {
                    self.at(table)
                };
                self.rewrite(datasource, how, &content).await?;
                content
            }
        };
        for view in views {
            self.run(view, &content, contents).await?;
        }
        Ok(Some(content))
    }

    /// Writes the rows of the old table anew, as they were when the deployment began.
    async fn rewrite(
        &self,
        datasource: &Datasource,
        how: &Fill,
        content: &At,
    ) -> Result<(), DeployError> {
        let (columns, select): (Vec<String>, String) = match how {
            Fill::Copy(copy) => {
                let columns = copy.columns.iter().map(|(name, _)| name.clone());
                (columns.collect(), copy.as_forward_query())
            }
            Fill::Forward(columns) => (columns.clone(), forward_query(datasource)),
            Fill::Empty | Fill::Views | Fill::Carry(_) => return Ok(()),
        };
        let old = self.old(datasource.name.as_str());
        let Some(old) = old.and_then(|old| self.existing.get(old)) else {
            return Ok(());
        };
        if old.engine == "Join" {
            // There are no snapshots of it.
            let sql = format!("{select}\nFROM {}", self.at(&old.name).sql());
            return self.insert(content, &columns, &sql).await;
        }
        if old.engine.ends_with("MergeTree") {
            for chunk in self.chunks(&self.snapshot_of(&old.name)).await? {
                let sql = format!("{select}\nFROM (\n{}\n)", chunk.sql);
                self.insert(content, &columns, &sql).await?;
                self.progress.add(chunk.rows);
            }
        }
        Ok(())
    }

    /// Runs a view over what its source held.
    async fn run(
        &self,
        plan: &ViewPlan,
        content: &At,
        contents: &Contents,
    ) -> Result<(), DeployError> {
        let view = &plan.view;
        let source = plan.trigger.as_deref();
        let Some((source, table)) = source.and_then(|name| Some((name, contents.get(name)?)))
        else {
            return Ok(());
        };
        let namespace = self.layout.namespace(self.database);
        let described = describe(&self.deployer.engine, namespace, &view.sql).await?;
        // A view maps columns by name, INSERT SELECT by position.
        let columns: Vec<String> = described.into_iter().map(|column| column.name).collect();
        for chunk in self.chunks(table).await? {
            self.insert(content, &columns, &over(&view.sql, source, &chunk.sql))
                .await?;
            self.progress.add(chunk.rows);
        }
        tracing::info!(view = view.name, "target filled from what the source held");
        Ok(())
    }

    /// Returns queries that together give every row of a table once.
    async fn chunks(&self, at: &At) -> Result<Vec<Rows>, DeployError> {
        let table = at.sql();
        self.execute(&format!("SYSTEM STOP MERGES {table}")).await?;
        let parts = chunks::parts(&self.deployer.engine, &at.database, &at.table).await?;
        let chunks = chunks::chunks(&parts).into_iter();
        Ok(chunks
            .map(|chunk| Rows {
                sql: format!("SELECT * FROM {table} WHERE {}", chunk.condition),
                rows: chunk.rows,
            })
            .collect())
    }

    async fn insert(&self, to: &At, columns: &[String], sql: &str) -> Result<(), DeployError> {
        let columns: Vec<String> = columns.iter().map(|name| quote_identifier(name)).collect();
        let insert = format!("INSERT INTO {} ({})\n{sql}", to.sql(), columns.join(", "));
        let namespace = self.layout.namespace(self.database);
        self.go_on()?;
        // What is written is dropped when nobody waits for it any more.
        tokio::select! {
            inserted = admin_query(&self.deployer.engine, Some(namespace), &insert, "Null") => {
                inserted?;
                Ok(())
            }
            () = self.progress.stopped() => Err(self.stopped()),
        }
    }

    /// Links the files of `content` into `table`.
    async fn link(&self, content: &At, table: &str) -> Result<(), DeployError> {
        let table = self.at(table).sql();
        if content.sql() == table {
            return Ok(());
        }
        let content = content.sql();
        self.execute(&format!(
            "ALTER TABLE {table} ATTACH PARTITION ALL FROM {content}"
        ))
        .await
    }

    /// Takes the refused rows along.
    async fn quarantine(&self, datasource: &Datasource) -> Result<(), DeployError> {
        let name = datasource.name.as_str();
        let Some(old) = self.old(name).map(quarantine) else {
            return Ok(());
        };
        let Some(existing) = self.existing.get(&old) else {
            return Ok(());
        };
        let table = quarantine(self.layout.table(name));
        let taken = self.snapshot_of(&old);
        if existing.comment == Table::quarantine_of(datasource).fingerprint() {
            return self.link(&taken, &table).await;
        }
        let select = self.common_columns(&old, datasource);
        let columns: Vec<String> = {
            let new = Table::quarantine_columns(datasource);
            let names = existing.columns.iter().map(|(name, _)| name.clone());
            names.filter(|name| new.contains(name)).collect()
        };
        for chunk in self.chunks(&taken).await? {
            self.insert(
                &self.at(&table),
                &columns,
                &format!("{select}\nFROM (\n{}\n)", chunk.sql),
            )
            .await?;
        }
        Ok(())
    }

    /// Lets a TTL that is new count for the rows that were there before, in the background.
    async fn expire(&self) -> Result<(), DeployError> {
        for (name, how) in &self.plan.made {
            let has_ttl = self
                .project
                .datasource(name)
                .is_some_and(|datasource| datasource.engine.ttl.is_some());
            if has_ttl && matches!(how, Fill::Carry(_)) && self.old(name).is_some() {
                let table = self.at(self.layout.table(name)).sql();
                let alter =
                    format!("ALTER TABLE {table} MATERIALIZE TTL SETTINGS mutations_sync = 0");
                self.execute(&alter).await?;
            }
        }
        Ok(())
    }
}
