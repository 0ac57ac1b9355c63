//! Copies: the rows of a query, gathered aside before any of them reaches the data source.
//!
//! ```text
//! copy_<id>      the database
//!   rows         the columns of the data source with their defaults, and two of ours:
//!                `@row`, the number of the row, by which the table is sorted, and `@bytes`, its size
//! ```
//!
//! The engine writes the query's rows there itself, by the names of columns and converted to their
//! types, as any of its `INSERT … SELECT`; so a query that fails has changed nothing. From there they
//! are appended through the journal in chunks ([`Gathered::next_chunk`]), each of which counts once
//! ([`Ingestion::append_once`]), or replace what is there ([`Replacement::take`]).
//!
//! [`Ingestion::append_once`]: crate::Ingestion::append_once
//! [`Replacement::take`]: crate::Replacement::take

mod columns;

use std::collections::BTreeSet;

use birdhouse_engine::{COPY_DATABASE_PREFIX, Engine, EngineError, ErrorKind, Query, Summary};
use birdhouse_journal::kill_point;
use birdhouse_sql::quote_identifier;
use uuid::Uuid;

use self::columns::{TargetColumn, check, given_columns, stored, target_columns};
use crate::ingestion::SourceName;
use crate::limits::{COPY_CHUNK_BYTES, COPY_CHUNK_ROWS};
use crate::native::Block;
use crate::tables::{count, databases, drop_database, qualified};

/// All kill points of a copy that appends, in their order.
pub const COPY_KILL_POINTS: [&str; 5] = [
    "copy.create",
    "copy.gathered",
    "copy.next",
    "copy.chunk",
    "copy.drop",
];

/// The table, and our columns in it. No data source can have columns with such names.
const ROWS: &str = "rows";
const ROW: &str = "`@row`";
const BYTES: &str = "`@bytes`";

/// A query whose rows are copied.
#[derive(Debug, Clone)]
pub struct CopyQuery {
    /// The query, which has passed the guard.
    pub sql: String,
    /// Values of its secrets, by name.
    pub parameters: Vec<(String, String)>,
    /// The database in which its names are looked up.
    pub database: String,
    /// Threads of the execution, when it asked for them.
    pub threads: Option<u32>,
    /// The request that it belongs to.
    pub request_id: String,
}

/// The rows of a copy, aside.
#[derive(Clone)]
pub struct Gathered {
    engine: Engine,
    database: String,
    /// The data source's columns that are stored, in order.
    columns: Vec<String>,
    rows: u64,
    chunk_bytes: u64,
}

/// What was gathered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GatheredRows {
    /// How many rows.
    pub rows: u64,
    /// What the engine counted.
    pub summary: Summary,
}

/// Why rows were not gathered. Nothing was copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The query gives a column that the data source does not take.
    #[error(
        "the query gives the column '{column}', which the data source {why}; its columns are {known}"
    )]
    Column {
        /// The column.
        column: String,
        /// What is wrong with it.
        why: &'static str,
        /// The columns that it takes.
        known: String,
    },
    /// A row is too large for the journal.
    #[error("a row of the query has {bytes} bytes; a copy takes rows of up to {limit} bytes")]
    RowTooLarge {
        /// What it has.
        bytes: u64,
        /// What it may have.
        limit: u64,
    },
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl CopyError {
    /// Returns what kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Column { .. } | Self::RowTooLarge { .. } => ErrorKind::InvalidInput,
            Self::Engine(error) => error.kind(),
        }
    }
}

/// Rows of a query that are about to be gathered. [`discard_gathered`] removes what there is of them.
pub struct Gathering {
    gathered: Gathered,
    /// The columns that the query gives.
    given: Vec<String>,
    query: CopyQuery,
    row_bytes_max: u64,
}

impl Gathering {
    /// Makes room for the rows of a query. `row_bytes_max` is what a row may have at most.
    ///
    /// # Errors
    /// When the query does not fit the data source, or the engine fails.
    pub async fn begin(
        engine: &Engine,
        id: Uuid,
        target: &SourceName,
        query: CopyQuery,
        row_bytes_max: u64,
    ) -> Result<Self, CopyError> {
        let (columns, given) = checked(engine, target, &query).await?;
        let database = database(id);
        create(engine, &database, &columns).await?;
        kill_point!("copy.create");
        let gathered = Gathered {
            engine: engine.clone(),
            columns: stored(&columns),
            chunk_bytes: COPY_CHUNK_BYTES.min(row_bytes_max),
            rows: 0,
            database,
        };
        Ok(Self {
            gathered,
            given,
            query,
            row_bytes_max,
        })
    }

    /// Runs the query and keeps its rows aside. Dropping the future cancels the query.
    ///
    /// # Errors
    /// When the query fails, gives rows that are too large, or the engine is not available.
    pub async fn run(self) -> Result<(Gathered, GatheredRows), CopyError> {
        let Self {
            mut gathered,
            given,
            query,
            row_bytes_max,
        } = self;
        let names: Vec<String> = given.iter().map(|name| quote_identifier(name)).collect();
        let (table, names) = (gathered.table(), names.join(", "));
        let sql = format!(
            "INSERT INTO {table} ({names}, {ROW})\nSELECT {names}, rowNumberInAllBlocks() FROM (\n{}\n)",
            query.sql
        );
        let mut insert = Query::copier(sql, query.database, &gathered.database);
        insert.parameters = query.parameters;
        insert.id = query.request_id;
        if let Some(threads) = query.threads {
            insert.limits.threads = threads;
        }
        let summary = gathered.engine.query(insert).await?.summary;
        gathered.rows = gathered.number("count()").await?;
        let bytes = gathered.number(&format!("max({BYTES})")).await?;
        if bytes > row_bytes_max {
            return Err(CopyError::RowTooLarge {
                bytes,
                limit: row_bytes_max,
            });
        }
        kill_point!("copy.gathered");
        let rows = gathered.rows;
        Ok((gathered, GatheredRows { rows, summary }))
    }
}

impl Gathered {
    /// Returns what an earlier process gathered; see [`gathered`].
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn reopen(
        engine: &Engine,
        id: Uuid,
        row_bytes_max: u64,
    ) -> Result<Self, EngineError> {
        let database = database(id);
        let table = SourceName::new(database.as_str(), ROWS);
        let mut columns = stored(&target_columns(engine, &table).await?);
        columns.retain(|column| quote_identifier(column) != ROW);
        let mut reopened = Self {
            engine: engine.clone(),
            chunk_bytes: COPY_CHUNK_BYTES.min(row_bytes_max),
            rows: 0,
            database,
            columns,
        };
        reopened.rows = reopened.number("count()").await?;
        Ok(reopened)
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns where the chunk that begins at row `from` ends: the same whenever it is asked for.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn next_chunk(&self, from: u64) -> Result<u64, EngineError> {
        kill_point!("copy.next");
        let (table, bytes) = (self.table(), self.chunk_bytes);
        let to = from.saturating_add(COPY_CHUNK_ROWS);
        let sql = format!(
            "SELECT max({ROW}) + 1 FROM (\
             SELECT {ROW}, sum({BYTES}) OVER (ORDER BY {ROW} ROWS UNBOUNDED PRECEDING) AS bytes \
             FROM {table} WHERE {ROW} >= {from} AND {ROW} < {to}\
             ) WHERE bytes <= {bytes} OR {ROW} = {from}"
        );
        count(&self.engine, &self.database, &sql).await
    }

    /// Returns the rows from `from` up to, not including, `to`.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn block(&self, from: u64, to: u64) -> Result<Block, EngineError> {
        kill_point!("copy.chunk");
        let (columns, table) = (self.columns(), self.table());
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {ROW} >= {from} AND {ROW} < {to} {}",
            self.order()
        );
        let mut query = Query::admin(sql, "Native");
        query.limits.threads = 1;
        let data = self.engine.query(query).await?.body;
        let rows = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        Ok(Block::from_parts(
            self.columns.as_slice().into(),
            rows,
            data,
        ))
    }

    /// Returns the data source's columns, quoted, for a list.
    pub(crate) fn columns(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|c| quote_identifier(c)).collect();
        names.join(", ")
    }

    /// Returns the table, quoted.
    pub(crate) fn table(&self) -> String {
        qualified(&self.database, ROWS)
    }

    /// Returns the clause that gives rows in their order.
    pub(crate) fn order(&self) -> String {
        format!("ORDER BY {ROW}")
    }

    async fn number(&self, expression: &str) -> Result<u64, EngineError> {
        let sql = format!("SELECT {expression} FROM {}", self.table());
        count(&self.engine, &self.database, &sql).await
    }
}

/// Looks whether a query fits a data source; nothing is run.
///
/// # Errors
/// When it gives columns that the data source does not take, or makes no sense to the engine.
pub async fn check_copy(
    engine: &Engine,
    target: &SourceName,
    query: &CopyQuery,
) -> Result<(), CopyError> {
    checked(engine, target, query).await.map(drop)
}

/// Returns the columns of a data source, and those that a query gives.
async fn checked(
    engine: &Engine,
    target: &SourceName,
    query: &CopyQuery,
) -> Result<(Vec<TargetColumn>, Vec<String>), CopyError> {
    let columns = target_columns(engine, target).await?;
    let given = given_columns(engine, query).await?;
    check(&columns, &given)?;
    Ok((columns, given))
}

/// Returns the ids of copies whose rows are aside.
///
/// # Errors
/// When the engine fails.
pub async fn gathered(engine: &Engine) -> Result<BTreeSet<Uuid>, EngineError> {
    let found = databases(engine, COPY_DATABASE_PREFIX).await?;
    Ok(found.into_keys().collect())
}

/// Drops what a copy has gathered.
///
/// # Errors
/// When the engine fails; the next start tries again.
pub async fn discard_gathered(engine: &Engine, id: Uuid) -> Result<(), EngineError> {
    drop_database(engine, &database(id)).await?;
    kill_point!("copy.drop");
    Ok(())
}

fn database(id: Uuid) -> String {
    format!("{COPY_DATABASE_PREFIX}{}", id.simple())
}

async fn create(
    engine: &Engine,
    database: &str,
    columns: &[TargetColumn],
) -> Result<(), EngineError> {
    let quoted = quote_identifier(database);
    let create = format!("CREATE DATABASE {quoted} ENGINE = Atomic");
    engine.execute(&create).await?;
    let definitions: Vec<String> = columns.iter().map(TargetColumn::definition).collect();
    let kept = columns.iter().filter(|column| column.is_stored());
    let sizes: Vec<String> = kept.map(TargetColumn::size).collect();
    let create = format!(
        "CREATE TABLE {} ({}, {ROW} UInt64, {BYTES} UInt64 MATERIALIZED {}) ENGINE = MergeTree ORDER BY {ROW}",
        qualified(database, ROWS),
        definitions.join(", "),
        sizes.join(" + "),
    );
    engine.execute(&create).await
}
