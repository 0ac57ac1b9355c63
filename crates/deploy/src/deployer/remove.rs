//! What nobody uses any more goes.

use std::collections::BTreeSet;

use birdhouse_catalog::{CatalogError, Deployment, DeploymentId, DeploymentStatus, WorkspaceId};
use birdhouse_engine::Query;
use birdhouse_sql::{quote_identifier, quote_string};

use super::Deployer;
use crate::details::Details;
use crate::error::DeployError;
use crate::existing::{self, admin_query};
use crate::kill_point::kill_point;
use crate::layout::Layout;
use crate::view::qualified;

impl Deployer {
    /// Discards a staged deployment.
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
        self.sweep(workspace).await
    }

    /// Removes what deployments that are on their way out have made and no other one uses, and
    /// what the live one needed only while it was staged.
    ///
    /// Requests that began with such a deployment must have ended.
    ///
    /// # Errors
    /// When the engine or the catalog fails. What is left is removed the next time.
    pub async fn sweep(&self, workspace: WorkspaceId) -> Result<(), DeployError> {
        let _one_at_a_time = self.gate.sweep().await;
        let view = self.workspace(workspace)?;
        let database = &view.workspace.database;
        let mut kept = vec![Details::of(&view.live)?];
        if let Some(staging) = &view.staging {
            kept.push(Details::of(&staging.deployment)?);
        }
        let kept: Vec<Layout> = kept.into_iter().filter_map(|d| d.layout).collect();
        let gone: Vec<&Deployment> = view
            .deployments
            .iter()
            .filter(|d| d.status == DeploymentStatus::Deleting)
            .collect();
        let live_work = Details::of(&view.live)?.layout.and_then(|l| l.work);
        let names: BTreeSet<String> = kept.iter().flat_map(Layout::names).collect();
        let namespaces: BTreeSet<&str> = kept.iter().map(|l| l.namespace(database)).collect();
        self.drop_work(live_work.as_deref(), database).await?;
        for deployment in gone {
            if let Some(layout) = Details::of(deployment)?.layout {
                self.remove(database, &layout, (&names, &namespaces))
                    .await?;
            }
            kill_point("deploy/removed");
            let (id, deleted) = (deployment.id, DeploymentStatus::Deleted);
            match self
                .in_catalog(move |catalog| catalog.update_deployment(workspace, id, deleted, None))
                .await
            {
                Err(DeployError::Catalog(CatalogError::UnknownDeployment(_))) => {}
                result => result?,
            }
            tracing::info!(%workspace, deployment = %id, "deployment removed");
        }
        Ok(())
    }

    /// Drops the database of what was only there for a while.
    async fn drop_work(&self, work: Option<&str>, database: &str) -> Result<(), DeployError> {
        let Some(work) = work else { return Ok(()) };
        // No row may be on its way through a bridge.
        let hold = self.gate.hold(database).await;
        self.drop_database(work).await?;
        drop(hold);
        Ok(())
    }

    async fn remove(
        &self,
        database: &str,
        layout: &Layout,
        (names, namespaces): (&BTreeSet<String>, &BTreeSet<&str>),
    ) -> Result<(), DeployError> {
        let existing = existing::read(&self.engine, database).await?;
        let unused: Vec<String> = layout
            .names()
            .into_iter()
            .filter(|name| !names.contains(name) && existing.contains_key(name))
            .collect();
        let (views, tables): (Vec<_>, Vec<_>) = unused
            .iter()
            .partition(|name| existing.get(*name).is_some_and(|table| table.is_view()));
        let hold = self.gate.hold(database).await;
        if let Some(work) = &layout.work {
            self.drop_database(work).await?;
        }
        for view in views {
            let view = qualified(database, view);
            self.engine
                .execute(&format!("DROP TABLE IF EXISTS {view} SYNC"))
                .await?;
        }
        drop(hold);
        kill_point("deploy/views-removed");
        if let Some(namespace) = &layout.namespace
            && !namespaces.contains(namespace.as_str())
        {
            self.drop_database(namespace).await?;
        }
        for table in tables {
            let table = qualified(database, table);
            self.engine
                .execute(&format!("DROP TABLE IF EXISTS {table} SYNC"))
                .await?;
        }
        Ok(())
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
