//! After an unclean stop: are the rows that were stored again in their table, and once?
//!
//! After a stop of the machine nothing is certain about what the engine had not synced: neither that
//! rows are there nor that it knows the tokens of those that are. So the rows of batches that were
//! stored again are compared with the table by content. The same is done where the journal is
//! damaged. What a materialized view made of the rows cannot be compared this way.
//!
//! Runs beside everything else, one data source at a time, within the `CHECK…` limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_engine::{EngineError, Query};
use birdhouse_journal::{Location, Lsn};
use birdhouse_sql::{quote_identifier, quote_string};
use tracing::{error, info, warn};

use super::Shared;
use super::flusher::{columns_of, insert, join};
use super::record::{Rows, SourceName};
use crate::limits::{
    BATCH_BYTES, CHECK_PAUSE, CHECK_TIME_MAX, CHECKED_BYTES_MAX, CHECKED_ROWS_MAX,
};

/// The table that holds the rows of the journal; no data source can have this name.
const TABLE: &str = "birdhouse check";

/// What was found out about a data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The data source.
    pub source: SourceName,
    /// The result.
    pub result: CheckResult,
}

/// Whether rows are in their table as often as they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// They were compared.
    Compared {
        /// How many rows.
        rows: u64,
        /// Rows that are not in the table.
        missing: u64,
        /// Rows that are in the table more often than in the journal: stored twice, or equal to rows
        /// that were sent at another time.
        surplus: u64,
        /// Requests and chunks before these whose rows were not looked at, because they are too many.
        unchecked: u64,
    },
    /// They were not.
    NotCompared {
        /// Why.
        reason: String,
    },
}

/// Rows of a data source that were stored again.
pub(super) struct Tail {
    source: SourceName,
    /// Their records, the oldest first.
    locations: Vec<Location>,
}

/// Tails that are being put together.
#[derive(Default)]
pub(super) struct Tails(BTreeMap<SourceName, Vec<Location>>);

impl Tails {
    pub(super) fn add(
        &mut self,
        source: &SourceName,
        locations: impl IntoIterator<Item = Location>,
    ) {
        self.0.entry(source.clone()).or_default().extend(locations);
    }

    pub(super) fn finish(self) -> Vec<Tail> {
        let tail = |(source, mut locations): (_, Vec<Location>)| {
            locations.sort_unstable_by_key(|location| location.lsn);
            Tail { source, locations }
        };
        self.0.into_iter().map(tail).collect()
    }
}

/// Returns the first record that is needed.
pub(super) fn first(tails: &[Tail]) -> Option<Lsn> {
    let firsts = tails.iter().filter_map(|tail| tail.locations.first());
    firsts.map(|location| location.lsn).min()
}

/// Checks each data source once its rows are stored.
pub(super) async fn run(shared: Arc<Shared>, mut tails: Vec<Tail>) {
    while !tails.is_empty() {
        let ready = {
            let unstored = shared.unstored.lock();
            let is_stored = |tail: &Tail| {
                (tail.locations.iter()).all(|place| !unstored.records.contains(&place.lsn))
            };
            tails.iter().position(is_stored)
        };
        let Some(ready) = ready else {
            tokio::time::sleep(CHECK_PAUSE).await;
            continue;
        };
        let tail = tails.swap_remove(ready);
        let result = match check(&shared, &tail).await {
            Ok(result) => result,
            Err(reason) => CheckResult::NotCompared { reason },
        };
        let check = Check {
            source: tail.source,
            result,
        };
        check.log();
        shared.checks.lock().push(check);
        shared.unstored.lock().checked_from = first(&tails);
    }
}

async fn check(shared: &Arc<Shared>, tail: &Tail) -> Result<CheckResult, String> {
    let text = |error: EngineError| error.to_string();
    if let Some(reason) = unfit(shared, &tail.source).await.map_err(text)? {
        return Ok(CheckResult::NotCompared { reason });
    }
    let copy = SourceName::new(&tail.source.database, TABLE);
    let drop = format!("DROP TABLE IF EXISTS {}", quoted(&copy));
    (shared.engine.execute(&drop).await).map_err(text)?;
    let create = format!("CREATE TABLE {} AS {}", quoted(&copy), quoted(&tail.source));
    (shared.engine.execute(&create).await).map_err(text)?;
    let result = compare(shared, tail, &copy).await;
    if let Err(error) = shared.engine.execute(&drop).await {
        warn!(%error, table = TABLE, "a table of the check was not dropped");
    }
    result
}

/// Returns why a table cannot be compared by content, if so.
async fn unfit(shared: &Shared, source: &SourceName) -> Result<Option<String>, EngineError> {
    let sql = format!(
        "SELECT engine, create_table_query LIKE '% TTL %' FROM system.tables WHERE database = {} AND name = {}",
        quote_string(&source.database),
        quote_string(&source.datasource)
    );
    let found = ask(shared, sql).await?;
    Ok(match found.trim_end().split_once('\t') {
        None => Some("its table does not exist".to_owned()),
        Some(("MergeTree", "0")) => None,
        Some(("MergeTree", _)) => Some("its rows expire, so some may be gone by right".to_owned()),
        Some((engine, _)) => Some(format!("{engine} does not keep rows as they were sent")),
    })
}

async fn compare(
    shared: &Arc<Shared>,
    tail: &Tail,
    copy: &SourceName,
) -> Result<CheckResult, String> {
    let text = |error: EngineError| error.to_string();
    let known = (columns_of(shared, &tail.source).await).map_err(text)?;
    let mut columns: Vec<String> = known;
    let (mut rows, mut bytes, mut looked_at) = (0, 0, 0);
    // From the newest on, in portions that fit into memory.
    let mut rest = tail.locations.as_slice();
    while let Some((next, portion)) = last_portion(rest) {
        if rows >= CHECKED_ROWS_MAX || bytes >= CHECKED_BYTES_MAX {
            break;
        }
        let read = shared.read(portion.to_vec()).await?;
        rows += read.iter().map(|rows| rows.rows).sum::<u64>();
        bytes += read.iter().map(Rows::bytes).sum::<usize>();
        looked_at += portion.len();
        for block in join(read.iter().flat_map(|rows| &rows.blocks)) {
            columns.retain(|name| block.columns().contains(name));
            let token = format!("check-{}", uuid::Uuid::now_v7().simple());
            (insert(shared, copy, &block, token).await).map_err(text)?;
        }
        rest = next;
    }
    if columns.is_empty() && rows > 0 {
        return Err("its rows have no column in common".to_owned());
    }
    let (missing, surplus) = match rows {
        0 => (0, 0),
        _ => differences(shared, &tail.source, copy, &columns).await?,
    };
    Ok(CheckResult::Compared {
        rows,
        missing,
        surplus,
        unchecked: (tail.locations.len() - looked_at) as u64,
    })
}

/// Splits off as many of the newest records as are read at once.
fn last_portion(locations: &[Location]) -> Option<(&[Location], &[Location])> {
    let mut bytes = 0;
    let count = (locations.iter().rev())
        .take_while(|location| {
            let is_first = bytes == 0;
            bytes += location.record_bytes() as usize;
            is_first || bytes <= BATCH_BYTES
        })
        .count();
    (count > 0).then(|| locations.split_at(locations.len() - count))
}

/// Returns how many rows of `copy` are missing in the table, and how many are there too often.
async fn differences(
    shared: &Shared,
    source: &SourceName,
    copy: &SourceName,
    columns: &[String],
) -> Result<(u64, u64), String> {
    let names: Vec<String> = columns.iter().map(|name| quote_identifier(name)).collect();
    // As text, because not every type can be hashed; no column has the name of an alias.
    let key = format!(
        "sipHash64(toString(tuple({}))) AS `birdhouse key`",
        names.join(", ")
    );
    let (source, copy) = (quoted(source), quoted(copy));
    let sql = format!(
        "SELECT sum(if(wanted > found, wanted - found, 0)), sum(if(found > wanted, found - wanted, 0)) FROM (\
         SELECT sum(is_wanted) AS wanted, sum(is_found) AS found FROM (\
         SELECT {key}, 1 AS is_wanted, 0 AS is_found FROM {copy} \
         UNION ALL SELECT {key}, 0, 1 FROM {source} \
         WHERE _partition_id IN (SELECT DISTINCT _partition_id FROM {copy}) \
         AND `birdhouse key` IN (SELECT {key} FROM {copy})\
         ) GROUP BY `birdhouse key`)"
    );
    let found = (ask(shared, sql).await).map_err(|error| error.to_string())?;
    let numbers = found.trim_end().split_once('\t');
    numbers
        .and_then(|(missing, surplus)| Some((missing.parse().ok()?, surplus.parse().ok()?)))
        .ok_or_else(|| format!("the engine answered {found:?}"))
}

async fn ask(shared: &Shared, sql: String) -> Result<String, EngineError> {
    let mut query = Query::admin(sql, "TSV");
    query.limits.time = CHECK_TIME_MAX;
    query.limits.threads = 1;
    let output = shared.engine.query(query).await?;
    Ok(String::from_utf8_lossy(&output.body).into_owned())
}

fn quoted(table: &SourceName) -> String {
    let (database, name) = (&table.database, &table.datasource);
    format!("{}.{}", quote_identifier(database), quote_identifier(name))
}

impl Check {
    fn log(&self) {
        let source = &self.source;
        match &self.result {
            CheckResult::Compared {
                rows,
                missing: 0,
                surplus: 0,
                unchecked,
            } => {
                info!(%source, rows, unchecked, "the rows that were stored again are all there, once");
            }
            CheckResult::Compared {
                rows,
                missing,
                surplus,
                unchecked,
            } => error!(
                %source, rows, missing, surplus, unchecked,
                "rows are missing, or there more often than in the journal: stored twice, or equal to rows sent at another time"
            ),
            CheckResult::NotCompared { reason } => warn!(
                %source, reason,
                "it was not checked whether the rows that were stored again are there once"
            ),
        }
    }
}
