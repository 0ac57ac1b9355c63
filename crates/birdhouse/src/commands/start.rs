//! `birdhouse start`: serve a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use birdhouse_datafile::{Project, has_errors};
use birdhouse_deploy::Permission;
use tokio_util::sync::CancellationToken;

use super::{block_on, log, say};
use crate::args::StartArgs;
use crate::project;
use crate::serve::{LoadProject, Server, Signals, show};

/// Runs the command.
pub(crate) fn start(args: StartArgs) -> anyhow::Result<ExitCode> {
    log("info");
    let root = args.project.clone().unwrap_or_else(|| PathBuf::from("."));
    let (files, unreadable) = project::read(&root)?;
    let is_given = args.project.is_some() || !files.is_empty() || !unreadable.is_empty();
    let mut secrets = Vec::new();
    let mut project: Option<(LoadProject, Permission)> = None;
    if is_given {
        secrets = project::secrets(&root)?;
        let permission = match args.allow_destructive_operations {
            true => Permission::Destructive,
            false => Permission::KeepData,
        };
        project = Some((Box::new(move |secrets| load(&root, secrets)), permission));
    }
    block_on(async {
        let server =
            Server::start(&args.listen, &args.storage, &args.data, project, secrets).await?;
        let router = birdhouse_server::router(server.app.clone());
        let signals = Signals::catch()?;
        say(format!(
            "ClickHouse interface on http://{}",
            server.clickhouse_address()?
        ))?;
        say(format!(
            "birdhouse is ready on http://{}",
            server.address()?
        ))?;
        server
            .serve(router, signals, CancellationToken::new())
            .await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the project, shows what is wrong, and fails when that is an error.
fn load(root: &Path, secrets: &BTreeMap<String, String>) -> anyhow::Result<Project> {
    let (project, mut diagnostics) = project::load(root, secrets)?;
    diagnostics.extend(project::fixture_warnings(root, &project));
    show(&diagnostics);
    if has_errors(&diagnostics) {
        anyhow::bail!("the project has mistakes; correct them and start again");
    }
    Ok(project)
}
