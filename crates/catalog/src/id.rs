//! Identifiers of what the catalog holds.
//!
//! Workspaces and tokens have a UUID, resources `t_` and 32 hex digits, deployments a number that
//! counts up from 0 in each workspace.

use std::fmt;

use uuid::Uuid;

/// Identifies a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(pub Uuid);

/// Identifies a token; it is not its value and may be shown and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub Uuid);

/// Identifies a data source, pipe or connection through all deployments that keep it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(pub(crate) String);

/// Identifies a deployment of a workspace; 0 is the empty one a workspace begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeploymentId(pub u32);

/// Identifies a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub Uuid);

impl WorkspaceId {
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl TokenId {
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl ResourceId {
    pub(crate) fn random() -> Self {
        Self(format!("t_{}", Uuid::new_v4().simple()))
    }

    /// Reads an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("t_")?;
        let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self(text.to_owned()))
    }

    /// Returns the id as text: `t_` and 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JobId {
    /// Returns a new id; later ones sort behind earlier ones.
    #[must_use]
    pub fn next() -> Self {
        Self(Uuid::now_v7())
    }

    /// Returns the id of the job that makes a deployment: that of the workspace with the number in it,
    /// so that it need not be kept.
    #[must_use]
    pub fn of_deployment(workspace: WorkspaceId, deployment: DeploymentId) -> Self {
        let number = u128::from(deployment.0);
        let bytes = (workspace.0.as_u128() ^ number).to_be_bytes();
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Reads an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
