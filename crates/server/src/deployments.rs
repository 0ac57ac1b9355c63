//! Deployments of a running server: made beside what is live, promoted, and what they replace
//! removed when nobody uses it any more.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use birdhouse_catalog::{CatalogError, Deployment, DeploymentId, WorkspaceId};
use birdhouse_deploy::{DeployError, Live, Prepared};
use birdhouse_engine::ErrorKind;
use birdhouse_ingest::{Hold, Replacement, SourceName};
use tracing::{info, warn};

use crate::app::{App, to_the_end};
use crate::error::{ApiError, status_of_kind};
use crate::limits::OLD_REQUESTS_MAX;

/// What becomes of a deployment once it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It waits as staging.
    Stage,
    /// It becomes live.
    Promote,
}

impl App {
    /// Makes a prepared deployment. Returns when that is done, unless rows have to be written anew
    /// and `may_take_long`: then it goes on by itself.
    pub(crate) async fn deploy(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        prepared: Prepared,
        then: Then,
        may_take_long: bool,
    ) -> Result<Deployment, DeployError> {
        let app = Arc::clone(self);
        let begun = async move {
            if then == Then::Promote {
                let _switching = app.switching.lock().await;
                if let Some((deployment, live)) = app.deployer.commit(&prepared).await? {
                    app.publish(workspace, live);
                    app.record_deployment(workspace, deployment.id);
                    return Ok((deployment, None));
                }
            }
            let reserved = app.deployer.reserve(&prepared).await?;
            app.record_deployment(workspace, reserved.id);
            let goes_on = may_take_long && prepared.moves_data();
            let id = reserved.id;
            let making = tokio::spawn(async move { app.make(workspace, prepared, id, then).await });
            Ok::<_, DeployError>((reserved, (!goes_on).then_some(making)))
        };
        let (deployment, making) = to_the_end(begun).await?;
        let Some(making) = making else {
            return Ok(deployment);
        };
        making.await??;
        let (view, id) = (self.catalog.view(), deployment.id);
        let made = view.workspace(workspace).and_then(|w| w.deployment(id));
        made.cloned()
            .ok_or_else(|| CatalogError::UnknownDeployment(id).into())
    }

    async fn make(
        self: Arc<Self>,
        workspace: WorkspaceId,
        prepared: Prepared,
        id: DeploymentId,
        then: Then,
    ) -> Result<(), DeployError> {
        let made = self.make_staging(workspace, &prepared, id).await;
        self.record_deployment(workspace, id);
        made?;
        if then == Then::Promote {
            self.promote(workspace, id).await?;
        }
        Ok(())
    }

    async fn make_staging(
        &self,
        workspace: WorkspaceId,
        prepared: &Prepared,
        id: DeploymentId,
    ) -> Result<(), DeployError> {
        let made = self.deployer.make(prepared, id).await?;
        // Who sees that it is ready may make it live at once.
        let _switching = self.switching.lock().await;
        let live = self.deployer.ready(workspace, made).await?;
        self.stage(workspace, Some(live));
        Ok(())
    }

    /// Makes the staged deployment live; once more for the live one does nothing. What it replaces goes
    /// when its last request has ended.
    pub(crate) async fn promote(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<Deployment, DeployError> {
        let app = Arc::clone(self);
        to_the_end(async move { app.switch_to(workspace, id).await }).await
    }

    async fn switch_to(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<Deployment, DeployError> {
        let (deployment, old) = {
            let _switching = self.switching.lock().await;
            let view = self.catalog.view();
            let live = view.workspace(workspace).map(|w| &w.live);
            if let Some(live) = live.filter(|live| live.id == id) {
                return Ok(live.clone());
            }
            let deployment = self.deployer.promote(workspace, id).await?;
            (deployment, self.publish_staging(workspace))
        };
        let app = Arc::clone(self);
        tokio::spawn(async move {
            if let Some(old) = old {
                ended(old).await;
            }
            if let Err(error) = app.deployer.sweep(workspace).await {
                // It is tried again after the next promotion, and at start.
                warn!(%workspace, %error, "what a deployment replaced could not be removed");
            }
        });
        Ok(deployment)
    }

    /// Discards the staged deployment.
    pub(crate) async fn discard(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<(), DeployError> {
        let app = Arc::clone(self);
        let discarding = async move {
            {
                let _switching = app.switching.lock().await;
                app.deployer.discard(workspace, id).await?;
                app.stage(workspace, None);
            }
            app.deployer.remove_discarded(workspace, id).await
        };
        to_the_end(discarding).await
    }

    /// Gives up the staged deployment when a view of it failed on rows.
    pub(crate) async fn give_up_staging(
        &self,
        workspace: WorkspaceId,
        source: &SourceName,
        reason: &str,
    ) {
        match self.deployer.give_up(workspace, reason).await {
            Ok(true) => {
                info!(%workspace, "the staged deployment was given up");
                self.stage(workspace, None);
                self.ingestion.retry_now(source);
            }
            Ok(false) => {}
            Err(error) => warn!(%workspace, %error, "the staged deployment could not be given up"),
        }
    }

    /// Keeps rows waiting while others are replaced, unless a deployment is staged: it takes its copies
    /// under such a hold.
    pub(crate) async fn hold_to_replace(
        &self,
        replacement: &Replacement,
        database: &str,
    ) -> Result<Hold, ApiError> {
        let hold = replacement.hold(&self.ingestion).await?;
        self.refuse_while_staged(database)?;
        Ok(hold)
    }

    /// Fails while a deployment is staged in the workspace of `database`: what rows are replaced by or
    /// removed from is copied for it already.
    pub(crate) fn refuse_while_staged(&self, database: &str) -> Result<(), ApiError> {
        let view = self.catalog.view();
        let mut workspaces = view.workspaces().iter();
        let workspace = workspaces.find(|w| w.workspace.database == database);
        match workspace.and_then(|workspace| workspace.staging.as_ref()) {
            Some(staging) => Err(ApiError::new(
                StatusCode::CONFLICT,
                format!(
                    "deployment {} is in progress; promote or discard it before rows are replaced or removed",
                    staging.deployment.id
                ),
            )),
            None => Ok(()),
        }
    }
}

/// Waits until the requests that use a deployment have ended.
async fn ended(old: Arc<Live>) {
    const LOOK_AGAIN: Duration = Duration::from_millis(10);
    let alone = async {
        while Arc::strong_count(&old) > 1 {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    if tokio::time::timeout(OLD_REQUESTS_MAX, alone).await.is_err() {
        warn!(
            seconds = OLD_REQUESTS_MAX.as_secs(),
            "some requests still use the deployment before"
        );
    }
}

impl From<DeployError> for ApiError {
    fn from(error: DeployError) -> Self {
        let status = match &error {
            DeployError::Invalid(_) => StatusCode::BAD_REQUEST,
            DeployError::Catalog(
                CatalogError::DeploymentInProgress(_) | CatalogError::LiveChanged(_),
            )
            | DeployError::GivenUp { .. } => StatusCode::CONFLICT,
            DeployError::Catalog(CatalogError::UnknownDeployment(_)) => StatusCode::NOT_FOUND,
            DeployError::Catalog(
                CatalogError::DeploymentNotReady { .. } | CatalogError::DeploymentLive(_),
            ) => StatusCode::BAD_REQUEST,
            DeployError::Hold(_) => StatusCode::SERVICE_UNAVAILABLE,
            DeployError::Engine(source) if source.kind() == ErrorKind::Unavailable => {
                status_of_kind(source.kind())
            }
            other => {
                tracing::error!(error = %other, "a deployment failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.to_string())
    }
}
