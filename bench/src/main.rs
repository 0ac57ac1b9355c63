//! Measures ingestion from outside: the real binary, the real engine, the e-commerce project with
//! its materialized views.
//!
//! `birdhouse-bench <path of the binary>`, or `make bench-ingest`. One run prints one table and
//! takes about two minutes. Client, gateway and engine share the machine's processors, so what
//! counts are the ratios within one run. The load generator is one thread.

mod connection;
mod engine;
mod events;
mod load;
mod report;
mod sections;
mod server;

use std::path::PathBuf;

use anyhow::Context;
use report::Report;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let binary = arguments.next().map(PathBuf::from);
    let binary = binary.context("usage: birdhouse-bench <path of the binary> [section…]")?;
    let binary = binary
        .canonicalize()
        .with_context(|| format!("no binary at {}", binary.display()))?;
    let wanted: Vec<String> = arguments
        .map(|section| section.to_string_lossy().into_owned())
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut report = Report;
    report.machine()?;
    tokio::task::LocalSet::new().block_on(&runtime, sections::run(&binary, &wanted, &mut report))
}
