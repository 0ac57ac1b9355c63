//! The command line, without any logic.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Run Tinybird projects on your own machine
#[derive(Debug, Parser)]
#[command(
    name = "birdhouse",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a project: deploy it, take events, answer endpoints
    ///
    /// Tables keep their data from one start to the next. A project that does not fit the tables
    /// that are there is refused, with the reason.
    Start(StartArgs),
    /// Serve the e-commerce example with its shop, fixtures and live traffic
    Demo(DemoArgs),
    /// Report every mistake of a project, with file, line and column
    ///
    /// The SQL is checked by the engine as well, on an empty scratch database, when the engine
    /// library is there.
    Check(CheckArgs),
    /// Show the tokens of a server's data directory
    Token(TokenArgs),
    /// Show the version
    Version,
}

#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// Directory of the project, with its .datasource and .pipe files
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Events per second that the simulated shoppers send, 0 to 2000
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=2000))]
    pub(crate) rate: u32,
    /// Stop the traffic after this many seconds; 0 means never
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) traffic_seconds: u64,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Directory for everything the server keeps; created when missing
    #[arg(
        long,
        value_name = "DIR",
        default_value = "birdhouse-data",
        env = "BIRDHOUSE_DATA"
    )]
    pub(crate) data: PathBuf,
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 7181, env = "BIRDHOUSE_PORT")]
    pub(crate) port: u16,
    /// Address to listen on
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1",
        env = "BIRDHOUSE_HOST"
    )]
    pub(crate) host: IpAddr,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Directory of the project
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List tokens with their values and scopes, for the owner of the data directory
    Ls {
        /// Directory of the server's data
        #[arg(
            long,
            value_name = "DIR",
            default_value = "birdhouse-data",
            env = "BIRDHOUSE_DATA"
        )]
        data: PathBuf,
    },
}
