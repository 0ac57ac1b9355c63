//! `birdhouse test`: the calls of `tests/*.yaml` on a private server with the project's fixtures.
//!
//! The server is a whole one in a temporary directory; calls go through its routes, only without a
//! network in between. All tests of all files run, also after a failure.

mod client;
mod fixtures;
mod outcome;
mod suite;
mod update;
mod yaml;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use birdhouse_catalog::ADMIN_TOKEN_NAME;
use birdhouse_datafile::{Project, has_errors};
use birdhouse_deploy::Permission;

use super::{block_on, log, say};
use crate::args::{ListenArgs, RateArgs, StorageArgs, TestArgs};
use crate::project::{self, Secret};
use crate::serve::{LoadProject, Server, show};
use client::Client;
use outcome::{Actual, verdict};
use suite::{Case, Suite};

/// How many tests ended how.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    updated: usize,
    skipped: usize,
    /// Files that could not be read or written.
    broken: usize,
}

/// Runs the command; the exit code is 1 when a test fails.
pub(crate) fn test(args: &TestArgs) -> anyhow::Result<ExitCode> {
    log("error");
    let secrets = project::secrets(&args.project)?;
    let (mut project, diagnostics) = project::load(&args.project, &project::values(&secrets))?;
    project.keep_expired_rows();
    show(&diagnostics);
    if has_errors(&diagnostics) {
        anyhow::bail!("the project has mistakes; correct them and test again");
    }
    let mut counts = Counts::default();
    let mut suites = Vec::new();
    for path in suite::files(&args.project)? {
        match Suite::read(&args.project, &path) {
            Ok(suite) => suites.push(suite),
            Err(error) => {
                counts.broken += 1;
                say(format!("{error:#}"))?;
            }
        }
    }
    if !suites.is_empty() {
        block_on(run(args, project, secrets, &suites, &mut counts))?;
    }
    say(summary(&counts))?;
    Ok(if counts.failed + counts.broken == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Starts the private server, loads the fixtures and runs all suites.
async fn run(
    args: &TestArgs,
    project: Project,
    secrets: Vec<Secret>,
    suites: &[Suite],
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir().context("make a temporary directory")?;
    let listen = ListenArgs {
        port: 0,
        clickhouse_port: 0,
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        rates: RateArgs::default(),
    };
    let fixtures = fixtures::find(&args.project, &project);
    let load: LoadProject = Box::new(|_| Ok(project));
    let server = Server::start(
        &listen,
        &StorageArgs::default(),
        &scratch.path().join("data"),
        Some((load, Permission::KeepData)),
        secrets,
    )
    .await?;
    let result = run_on(&server, args, suites, &fixtures, counts).await;
    server.close().await;
    result
}

async fn run_on(
    server: &Server,
    args: &TestArgs,
    suites: &[Suite],
    fixtures: &[fixtures::Fixture],
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let view = server.app.catalog.view();
    let workspace = view.workspaces().first().context("no workspace")?;
    let token = workspace
        .token(ADMIN_TOKEN_NAME)
        .context("no admin token")?;
    let client = Client::new(
        birdhouse_server::router(server.app.clone()),
        token.value.clone(),
    );
    let live = server.app.live(workspace.workspace.id);
    for fixture in fixtures::order(fixtures, &live) {
        fixture.load(&args.project, &client).await?;
    }
    for suite in suites {
        let Some(pipe) = live.resources.pipes.get(&suite.pipe) else {
            counts.skipped += suite.cases.len();
            say(format!(
                "{}: skipped, there is no pipe {}",
                suite.path, suite.pipe
            ))?;
            continue;
        };
        say(&suite.path)?;
        let mut changes = Vec::new();
        for case in &suite.cases {
            let actual = client.run(pipe, &case.parameters).await?;
            if let Some(actual) = judge(case, actual, args.update, counts)? {
                changes.push((case, actual));
            }
        }
        if !changes.is_empty() {
            save(&args.project, suite, &changes, counts)?;
        }
    }
    Ok(())
}

/// Reports one test; returns what has to be written when expectations are to be updated.
fn judge(
    case: &Case,
    actual: Actual,
    update: bool,
    counts: &mut Counts,
) -> anyhow::Result<Option<Actual>> {
    let Some(difference) = verdict(case, &actual) else {
        counts.passed += 1;
        say(format!("  ok      {}", case.name))?;
        return Ok(None);
    };
    if update {
        counts.updated += 1;
        say(format!("  updated {}", case.name))?;
        return Ok(Some(actual));
    }
    counts.failed += 1;
    say(format!("  FAILED  {}", case.name))?;
    for line in difference.lines() {
        say(format!("    {line}"))?;
    }
    Ok(None)
}

/// Writes new expectations to a file.
fn save(
    root: &Path,
    suite: &Suite,
    changes: &[(&Case, Actual)],
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let path = root.join(&suite.path);
    match update::rewritten(suite, changes) {
        Ok(text) => {
            std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))
        }
        Err(error) => {
            counts.broken += 1;
            say(format!("{}: not updated: {error:#}", suite.path))
        }
    }
}

fn summary(counts: &Counts) -> String {
    let mut parts = vec![format!("{} passed", counts.passed)];
    let others = [
        (counts.failed, "failed"),
        (counts.updated, "updated"),
        (counts.skipped, "skipped"),
        (counts.broken, "files not usable"),
    ];
    for (count, what) in others {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}
