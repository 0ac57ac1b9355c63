//! A workspace on an engine of its own, and ways to put projects and rows into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use birdhouse_catalog::{Catalog, DeploymentId, WorkspaceId};
use birdhouse_datafile::{Diagnostic, Project, SourceFile};
use birdhouse_deploy::{DeployError, Deployed, Deployer, Live, Permission, Prepared};
use birdhouse_engine::{Engine, EngineConfig, Insert, Query, WorkerCommand};
use birdhouse_ingest::{
    CsvDialect, DecodeOptions, FlushObserver, FlushReport, Format, Ingestion, IngestionConfig,
    QUARANTINE_SUFFIX,
};
use birdhouse_query::{Call, Format as Output, OutputSettings, Queries};
use birdhouse_template::{Context, Parameters};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// An empty workspace.
pub(crate) struct Workspace {
    pub(crate) deployer: Deployer,
    pub(crate) engine: Engine,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) ingestion: Ingestion,
    queries: Queries,
    pub(crate) id: WorkspaceId,
    pub(crate) permission: Permission,
    _directory: TempDir,
}

/// Hears of batches and says nothing.
struct Unheard;

impl FlushObserver for Unheard {
    fn flushed(&self, _: &FlushReport) {}

    fn is_deleted(&self, _: &str) -> bool {
        false
    }
}

impl Workspace {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::new(directory.path().join("engine")).unwrap();
        config.worker = WorkerCommand::this_test("engine_worker").unwrap();
        let engine = Engine::start(config).await.unwrap();
        let catalog = Arc::new(Catalog::open(directory.path(), None).unwrap());
        let first = catalog
            .view()
            .workspaces()
            .first()
            .unwrap()
            .workspace
            .clone();
        birdhouse_telemetry::ensure_tables(&engine, &first.database)
            .await
            .unwrap();
        let id = first.id;
        let queries = Queries::new(engine.clone());
        let config = IngestionConfig::new(directory.path());
        let (ingestion, _) = Ingestion::open(config, engine.clone(), Arc::new(Unheard))
            .await
            .unwrap();
        let guard = queries.guard().clone();
        Self {
            deployer: Deployer::new(
                engine.clone(),
                guard,
                Arc::clone(&catalog),
                ingestion.clone(),
            ),
            engine,
            catalog,
            ingestion,
            queries,
            id,
            permission: Permission::KeepData,
            _directory: directory,
        }
    }

    /// Deploys a project; returns the warnings of its text with those of the deployment.
    pub(crate) async fn deploy(
        &self,
        files: Vec<SourceFile>,
    ) -> Result<(Live, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (project, mut found) = Project::parse(files);
        if birdhouse_datafile::has_errors(&found) {
            return Err(found);
        }
        match self
            .deployer
            .deploy(self.id, &project, self.permission)
            .await
        {
            Ok(Deployed { live, warnings, .. }) => {
                found.extend(warnings);
                Ok((live, found))
            }
            Err(DeployError::Invalid(diagnostics)) => Err(diagnostics),
            Err(error) => panic!("{error}"),
        }
    }

    /// Prepares a project whose text has no mistakes.
    pub(crate) async fn prepare(
        &self,
        files: Vec<SourceFile>,
    ) -> Result<Prepared, Vec<Diagnostic>> {
        let (project, found) = Project::parse(files);
        assert!(!birdhouse_datafile::has_errors(&found), "{}", shown(&found));
        let prepared = self
            .deployer
            .prepare(self.id, &project, self.permission)
            .await;
        match prepared {
            Ok(prepared) => Ok(prepared),
            Err(DeployError::Invalid(diagnostics)) => Err(diagnostics),
            Err(error) => panic!("{error}"),
        }
    }

    /// Makes a prepared deployment beside what is live.
    pub(crate) async fn stage(&self, prepared: &Prepared) -> (DeploymentId, Live) {
        let id = self.deployer.reserve(prepared).await.unwrap().id;
        let made = self.deployer.make(prepared, id).await.unwrap();
        let live = self.deployer.ready(self.id, made).await.unwrap();
        (id, live)
    }

    /// Runs a statement with all rights; returns its result as lines.
    pub(crate) async fn admin(&self, sql: &str) -> Vec<String> {
        let output = self
            .engine
            .query(Query::admin(sql, "TSVRaw"))
            .await
            .unwrap();
        let text = String::from_utf8(output.body.to_vec()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Checks that the engine has the tables, views and databases of `live`, and no others.
    pub(crate) async fn nothing_is_left(&self, live: &Live) {
        let view = self.catalog.view();
        let database = &view.workspaces()[0].workspace.database;
        let mut expected: Vec<String> = live
            .datasources
            .values()
            .flat_map(|d| [d.table.clone(), format!("{}{QUARANTINE_SUFFIX}", d.table)])
            .collect();
        expected.sort();
        let tables = format!(
            "SELECT name FROM system.tables WHERE database = '{database}' AND engine != 'MaterializedView' ORDER BY name"
        );
        assert_eq!(self.admin(&tables).await, expected);
        let mut databases = vec![database.clone()];
        if live.resources.database != *database {
            databases.push(live.resources.database.clone());
        }
        let all = format!(
            "SELECT name FROM system.databases WHERE startsWith(name, '{database}') AND name != '{database}_tinybird' ORDER BY name"
        );
        assert_eq!(self.admin(&all).await, databases);
    }

    /// Appends a fixture; returns how many rows went to quarantine.
    pub(crate) async fn append(
        &self,
        live: &Live,
        name: &str,
        extension: &str,
        body: &[u8],
    ) -> u64 {
        // The same batch id twice would count once.
        static BATCHES: AtomicU32 = AtomicU32::new(0);
        let batch = format!("batch {}", BATCHES.fetch_add(1, Ordering::Relaxed));
        self.append_batch(live, (name, extension), body, &batch)
            .await
    }

    /// Does the same under a batch id of the caller's.
    pub(crate) async fn append_batch(
        &self,
        live: &Live,
        (name, extension): (&str, &str),
        body: &[u8],
        batch: &str,
    ) -> u64 {
        let datasource = live.datasource(name).unwrap();
        let schema = datasource.schema.as_ref().unwrap();
        let options = DecodeOptions {
            format: match extension {
                "csv" => Format::Csv(CsvDialect::default()),
                _ => Format::Ndjson,
            },
            now: jiff::Timestamp::UNIX_EPOCH,
            import_id: None,
        };
        let decoded = birdhouse_ingest::decode(schema, body, &options).unwrap();
        let quarantine = format!("{}{QUARANTINE_SUFFIX}", schema.table());
        let blocks = (decoded.blocks.iter().map(|block| (schema.table(), block)))
            .chain((decoded.quarantine_blocks.iter()).map(|block| (quarantine.as_str(), block)));
        for (position, (table, block)) in blocks.enumerate() {
            let insert = Insert {
                database: schema.database().to_owned(),
                table: table.to_owned(),
                columns: block.columns().to_vec(),
                format: "Native",
                data: block.data().clone(),
                token: format!("{batch}-{position}"),
                settings: Vec::new(),
            };
            self.engine.insert(insert).await.unwrap();
        }
        decoded.quarantined_rows
    }

    /// Kills the engine's worker and waits for the next one.
    pub(crate) async fn kill_worker(&self) {
        let engine = &self.engine;
        let killed = engine.worker_pid().unwrap();
        let pid = Pid::from_raw(i32::try_from(killed).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        // Until its death is noticed, a ping may still reach it.
        while engine.worker_pid() == Some(killed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(engine.ready(Duration::from_secs(20)).await);
    }

    /// Calls an endpoint; returns its rows as NDJSON, or the error.
    pub(crate) async fn call(
        &self,
        live: &Live,
        pipe: &str,
        query: &str,
    ) -> Result<String, String> {
        let parameters: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (percent_decoded(name), percent_decoded(value)))
            .collect();
        let parameters: Parameters = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let call = Call {
            resources: &live.resources,
            parameters: &parameters,
            context: &Context::default(),
            secret: &|_| None,
            may_use_secrets: true,
            access: &|_| true,
            restrictions: &birdhouse_query::Restrictions::default(),
            output: OutputSettings::default(),
            request_id: "test",
        };
        let format = Output::from_extension("ndjson").unwrap();
        let answer = self.queries.endpoint(&call, pipe, None, format).await;
        let answer = answer.map_err(|error| error.to_string())?;
        Ok(String::from_utf8(answer.body.to_vec()).unwrap())
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Splits a text with `--- path` lines into files.
pub(crate) fn files(text: &str) -> Vec<SourceFile> {
    text.split("--- ")
        .skip(1)
        .map(|part| {
            let (path, content) = part.split_once('\n').unwrap();
            SourceFile::new(path.trim(), content)
        })
        .collect()
}

/// Returns the diagnostics as they are shown.
pub(crate) fn shown(diagnostics: &[Diagnostic]) -> String {
    let all: Vec<String> = diagnostics.iter().map(Diagnostic::render).collect();
    all.join("\n")
}
