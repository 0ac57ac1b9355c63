//! The catalog as readers see it: immutable, in memory, of one moment.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use crate::vault::{Digest, Vault};
use crate::{
    ADMIN_TOKEN_NAME, Account, CatalogError, CopyState, Deployment, DeploymentId, Resource,
    ResourceId, ResourceKind, Secret, Signed, TOKEN_VALUE_BYTES_MAX, Token, TokenOrigin, Workspace,
    WorkspaceId, account, copy, deployment, key_file, resource, schema, secret, token, workspace,
};

/// Everything the catalog holds, at one moment. Cheap to ask, never changes.
#[derive(Debug)]
pub struct CatalogView {
    workspaces: Vec<Arc<WorkspaceView>>,
    account: Account,
    /// Every token, by the digest of its value.
    callers: HashMap<Digest, Caller>,
    vault: Arc<Vault>,
}

/// One workspace and what belongs to it.
#[derive(Debug)]
pub struct WorkspaceView {
    /// The workspace itself.
    pub workspace: Workspace,
    /// All its deployments, oldest first.
    pub deployments: Vec<Deployment>,
    /// The deployment that readers see.
    pub live: Deployment,
    /// The resources of the live deployment, in order of kind and name.
    pub resources: Vec<Resource>,
    /// The deployment that may become live next, when there is one.
    pub staging: Option<StagingView>,
    /// Its tokens, oldest first; the admin token is always among them.
    pub tokens: Vec<Arc<Token>>,
    /// What is known of the schedules of its copies, by their pipes.
    pub copies: BTreeMap<ResourceId, CopyState>,
    /// Its secrets in order of their names.
    pub secrets: Vec<Secret>,
}

/// A deployment that is not live yet.
#[derive(Debug)]
pub struct StagingView {
    /// The deployment.
    pub deployment: Deployment,
    /// Its resources, in order of kind and name. Those that the live deployment has as well have
    /// the same id.
    pub resources: Vec<Resource>,
}

/// Who presents a token: the token and the workspace it belongs to.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The workspace that the token belongs to; the oldest one for a token of the account.
    pub workspace: Arc<WorkspaceView>,
    /// The token.
    pub token: Arc<Token>,
    /// What else the claims of a signed token say.
    pub signed: Option<Arc<Signed>>,
}

impl Caller {
    /// Returns true for the owner of the server, who may list and manage all workspaces.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.token.origin == TokenOrigin::Account
    }

    /// Returns what logs call the token: its id, or the name of a signed one.
    #[must_use]
    pub fn token_id(&self) -> String {
        match self.signed {
            Some(_) => self.token.name.clone(),
            None => self.token.id.to_string(),
        }
    }
}

impl CatalogView {
    /// Reads the catalog of a data directory without changing anything, also while a server uses it.
    ///
    /// # Errors
    /// Fails when there is no catalog, when its format is not that of this binary, or when its key file
    /// is missing, not protected or another catalog's.
    pub fn read(data_dir: &Path) -> Result<Self, CatalogError> {
        let mut db = schema::open_read_only(&schema::path(data_dir))?;
        let vault = Arc::new(Vault::new(&key_file::load(data_dir)?));
        // One transaction, so that all of it is of one moment.
        let transaction = db
            .transaction()
            .map_err(crate::error::during("begin reading"))?;
        if !schema::knows_key(&transaction, &vault)? {
            return Err(CatalogError::WrongKey {
                path: key_file::path(data_dir),
            });
        }
        Self::load(&transaction, vault)
    }

    pub(crate) fn load(db: &Connection, vault: Arc<Vault>) -> Result<Self, CatalogError> {
        let mut workspaces = Vec::new();
        let mut callers = HashMap::new();
        for workspace in workspace::list(db)? {
            let view = Arc::new(WorkspaceView::load(db, &vault, workspace)?);
            for token in &view.tokens {
                let caller = Caller {
                    workspace: Arc::clone(&view),
                    token: Arc::clone(token),
                    signed: None,
                };
                callers.insert(vault.digest(token.value.expose()), caller);
            }
            workspaces.push(view);
        }
        let account = account::load(db, &vault)?;
        if let Some(first) = workspaces.first() {
            for token in [&account.user_token, &account.admin_token] {
                let caller = Caller {
                    workspace: Arc::clone(first),
                    token: Arc::new(token.clone()),
                    signed: None,
                };
                callers.insert(vault.digest(token.value.expose()), caller);
            }
        }
        Ok(Self {
            workspaces,
            account,
            callers,
            vault,
        })
    }

    /// Returns all workspaces, oldest first; there is always one.
    #[must_use]
    pub fn workspaces(&self) -> &[Arc<WorkspaceView>] {
        &self.workspaces
    }

    /// Returns whom the server belongs to.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Returns a workspace by its id.
    #[must_use]
    pub fn workspace(&self, id: WorkspaceId) -> Option<&Arc<WorkspaceView>> {
        self.workspaces.iter().find(|view| view.workspace.id == id)
    }

    /// Returns the token whose value is `presented`, and its workspace.
    ///
    /// The time it takes does not depend on how much of a value was guessed right.
    #[must_use]
    pub fn find_token(&self, presented: &str) -> Option<Caller> {
        if presented.len() > TOKEN_VALUE_BYTES_MAX {
            return None;
        }
        // The map is searched by a keyed digest, so its timing tells nothing about values.
        let caller = self.callers.get(&self.vault.digest(presented))?;
        let presented = crate::SecretText::new(presented);
        (caller.token.value == presented).then(|| caller.clone())
    }
}

impl WorkspaceView {
    fn load(db: &Connection, vault: &Vault, workspace: Workspace) -> Result<Self, CatalogError> {
        let deployments = deployment::list(db, workspace.id)?;
        let live = deployment::live(&deployments)?;
        let staging = deployments
            .iter()
            .find(|deployment| deployment.is_staging());
        let staging = staging.map(|deployment| {
            Ok(StagingView {
                deployment: deployment.clone(),
                resources: resource::of_deployment(db, workspace.id, deployment.id)?,
            })
        });
        Ok(Self {
            staging: staging.transpose()?,
            resources: resource::of_deployment(db, workspace.id, live.id)?,
            tokens: token::list(db, vault, workspace.id)?
                .into_iter()
                .map(Arc::new)
                .collect(),
            copies: copy::list(db, workspace.id)?,
            secrets: secret::list(db, vault, workspace.id)?,
            workspace,
            deployments,
            live,
        })
    }

    /// Returns a live resource by its kind and name.
    #[must_use]
    pub fn resource(&self, kind: ResourceKind, name: &str) -> Option<&Resource> {
        self.resources
            .binary_search_by(|resource| (resource.kind, resource.name.as_str()).cmp(&(kind, name)))
            .ok()
            .and_then(|index| self.resources.get(index))
    }

    /// Returns a deployment by its number, also a deleted one.
    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> Option<&Deployment> {
        self.deployments
            .iter()
            .find(|deployment| deployment.id == id)
    }

    /// Returns a token by its name.
    #[must_use]
    pub fn token(&self, name: &str) -> Option<&Arc<Token>> {
        self.tokens.iter().find(|token| token.name == name)
    }

    /// Returns the admin token of the workspace.
    #[must_use]
    pub fn admin_token(&self) -> Option<&Arc<Token>> {
        self.token(ADMIN_TOKEN_NAME)
    }

    /// Returns a secret by its name.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.name == name)
    }
}
