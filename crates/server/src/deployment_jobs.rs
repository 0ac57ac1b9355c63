//! Deployments as jobs. A deployment says itself how far it is, so nothing else is kept of its job.

use birdhouse_catalog::{Deployment, DeploymentId, WorkspaceId, WorkspaceView};
use birdhouse_deploy::{DeployError, Making};
use birdhouse_jobs::{Details, Job, JobError, JobId, JobStatus};

use crate::app::App;

/// What the job of a deployment is called.
pub(crate) const KIND: &str = "deployment";

impl App {
    /// Returns the jobs of a workspace's deployments, newest first.
    pub(crate) fn deployment_jobs(&self, workspace: &WorkspaceView) -> Vec<Job> {
        let id = workspace.workspace.id;
        let deployments = workspace.deployments.iter().rev();
        deployments
            // The empty one that a workspace begins with was made by nobody.
            .filter(|deployment| deployment.id != DeploymentId(0))
            .map(|deployment| self.job_of(id, deployment))
            .collect()
    }

    /// Ends a job of a deployment by discarding the deployment.
    pub(crate) async fn cancel_deployment_job(
        self: &std::sync::Arc<Self>,
        job: &Job,
    ) -> Result<Result<(), JobError>, DeployError> {
        let refused = Ok(Err(JobError::NotCancellable { status: job.status }));
        if !job.is_cancellable {
            return refused;
        }
        let view = self.catalog.view();
        let workspace = view.workspace(job.workspace);
        let deployment = workspace.and_then(|workspace| {
            let mut all = workspace.deployments.iter();
            all.find(|deployment| JobId::of_deployment(job.workspace, deployment.id) == job.id)
        });
        let Some(deployment) = deployment else {
            return refused;
        };
        self.discard(job.workspace, deployment.id).await?;
        Ok(Ok(()))
    }

    /// Writes how far a deployment is to the log of jobs.
    pub fn record_deployment(&self, workspace: WorkspaceId, id: DeploymentId) {
        let view = self.catalog.view();
        let deployment = view.workspace(workspace).and_then(|w| w.deployment(id));
        if let Some(deployment) = deployment {
            self.imports
                .jobs
                .record(&self.job_of(workspace, deployment));
        }
    }

    fn job_of(&self, workspace: WorkspaceId, deployment: &Deployment) -> Job {
        let making = Making::of(deployment);
        let (status, updated_at) = match &making {
            Making::Waiting => (JobStatus::Waiting, deployment.updated_at),
            Making::Working => (JobStatus::Working, deployment.updated_at),
            Making::Done(made_at) => (JobStatus::Done, *made_at),
            Making::Failed(_) => (JobStatus::Error, deployment.updated_at),
            Making::Cancelled => (JobStatus::Cancelled, deployment.updated_at),
        };
        Job {
            id: JobId::of_deployment(workspace, deployment.id),
            workspace,
            kind: KIND.to_owned(),
            status,
            is_cancellable: !status.is_final(),
            error: match making {
                Making::Failed(reason) => Some(reason),
                _ => None,
            },
            details: Details {
                deployment_id: Some(deployment.id.to_string()),
                ..Details::default()
            },
            progress_percentage: match status {
                JobStatus::Done => 100.0,
                _ => self.deployer.percentage(workspace, deployment.id),
            },
            created_at: deployment.created_at,
            started_at: (status != JobStatus::Waiting).then_some(deployment.created_at),
            updated_at,
        }
    }
}
