//! What callers ask of the engine and what they get: queries, inserts, limits and counters.

use std::time::Duration;

use bytes::Bytes;

use crate::dialect::DEDUPLICATION_TOKEN;
use crate::limits::{COPY_MEMORY_BYTES_MAX, COPY_TIME_MAX};

/// With which rights a query runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything: for statements written by the server itself.
    Admin,
    /// `SELECT` on workspaces and service data sources only: for text that comes from users.
    Reader,
    /// What a reader may, and one `INSERT … SELECT` into a database whose name begins with
    /// [`COPY_DATABASE_PREFIX`](crate::COPY_DATABASE_PREFIX): for the text of a user whose rows are kept.
    Copier,
}

impl Role {
    /// Returns the name of the role in the engine.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Reader => "reader",
            Self::Copier => "copier",
        }
    }
}

/// Upper bounds of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// Running time.
    pub time: Duration,
    /// Memory of the execution; the result itself is not counted by the engine.
    pub memory_bytes: u64,
    /// Size of the result as columns in memory; text is about twice that.
    pub result_bytes: u64,
    /// Rows of the result.
    pub result_rows: u64,
    /// Threads of the execution. One is best below about a million rows.
    pub threads: u32,
}

impl QueryLimits {
    /// Limits of an ordinary endpoint call.
    #[must_use]
    pub fn endpoint() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory_bytes: 2 << 30,
            result_bytes: 100 << 20,
            result_rows: 1_000_000,
            threads: 2,
        }
    }

    /// Limits of a copy: its query writes what it finds, so no result is limited.
    #[must_use]
    pub fn copy() -> Self {
        Self {
            time: COPY_TIME_MAX,
            memory_bytes: COPY_MEMORY_BYTES_MAX,
            ..Self::internal()
        }
    }

    /// Limits of the server's own work: DDL, backfills, exports.
    #[must_use]
    pub fn internal() -> Self {
        Self {
            time: Duration::from_secs(3600),
            memory_bytes: 4 << 30,
            result_bytes: 200 << 20,
            result_rows: 10_000_000,
            threads: 2,
        }
    }
}

/// A statement with everything that belongs to its execution.
#[derive(Debug, Clone)]
pub struct Query {
    /// One statement.
    pub sql: String,
    /// The current database; without one, names must be qualified.
    pub database: Option<String>,
    /// The output format, such as `JSON`.
    pub format: String,
    /// With which rights it runs.
    pub role: Role,
    /// Upper bounds.
    pub limits: QueryLimits,
    /// Values of `{name:Type}`, in the engine's escaped text form: a newline is written `\n`.
    pub parameters: Vec<(String, String)>,
    /// The caller's id of the request; may be empty.
    pub id: String,
    /// Further settings, from the worker's list of allowed ones.
    pub settings: Vec<(String, String)>,
}

impl Query {
    /// Returns a reader's query in `database` with the limits of an endpoint.
    #[must_use]
    pub fn reader(sql: impl Into<String>, database: impl Into<String>, format: &str) -> Self {
        Self {
            sql: sql.into(),
            database: Some(database.into()),
            format: format.to_owned(),
            role: Role::Reader,
            limits: QueryLimits::endpoint(),
            parameters: Vec::new(),
            id: String::new(),
            settings: Vec::new(),
        }
    }

    /// Returns an `INSERT … SELECT` of a user's text, which reads in `database`.
    #[must_use]
    pub fn copier(sql: impl Into<String>, database: impl Into<String>, token: &str) -> Self {
        Self {
            role: Role::Copier,
            limits: QueryLimits::copy(),
            settings: vec![(DEDUPLICATION_TOKEN.to_owned(), token.to_owned())],
            ..Self::reader(sql, database, "Null")
        }
    }

    /// Returns a query of the server itself, without a current database.
    #[must_use]
    pub fn admin(sql: impl Into<String>, format: &str) -> Self {
        Self {
            sql: sql.into(),
            database: None,
            format: format.to_owned(),
            role: Role::Admin,
            limits: QueryLimits::internal(),
            parameters: Vec::new(),
            id: String::new(),
            settings: Vec::new(),
        }
    }
}

/// Rows for a table, already in an input format of the engine.
#[derive(Debug, Clone)]
pub struct Insert {
    /// The database of the table.
    pub database: String,
    /// The table.
    pub table: String,
    /// The columns of the data, in their order; none means all.
    pub columns: Vec<String>,
    /// The format of the data, such as `Native`.
    pub format: &'static str,
    /// The rows.
    pub data: Bytes,
    /// The deduplication token: the same token with the same bytes is stored once, in the table
    /// and in everything that its materialized views feed.
    pub token: String,
    /// Further settings, from the worker's list of allowed ones.
    pub settings: Vec<(String, String)>,
}

/// What the engine counted while it ran a statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows read from storage.
    pub read_rows: u64,
    /// Bytes read from storage.
    pub read_bytes: u64,
    /// Rows written, those of materialized views included.
    pub written_rows: u64,
    /// Bytes written, those of materialized views included.
    pub written_bytes: u64,
    /// Rows of the result.
    pub result_rows: u64,
    /// Bytes of the result.
    pub result_bytes: u64,
    /// Time in the engine.
    pub elapsed_ns: u64,
}

/// A complete result.
#[derive(Debug, Clone)]
pub struct QueryOutput {
    /// The result in the requested format.
    pub body: Bytes,
    /// What the engine counted.
    pub summary: Summary,
}
