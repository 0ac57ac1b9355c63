//! What the tests share: an engine in its own directory, and short forms of its calls.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use birdhouse_engine::{Engine, EngineConfig, EngineError, Insert, Query, Summary, WorkerCommand};
use bytes::Bytes;
use tempfile::TempDir;

/// An engine that is used by one test.
pub(crate) struct TestEngine {
    pub(crate) engine: Engine,
    pub(crate) directory: TempDir,
}

impl TestEngine {
    /// Starts an engine with a database `ws_a`.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Starts an engine with one reader, so that all queries use one connection.
    pub(crate) async fn start_with_one_reader() -> Self {
        Self::start_with(|config| config.readers = 1).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut EngineConfig)) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut config = config(directory.path().join("engine"));
        change(&mut config);
        let engine = Engine::start(config)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"));
        let test = Self { engine, directory };
        test.execute("CREATE DATABASE ws_a").await;
        test
    }

    pub(crate) fn engine_directory(&self) -> PathBuf {
        self.directory.path().join("engine")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.engine
            .execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Runs a query of the server itself and returns its result as text.
    pub(crate) async fn admin(&self, sql: &str) -> String {
        text(self.engine.query(Query::admin(sql, "TSV")).await)
    }

    /// Runs a reader's query in `ws_a` and returns its result as text.
    pub(crate) async fn read(&self, sql: &str) -> String {
        text(self.engine.query(reader(sql)).await)
    }

    /// Inserts text into a table of `ws_a`.
    pub(crate) async fn insert(
        &self,
        table: &str,
        rows: &'static str,
        token: &str,
    ) -> Result<Summary, EngineError> {
        self.engine.insert(tsv(table, rows.into(), token)).await
    }
}

/// Returns the configuration of an engine whose worker is this test binary.
pub(crate) fn config(directory: PathBuf) -> EngineConfig {
    let mut config = EngineConfig::new(directory).unwrap_or_else(|error| panic!("{error}"));
    config.worker =
        WorkerCommand::this_test("worker_process::engine_worker").expect("the path of this binary");
    config
}

pub(crate) async fn start_in(directory: PathBuf) -> Engine {
    Engine::start(config(directory))
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
}

pub(crate) fn reader(sql: &str) -> Query {
    Query::reader(sql, "ws_a", "TSV")
}

pub(crate) fn tsv(table: &str, data: Bytes, token: &str) -> Insert {
    Insert {
        database: "ws_a".into(),
        table: table.into(),
        columns: Vec::new(),
        format: "TSV",
        data,
        token: token.into(),
        settings: Vec::new(),
    }
}

#[track_caller]
pub(crate) fn text(output: Result<birdhouse_engine::QueryOutput, EngineError>) -> String {
    let output = output.unwrap_or_else(|error| panic!("{error:?}"));
    let text = String::from_utf8(output.body.to_vec()).expect("UTF-8");
    text.trim_end().to_owned()
}

/// Returns the engine's error code.
#[track_caller]
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, EngineError>) -> i32 {
    match result {
        Err(EngineError::Exception { code, .. }) => code,
        other => panic!("not an exception: {other:?}"),
    }
}

/// Returns the engine's error code of a query that ends in whichever form of delivery.
pub(crate) async fn refused(engine: &Engine, query: Query) -> i32 {
    let whole = code(engine.query(query.clone()).await);
    let streamed = match engine.query_stream(query).await {
        Ok(mut stream) => loop {
            match stream.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break code::<()>(Err(error)),
                None => panic!("the streamed form was not refused"),
            }
        },
        Err(error) => code::<()>(Err(error)),
    };
    assert_eq!(
        whole, streamed,
        "both forms are refused for the same reason"
    );
    whole
}

/// Repeats a question until its answer is right; panics with the last answer after ten seconds.
pub(crate) async fn wait_until<T, F>(mut ask: impl FnMut() -> F, right: impl Fn(&T) -> bool) -> T
where
    T: std::fmt::Debug,
    F: Future<Output = T>,
{
    let started = Instant::now();
    loop {
        let answer = ask().await;
        if right(&answer) {
            return answer;
        }
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "still {answer:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
