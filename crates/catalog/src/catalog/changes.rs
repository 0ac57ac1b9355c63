//! What clients change: workspaces, tokens and pauses of copies.

use tracing::info;

use super::Catalog;
use crate::token::change;
use crate::{
    CatalogError, ResourceId, SecretText, TokenChange, TokenDraft, TokenId, WorkspaceId, account,
    copy, workspace,
};

impl Catalog {
    /// Creates an empty workspace with its admin token.
    ///
    /// # Errors
    /// Fails when the name is taken or no word, when there are too many, and when the disk refuses.
    pub fn create_workspace(&self, name: &str) -> Result<WorkspaceId, CatalogError> {
        let id = self.write(|db, now| workspace::create_named(db, &self.vault, name, now))?;
        info!(workspace = %id, name, "workspace created");
        Ok(id)
    }

    /// Creates a branch of a workspace: one of its own with an admin token of its own and the secrets of
    /// the other, which it goes with.
    ///
    /// # Errors
    /// Fails when there is no such workspace, when the name is taken or no word, when there are too many
    /// workspaces, and when the disk refuses.
    pub fn create_branch(
        &self,
        main: WorkspaceId,
        name: &str,
    ) -> Result<WorkspaceId, CatalogError> {
        let branch = (main, name);
        let id = self.write(|db, now| workspace::create_branch(db, &self.vault, branch, now))?;
        info!(workspace = %id, %main, name, "branch created");
        Ok(id)
    }

    /// Deletes a workspace and its branches with their resources, tokens and secrets. Their databases
    /// stay in [`Catalog::dropped_databases`] until they are forgotten. An empty workspace follows the last one.
    ///
    /// # Errors
    /// Fails when the workspace does not exist, and when the disk refuses.
    pub fn delete_workspace(&self, id: WorkspaceId) -> Result<(), CatalogError> {
        self.write(|db, now| workspace::delete(db, &self.vault, id, now))?;
        info!(workspace = %id, "workspace deleted");
        Ok(())
    }

    /// Returns the databases of deleted workspaces that the engine may still hold.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub fn dropped_databases(&self) -> Result<Vec<String>, CatalogError> {
        workspace::dropped_databases(&self.writer.lock())
    }

    /// Forgets a database that the engine has dropped.
    ///
    /// # Errors
    /// Fails when the disk refuses.
    pub fn forget_database(&self, name: &str) -> Result<(), CatalogError> {
        workspace::forget_database(&self.writer.lock(), name)
    }

    /// Gives the account's user token the value that the operator chose.
    ///
    /// # Errors
    /// Fails when the value cannot be used or is another token's, and when the disk refuses.
    pub fn set_user_token(&self, value: &SecretText) -> Result<(), CatalogError> {
        self.write(|db, _| account::set_user_value(db, &self.vault, value))
    }

    /// Pauses the schedule of a pipe's copy, or resumes it.
    ///
    /// # Errors
    /// Fails when the workspace does not exist, and when the disk refuses.
    pub fn set_copy_paused(
        &self,
        workspace: WorkspaceId,
        pipe: &ResourceId,
        is_paused: bool,
    ) -> Result<(), CatalogError> {
        self.write(|db, _| copy::set_paused(db, (workspace, pipe), is_paused))
    }

    /// Creates a token.
    ///
    /// # Errors
    /// Fails when the workspace does not exist, when the name is taken or breaks a limit, when there
    /// are too many tokens, and when the disk refuses.
    pub fn create_token(
        &self,
        workspace: WorkspaceId,
        draft: &TokenDraft,
    ) -> Result<TokenId, CatalogError> {
        self.write(|db, now| change::insert(db, &self.vault, (workspace, now), draft))
    }

    /// Changes a token.
    ///
    /// # Errors
    /// Fails when the token does not exist or comes with the workspace, when the name is taken, when a
    /// limit is broken, and when the disk refuses.
    pub fn update_token(
        &self,
        workspace: WorkspaceId,
        id: TokenId,
        new: &TokenChange,
    ) -> Result<(), CatalogError> {
        self.write(|db, _| change::update(db, workspace, id, new))
    }

    /// Gives a token a new value; the old one stops working.
    ///
    /// # Errors
    /// Fails when the token does not exist, and when the disk refuses.
    pub fn refresh_token(&self, workspace: WorkspaceId, id: TokenId) -> Result<(), CatalogError> {
        self.write(|db, _| change::refresh(db, &self.vault, workspace, id))
    }

    /// Deletes a token.
    ///
    /// # Errors
    /// Fails when the token does not exist or comes with the workspace, and when the disk refuses.
    pub fn delete_token(&self, workspace: WorkspaceId, id: TokenId) -> Result<(), CatalogError> {
        self.write(|db, _| change::delete(db, workspace, id))
    }
}
