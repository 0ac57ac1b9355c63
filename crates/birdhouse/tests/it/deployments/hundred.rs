//! A hundred deployments on one server while events come in slowly: what they need goes again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::matrix::{deploy, everything_is_there_once};
use super::support::{LIMIT, empty_with, only_one_is_left, send, status_is, text};
use super::tables::Tables;
use super::traffic::{Pace, Traffic};
use crate::harness::{Client, Scratch, Server, wait_until};

const DEPLOYMENTS: usize = 100;

/// Deployments after which everything has been done that is done once only.
const FIRST: usize = 12;

/// How much memory the gateway may have more at the end, in kilobytes: caches fill a little, and the
/// allocator gives back late.
const GROWTH_KB_MAX: u64 = 24 << 10;

const PACE: Pace = Pace {
    rows: 5,
    interval: Duration::from_millis(50),
};

const PROJECT: &str = "--- datasources/visits.datasource
SCHEMA >
    at DateTime `json:$.at`,
    page String `json:$.page`,
    ms UInt16 `json:$.ms`,
    id UInt64 `json:$.id`

ENGINE MergeTree
ENGINE_SORTING_KEY page, id
--- datasources/per_page.datasource
SCHEMA >
    page String,
    visits UInt64,
    ms_sum UInt64

ENGINE SummingMergeTree
ENGINE_SORTING_KEY page
--- materializations/count_pages.pipe
NODE counted
SQL >
    SELECT page, sum(ms) AS ms_sum, count() AS visits FROM visits WHERE id >= 0 GROUP BY page
TYPE materialized
DATASOURCE per_page
--- endpoints/summary.pipe
NODE summary
SQL >
    SELECT
        (SELECT count() FROM visits) AS rows,
        (SELECT sum(id) FROM visits) AS ids,
        (SELECT sum(visits) FROM per_page) AS visits,
        (SELECT sum(ms_sum) FROM per_page) AS ms,
        (SELECT sum(visits) FROM per_page) AS total,
        (SELECT count() FROM visits_quarantine) AS bad
TYPE endpoint
";

/// What a server holds.
#[derive(Debug, PartialEq)]
struct Held {
    /// Folders of tables and databases in the engine's store.
    folders: usize,
    /// Definitions of tables that are dropped and not gone.
    dropped: usize,
    segments: usize,
    gateway: Process,
    worker: Process,
}

#[derive(Debug, PartialEq)]
struct Process {
    memory_kb: u64,
    files: usize,
    threads: usize,
}

impl Held {
    fn of(server: &Server) -> Self {
        let engine = server.data().join("engine/data");
        let store = entries(&engine.join("store"));
        Self {
            folders: store.iter().map(|folder| entries(folder).len()).sum(),
            dropped: entries(&engine.join("metadata_dropped")).len(),
            segments: entries(&server.data().join("journal")).len(),
            gateway: Process::of(server.pid()),
            worker: Process::of(server.worker().unwrap()),
        }
    }
}

impl Process {
    fn of(id: u32) -> Self {
        let proc = Path::new("/proc").join(id.to_string());
        let status = fs::read_to_string(proc.join("status")).unwrap();
        let mut lines = status.lines();
        let memory = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let memory = memory.trim().trim_end_matches(" kB");
        Self {
            memory_kb: memory.parse().unwrap(),
            files: entries(&proc.join("fd")).len(),
            threads: entries(&proc.join("task")).len(),
        }
    }
}

impl Process {
    /// Files that are not those of threads, of which the engine has more or fewer at any time, each
    /// with three.
    fn own_files(&self) -> usize {
        self.files.saturating_sub(3 * self.threads)
    }
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Does the next deployment of a series that comes round after four.
fn next(server: &Server, admin: &Client, number: usize, project: &mut String) {
    let round = number / 4;
    let edited = |old: &str, new: &str| {
        assert!(project.contains(old), "{old}");
        project.replace(old, new)
    };
    match number % 4 {
        0 => {
            let keys = ["KEY page, id", "KEY id, page"];
            *project = edited(keys[round % 2], keys[1 - round % 2]);
            deploy(admin, "", project);
        }
        1 => {
            let line = format!("AS rows /* {round} */,");
            let last = format!("AS rows /* {} */,", round.wrapping_sub(1));
            let old = if round == 0 { "AS rows," } else { &last };
            *project = edited(old, &line);
            deploy(admin, "", project);
        }
        2 => {
            let conditions = ["id >= 0 GROUP", "id >= 1 GROUP"];
            *project = edited(conditions[round % 2], conditions[1 - round % 2]);
            deploy(admin, "", project);
        }
        _ => {
            let wider = project.replace("ms UInt16", "ms UInt32");
            let staged = send(admin, "/v1/deploy", &wider).ok().json();
            let id = text(&staged["deployment"]["id"]).to_owned();
            status_is(server, &id, "data_ready");
            admin.delete(format!("/v1/deployments/{id}")).ok();
        }
    }
}

#[test]
fn a_hundred_deployments_leave_nothing() {
    let scratch = Scratch::new();
    let server = empty_with(&scratch, &[("BIRDHOUSE_SYNC_INTERVAL_MS", "300")]);
    let admin = server.admin();
    let mut project = PROJECT.to_owned();
    deploy(&admin, "", &project);
    let traffic = Traffic::start(&server, PACE);
    let mut first = None;
    for number in 0..DEPLOYMENTS {
        if number == FIRST {
            only_one_is_left(&server);
            first = Some((Tables::of(&server).without_strays(), Held::of(&server)));
        }
        next(&server, &admin, number, &mut project);
        traffic.check();
    }
    only_one_is_left(&server);
    let sent = traffic.stop();
    everything_is_there_once(&admin, sent, "after all");
    let (tables, before) = first.unwrap();
    assert_eq!(Tables::of(&server).without_strays(), tables);
    let after = wait_until("what was dropped is gone", LIMIT, || {
        let now = Held::of(&server);
        let is_gone = now.folders <= before.folders
            && now.dropped == 0
            && now.segments <= before.segments.max(2)
            && now.gateway.files <= before.gateway.files + 8
            && now.worker.own_files() <= before.worker.own_files() + 64;
        is_gone
            .then_some(())
            .ok_or_else(|| format!("{now:?}, first {before:?}"))?;
        Ok(now)
    });
    println!("after {FIRST} deployments:  {before:?}");
    println!(
        "after {DEPLOYMENTS} deployments: {after:?}, {} rows sent",
        sent.rows
    );
    let growth = after
        .gateway
        .memory_kb
        .saturating_sub(before.gateway.memory_kb);
    assert!(growth <= GROWTH_KB_MAX, "the gateway grew by {growth} kB");
    server.stop();
}
