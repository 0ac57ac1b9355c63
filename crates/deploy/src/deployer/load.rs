//! Deployments that are there already, when a server starts.

use std::collections::BTreeMap;

use birdhouse_catalog::{
    CatalogError, Deployment, DeploymentId, DeploymentStatus, Resource, WorkspaceId,
};
use birdhouse_datafile::has_errors;

use super::prepare::{parse, plain_layout, take_columns};
use super::{Deployer, chain};
use crate::details::Details;
use crate::error::DeployError;
use crate::existing::{self, Existing};
use crate::live::{Live, Parts};
use crate::scratch;
use crate::secrets::secret_values;

/// What requests to a workspace see.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The live deployment.
    pub live: Live,
    /// The staged one, when it is ready.
    pub staging: Option<Live>,
    /// One that was being made when the last process ended, and was given up.
    pub interrupted: Option<DeploymentId>,
}

impl Deployer {
    /// Removes what interrupted deployments of a workspace have left, and returns what is there.
    ///
    /// What an earlier process may have begun to store must be in its tables.
    ///
    /// # Errors
    /// When the engine or the catalog fails.
    pub async fn load(&self, workspace: WorkspaceId) -> Result<Loaded, DeployError> {
        let view = self.workspace(workspace)?;
        let database = view.workspace.database.clone();
        self.name_live(workspace).await?;
        let staged = view.staging.as_ref().map(|staging| &staging.deployment);
        let interrupted = staged
            .filter(|staged| staged.status != DeploymentStatus::DataReady)
            .map(|staged| staged.id);
        if let Some(id) = interrupted {
            self.fail(workspace, id, "the server was stopped meanwhile")
                .await?;
        }
        if let Err(error) = self.sweep(workspace).await {
            tracing::warn!(%workspace, error = %chain(&error), "what a deployment left could not be removed");
        }
        self.drop_databases(&scratch::prefix(&database)).await?;
        let view = self.workspace(workspace)?;
        let existing = existing::read(&self.engine, &database).await?;
        let secrets = secret_values(&view);
        let load = |deployment: &Deployment, resources: &[Resource]| {
            loaded(&database, (deployment, resources), &secrets, &existing)
        };
        let staging = view.staging.as_ref();
        Ok(Loaded {
            live: load(&view.live, &view.resources)?,
            staging: staging
                .map(|staging| load(&staging.deployment, &staging.resources))
                .transpose()?,
            interrupted,
        })
    }

    /// Gives up the staged deployment of a workspace when `reason`, what the engine said about rows,
    /// is about one of its views. Returns whether it was.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn give_up(&self, workspace: WorkspaceId, reason: &str) -> Result<bool, DeployError> {
        let view = self.workspace(workspace)?;
        let Some(staging) = &view.staging else {
            return Ok(false);
        };
        let staged = &staging.deployment;
        let layout = Details::of(staged)?.layout.unwrap_or_default();
        let live = Details::of(&view.live)?.layout.unwrap_or_default().names();
        let names = layout.names().into_iter().chain(layout.work);
        let mut own = names.filter(|name| !live.contains(name));
        if !own.any(|name| reason.contains(&name)) {
            return Ok(false);
        }
        let reason = format!("rows that were appended meanwhile do not go through it: {reason}");
        self.fail(workspace, staged.id, &reason).await?;
        Ok(true)
    }

    /// Writes down what a live deployment of the first format uses.
    async fn name_live(&self, workspace: WorkspaceId) -> Result<(), DeployError> {
        let view = self.workspace(workspace)?;
        let mut details = Details::of(&view.live)?;
        if details.layout.is_some() || view.resources.is_empty() {
            return Ok(());
        }
        details.layout = Some(plain_layout(&parse(&view.resources, &secret_values(&view))));
        let (id, status) = (view.live.id, view.live.status);
        self.set(workspace, id, status, &details).await
    }

    /// Fails a staged deployment and removes what it made.
    pub(super) async fn fail(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
        reason: &str,
    ) -> Result<(), DeployError> {
        let view = self.workspace(workspace)?;
        let Some(deployment) = view.deployment(id) else {
            return Ok(());
        };
        let mut details = Details::of(deployment)?;
        details.report.errors.push(crate::report::Message {
            file: String::new(),
            text: reason.to_owned(),
        });
        let deleting = DeploymentStatus::Deleting;
        match self.set(workspace, id, deleting, &details).await {
            // Somebody else has discarded it, or made it live.
            Err(DeployError::Catalog(
                CatalogError::UnknownDeployment(_) | CatalogError::DeploymentLive(_),
            )) => return Ok(()),
            result => result?,
        }
        if let Err(error) = self.remove_discarded(workspace, id).await {
            // It is tried again before the next deployment, and at start.
            tracing::warn!(deployment = %id, error = %chain(&error), "what a failed deployment made could not be removed");
        }
        Ok(())
    }
}

fn loaded(
    database: &str,
    (deployment, resources): (&Deployment, &[Resource]),
    secrets: &BTreeMap<String, String>,
    existing: &Existing,
) -> Result<Live, DeployError> {
    let mut project = parse(resources, secrets);
    let layout = Details::of(deployment)?.layout;
    let layout = layout.unwrap_or_else(|| plain_layout(&project));
    take_columns(&mut project, &layout, existing);
    let parts = Parts {
        database,
        project: &project,
        resources,
        layout: &layout,
        existing,
    };
    let mut found = Vec::new();
    let live = parts.live(&mut found);
    if has_errors(&found) {
        for diagnostic in &found {
            tracing::error!(deployment = %deployment.id, "{diagnostic}");
        }
    }
    Ok(live)
}
