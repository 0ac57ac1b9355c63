//! Why a project was not deployed.

use birdhouse_catalog::{CatalogError, DeploymentId};
use birdhouse_datafile::Diagnostic;
use birdhouse_engine::EngineError;
use birdhouse_ingest::HoldError;

/// Why a project was not deployed. Nothing of it is live then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// The project has mistakes, or does not fit the tables that are there.
    #[error("{} in the project", count(.0))]
    Invalid(Vec<Diagnostic>),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Rows that wait could not be stored before tables change.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// The engine's answer about existing tables could not be read.
    #[error("read the tables of the engine")]
    Tables(#[from] serde_json::Error),
    /// What the catalog keeps of a deployment could not be read.
    #[error("read what the catalog keeps of deployment {id}")]
    Details {
        /// The deployment.
        id: DeploymentId,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// Somebody discarded the deployment while it was made, or rows did not go through it.
    #[error("deployment {id} was given up while it was made{}", because(.reason.as_deref()))]
    GivenUp {
        /// The deployment.
        id: DeploymentId,
        /// What rows it failed on, when that was it.
        reason: Option<String>,
    },
    /// A part of the deployment was ended.
    #[error("the deployment was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl DeployError {
    /// Returns the mistakes of the project.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Invalid(diagnostics) => diagnostics,
            _ => &[],
        }
    }
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

fn count(diagnostics: &[Diagnostic]) -> String {
    match diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count()
    {
        1 => "1 mistake".to_owned(),
        n => format!("{n} mistakes"),
    }
}
