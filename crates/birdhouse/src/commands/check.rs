//! `birdhouse check`: every mistake of a project.
//!
//! What the text shows is always reported. When that is fine and the engine library is there, the
//! project is deployed to an empty scratch database as well, so that the engine has its say about
//! the SQL.

use std::process::ExitCode;
use std::sync::Arc;

use birdhouse_catalog::Catalog;
use birdhouse_datafile::{Diagnostic, Project, has_errors};
use birdhouse_deploy::{DeployError, Deployer, Permission};
use birdhouse_engine::{Engine, EngineConfig, EngineError};
use birdhouse_ingest::{FlushObserver, FlushReport, Ingestion, IngestionConfig};
use birdhouse_query::Guard;

use super::{block_on, log, say};
use crate::args::CheckArgs;
use crate::project::{self, Secret};

/// Runs the command; the exit code is 1 when there are mistakes.
pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    log("error");
    let secrets = project::secrets(&args.project)?;
    let (project, mut found) = project::load(&args.project, &project::values(&secrets))?;
    found.extend(project::fixture_warnings(&args.project, &project));
    let mut note = None;
    if !has_errors(&found) {
        match block_on(on_the_engine(&project, &secrets))? {
            Some(diagnostics) => found.extend(diagnostics),
            None => note = Some("the SQL was not checked by the engine; get it with `make engine`"),
        }
    }
    for diagnostic in &found {
        say(diagnostic.render())?;
    }
    let errors = found
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count();
    let warnings = found.len() - errors;
    say(format!(
        "{}, {}: {}, {}",
        counted(project.datasources.len(), "data source"),
        counted(project.pipes.len(), "pipe"),
        counted(errors, "error"),
        counted(warnings, "warning"),
    ))?;
    if let Some(note) = note {
        say(format!("note: {note}"))?;
    }
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns `1 pipe`, `2 pipes`.
fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Prepares the project on a private engine; nothing when there is no engine library.
async fn on_the_engine(
    project: &Project,
    secrets: &[Secret],
) -> anyhow::Result<Option<Vec<Diagnostic>>> {
    let scratch = tempfile::tempdir()?;
    let config = match EngineConfig::new(scratch.path().join("engine")) {
        Ok(config) => config,
        Err(EngineError::Library(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let engine = Engine::start(config).await?;
    let catalog = Arc::new(Catalog::open(scratch.path(), None)?);
    let workspace = catalog
        .view()
        .workspaces()
        .first()
        .map(|view| view.workspace.clone());
    let config = IngestionConfig::new(scratch.path());
    let (ingestion, _) = Ingestion::open(config, engine.clone(), Arc::new(NoRows)).await?;
    let guard = Guard::new(engine.clone());
    let deployer = Deployer::new(engine.clone(), guard, Arc::clone(&catalog), ingestion);
    let result = match workspace {
        Some(workspace) => {
            for secret in secrets {
                catalog.set_secret(workspace.id, &secret.name, &secret.value)?;
            }
            birdhouse_telemetry::ensure_tables(&engine, &workspace.database).await?;
            deployer
                .prepare(workspace.id, project, Permission::KeepData)
                .await
        }
        None => anyhow::bail!("the catalog has no workspace"),
    };
    drop(deployer);
    engine.stop().await;
    match result {
        Ok(prepared) => Ok(Some(prepared.warnings().to_vec())),
        Err(DeployError::Invalid(diagnostics)) => Ok(Some(diagnostics)),
        Err(error) => Err(error.into()),
    }
}

/// Hears of rows, of which there are none.
struct NoRows;

impl FlushObserver for NoRows {
    fn flushed(&self, _: &FlushReport) {}

    fn is_deleted(&self, _: &str) -> bool {
        false
    }
}
