//! What the catalog keeps of a deployment for this crate: its layout and its report.

use birdhouse_catalog::{Deployment, DeploymentStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::DeployError;
use crate::layout::Layout;
use crate::report::Report;

/// The details of a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Details {
    /// The tables and views that it uses; absent while none have been made, and for deployments of
    /// the first format, which use everything under its own name.
    #[serde(default)]
    pub(crate) layout: Option<Layout>,
    /// What it has to say.
    #[serde(default)]
    pub(crate) report: Report,
    /// When all that it needs was there.
    #[serde(default)]
    pub(crate) made_at: Option<Timestamp>,
}

/// How far the making of a deployment is, whatever became of the deployment afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Making {
    /// It has not begun.
    Waiting,
    /// It goes on.
    Working,
    /// All that the deployment needs was there at that time.
    Done(Timestamp),
    /// It failed, or what it made did later; with the reason.
    Failed(String),
    /// Somebody discarded the deployment meanwhile.
    Cancelled,
}

impl Making {
    /// Returns how far the making of a deployment is.
    #[must_use]
    pub fn of(deployment: &Deployment) -> Self {
        let details = Details::of(deployment).unwrap_or_default();
        if let Some(error) = details.report.errors.first() {
            return Self::Failed(error.text.clone());
        }
        if let Some(made_at) = details.made_at {
            return Self::Done(made_at);
        }
        match deployment.status {
            DeploymentStatus::Calculating => Self::Waiting,
            DeploymentStatus::CreatingSchema | DeploymentStatus::SchemaReady => Self::Working,
            DeploymentStatus::DataReady => Self::Done(deployment.updated_at),
            DeploymentStatus::Failed => Self::Failed("the deployment failed".to_owned()),
            DeploymentStatus::Deleting | DeploymentStatus::Deleted => Self::Cancelled,
        }
    }
}

impl Details {
    /// Returns the details of a deployment.
    ///
    /// # Errors
    /// When they cannot be read: nothing is known of its tables then.
    pub(crate) fn of(deployment: &Deployment) -> Result<Self, DeployError> {
        if deployment.details.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(&deployment.details).map_err(|source| DeployError::Details {
            id: deployment.id,
            source,
        })
    }

    /// Returns the details as they are stored.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Returns what a deployment has to say.
#[must_use]
pub fn report_of(deployment: &Deployment) -> Report {
    Details::of(deployment).unwrap_or_default().report
}
