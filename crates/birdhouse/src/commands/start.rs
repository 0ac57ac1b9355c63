//! `birdhouse start`: serve a project.

use std::path::PathBuf;
use std::process::ExitCode;

use birdhouse_datafile::{Project, has_errors};
use tokio_util::sync::CancellationToken;

use super::{block_on, log, say};
use crate::args::StartArgs;
use crate::project;
use crate::serve::{Server, Signals, show};

/// Runs the command.
pub(crate) fn start(args: StartArgs) -> anyhow::Result<ExitCode> {
    log("info");
    let here = PathBuf::from(".");
    let root = args.project.as_ref().unwrap_or(&here);
    let (files, mut diagnostics) = project::read(root)?;
    let is_given = args.project.is_some() || !files.is_empty() || !diagnostics.is_empty();
    let mut secrets = Vec::new();
    let project = if is_given {
        let (project, found) = Project::parse(files);
        diagnostics.extend(found);
        diagnostics.extend(project::fixture_warnings(root, &project));
        show(&diagnostics);
        if has_errors(&diagnostics) {
            anyhow::bail!("the project has mistakes; correct them and start again");
        }
        secrets = project::secrets(root)?;
        Some(project)
    } else {
        None
    };
    block_on(async {
        let server = Server::start(&args.listen, &args.data, project, secrets).await?;
        let router = birdhouse_server::router(server.app.clone());
        let signals = Signals::catch()?;
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
