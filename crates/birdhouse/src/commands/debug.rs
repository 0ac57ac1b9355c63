//! `birdhouse debug`: how files and templates are understood, as JSON, and what a journal holds.
//!
//! For bug reports and for comparing with other implementations; one file per thing to look at.

mod datafile;
mod journal;
mod render;

use std::io::BufRead;
use std::process::ExitCode;

use anyhow::Context;

use crate::args::{DebugArgs, DebugCommand};

/// Runs the command.
pub(crate) fn debug(args: &DebugArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        DebugCommand::Render => render::render(),
        DebugCommand::Datafile(args) => datafile::datafile(args),
        DebugCommand::Journal(args) => journal::journal(args),
    }
}

/// Calls `each` with every line of standard input that is not blank. Bytes that are not UTF-8
/// become U+FFFD.
fn each_input_line(mut each: impl FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    while input
        .read_until(b'\n', &mut line)
        .context("read standard input")?
        > 0
    {
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            each(text.trim_end_matches(['\r', '\n']))?;
        }
        line.clear();
    }
    Ok(())
}
