//! The catalog: opens the file, owns the only writer and publishes views.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tracing::info;

use crate::error::during;
use crate::vault::Vault;
use crate::workspace::DEFAULT_WORKSPACE;
use crate::{
    CatalogError, CatalogView, Deployment, DeploymentDraft, DeploymentId, DeploymentStatus, JobId,
    JobRecord, ResourceId, SecretText, WorkspaceId, account, copy, deployment, job, key_file,
    schema, secret, token, workspace,
};

/// The catalog of a data directory. Share it in an `Arc`; every method may be called from any thread.
///
/// Reading ([`Catalog::view`]) never waits. A change blocks for its disk writes (a few milliseconds), so
/// async code calls it through `spawn_blocking`; it is on disk, also after a power failure, when the
/// method returns, and a failed one leaves nothing behind.
#[derive(Debug)]
pub struct Catalog {
    writer: Mutex<Connection>,
    vault: Arc<Vault>,
    view: ArcSwap<CatalogView>,
}

impl Catalog {
    /// Opens the catalog of a data directory, and creates what is missing: the directory, the key file,
    /// the first workspace and its admin token.
    ///
    /// A given `admin_token` becomes the value of the first workspace's admin token and replaces the
    /// earlier one; without it the value stays as it is.
    ///
    /// # Errors
    /// Fails when a newer binary wrote the catalog, when the key file is missing although a catalog
    /// exists, is not protected or belongs to another catalog, when the admin token cannot be used, and
    /// when the disk refuses.
    pub fn open(data_dir: &Path, admin_token: Option<&SecretText>) -> Result<Self, CatalogError> {
        fs::create_dir_all(data_dir).map_err(|source| CatalogError::Io {
            action: "create directory",
            path: data_dir.to_owned(),
            source,
        })?;
        let path = schema::path(data_dir);
        let mut writer = schema::open(&path)?;
        // From here on another process that starts in the same directory waits.
        let transaction = begin(&mut writer)?;
        let vault = Arc::new(unlock(&transaction, data_dir, &path)?);
        settle(&transaction, &vault, admin_token)?;
        let view = CatalogView::load(&transaction, Arc::clone(&vault))?;
        transaction.commit().map_err(during("commit"))?;
        Ok(Self {
            writer: Mutex::new(writer),
            vault,
            view: ArcSwap::from_pointee(view),
        })
    }

    /// Returns what the catalog holds now. The view stays as it is; take a new one per request.
    #[must_use]
    pub fn view(&self) -> Arc<CatalogView> {
        self.view.load_full()
    }

    /// Makes a deployment that is not live yet, with the status `calculating`.
    ///
    /// Resources that stay keep their id and the time they were created.
    ///
    /// # Errors
    /// Fails when the workspace does not exist, when another deployment is staged already, when a
    /// resource appears twice, and when the disk refuses.
    pub fn stage_deployment(
        &self,
        workspace: WorkspaceId,
        draft: &DeploymentDraft,
    ) -> Result<Deployment, CatalogError> {
        self.write(|transaction, now| deployment::stage(transaction, (workspace, now), draft))
    }

    /// Changes where a deployment stands and, when given, its details.
    ///
    /// The resources of a deleted one are forgotten, and so are the oldest deleted ones altogether.
    ///
    /// # Errors
    /// Fails when there is no such deployment, when it is deleted, or live and shall be, and when
    /// the disk refuses.
    pub fn update_deployment(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
        status: DeploymentStatus,
        details: Option<&str>,
    ) -> Result<(), CatalogError> {
        self.write(|transaction, now| {
            deployment::update(transaction, (workspace, now), (id, status), details)
        })
    }

    /// Makes a staged deployment live, in one step for readers; the one before is `deleting` then.
    ///
    /// Scopes that datafiles give become exactly those of the deployment; tokens are created and
    /// deleted accordingly.
    ///
    /// # Errors
    /// Fails when the deployment is not staged or not ready, and when the disk refuses.
    pub fn promote_deployment(
        &self,
        workspace: WorkspaceId,
        id: DeploymentId,
    ) -> Result<Deployment, CatalogError> {
        let deployment = self.write(|transaction, now| {
            deployment::promote(transaction, &self.vault, (workspace, now), id)
        })?;
        info!(%workspace, deployment = %deployment.id, "deployment became live");
        Ok(deployment)
    }

    /// Stages a deployment that has nothing to make, makes it live and forgets the one before, all
    /// in one step.
    ///
    /// # Errors
    /// As [`Catalog::stage_deployment`].
    pub fn commit_deployment(
        &self,
        workspace: WorkspaceId,
        draft: &DeploymentDraft,
    ) -> Result<Deployment, CatalogError> {
        let deployment = self.write(|transaction, now| {
            let at = (workspace, now);
            let ready = DeploymentStatus::DataReady;
            let old = deployment::live(&deployment::list(transaction, workspace)?);
            let staged = deployment::stage(transaction, at, draft)?;
            deployment::update(transaction, at, (staged.id, ready), None)?;
            let deployment = deployment::promote(transaction, &self.vault, at, staged.id)?;
            let gone = (old?.id, DeploymentStatus::Deleted);
            deployment::update(transaction, at, gone, None)?;
            Ok(deployment)
        })?;
        info!(%workspace, deployment = %deployment.id, "deployment became live");
        Ok(deployment)
    }

    /// Creates a secret or replaces its value.
    ///
    /// # Errors
    /// Fails when the workspace does not exist, when name or value break a limit, when there are too many
    /// secrets, and when the disk refuses.
    pub fn set_secret(
        &self,
        workspace: WorkspaceId,
        name: &str,
        value: &SecretText,
    ) -> Result<(), CatalogError> {
        self.write(|transaction, now| {
            secret::set(transaction, &self.vault, (workspace, now), (name, value))
        })
    }

    /// Deletes a secret; returns false when there was none of this name.
    ///
    /// # Errors
    /// Fails when the disk refuses.
    pub fn delete_secret(&self, workspace: WorkspaceId, name: &str) -> Result<bool, CatalogError> {
        self.write(|transaction, _| secret::delete(transaction, workspace, name))
    }

    /// Stores a job, new or changed. Jobs are not part of the view.
    ///
    /// # Errors
    /// Fails when the workspace does not exist and when the disk refuses.
    pub fn put_job(&self, job: &JobRecord) -> Result<(), CatalogError> {
        self.beside_view(|transaction| job::put(transaction, &self.vault, job))
    }

    /// Returns a job of a workspace.
    ///
    /// # Errors
    /// Fails when the disk does.
    pub fn job(
        &self,
        workspace: WorkspaceId,
        id: JobId,
    ) -> Result<Option<JobRecord>, CatalogError> {
        job::get(&self.writer.lock(), &self.vault, (workspace, id))
    }

    /// Returns the jobs of a workspace that were asked for since then, newest first, at most 100.
    ///
    /// # Errors
    /// Fails when the disk does.
    pub fn jobs(
        &self,
        workspace: WorkspaceId,
        since: Timestamp,
    ) -> Result<Vec<JobRecord>, CatalogError> {
        job::list(&self.writer.lock(), &self.vault, (workspace, since))
    }

    /// Returns all jobs that have not ended, of every workspace, in the order in which they were asked
    /// for.
    ///
    /// # Errors
    /// Fails when the disk does.
    pub fn unfinished_jobs(&self) -> Result<Vec<JobRecord>, CatalogError> {
        job::unfinished(&self.writer.lock(), &self.vault)
    }

    /// Notes for which time of its schedule the copy of a pipe runs. Not part of the view before the
    /// next change.
    ///
    /// # Errors
    /// Fails when the workspace does not exist and when the disk refuses.
    pub fn set_last_copy_run(
        &self,
        workspace: WorkspaceId,
        pipe: &ResourceId,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        self.beside_view(|transaction| copy::set_last_run(transaction, (workspace, pipe), at))
    }

    /// Does `work` in one transaction, for what readers do not see in the view.
    fn beside_view<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        let mut writer = self.writer.lock();
        let transaction = begin(&mut writer)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(during("commit"))?;
        Ok(result)
    }

    /// Does `work` in one transaction and publishes the result.
    ///
    /// The new view is read before the commit: a state that cannot be read is not committed, and nobody
    /// sees a state that is not on disk.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, Timestamp) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        let mut writer = self.writer.lock();
        let transaction = begin(&mut writer)?;
        let result = work(&transaction, now())?;
        let view = CatalogView::load(&transaction, Arc::clone(&self.vault))?;
        transaction.commit().map_err(during("commit"))?;
        self.view.store(Arc::new(view));
        Ok(result)
    }
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, CatalogError> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(during("begin a change"))
}

/// Reads or makes the key, brings the file to our format and checks that the two belong together.
fn unlock(
    transaction: &Transaction<'_>,
    data_dir: &Path,
    path: &Path,
) -> Result<Vault, CatalogError> {
    let found = schema::version(transaction, path)?;
    let key = if found == 0 {
        key_file::load_or_create(data_dir)?
    } else {
        key_file::load(data_dir)?
    };
    let vault = Vault::new(&key);
    schema::migrate(transaction, found, &vault)?;
    if schema::knows_key(transaction, &vault)? {
        Ok(vault)
    } else {
        Err(CatalogError::WrongKey {
            path: key_file::path(data_dir),
        })
    }
}

/// Makes sure that there is a workspace and that its admin token is the operator's.
fn settle(
    transaction: &Transaction<'_>,
    vault: &Vault,
    admin_token: Option<&SecretText>,
) -> Result<(), CatalogError> {
    let first = match workspace::list(transaction)?.first() {
        Some(workspace) => workspace.id,
        None => workspace::create(transaction, vault, DEFAULT_WORKSPACE, now())?,
    };
    account::ensure(transaction, vault, now())?;
    match admin_token {
        Some(value) => token::set_admin_value(transaction, vault, first, value),
        None => Ok(()),
    }
}

/// Returns the time in the precision that is stored, so that a value reads back equal.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

mod changes;
#[cfg(test)]
mod tests;
