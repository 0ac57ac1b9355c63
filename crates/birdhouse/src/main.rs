//! The `birdhouse` binary: commands, configuration, wiring.
//!
//! The same binary is the engine's worker when the supervisor starts it as one; everything else is
//! a command of `args`.

mod args;
mod commands;
mod demo;
mod project;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    // Before anything else: a worker has no command line of ours and no runtime.
    if birdhouse_engine::is_worker_process() {
        return birdhouse_engine::worker_main();
    }
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Start(args) => commands::start(args),
        Command::Demo(args) => commands::demo(args),
        Command::Check(args) => commands::check(&args),
        Command::Test(args) => commands::test(&args),
        Command::Fmt(args) => commands::fmt(&args),
        Command::Debug(args) => commands::debug(&args),
        Command::Token(args) => commands::token(&args),
        Command::Quarantine(args) => commands::quarantine(&args),
        Command::Version => commands::version(),
    };
    result.unwrap_or_else(|error| {
        commands::report(&error);
        ExitCode::FAILURE
    })
}
