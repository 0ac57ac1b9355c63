//! The command line, without any logic.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// that are there is refused, with the reason. Without a project the server serves what was
    /// deployed before, and waits for clients such as `tb --local`.
    Start(StartArgs),
    /// Serve the e-commerce example with its shop, fixtures and live traffic
    Demo(DemoArgs),
    /// Report every mistake of a project, with file, line and column
    ///
    /// The SQL is checked by the engine as well, on an empty scratch database, when the engine
    /// library is there.
    Check(CheckArgs),
    /// Run the tests of a project on a private engine with its fixtures
    ///
    /// Each file tests/<pipe>.yaml is a list of calls with what they must answer. The exit code is 1
    /// when a call answers something else.
    Test(TestArgs),
    /// Bring datafiles into their canonical form
    ///
    /// Files with mistakes are reported and left alone.
    Fmt(FmtArgs),
    /// Show the tokens of a server's data directory
    Token(TokenArgs),
    /// Show rows that data sources refused, and append them again
    ///
    /// Asks a running server, with the admin token of its data directory.
    Quarantine(QuarantineArgs),
    /// Look at how files and templates are understood
    Debug(DebugArgs),
    /// Show the version
    Version,
}

#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// Directory of the project, with its .datasource and .pipe files; without it, the current
    /// directory when it has such files
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Directory for everything the server keeps; created when missing
    #[arg(
        long,
        value_name = "DIR",
        default_value = "birdhouse-data",
        env = "BIRDHOUSE_DATA"
    )]
    pub(crate) data: PathBuf,
    /// Let the project delete data sources and columns that hold rows
    #[arg(long)]
    pub(crate) allow_destructive_operations: bool,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

/// How data is kept.
#[derive(Debug, Default, Args)]
pub(crate) struct StorageArgs {
    /// What stored rows survive: the end of processes, or a loss of power, too
    ///
    /// Acknowledged rows survive both in any case. With "power" the engine syncs what it stores, so
    /// that after a loss of power nothing must be stored again; inserts take two to three times as
    /// long.
    #[arg(long, value_enum, default_value_t, env = "BIRDHOUSE_DURABILITY")]
    pub(crate) durability: DurabilityArg,
    /// Size of the journal after which appends are refused, in bytes; 8 GiB unless given
    #[arg(long, value_name = "BYTES", env = "BIRDHOUSE_JOURNAL_BYTES_MAX")]
    pub(crate) journal_bytes_max: Option<u64>,
    /// For tests: size of the journal's segments in bytes
    #[arg(long, hide = true, env = "BIRDHOUSE_JOURNAL_SEGMENT_BYTES")]
    pub(crate) journal_segment_bytes: Option<u64>,
    /// For tests: milliseconds between two syncs of the engine's files
    #[arg(long, hide = true, env = "BIRDHOUSE_SYNC_INTERVAL_MS")]
    pub(crate) sync_interval_ms: Option<u64>,
    /// For tests: what tells one run of the machine from another
    #[arg(long, hide = true, env = "BIRDHOUSE_BOOT_ID")]
    pub(crate) boot_id: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, ValueEnum)]
pub(crate) enum DurabilityArg {
    /// The end of processes, however sudden
    #[default]
    Process,
    /// A loss of power, too
    Power,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Events per second that the simulated shoppers send, 0 to 2000
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=2000))]
    pub(crate) rate: u32,
    /// Stop the traffic after this many seconds; 0 means never
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) traffic_seconds: u64,
    /// Directory for everything the demo keeps; created when missing
    #[arg(long, value_name = "DIR", default_value = "birdhouse-demo-data")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListenArgs {
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 7181, env = "BIRDHOUSE_PORT")]
    pub(crate) port: u16,
    /// Port of the read-only ClickHouse HTTP interface; 0 takes a free one
    #[arg(
        long,
        value_name = "N",
        default_value_t = 7182,
        env = "BIRDHOUSE_CLICKHOUSE_PORT"
    )]
    pub(crate) clickhouse_port: u16,
    /// Address to listen on
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1",
        env = "BIRDHOUSE_HOST"
    )]
    pub(crate) host: IpAddr,
    #[command(flatten)]
    pub(crate) rates: RateArgs,
}

/// Appends beyond these get 429 with Retry-After; without a limit there is none.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits per second")]
pub(crate) struct RateArgs {
    /// Requests that append with one token
    #[arg(long, value_name = "N", env = "BIRDHOUSE_TOKEN_REQUESTS")]
    pub(crate) token_requests: Option<NonZeroU32>,
    /// Rows that come with one token
    #[arg(long, value_name = "N", env = "BIRDHOUSE_TOKEN_ROWS")]
    pub(crate) token_rows: Option<NonZeroU32>,
    /// Requests that append to one data source
    #[arg(long, value_name = "N", env = "BIRDHOUSE_DATASOURCE_REQUESTS")]
    pub(crate) datasource_requests: Option<NonZeroU32>,
    /// Rows that come to one data source
    #[arg(long, value_name = "N", env = "BIRDHOUSE_DATASOURCE_ROWS")]
    pub(crate) datasource_rows: Option<NonZeroU32>,
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

#[derive(Debug, Args)]
pub(crate) struct QuarantineArgs {
    #[command(subcommand)]
    pub(crate) command: QuarantineCommand,
    /// Directory of the server's data
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "birdhouse-data",
        env = "BIRDHOUSE_DATA"
    )]
    pub(crate) data: PathBuf,
    /// Where the server is
    #[arg(long, global = true, default_value = "http://localhost:7181")]
    pub(crate) url: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List the data sources with rows in quarantine
    Ls,
    /// Append rows of a quarantine again, and remove them from it
    Reingest {
        /// The data source
        #[arg(value_name = "DATASOURCE")]
        datasource: String,
        /// Which rows: a SQL condition on the quarantine's columns; all rows without it
        #[arg(long, value_name = "SQL")]
        condition: Option<String>,
        /// How they are repaired: expressions over the quarantine's columns, which are texts, such as
        /// "replace(price, ',', '.') AS price"
        #[arg(long, value_name = "SQL")]
        repair: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Directory of the project
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    /// Write what the calls answer now into the test files; comments stay
    #[arg(long)]
    pub(crate) update: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// Datafiles, or directories of projects
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only report the files that would change; exit code 1 when there are any
    #[arg(long)]
    pub(crate) check: bool,
    /// Only show what would change; exit code 1 when anything would
    #[arg(long)]
    pub(crate) diff: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DebugArgs {
    #[command(subcommand)]
    pub(crate) command: DebugCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DebugCommand {
    /// Render templates: JSON lines on standard input, JSON lines on standard output
    ///
    /// Input: {"template": "% SELECT {{Int8(n)}}", "params": {"n": "7"}, "secrets": []}; also "mode"
    /// (render, check, params), "name" and "id". Output: {"sql"} or {"error", "status", "kind"}.
    Render,
    /// Show a datafile as JSON; exit code 1 when it has a mistake
    Datafile(DatafileArgs),
    /// Show the segments of a journal and what is wrong with them, without changing anything
    ///
    /// Works beside a running server; what it is writing at that moment may look torn. The exit code
    /// is 1 when something is damaged.
    Journal(JournalArgs),
}

#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// Directory of the journal: `journal` in the data directory
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Show each intact record, too
    #[arg(long)]
    pub(crate) records: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DatafileArgs {
    /// The file
    #[arg(value_name = "PATH", required_unless_present = "batch")]
    pub(crate) path: Option<PathBuf>,
    /// What the file is; without it the extension tells
    #[arg(value_name = "KIND", value_parser = ["datasource", "pipe", "connection"])]
    pub(crate) kind: Option<String>,
    /// Read files from standard input, each a line {"content", "kind", "name", "id"}
    #[arg(long, conflicts_with = "path")]
    pub(crate) batch: bool,
    /// Print the JSON as one line
    #[arg(long)]
    pub(crate) compact: bool,
    /// Run {{ tb_secret(...) }} and other tags of datasource and connection files first
    #[arg(long)]
    pub(crate) render_secrets: bool,
    /// The secrets for that, as a JSON object
    #[arg(
        long,
        value_name = "JSON",
        default_value = "{}",
        requires = "render_secrets"
    )]
    pub(crate) secrets: String,
}
