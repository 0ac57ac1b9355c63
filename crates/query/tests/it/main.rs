//! The guard and the assembly of nodes on the real engine.
//!
//! The worker is this test binary, started again to run `engine_worker` only.

#![cfg(test)]

mod assembly;
mod describe;
mod guard;
mod literals;
mod restrictions;

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_engine::{Engine, EngineConfig, WorkerCommand};
use birdhouse_query::{Body, Node, OutputSettings, Pipe, Queries, Resources};
use birdhouse_template::{Context, Parameters};
use tempfile::TempDir;

/// Is the engine worker when the supervisor starts it; in a test run there is nothing to do.
#[test]
fn engine_worker() {
    if birdhouse_engine::is_worker_process() {
        let code = birdhouse_engine::worker_main();
        panic!("the worker ended with {code:?}");
    }
}

/// An engine with the data sources `t` (a, b), `u` (a, c) and `secret`, two rows each.
struct Fixture {
    queries: Queries,
    resources: Resources,
    engine: Engine,
    _directory: TempDir,
}

impl Fixture {
    async fn new(pipes: Vec<Pipe>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::new(directory.path().join("engine")).unwrap();
        config.worker = WorkerCommand::this_test("engine_worker").unwrap();
        let engine = Engine::start(config).await.unwrap();
        for statement in [
            "CREATE DATABASE ws_a ENGINE = Atomic",
            "CREATE TABLE ws_a.t (a UInt8, b String) ENGINE = MergeTree ORDER BY a AS SELECT number, 't' FROM numbers(2)",
            "CREATE TABLE ws_a.u (a UInt8, c String) ENGINE = MergeTree ORDER BY a AS SELECT number + 1, 'u' FROM numbers(2)",
            "CREATE TABLE ws_a.secret (s String) ENGINE = MergeTree ORDER BY s AS SELECT 'hidden'",
            "CREATE DATABASE other ENGINE = Atomic",
            "CREATE TABLE other.secret (s String) ENGINE = MergeTree ORDER BY s AS SELECT 'hidden'",
        ] {
            engine.execute(statement).await.unwrap();
        }
        let datasources = ["t", "u", "secret"].map(str::to_owned).into();
        let pipes: BTreeMap<String, Arc<Pipe>> = pipes
            .into_iter()
            .map(|pipe| (pipe.name.clone(), Arc::new(pipe)))
            .collect();
        let resources = Resources {
            database: "ws_a".to_owned(),
            service_database: "ws_a_tinybird".to_owned(),
            datasources,
            pipes,
            ..Resources::default()
        };
        Self {
            queries: Queries::new(engine.clone()),
            resources,
            engine,
            _directory: directory,
        }
    }

    /// Runs a text that may read everything but `secret`; returns its rows as CSV or the error.
    async fn sql(&self, text: &str) -> Result<String, String> {
        let access = |name: &str| name != "secret";
        let call = birdhouse_query::Call {
            resources: &self.resources,
            parameters: &Parameters::new(),
            context: &Context::default(),
            secret: &|_| None,
            may_use_secrets: true,
            access: &access,
            restrictions: &birdhouse_query::Restrictions::default(),
            output: OutputSettings::default(),
            request_id: "test",
        };
        let answer = self
            .queries
            .sql(&call, text, None, &|_| None)
            .await
            .map_err(|e| e.to_string())?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Calls an endpoint with text parameters; returns its rows as CSV or the error.
    async fn endpoint(&self, pipe: &str, parameters: &[(&str, &str)]) -> Result<String, String> {
        let call = birdhouse_query::Call {
            resources: &self.resources,
            parameters: &parameters.iter().copied().collect(),
            context: &Context::default(),
            secret: &|_| None,
            may_use_secrets: true,
            access: &|_| false,
            restrictions: &birdhouse_query::Restrictions::default(),
            output: OutputSettings::default(),
            request_id: "test",
        };
        let format = birdhouse_query::Format::from_extension("csv").unwrap();
        let answer = self
            .queries
            .endpoint(&call, pipe, None, format)
            .await
            .map_err(|e| e.to_string())?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

/// A pipe from `(name, SQL)` nodes; the last one is the endpoint.
fn pipe(name: &str, nodes: &[(&str, &str)]) -> Pipe {
    let last = nodes.last().map(|(name, _)| (*name).to_owned());
    Pipe {
        id: format!("t_{name}"),
        name: name.to_owned(),
        nodes: nodes
            .iter()
            .map(|(name, sql)| Node {
                name: (*name).to_owned(),
                body: Body::parse(sql, name).unwrap(),
            })
            .collect(),
        endpoint: last.clone(),
        output: last,
    }
}
