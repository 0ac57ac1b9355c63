//! From a plan to tables and views that can become live.

use birdhouse_catalog::{DeploymentId, DeploymentStatus, WorkspaceId};
use birdhouse_ingest::HoldMode;
use jiff::Timestamp;

use super::{Deployer, Prepared, chain};
use crate::details::Details;
use crate::error::DeployError;
use crate::kill_point::kill_point;
use crate::layout::{Layout, Names};
use crate::live::Live;
use crate::plan::Fill;
use crate::progress::{InProgress, Progress};
use crate::stage::Making;

/// A deployment of which everything is there. [`Deployer::ready`] says so to the catalog.
#[derive(Debug)]
pub struct Made {
    id: DeploymentId,
    live: Live,
    details: Details,
    /// Shows how far it is until it is ready.
    _making: InProgress,
}

impl Prepared {
    /// Returns how many rows statements of the backfill will read, as far as it is known.
    fn rows_to_write(&self) -> u64 {
        let rows = |name: &str| {
            let table = self.live.tables.get(name);
            let existing = table.and_then(|table| self.existing.get(table));
            existing.map_or(0, |table| table.rows)
        };
        let made = self.plan.made.iter();
        let rewritten = made
            .filter(|(_, fill)| matches!(fill, Fill::Copy(_) | Fill::Forward(_)))
            .map(|(name, _)| rows(name));
        let views = self.plan.views.iter().filter(|view| view.is_backfilled);
        let computed = views.filter_map(|view| Some(rows(view.trigger.as_deref()?)));
        rewritten.chain(computed).sum()
    }
}

impl Deployer {
    /// Makes the tables and views of a reserved deployment, and fills them. When it fails, nothing of
    /// it remains but its number and the reason.
    ///
    /// # Errors
    /// When the engine fails or refuses something, or the catalog does.
    pub async fn make(&self, prepared: &Prepared, id: DeploymentId) -> Result<Made, DeployError> {
        let to_write = prepared.rows_to_write();
        let making = self.progress.begin((prepared.workspace, id), to_write);
        let made = self.try_make(prepared, id, &making.progress).await;
        making.end();
        let error = match made {
            Ok((live, details)) => {
                return Ok(Made {
                    id,
                    live,
                    details,
                    _making: making,
                });
            }
            Err(error) => error,
        };
        // Who discarded it meanwhile removes what was made.
        if let Some(given_up) = self.given_up(prepared.workspace, id)? {
            return Err(given_up);
        }
        tracing::warn!(deployment = %id, error = %chain(&error), "deployment failed");
        self.fail(prepared.workspace, id, &chain(&error)).await?;
        Err(error)
    }

    /// Returns an error for a deployment that was discarded.
    fn given_up(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<Option<DeployError>, DeployError> {
        let view = self.workspace(workspace)?;
        let Some(deployment) = view.deployment(id).filter(|d| d.status.is_over()) else {
            return Ok(None);
        };
        let report = Details::of(deployment)?.report;
        let reason = report.errors.into_iter().next().map(|error| error.text);
        Ok(Some(DeployError::GivenUp { id, reason }))
    }

    async fn try_make(
        &self,
        prepared: &Prepared,
        id: DeploymentId,
        progress: &Progress,
    ) -> Result<(Live, Details), DeployError> {
        let view = self.workspace(prepared.workspace)?;
        let database = &view.workspace.database;
        let taken = self.taken(&view).await?;
        let names = Names::new(database, id, taken);
        let layout = Layout::next(&prepared.live, &prepared.project, &prepared.plan, names);
        let details = Details {
            layout: Some(layout.clone()),
            report: prepared.report.clone(),
            made_at: None,
        };
        // Known before it is made, so that it can always be removed.
        let creating = DeploymentStatus::CreatingSchema;
        self.set(prepared.workspace, id, creating, &details).await?;
        kill_point("deploy/named");
        let making = Making {
            id,
            deployer: self,
            database,
            project: &prepared.project,
            plan: &prepared.plan,
            live: &prepared.live,
            layout: &layout,
            existing: &prepared.existing,
            taken: parking_lot::Mutex::default(),
            progress,
        };
        if !prepared.plan.is_empty() {
            making.tables().await?;
            {
                // Half a batch in a snapshot would be there twice when it is repeated.
                let tables = prepared.live.tables.values();
                let hold = self.hold(database, tables, HoldMode::Drained).await?;
                making.switch().await?;
                drop(hold);
            }
            let ready = DeploymentStatus::SchemaReady;
            self.set(prepared.workspace, id, ready, &details).await?;
            making.fill().await?;
        }
        let live = self.live(prepared, Some((id, &layout))).await?;
        Ok((live, details))
    }

    /// Says that a deployment which is made can become live, and returns what its readers see.
    ///
    /// # Errors
    /// When it was discarded meanwhile, or the catalog fails.
    pub async fn ready(&self, workspace: WorkspaceId, made: Made) -> Result<Live, DeployError> {
        let details = Details {
            made_at: Some(Timestamp::now()),
            ..made.details
        };
        let ready = DeploymentStatus::DataReady;
        match self.set(workspace, made.id, ready, &details).await {
            Ok(()) => Ok(made.live),
            Err(error) => Err(self.given_up(workspace, made.id)?.unwrap_or(error)),
        }
    }
}
