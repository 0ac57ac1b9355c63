//! What nobody uses any more goes.

use std::collections::BTreeSet;

use birdhouse_catalog::{Deployment, DeploymentId, DeploymentStatus, WorkspaceId, WorkspaceView};
use birdhouse_engine::{EngineError, ErrorKind, Query};
use birdhouse_ingest::HoldMode;
use birdhouse_sql::{quote_identifier, quote_string};

use super::Deployer;
use crate::details::Details;
use crate::error::DeployError;
use crate::existing::{self, admin_query};
use crate::kill_point::kill_point;
use crate::layout::Layout;
use crate::limits::{ENGINE_WAIT_MAX, REMOVE_TRIES};
use crate::view::qualified;

impl Deployer {
    /// Discards a staged deployment in the catalog. What it made is there until
    /// [`Deployer::remove_discarded`].
    ///
    /// # Errors
    /// When there is no such deployment or it is live.
    pub async fn discard(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<(), DeployError> {
        let deleting = DeploymentStatus::Deleting;
        self.in_catalog(move |catalog| catalog.update_deployment(workspace, id, deleting, None))
            .await?;
        kill_point("deploy/discarded");
        Ok(())
    }

    /// Ends the making of a discarded deployment and removes what it made.
    ///
    /// # Errors
    /// When the engine or the catalog fails. What is left is removed the next time.
    pub async fn remove_discarded(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<(), DeployError> {
        self.stop_making(workspace, id).await;
        self.sweep(workspace).await
    }

    /// Removes what deployments that are on their way out have made and no other one uses, and
    /// what the live one needed only while it was staged.
    ///
    /// Requests that began with such a deployment must have ended. An engine that went away is waited
    /// for.
    ///
    /// # Errors
    /// When the engine or the catalog fails. What is left is removed the next time.
    pub async fn sweep(&self, workspace: WorkspaceId) -> Result<(), DeployError> {
        let _one_at_a_time = self.sweeping.lock().await;
        self.patiently(|| self.try_sweep(workspace)).await
    }

    async fn try_sweep(&self, workspace: WorkspaceId) -> Result<(), DeployError> {
        let view = self.workspace(workspace)?;
        let used = Used::of(&view)?;
        if let Some(work) = &used.live.work {
            // Rows may be on their way through a bridge. Those of tables that stay go through none, and
            // may wait for the removal of a view that fails on them.
            let gone = used.gone.iter();
            let gone = gone.flat_map(|(_, layout)| layout.tables.values());
            let gone = gone.filter(|table| !used.tables.contains(*table));
            let hold = self.hold(&used.database, gone, HoldMode::Drained).await?;
            self.drop_database(work).await?;
            drop(hold);
        }
        for (id, layout) in &used.gone {
            self.remove(&used, layout).await?;
            kill_point("deploy/removed");
            let (id, deleted) = (*id, DeploymentStatus::Deleted);
            self.in_catalog(move |catalog| catalog.update_deployment(workspace, id, deleted, None))
                .await?;
            tracing::info!(%workspace, deployment = %id, "deployment removed");
        }
        Ok(())
    }

    /// Removes, and begins again when the engine went away meanwhile.
    async fn patiently<F>(&self, remove: impl Fn() -> F) -> Result<(), DeployError>
    where
        F: Future<Output = Result<(), DeployError>>,
    {
        for _ in 1..REMOVE_TRIES {
            match remove().await {
                Err(DeployError::Engine(error)) if error.kind() == ErrorKind::Unavailable => {
                    tracing::warn!(%error, "the engine went away during the removal of a deployment");
                    self.engine.ready(ENGINE_WAIT_MAX).await;
                }
                ended => return ended,
            }
        }
        remove().await
    }

    async fn remove(&self, used: &Used, layout: &Layout) -> Result<(), DeployError> {
        let database = &used.database;
        let existing = existing::read(&self.engine, database).await?;
        let unused: Vec<String> = layout
            .names()
            .into_iter()
            .filter(|name| !used.names.contains(name) && existing.contains_key(name))
            .collect();
        let (views, tables): (Vec<_>, Vec<_>) = unused
            .into_iter()
            .partition(|name| existing.get(name).is_some_and(|table| table.is_view()));
        // No row may be on its way through a view.
        let sources = used.tables.iter().chain(layout.tables.values());
        let hold = self.hold(database, sources, HoldMode::Quiet).await?;
        if let Some(work) = &layout.work {
            self.drop_database(work).await?;
        }
        for view in views {
            self.drop_table(database, &view).await?;
        }
        drop(hold);
        kill_point("deploy/views-removed");
        if let Some(namespace) = &layout.namespace
            && !used.namespaces.contains(namespace)
        {
            self.drop_database(namespace).await?;
        }
        for table in tables {
            self.drop_table(database, &table).await?;
        }
        Ok(())
    }

    async fn drop_table(&self, database: &str, table: &str) -> Result<(), DeployError> {
        let table = qualified(database, table);
        let drop = format!("DROP TABLE IF EXISTS {table} SYNC");
        Ok(self.engine.execute(&drop).await?)
    }

    /// Drops the databases that deployments of a workspace have besides the workspace's own.
    ///
    /// # Errors
    /// When the engine is away or refuses.
    pub async fn drop_namespaces(&self, database: &str) -> Result<(), EngineError> {
        let prefix = format!("{database}__");
        match self.drop_databases(&prefix).await {
            Err(DeployError::Engine(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Drops the databases whose names begin with `prefix`.
    pub(super) async fn drop_databases(&self, prefix: &str) -> Result<(), DeployError> {
        let sql = format!(
            "SELECT name FROM system.databases WHERE startsWith(name, {})",
            quote_string(prefix)
        );
        let names = admin_query(&self.engine, None, &sql, "TSVRaw").await?;
        for name in String::from_utf8_lossy(&names).lines() {
            self.drop_database(name).await?;
        }
        Ok(())
    }

    async fn drop_database(&self, name: &str) -> Result<(), DeployError> {
        let drop = format!("DROP DATABASE IF EXISTS {} SYNC", quote_identifier(name));
        self.engine.query(Query::admin(drop, "Null")).await?;
        Ok(())
    }
}

/// What deployments of a workspace use, and what those use that are to go.
struct Used {
    database: String,
    live: Layout,
    /// Tables of data sources.
    tables: BTreeSet<String>,
    /// Everything in the workspace's database.
    names: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    gone: Vec<(DeploymentId, Layout)>,
}

impl Used {
    fn of(view: &WorkspaceView) -> Result<Self, DeployError> {
        let layout = |deployment: &Deployment| {
            Ok::<_, DeployError>(Details::of(deployment)?.layout.unwrap_or_default())
        };
        let live = layout(&view.live)?;
        let mut kept = vec![live.clone()];
        if let Some(staging) = &view.staging {
            kept.push(layout(&staging.deployment)?);
        }
        let deleting = |d: &&Deployment| d.status == DeploymentStatus::Deleting;
        let gone = view.deployments.iter().filter(deleting);
        Ok(Self {
            database: view.workspace.database.clone(),
            live,
            tables: kept
                .iter()
                .flat_map(|l| l.tables.values().cloned())
                .collect(),
            names: kept.iter().flat_map(Layout::names).collect(),
            namespaces: kept.iter().filter_map(|l| l.namespace.clone()).collect(),
            gone: gone
                .map(|deployment| Ok((deployment.id, layout(deployment)?)))
                .collect::<Result<_, DeployError>>()?,
        })
    }
}
