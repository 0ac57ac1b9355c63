//! Changes of the live project one file at a time.
//!
//! There is one way to change what exists: a deployment. Who changes a data source or a pipe by the
//! API changes the text of its file, and the project with that text is deployed, live at once. So
//! every check, every move of rows and what is left after a failure are those of deployments.

mod told;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::http::StatusCode;
use birdhouse_catalog::{CatalogError, DeploymentId, WorkspaceId, WorkspaceView};
use birdhouse_datafile::{
    Datasource, Dialect, Edit, EditError, FileKind, Pipe, Project, SourceFile, has_errors,
    resource_kind,
};
use birdhouse_deploy::{DeployError, Prepared, Terms, files_of, parse_project, secret_values};
use parking_lot::Mutex;

use crate::app::{App, to_the_end};
use crate::deployments::Then;
use crate::error::ApiError;
use crate::limits::CHANGE_ATTEMPTS_MAX;

/// The turns of those who change the projects of workspaces.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<WorkspaceId, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    fn of(&self, workspace: WorkspaceId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.0.lock().entry(workspace).or_default())
    }

    /// Forgets a workspace.
    pub(crate) fn forget(&self, workspace: WorkspaceId) {
        self.0.lock().remove(&workspace);
    }
}

/// The files of the live project, while they are changed.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The deployment that they are of.
    base: DeploymentId,
    texts: BTreeMap<String, String>,
    project: Project,
    /// The file that was changed last.
    changed: Option<String>,
}

impl Files {
    fn of(workspace: &WorkspaceView) -> Self {
        let files = files_of(&workspace.resources);
        let texts = files.iter();
        let texts = texts.map(|file| (file.path().to_owned(), file.text().to_owned()));
        let texts = texts.collect();
        // They were accepted, so there is nothing to report.
        let (project, _) = Project::parse(files);
        Self {
            base: workspace.live.id,
            texts,
            project,
            changed: None,
        }
    }

    /// Returns the project as it was before any change.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Returns a data source as it was.
    pub(crate) fn datasource(&self, name: &str) -> Result<&Datasource, ApiError> {
        let found = self.project.datasource(name);
        found.ok_or_else(|| ApiError::not_found(format!("The data source '{name}' does not exist")))
    }

    /// Returns a pipe as it was.
    pub(crate) fn pipe(&self, name: &str) -> Result<&Pipe, ApiError> {
        let found = self.project.pipe(name);
        found.ok_or_else(|| ApiError::not_found(format!("The pipe '{name}' does not exist")))
    }

    /// Fails when a data source or a pipe has the name already.
    pub(crate) fn require_free(&self, name: &str) -> Result<(), ApiError> {
        let project = &self.project;
        let taken = match (project.datasource(name), project.pipe(name)) {
            (Some(_), _) => "data source",
            (_, Some(_)) => "pipe",
            _ => return Ok(()),
        };
        Err(ApiError::new(
            StatusCode::CONFLICT,
            format!("There is already a {taken} named '{name}'"),
        ))
    }

    /// Begins an empty file.
    pub(crate) fn begin(&self, kind: FileKind) -> Edit {
        Edit::new(kind, self.project.dialect)
    }

    /// Begins to change the file at a path, with what was changed in it before.
    pub(crate) fn edit(&self, path: &str) -> Result<Edit, ApiError> {
        let kind = resource_kind(path).unwrap_or(FileKind::Pipe);
        let text = self.texts.get(path).map(String::as_str).unwrap_or_default();
        let file = SourceFile::new(path, text);
        Edit::of(&file, kind, self.project.dialect).map_err(|found| told::files(&found, None, None))
    }

    /// Returns a data source as it is after the changes.
    pub(crate) fn changed_datasource(&self, name: &str) -> Result<Datasource, ApiError> {
        let (project, found) = Project::parse(self.sources());
        let errors = has_errors(&found);
        let datasource = project.datasource(name).filter(|_| !errors).cloned();
        datasource.ok_or_else(|| told::files(&found, Some(&project), self.changed.as_deref()))
    }

    fn sources(&self) -> Vec<SourceFile> {
        let texts = self.texts.iter();
        texts
            .map(|(path, text)| SourceFile::new(path, text.as_str()))
            .collect()
    }

    /// Puts a text at a path.
    pub(crate) fn put(&mut self, path: &str, edit: Edit) -> Result<(), ApiError> {
        let text = edit
            .finish()
            .map_err(|found| told::files(&found, None, None))?;
        self.texts.insert(path.to_owned(), text);
        self.changed = Some(path.to_owned());
        Ok(())
    }

    /// Says that mistakes of the file at `path` are to be told by its nodes and fields.
    pub(crate) fn blame(&mut self, path: &str) {
        self.changed = Some(path.to_owned());
    }

    /// Takes a file away.
    pub(crate) fn remove(&mut self, path: &str) {
        self.texts.remove(path);
    }
}

impl App {
    /// Returns the files of the live project of a workspace.
    pub(crate) fn files(&self, workspace: WorkspaceId) -> Result<Files, ApiError> {
        let view = self.catalog.view();
        let view = view.workspace(workspace);
        let view = view.ok_or_else(|| CatalogError::UnknownWorkspace(workspace))?;
        Ok(Files::of(view))
    }

    /// Changes the files of the live project and deploys it, live at once.
    ///
    /// It goes on to its end when the client goes away. Changes of a workspace come one after the
    /// other; when another deployment was made live meanwhile, `edit` begins again with that one.
    pub(crate) async fn change(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        edit: impl Fn(&mut Files) -> Result<Terms, ApiError> + Send + Sync + 'static,
    ) -> Result<(), ApiError> {
        let app = Arc::clone(self);
        let turn = self.turns.of(workspace);
        let change = async move {
            let _turn = turn.lock().await;
            let mut attempts = 1..=CHANGE_ATTEMPTS_MAX;
            loop {
                let is_last = attempts.next().is_none_or(|n| n == CHANGE_ATTEMPTS_MAX);
                match app.try_change(workspace, &edit).await {
                    Err(Fault::LiveChanged(_)) if !is_last => {}
                    Err(Fault::LiveChanged(error) | Fault::Final(error)) => return Err(error),
                    Ok(()) => return Ok(()),
                }
            }
        };
        to_the_end(change).await
    }

    async fn try_change(
        self: &Arc<Self>,
        workspace: WorkspaceId,
        edit: &(impl Fn(&mut Files) -> Result<Terms, ApiError> + Sync),
    ) -> Result<(), Fault> {
        let mut files = self.files(workspace)?;
        let terms = edit(&mut files)?;
        let prepared = self.prepare_change(workspace, &files, terms).await?;
        // Else what the other deployment changed would be changed back.
        if let Some(base) = prepared.base().filter(|base| *base != files.base) {
            return Err(Fault::LiveChanged(CatalogError::LiveChanged(base).into()));
        }
        if prepared.is_unchanged() {
            return Ok(());
        }
        match self.deploy(workspace, prepared, Then::Promote, false).await {
            Ok(_) => Ok(()),
            Err(DeployError::Invalid(found)) => {
                let changed = files.changed.as_deref();
                Err(told::files(&found, Some(&files.project), changed).into())
            }
            Err(error @ DeployError::Catalog(CatalogError::LiveChanged(_))) => {
                Err(Fault::LiveChanged(error.into()))
            }
            Err(DeployError::Catalog(CatalogError::DeploymentInProgress(id))) => {
                Err(in_progress(&id.to_string()).into())
            }
            Err(error) => Err(ApiError::from(error).into()),
        }
    }

    /// Checks changed files, and works out what has to be done.
    pub(crate) async fn prepare_change(
        &self,
        workspace: WorkspaceId,
        files: &Files,
        terms: Terms,
    ) -> Result<Prepared, ApiError> {
        let view = self.catalog.view();
        let view = view.workspace(workspace);
        let view = view.ok_or_else(|| CatalogError::UnknownWorkspace(workspace))?;
        if let Some(staging) = &view.staging {
            return Err(in_progress(&staging.deployment.id.to_string()));
        }
        let (project, found) = parse_project(files.sources(), &secret_values(view));
        let changed = files.changed.as_deref();
        if has_errors(&found) {
            return Err(told::files(&found, Some(&project), changed));
        }
        keeps_dialect(&files.project, &project)?;
        match self.deployer.prepare(workspace, &project, terms).await {
            Ok(prepared) => Ok(prepared),
            Err(DeployError::Invalid(found)) => Err(told::files(&found, Some(&project), changed)),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why a change was not made.
enum Fault {
    /// Another deployment was made live since the project was read.
    LiveChanged(ApiError),
    /// Doing it again would not help.
    Final(ApiError),
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Final(error)
    }
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> Self {
        Self::bad_request(error.to_string())
    }
}

fn in_progress(id: &str) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        format!(
            "deployment {id} is in progress; promote or discard it before resources are changed"
        ),
    )
}

/// Fails when pipes that publish their last node without saying so would stop to.
///
/// Which of the two dialects a project is written in follows from all its files, see
/// [`birdhouse_datafile::detect_dialect`].
fn keeps_dialect(before: &Project, after: &Project) -> Result<(), ApiError> {
    let is_lost = |pipe: &Pipe| {
        let name = pipe.name.as_str();
        let is_published = |pipe: &Pipe| pipe.endpoint().is_some();
        is_published(pipe)
            && after
                .pipe(name)
                .is_some_and(|now| now.file.written() == pipe.file.written() && !is_published(now))
    };
    let lost = before.pipes.iter().find(|pipe| is_lost(pipe));
    match lost {
        Some(pipe) if before.dialect == Dialect::Classic && after.dialect == Dialect::Forward => {
            Err(ApiError::bad_request(format!(
                "the pipes of this workspace, such as '{}', publish their last node without TYPE endpoint, and would stop to: make the endpoint the last node of this pipe too, or write TYPE endpoint in those",
                pipe.name
            )))
        }
        _ => Ok(()),
    }
}
