//! The rest of the server's handle on the engine: statements, queries, inserts.
//!
//! Speaks the HTTP dialect to the worker's socket. Dropping the future of a call closes its
//! connection, which cancels the statement in the worker.

mod stream;
mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use birdhouse_sql::quote_identifier;
use bytes::Bytes;
use hyper::Response;
use hyper::body::Incoming;
use tokio::sync::RwLock;

pub use stream::QueryStream;

use crate::dialect::{DEDUPLICATION_TOKEN, encode_pairs, parameter};
use crate::error::EngineError;
use crate::limits::{INSERT_TIME_MAX, LOOKUP_TIME_MAX, QUERY_GRACE};
use crate::request::{Insert, Query, QueryOutput, Role, Summary};
use crate::supervisor::{EngineConfig, Supervisor, WorkerState};
use transport::{Transport, read_whole};

/// A running engine. Clones are cheap and share one worker, which stops with the last of them.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    supervisor: Supervisor,
    transport: Transport,
    sequence: AtomicU64,
    /// Shared by queries that begin, taken alone by exchanges of tables.
    exchange: RwLock<()>,
}

/// Whether the result is wanted in one piece or may come in chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Whole,
    Streamed,
}

impl Engine {
    /// Starts a worker and returns when it answers.
    ///
    /// # Errors
    /// When the worker does not come up; the error carries the end of what it wrote.
    pub async fn start(config: EngineConfig) -> Result<Self, EngineError> {
        let supervisor = Supervisor::start(config)?;
        supervisor.started().await?;
        let transport = Transport::new(supervisor.socket());
        Ok(Self {
            inner: Arc::new(Inner {
                supervisor,
                transport,
                sequence: AtomicU64::new(0),
                exchange: RwLock::new(()),
            }),
        })
    }

    /// Runs a statement of the server itself, such as DDL, and waits for its end.
    ///
    /// # Errors
    /// When the engine refuses or fails the statement or is not available.
    pub async fn execute(&self, sql: &str) -> Result<(), EngineError> {
        self.query(Query::admin(sql, "Null")).await.map(drop)
    }

    /// Runs an `EXCHANGE TABLES` so that every query sees all its tables before it or all behind it.
    ///
    /// A query looks up its tables when it begins. So queries that want to begin wait for the
    /// statement, and it waits for those that have just begun, at most a quarter of a second.
    ///
    /// # Errors
    /// When the engine refuses or is not available; some of the tables may be exchanged then.
    pub async fn exchange(&self, sql: &str) -> Result<(), EngineError> {
        let _all = self.inner.exchange.write().await;
        self.execute(sql).await
    }

    /// Runs a query and returns its whole result.
    ///
    /// Dropping the future cancels the query.
    ///
    /// # Errors
    /// When the engine refuses or fails the query, a limit is reached, or it is not available.
    pub async fn query(&self, query: Query) -> Result<QueryOutput, EngineError> {
        let limit = query.limits.time;
        let role = query.role;
        let answer = async {
            let response = self.send_query(query, Delivery::Whole).await?;
            read_whole(response).await
        };
        within(limit, self.begun(role, answer)).await
    }

    /// Runs a query and returns its result in chunks, with bounded memory. Formats that are one
    /// document, such as `JSON` and Parquet, come in one chunk and within the worker's limits.
    ///
    /// Dropping the stream cancels the query.
    ///
    /// # Errors
    /// When the engine refuses or fails the query before the first chunk, or is not available.
    pub async fn query_stream(&self, query: Query) -> Result<QueryStream, EngineError> {
        let limit = query.limits.time;
        let role = query.role;
        let answer = async {
            let response = self.send_query(query, Delivery::Streamed).await?;
            Ok(QueryStream::new(response))
        };
        within(limit, self.begun(role, answer)).await
    }

    /// Stores rows; when this returns, they are in the table and its materialized views.
    ///
    /// After any error the same insert may be repeated: with the same token and bytes it is stored
    /// once.
    ///
    /// # Errors
    /// When the engine refuses the rows or is not available.
    pub async fn insert(&self, insert: Insert) -> Result<Summary, EngineError> {
        let sql = insert_statement(&insert);
        let mut pairs = vec![
            (parameter::QUERY, sql.as_str()),
            (DEDUPLICATION_TOKEN, insert.token.as_str()),
        ];
        pairs.extend(
            insert
                .settings
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str())),
        );
        let url = encode_pairs(pairs);
        let answer = async {
            let response = self.send(&url, insert.data).await?;
            read_whole(response).await
        };
        within(INSERT_TIME_MAX, answer)
            .await
            .map(|output| output.summary)
    }

    /// Waits until a worker answers again; false when that takes longer than `limit`.
    pub async fn ready(&self, limit: Duration) -> bool {
        const PAUSE: Duration = Duration::from_millis(5);
        let answers = async {
            // The state may be that of a worker whose death was not noticed yet, hence the ping.
            while self.inner.supervisor.ready().await {
                if self.inner.transport.ping().await {
                    return true;
                }
                tokio::time::sleep(PAUSE).await;
            }
            false
        };
        tokio::time::timeout(limit, answers).await.unwrap_or(false)
    }

    /// Returns the process id of the worker while it is up.
    #[must_use]
    pub fn worker_pid(&self) -> Option<u32> {
        match self.inner.supervisor.state() {
            WorkerState::Ready { pid, .. } => Some(pid),
            _ => None,
        }
    }

    /// Returns whether the worker is fenced in by the kernel. False on kernels without Landlock,
    /// which an operator should know.
    #[must_use]
    pub fn is_sandboxed(&self) -> bool {
        match self.inner.supervisor.state() {
            WorkerState::Ready { sandbox, .. } => sandbox.is_effective(),
            _ => false,
        }
    }

    /// Stops the worker in order: running statements get a moment, then they are cancelled.
    pub async fn stop(self) {
        self.inner.supervisor.stop().await;
    }

    /// Keeps exchanges away from a user's query until it has looked up its tables.
    async fn begun<T>(&self, role: Role, answer: impl Future<Output = T>) -> T {
        if role == Role::Admin {
            return answer.await;
        }
        let begin = self.inner.exchange.read().await;
        let mut answer = Box::pin(answer);
        if let Ok(answered) = tokio::time::timeout(LOOKUP_TIME_MAX, answer.as_mut()).await {
            return answered;
        }
        drop(begin);
        answer.await
    }

    async fn send_query(
        &self,
        query: Query,
        delivery: Delivery,
    ) -> Result<Response<Incoming>, EngineError> {
        let url = encode_pairs(
            self.query_pairs(&query, delivery)
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        self.send(&url, query.sql.into()).await
    }

    fn query_pairs(&self, query: &Query, delivery: Delivery) -> Vec<(String, String)> {
        let limits = &query.limits;
        let mut pairs: Vec<(String, String)> = [
            (parameter::DEFAULT_FORMAT, query.format.clone()),
            (parameter::ROLE, query.role.name().to_owned()),
            ("max_execution_time", limits.time.as_secs_f64().to_string()),
            ("max_memory_usage", limits.memory_bytes.to_string()),
            ("max_result_bytes", limits.result_bytes.to_string()),
            ("max_result_rows", limits.result_rows.to_string()),
            ("max_threads", limits.threads.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        if !query.id.is_empty() {
            // Unique, as a server demands; several queries may belong to one request.
            let number = self.inner.sequence.fetch_add(1, Ordering::Relaxed);
            let id = format!("{}.{number}", query.id);
            pairs.push((parameter::QUERY_ID.to_owned(), id));
        }
        if let Some(database) = &query.database {
            pairs.push((parameter::DATABASE.to_owned(), database.clone()));
        }
        if delivery == Delivery::Whole {
            pairs.push((parameter::WAIT_END_OF_QUERY.to_owned(), "1".to_owned()));
        }
        for (name, value) in &query.parameters {
            let name = format!("{}{name}", parameter::PARAM_PREFIX);
            pairs.push((name, value.clone()));
        }
        pairs.extend(query.settings.iter().cloned());
        pairs
    }

    async fn send(&self, url: &str, body: Bytes) -> Result<Response<Incoming>, EngineError> {
        match self.inner.supervisor.state() {
            WorkerState::Ready { .. } => self.inner.transport.post(url, body).await,
            WorkerState::Starting => Err(EngineError::unavailable("it is starting")),
            WorkerState::Down { reason } | WorkerState::Failed { reason } => {
                Err(EngineError::unavailable(reason))
            }
            WorkerState::Stopped => Err(EngineError::unavailable("it was stopped")),
        }
    }
}

/// Gives up on an answer some time after the engine should have: it looks at its clock only
/// between blocks.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    match tokio::time::timeout(limit.saturating_add(QUERY_GRACE), answer).await {
        Ok(answer) => answer,
        Err(_) => Err(EngineError::Timeout { limit }),
    }
}

fn insert_statement(insert: &Insert) -> String {
    let table = quote_identifier(&insert.table);
    let database = quote_identifier(&insert.database);
    let columns: Vec<String> = insert.columns.iter().map(|c| quote_identifier(c)).collect();
    let columns = if columns.is_empty() {
        String::new()
    } else {
        format!(" ({})", columns.join(", "))
    };
    format!(
        "INSERT INTO {database}.{table}{columns} FORMAT {}",
        insert.format
    )
}
