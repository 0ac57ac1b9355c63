//! Branches: workspaces that are made from another one, with its project, its secrets and, when that
//! is asked for, its rows.

use std::sync::Arc;

use birdhouse_catalog::{CatalogError, WorkspaceId, WorkspaceView};
use birdhouse_datafile::has_errors;
use birdhouse_deploy::{
    BranchData, DeployError, LinkedData, Permission, files_of, link_data, parse_project,
    secret_values,
};
use birdhouse_ingest::limits::HOLD_WAIT_MAX;
use birdhouse_ingest::{HoldMode, SourceName};

use crate::app::{App, blocking};
use crate::deployments::Then;
use crate::error::ApiError;

impl App {
    /// Makes a branch that can be used at once. It has no rows.
    pub(crate) async fn create_branch(
        self: &Arc<Self>,
        main: &WorkspaceView,
        name: &str,
    ) -> Result<WorkspaceId, ApiError> {
        let (catalog, of) = (Arc::clone(&self.catalog), main.workspace.id);
        let name = name.to_owned();
        let id = blocking(move || catalog.create_branch(of, &name)).await?;
        match self.fill_branch(main, id).await {
            Ok(()) => Ok(id),
            Err(error) => {
                // Without its project it would be of no use, and its name taken.
                self.delete_workspace(id).await.ok();
                Err(error)
            }
        }
    }

    /// Deploys the project that is live in `main`.
    async fn fill_branch(
        self: &Arc<Self>,
        main: &WorkspaceView,
        id: WorkspaceId,
    ) -> Result<(), ApiError> {
        let view = self.catalog.view();
        let branch = view.workspace(id);
        let branch = branch.ok_or(CatalogError::UnknownWorkspace(id))?;
        self.ensure_databases(&branch.workspace).await?;
        let files = files_of(&main.resources);
        let (project, found) = parse_project(files, &secret_values(branch));
        if has_errors(&found) {
            return Err(DeployError::Invalid(found).into());
        }
        let permission = Permission::KeepData;
        let prepared = self.deployer.prepare(id, &project, permission).await?;
        if !prepared.is_unchanged() {
            self.deploy(id, prepared, Then::Promote, false).await?;
        }
        Ok(())
    }

    /// Gives a branch rows of its main workspace. Rows that are being stored wait meanwhile.
    pub(crate) async fn link_data(
        &self,
        main: WorkspaceId,
        branch: WorkspaceId,
        data: BranchData,
    ) -> Result<Vec<LinkedData>, ApiError> {
        let database = |id: WorkspaceId| {
            let view = self.catalog.view();
            let view = view.workspace(id).ok_or(CatalogError::UnknownWorkspace(id));
            view.map(|view| view.workspace.database.clone())
        };
        let (from, to) = (database(main)?, database(branch)?);
        let (main, branch) = (self.live(main), self.live(branch));
        let sources = main.datasources.values();
        let sources: Vec<SourceName> = sources
            .map(|datasource| SourceName::new(&from, &datasource.table))
            .collect();
        let held = self
            .ingestion
            .hold(&sources, HoldMode::Quiet, HOLD_WAIT_MAX);
        let _held = held
            .await
            .map_err(|error| ApiError::unavailable(error.to_string()))?;
        let linked = link_data(&self.engine, (&from, &main), (&to, &branch), data).await?;
        Ok(linked)
    }
}
