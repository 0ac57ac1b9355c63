//! `birdhouse start`: serve a project.

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
    let (files, mut diagnostics) = project::read(&args.project)?;
    let (project, found) = Project::parse(files);
    diagnostics.extend(found);
    diagnostics.extend(project::fixture_warnings(&args.project, &project));
    show(&diagnostics);
    if has_errors(&diagnostics) {
        anyhow::bail!("the project has mistakes; correct them and start again");
    }
    let secrets = project::secrets(&args.project)?;
    block_on(async {
        let server =
            Server::start(&args.listen, &args.storage, &args.data, project, secrets).await?;
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
