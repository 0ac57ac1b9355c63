//! The steps of a deployment: prepare, make, promote, remove.
//!
//! [`Deployer::prepare`] changes nothing. What is then made is invisible to readers until the
//! catalog's one step that makes it live; whatever a deployment has made is known from before it
//! is made, so that a failed, discarded or replaced one can be removed at any time later.

mod load;
mod make;
mod prepare;
mod remove;
mod waiting;

pub use load::Loaded;
pub use make::Made;

use std::collections::BTreeSet;
use std::sync::Arc;

use birdhouse_catalog::{
    Catalog, CatalogError, Deployment, DeploymentDraft, DeploymentId, DeploymentStatus,
    WorkspaceId, WorkspaceView,
};
use birdhouse_datafile::{Diagnostic, Project};
use birdhouse_engine::Engine;
use birdhouse_ingest::{Hold, HoldMode, Ingestion, SourceName};
use birdhouse_query::Guard;
use jiff::Timestamp;

use crate::described::Described;
use crate::details::Details;
use crate::error::DeployError;
use crate::existing::{self, Existing};
use crate::kill_point::kill_point;
use crate::layout::{Layout, Names};
use crate::limits::{DRAIN_MAX, QUIET_MAX};
use crate::live::{Live, Parts};
use crate::plan::{Permission, Plan};
use crate::progress::AllProgress;
use crate::report::Report;

/// Deploys projects to one engine and catalog. Cheap to clone.
#[derive(Clone)]
pub struct Deployer {
    /// Where tables are.
    pub(crate) engine: Engine,
    /// Who analyses the SQL of nodes.
    pub(crate) guard: Guard,
    /// What is live.
    catalog: Arc<Catalog>,
    /// Whose rows wait while views change.
    ingestion: Ingestion,
    /// Owned by whoever removes tables.
    sweeping: Arc<tokio::sync::Mutex<()>>,
    /// Deployments that are being made.
    progress: AllProgress,
    /// What the engine said about endpoints.
    described: Described,
}

/// A project that has become live in the catalog.
#[derive(Debug)]
pub struct Deployed {
    /// What requests are to see from now on.
    pub live: Live,
    /// What is suspect, but works.
    pub warnings: Vec<Diagnostic>,
}

/// A project that can be deployed, with what has to be done for it.
pub struct Prepared {
    workspace: WorkspaceId,
    project: Project,
    plan: Plan,
    draft: DeploymentDraft,
    live: Layout,
    existing: Existing,
    report: Report,
    warnings: Vec<Diagnostic>,
}

impl Prepared {
    /// Returns what the deployment has to say.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns what is suspect, but works.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Returns the deployment that was live when this one was prepared.
    #[must_use]
    pub fn base(&self) -> Option<DeploymentId> {
        self.draft.base
    }

    /// Returns true when rows are written anew, which may take a while.
    #[must_use]
    pub fn moves_data(&self) -> bool {
        !self.report.movements.is_empty()
    }

    /// Returns true when neither a resource nor a table would change.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.report.is_unchanged() && self.plan.is_empty()
    }

    /// Returns the layout of the deployment when it needs nothing but what is live.
    fn kept_layout(&self) -> Option<Layout> {
        let names = Names::new("", DeploymentId(0), BTreeSet::new());
        let next = Layout::next(&self.live, &self.project, &self.plan, names);
        let is_same = next.tables == self.live.tables && next.views == self.live.views;
        (self.plan.is_empty() && is_same).then(|| self.live.clone())
    }
}

impl Deployer {
    /// Returns a deployer of projects to `engine` and `catalog`, whose rows come from `ingestion`.
    #[must_use]
    pub fn new(engine: Engine, guard: Guard, catalog: Arc<Catalog>, ingestion: Ingestion) -> Self {
        Self {
            engine,
            guard,
            catalog,
            ingestion,
            sweeping: Arc::default(),
            progress: AllProgress::default(),
            described: Described::default(),
        }
    }

    /// Prepares `project`, makes it, makes it live and removes what it replaces.
    ///
    /// Nobody may use what is live meanwhile: this is the deployment at start. A server does the
    /// steps one by one.
    ///
    /// # Errors
    /// [`DeployError::Invalid`] with every mistake that was found; what was live stays so.
    pub async fn deploy(
        &self,
        workspace: WorkspaceId,
        project: &Project,
        permission: Permission,
    ) -> Result<Deployed, DeployError> {
        let prepared = self.prepare(workspace, project, permission).await?;
        let warnings = prepared.warnings.clone();
        if prepared.is_unchanged() {
            let live = self.live(&prepared, None).await?;
            return Ok(Deployed { live, warnings });
        }
        let (_, live) = match self.commit(&prepared).await? {
            Some(committed) => committed,
            None => {
                let id = self.reserve(&prepared).await?.id;
                let made = self.make(&prepared, id).await?;
                let live = self.ready(workspace, made).await?;
                (self.promote(workspace, id).await?, live)
            }
        };
        self.sweep(workspace).await?;
        Ok(Deployed { live, warnings })
    }

    /// Makes a prepared deployment live at once when it needs nothing but what is live; returns
    /// nothing when it has to be made.
    ///
    /// # Errors
    /// When another deployment is staged, or was made live since the preparation.
    pub async fn commit(
        &self,
        prepared: &Prepared,
    ) -> Result<Option<(Deployment, Live)>, DeployError> {
        let Some(layout) = prepared.kept_layout() else {
            return Ok(None);
        };
        let details = Details {
            layout: Some(layout),
            report: prepared.report.clone(),
            made_at: Some(Timestamp::now()),
        };
        let draft = DeploymentDraft {
            details: details.to_text(),
            ..prepared.draft.clone()
        };
        let workspace = prepared.workspace;
        let deployment = self
            .in_catalog(move |catalog| catalog.commit_deployment(workspace, &draft))
            .await?;
        let live = self.live(prepared, None).await?;
        Ok(Some((deployment, live)))
    }

    /// Takes the place of the staged deployment, of which there is one at a time.
    ///
    /// # Errors
    /// When another deployment is staged, or was made live since the preparation.
    pub async fn reserve(&self, prepared: &Prepared) -> Result<Deployment, DeployError> {
        let details = Details {
            report: prepared.report.clone(),
            ..Details::default()
        };
        let draft = DeploymentDraft {
            details: details.to_text(),
            ..prepared.draft.clone()
        };
        let workspace = prepared.workspace;
        let staged = self
            .in_catalog(move |catalog| catalog.stage_deployment(workspace, &draft))
            .await?;
        kill_point("deploy/reserved");
        Ok(staged)
    }

    /// Returns how much of the rows that a deployment writes anew are written, from 0 to 99 percent;
    /// 0 for one that is not being made.
    #[must_use]
    pub fn percentage(&self, workspace: WorkspaceId, id: DeploymentId) -> f64 {
        self.progress.percentage((workspace, id))
    }

    /// Returns when nothing of a discarded deployment is made any more.
    pub(crate) async fn stop_making(&self, workspace: WorkspaceId, id: DeploymentId) {
        self.progress.stop((workspace, id)).await;
    }

    /// Makes a staged deployment live in the catalog. What it replaces is there until
    /// [`Deployer::sweep`].
    ///
    /// # Errors
    /// When the deployment is not staged or not ready.
    pub async fn promote(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<Deployment, DeployError> {
        let promoted = self
            .in_catalog(move |catalog| catalog.promote_deployment(workspace, id))
            .await?;
        kill_point("deploy/promoted");
        Ok(promoted)
    }

    /// Returns what readers of a prepared deployment see, live or as `staged`.
    async fn live(
        &self,
        prepared: &Prepared,
        staged: Option<(DeploymentId, &Layout)>,
    ) -> Result<Live, DeployError> {
        let view = self.workspace(prepared.workspace)?;
        let database = &view.workspace.database;
        let existing = existing::read(&self.engine, database).await?;
        let (resources, layout) = match (staged, &view.staging) {
            (Some((_, layout)), Some(staging)) => (&staging.resources, layout),
            (Some((id, _)), None) => return Err(CatalogError::UnknownDeployment(id).into()),
            (None, _) => (&view.resources, &prepared.live),
        };
        let parts = Parts {
            database,
            project: &prepared.project,
            resources,
            layout,
            existing: &existing,
        };
        let mut found = Vec::new();
        let live = parts.live(&mut found);
        prepare::stop_on_errors(&mut found)?;
        Ok(live)
    }

    /// Returns the names in the workspace's database that nothing new may have.
    async fn taken(&self, view: &WorkspaceView) -> Result<BTreeSet<String>, DeployError> {
        let existing = existing::read(&self.engine, &view.workspace.database).await?;
        let mut taken: BTreeSet<String> = existing.into_keys().collect();
        for deployment in view
            .deployments
            .iter()
            .filter(|d| d.status != DeploymentStatus::Deleted)
        {
            let layout = Details::of(deployment)?.layout;
            taken.extend(layout.iter().flat_map(Layout::names));
        }
        Ok(taken)
    }

    async fn set(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
        status: DeploymentStatus,
        details: &Details,
    ) -> Result<(), DeployError> {
        let details = details.to_text();
        self.in_catalog(move |catalog| {
            catalog.update_deployment(workspace, id, status, Some(&details))
        })
        .await
    }

    /// Lets no row into `tables` until the hold is dropped.
    async fn hold(
        &self,
        database: &str,
        tables: impl IntoIterator<Item = &String>,
        mode: HoldMode,
    ) -> Result<Hold, DeployError> {
        let sources = tables.into_iter();
        let sources: Vec<SourceName> = sources
            .map(|table| SourceName::new(database, table.as_str()))
            .collect();
        let limit = match mode {
            HoldMode::Drained => DRAIN_MAX,
            HoldMode::Quiet => QUIET_MAX,
        };
        Ok(self.ingestion.hold(&sources, mode, limit).await?)
    }

    pub(crate) fn workspace(&self, id: WorkspaceId) -> Result<Arc<WorkspaceView>, CatalogError> {
        let view = self.catalog.view();
        let found = view.workspace(id).map(Arc::clone);
        found.ok_or(CatalogError::UnknownWorkspace(id))
    }

    /// Changes the catalog off the threads that answer requests.
    async fn in_catalog<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Catalog) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, DeployError> {
        let catalog = Arc::clone(&self.catalog);
        Ok(tokio::task::spawn_blocking(move || change(&catalog)).await??)
    }
}

/// Returns an error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
