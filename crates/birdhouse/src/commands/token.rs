//! `birdhouse token ls`: tokens with their values, for whoever can read the key file.

use std::process::ExitCode;

use birdhouse_catalog::CatalogView;

use super::say;
use crate::args::{TokenArgs, TokenCommand};

/// Runs the command.
pub(crate) fn token(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let TokenCommand::Ls { data } = &args.command;
    let view = CatalogView::read(data)?;
    for workspace in view.workspaces() {
        for token in &workspace.tokens {
            say(&token.name)?;
            for scope in token.scopes.iter() {
                say(format!("  {scope}"))?;
            }
            say(format!("  {}", token.value.expose()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
