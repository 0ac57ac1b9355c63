//! Replacing the rows of a data source, in one step for readers.
//!
//! The new rows are loaded into a database of their own, which has an empty copy of the data
//! source's table, of every table that materialized views fill from it, and of these views. So the
//! views fill the copies as they fill the originals. Tables that other views fill as well get the
//! rows of these too. Then all copies are exchanged with the originals in one statement, while no
//! query begins ([`Engine::exchange`](birdhouse_engine::Engine::exchange)), and the database is
//! dropped with the old rows in it.
//!
//! ```text
//! replace_<id>            the database; its comment-carrying table `@switch` exists from the moment
//!   events, daily, …      at which the exchange may begin, and says which table is to be which
//!   events_to_daily       a view
//!   @loaded               rows of the file that still have to be filtered by a condition
//! ```
//!
//! Whatever a crash leaves is put in order by [`settle_replacements`]: with `@switch` the exchange
//! is completed, without it everything is dropped.

use std::collections::{BTreeMap, BTreeSet};

use birdhouse_engine::{Engine, EngineError, ErrorKind};
use birdhouse_journal::kill_point;
use birdhouse_sql::{quote_identifier, quote_string};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::copy::Gathered;
use crate::decode::Decoded;
use crate::ingestion::{Hold, HoldError, HoldMode, Ingestion, SourceName};
use crate::limits::{ENGINE_WAIT_MAX, HOLD_WAIT_MAX, RETRY_PAUSE_MAX};
use crate::load::{LoadError, Loaded, load};
use crate::rewrite::copy_rows;
use crate::schema::Schema;
use crate::tables::{
    Edge, Named, Tables, count, databases, drop_database, moved, qualified, rows, run,
};

/// What the names of our databases begin with.
const PREFIX: &str = "replace_";

/// All kill points of a replacement, in their order.
pub const REPLACE_KILL_POINTS: [&str; 5] = [
    "replace.create",
    "replace.load",
    "replace.complete",
    "replace.note",
    "replace.exchanged",
];

/// Rows of the file before they are filtered. No data source can have such a name.
const LOADED: &str = "@loaded";

/// The note that the exchange may have begun.
const SWITCH: &str = "@switch";

/// New rows of a data source that nobody sees yet.
///
/// End it by [`Replacement::switch`], under its [`Replacement::hold`], or [`Replacement::discard`].
pub struct Replacement {
    engine: Engine,
    /// The workspace's database.
    database: String,
    /// Ours.
    stage: String,
    source: String,
    /// The data source and what is filled from it.
    rebuilt: BTreeSet<String>,
    tables: Tables,
    /// The rows that a file row must match to be taken, and an old row must not to be kept.
    condition: Option<String>,
}

/// What a replacement did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replaced {
    /// Rows taken from the file.
    pub rows: u64,
    /// Rows of the file that do not match the condition.
    pub ignored_rows: u64,
    /// Other data sources that were rebuilt, by name.
    pub rebuilt: Vec<String>,
}

/// Why rows were not replaced. The data source is as it was, except for [`ReplaceError::Unsettled`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// There is nothing to put in the place of the old rows.
    #[error(
        "the new data has no rows, so nothing was replaced; set replace_truncate_when_empty=true to replace the rows by nothing"
    )]
    Empty,
    /// A table would lose rows that nothing can bring back.
    #[error(
        "'{target}' cannot be rebuilt: it is also filled from '{source_name}', and {reason}; replace all of '{source_name}' as well, or append instead"
    )]
    Unrebuildable {
        /// The table that would be rebuilt.
        target: String,
        /// Where its rows came from.
        source_name: String,
        /// Why they are not there any more.
        reason: &'static str,
    },
    /// The caller does not want it any more.
    #[error("nothing was replaced: it was cancelled")]
    Withdrawn,
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The rows could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Rows that were acknowledged before could not be stored first.
    #[error("nothing was replaced: {0}")]
    Held(#[from] HoldError),
    /// What would be replaced is not what it was when the load began.
    #[error(
        "'{table}' was changed by a deployment while the new rows were loaded, so nothing was replaced; try again"
    )]
    Changed {
        /// The table.
        table: String,
    },
    /// The exchange may have happened or not; it is completed when the engine is back.
    #[error(
        "the engine went away while the rows were switched; that is completed when it is back, and rows that come meanwhile wait for it"
    )]
    Unsettled(#[source] EngineError),
}

impl ReplaceError {
    /// Returns what kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Empty | Self::Unrebuildable { .. } => ErrorKind::InvalidInput,
            Self::Engine(error) => error.kind(),
            Self::Load(error) => error.kind(),
            Self::Withdrawn | Self::Changed { .. } | Self::Held(_) | Self::Unsettled(_) => {
                ErrorKind::Unavailable
            }
        }
    }
}

/// Which table is to be which: what `@switch` says.
#[derive(Debug, Serialize, Deserialize)]
struct Switch {
    database: String,
    /// Name and uuid of each copy.
    copies: Vec<(String, String)>,
}

impl Replacement {
    /// Makes the empty copies for a data source. `id` must be new; `condition` has been checked by the
    /// guard.
    ///
    /// # Errors
    /// When a table could not be rebuilt from what is there, or the engine fails.
    pub async fn begin(
        engine: &Engine,
        target: SourceName,
        id: Uuid,
        condition: Option<String>,
    ) -> Result<Self, ReplaceError> {
        let SourceName {
            database,
            datasource: source,
        } = target;
        let tables = Tables::read(engine, &database).await?;
        let replacement = Self {
            engine: engine.clone(),
            stage: format!("{PREFIX}{}", id.simple()),
            rebuilt: tables.downstream(&source),
            database,
            source,
            tables,
            condition,
        };
        replacement.check_sources()?;
        replacement.check_condition().await?;
        if let Err(error) = replacement.create().await {
            replacement.discard().await;
            return Err(error.into());
        }
        Ok(replacement)
    }

    /// Loads rows: good ones into the copy, bad ones into the quarantine of the data source.
    ///
    /// # Errors
    /// When the engine fails, or a view does.
    pub async fn load(
        &self,
        schema: &Schema,
        batch: &Decoded,
        batch_id: &str,
    ) -> Result<Loaded, LoadError> {
        kill_point!("replace.load");
        let table = match self.condition {
            Some(_) => LOADED,
            None => schema.table(),
        };
        load(&self.engine, (schema, &self.stage, table), batch, batch_id).await
    }

    /// Takes all rows that were gathered by a copy, in their order.
    ///
    /// # Errors
    /// When the engine fails, or a view does.
    pub async fn take(&self, gathered: &Gathered) -> Result<(), EngineError> {
        kill_point!("replace.load");
        let columns = gathered.columns();
        let (from, to) = (gathered.table(), self.staged(&self.source));
        let order = gathered.order();
        copy_rows(&self.engine, &self.database, (&from, &to), &columns, &order)
            .await
            .map(drop)
    }

    /// Stores all rows that were acknowledged before, and keeps others waiting until [`Self::switch`]
    /// has ended or the hold is dropped.
    ///
    /// # Errors
    /// When that takes too long or rows cannot be stored.
    pub async fn hold(&self, ingestion: &Ingestion) -> Result<Hold, ReplaceError> {
        let affected = self.tables.upstream(self.rebuilt.clone());
        let affected = affected
            .iter()
            .map(|name| SourceName::new(&self.database, name));
        let affected: Vec<_> = affected.collect();
        let hold = ingestion.hold(&affected, HoldMode::Drained, HOLD_WAIT_MAX);
        Ok(hold.await?)
    }

    /// Puts the new rows in the place of the old ones. `begins` is awaited when everything is ready: from
    /// then on the exchange may have begun; when it returns false nothing is replaced.
    ///
    /// # Errors
    /// When there are no rows and `allows_empty` is false, or the engine fails; the copies are gone then.
    pub async fn switch(
        self,
        hold: Hold,
        allows_empty: bool,
        begins: impl AsyncFnOnce() -> bool,
    ) -> Result<Replaced, ReplaceError> {
        let completed = match self.complete(allows_empty).await {
            Ok(_) if !begins().await => Err(ReplaceError::Withdrawn),
            completed => completed,
        };
        let replaced = match completed {
            Ok(replaced) => replaced,
            Err(error) => {
                drop(hold);
                self.discard().await;
                return Err(error);
            }
        };
        let settled = match self.note_switch().await {
            Ok(()) => settle(&self.engine, &self.stage).await,
            Err(error) => Err(error),
        };
        match settled {
            Ok(_) => Ok(replaced),
            Err(error) => self.settle_late(error, replaced, hold).await,
        }
    }

    /// Drops the copies.
    pub async fn discard(self) {
        if let Err(error) = drop_database(&self.engine, &self.stage).await {
            tracing::warn!(%error, database = self.stage, "copies of a replacement are left until the next start");
        }
    }

    /// Tries once more when the engine is back, and goes on to try when that takes long. The hold stays
    /// until it is done: rows that were stored before would go with the old tables.
    async fn settle_late(
        self,
        error: EngineError,
        replaced: Replaced,
        hold: Hold,
    ) -> Result<Replaced, ReplaceError> {
        let error = match self.engine.ready(ENGINE_WAIT_MAX).await {
            false => error,
            true => match settle(&self.engine, &self.stage).await {
                Ok(Settled::Completed) => return Ok(replaced),
                Ok(Settled::Dropped) => return Err(error.into()),
                Err(error) => error,
            },
        };
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RETRY_PAUSE_MAX).await;
                match settle(&self.engine, &self.stage).await {
                    Ok(settled) => {
                        tracing::info!(
                            database = self.stage,
                            ?settled,
                            "settled a replacement late"
                        );
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(%error, database = self.stage, "a replacement is not settled yet");
                    }
                }
            }
            drop(hold);
        });
        Err(ReplaceError::Unsettled(error))
    }

    /// Refuses a condition that does not fit the table before anything is loaded.
    async fn check_condition(&self) -> Result<(), EngineError> {
        let Some(condition) = &self.condition else {
            return Ok(());
        };
        let live = qualified(&self.database, &self.source);
        let alias = quote_identifier(&self.source);
        let sql = format!(
            "SELECT count() FROM (SELECT 1 FROM {live} AS {alias} WHERE ifNull((\n{condition}\n), 0) LIMIT 0)"
        );
        count(&self.engine, &self.database, &sql).await.map(drop)
    }

    /// Refuses to rebuild a table from rows that are not there any more.
    fn check_sources(&self) -> Result<(), ReplaceError> {
        let reread = self.other_edges().collect::<Vec<_>>();
        let own = self
            .tables
            .edges
            .iter()
            .filter(|edge| self.condition.is_some() && edge.source == self.source);
        for edge in reread.into_iter().chain(own) {
            let source = self.tables.tables.get(&edge.source);
            if let Some(reason) = source.and_then(|source| source.forgets()) {
                return Err(ReplaceError::Unrebuildable {
                    target: edge.target.clone(),
                    source_name: edge.source.clone(),
                    reason,
                });
            }
        }
        Ok(())
    }

    /// Returns the views that fill a rebuilt table from one that is not rebuilt.
    fn other_edges(&self) -> impl Iterator<Item = &Edge> {
        self.tables.edges.iter().filter(|edge| {
            self.rebuilt.contains(&edge.target) && !self.rebuilt.contains(&edge.source)
        })
    }

    async fn create(&self) -> Result<(), EngineError> {
        let stage = quote_identifier(&self.stage);
        let create = format!("CREATE DATABASE {stage} ENGINE = Atomic");
        self.engine.execute(&create).await?;
        kill_point!("replace.create");
        let own_edges = || {
            let edges = self.tables.edges.iter();
            edges.filter(|edge| self.rebuilt.contains(&edge.source))
        };
        let mut names = self.rebuilt.clone();
        names.extend(own_edges().map(|edge| edge.view.clone()));
        let views: BTreeSet<&String> = own_edges().map(|edge| &edge.view).collect();
        for name in self.rebuilt.iter().chain(views) {
            if let Some(table) = self.tables.tables.get(name) {
                let moving = (self.database.as_str(), self.stage.as_str());
                let create = moved(&table.create_table_query, moving, &names);
                self.engine.execute(&create).await?;
            }
        }
        if self.condition.is_some() {
            let (source, loaded) = (self.staged(&self.source), self.staged(LOADED));
            let create = format!("CREATE TABLE {loaded} AS {source}");
            self.engine.execute(&create).await?;
        }
        Ok(())
    }

    /// Brings the copies to what the originals shall be. The originals are held.
    async fn complete(&self, allows_empty: bool) -> Result<Replaced, ReplaceError> {
        self.check_unchanged().await?;
        let mut replaced = Replaced {
            rebuilt: self
                .rebuilt
                .iter()
                .filter(|name| **name != self.source)
                .cloned()
                .collect(),
            ..Replaced::default()
        };
        match &self.condition {
            None => replaced.rows = self.count(&self.source).await?,
            Some(condition) => self.filter(condition, &mut replaced).await?,
        }
        if replaced.rows == 0 && !allows_empty {
            return Err(ReplaceError::Empty);
        }
        for edge in self.other_edges() {
            self.refill(edge).await?;
        }
        kill_point!("replace.complete");
        Ok(replaced)
    }

    /// Refuses to put copies in the place of tables that have become others.
    async fn check_unchanged(&self) -> Result<(), ReplaceError> {
        let now = Tables::read(&self.engine, &self.database).await?;
        let definition = |tables: &Tables, name: &str| {
            let table = tables.tables.get(name)?;
            Some((
                table.create_table_query.clone(),
                table.dependencies_table.clone(),
            ))
        };
        let names = self
            .rebuilt
            .iter()
            .chain(self.tables.edges.iter().map(|edge| &edge.view));
        for name in names {
            if definition(&now, name) != definition(&self.tables, name) {
                return Err(ReplaceError::Changed {
                    table: name.clone(),
                });
            }
        }
        Ok(())
    }

    /// Takes the rows of the file that match, and the old ones that do not.
    async fn filter(&self, condition: &str, replaced: &mut Replaced) -> Result<(), EngineError> {
        let (loaded, staged) = (self.staged(LOADED), self.staged(&self.source));
        let live = qualified(&self.database, &self.source);
        let columns = self.columns(&self.source).await?;
        let alias = quote_identifier(&self.source);
        let keep = format!("AS {alias} WHERE NOT ifNull((\n{condition}\n), 0)");
        copy_rows(
            &self.engine,
            &self.database,
            (&live, &staged),
            &columns,
            &keep,
        )
        .await?;
        let take = format!("AS {alias} WHERE (\n{condition}\n)");
        let taken = format!("SELECT count() FROM {loaded} {take}");
        replaced.rows = count(&self.engine, &self.database, &taken).await?;
        replaced.ignored_rows = self.count(LOADED).await?.saturating_sub(replaced.rows);
        copy_rows(
            &self.engine,
            &self.database,
            (&loaded, &staged),
            &columns,
            &take,
        )
        .await?;
        Ok(())
    }

    /// Fills a copy with the rows of another view.
    async fn refill(&self, edge: &Edge) -> Result<(), EngineError> {
        let Some(view) = self.tables.tables.get(&edge.view) else {
            return Ok(());
        };
        let moving = (self.database.as_str(), self.stage.as_str());
        let select = moved(&view.as_select, moving, &self.rebuilt);
        let describe = format!("DESCRIBE TABLE (\n{select}\n)");
        let columns: Vec<String> = rows::<Named>(&self.engine, &describe)
            .await?
            .iter()
            .map(|column| quote_identifier(&column.name))
            .collect();
        // A view maps columns by name, INSERT SELECT by position.
        let fill = format!(
            "INSERT INTO {} ({})\n{select}",
            self.staged(&edge.target),
            columns.join(", ")
        );
        run(&self.engine, &self.database, fill).await?;
        Ok(())
    }

    /// Writes down which table is to be which; from here on the exchange is completed, not undone.
    async fn note_switch(&self) -> Result<(), EngineError> {
        let uuids = Tables::read(&self.engine, &self.stage).await?.tables;
        let copies = self
            .rebuilt
            .iter()
            .filter_map(|name| Some((name.clone(), uuids.get(name)?.uuid.clone())));
        let switch = Switch {
            database: self.database.clone(),
            copies: copies.collect(),
        };
        let note = serde_json::to_string(&switch).map_err(|error| EngineError::Protocol {
            reason: format!("the note cannot be written: {error}"),
        })?;
        let create = format!(
            "CREATE TABLE {} (`x` UInt8) ENGINE = Null COMMENT {}",
            self.staged(SWITCH),
            quote_string(&note)
        );
        self.engine.execute(&create).await?;
        kill_point!("replace.note");
        Ok(())
    }

    async fn count(&self, table: &str) -> Result<u64, EngineError> {
        let sql = format!("SELECT count() FROM {}", self.staged(table));
        count(&self.engine, &self.stage, &sql).await
    }

    /// Returns the columns that rows of the table bring, for an insert.
    async fn columns(&self, table: &str) -> Result<String, EngineError> {
        let sql = format!(
            "SELECT name FROM system.columns WHERE database = {} AND table = {} \
             AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL') ORDER BY position",
            quote_string(&self.database),
            quote_string(table)
        );
        let names = rows::<Named>(&self.engine, &sql).await?;
        let names: Vec<String> = names.iter().map(|n| quote_identifier(&n.name)).collect();
        Ok(names.join(", "))
    }

    fn staged(&self, table: &str) -> String {
        qualified(&self.stage, table)
    }
}

/// Completes or drops what replacements left when the process or the engine ended during them.
///
/// Nothing may be appended, queried or deployed meanwhile: this is for the start. Returns how each
/// ended, by its id.
///
/// # Errors
/// When the engine fails.
pub async fn settle_replacements(engine: &Engine) -> Result<BTreeMap<Uuid, Settled>, EngineError> {
    let mut all = BTreeMap::new();
    for (id, database) in databases(engine, PREFIX).await? {
        let settled = settle(engine, &database).await?;
        tracing::warn!(
            database,
            ?settled,
            "settled a replacement that was interrupted"
        );
        all.insert(id, settled);
    }
    Ok(all)
}

/// How a replacement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The new rows are in.
    Completed,
    /// The old rows are as they were.
    Dropped,
}

/// Exchanges what has not been exchanged yet, when the exchange may have begun; drops the rest.
async fn settle(engine: &Engine, stage: &str) -> Result<Settled, EngineError> {
    let staged = Tables::read(engine, stage).await?.tables;
    let Some(note) = staged.get(SWITCH) else {
        drop_database(engine, stage).await?;
        return Ok(Settled::Dropped);
    };
    let switch: Switch =
        serde_json::from_str(&note.comment).map_err(|error| EngineError::Protocol {
            reason: format!("the note of {stage} cannot be read: {error}"),
        })?;
    let waiting = switch
        .copies
        .iter()
        .filter(|(name, uuid)| staged.get(name).is_some_and(|copy| copy.uuid == *uuid));
    let pairs: Vec<String> = waiting
        .map(|(name, _)| {
            let (live, copy) = (qualified(&switch.database, name), qualified(stage, name));
            format!("{live} AND {copy}")
        })
        .collect();
    if !pairs.is_empty() {
        engine
            .exchange(&format!("EXCHANGE TABLES {}", pairs.join(", ")))
            .await?;
    }
    kill_point!("replace.exchanged");
    drop_database(engine, stage).await?;
    Ok(Settled::Completed)
}
