//! A workspace on an engine of its own, and ways to put projects and rows into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use birdhouse_catalog::{Catalog, WorkspaceId};
use birdhouse_datafile::{Diagnostic, Project, SourceFile};
use birdhouse_deploy::{DeployError, Deployed, Deployer, Live};
use birdhouse_engine::{Engine, EngineConfig, Insert, WorkerCommand};
use birdhouse_ingest::{CsvDialect, DecodeOptions, Format, QUARANTINE_SUFFIX};
use birdhouse_query::{Call, Format as Output, OutputSettings, Queries};
use birdhouse_template::{Context, Parameters};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// An empty workspace.
pub(crate) struct Workspace {
    deployer: Deployer,
    queries: Queries,
    id: WorkspaceId,
    _directory: TempDir,
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
        Self {
            deployer: Deployer {
                guard: queries.guard().clone(),
                engine,
                catalog,
            },
            queries,
            id,
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
        match self.deployer.deploy(self.id, &project).await {
            Ok(Deployed { live, warnings, .. }) => {
                found.extend(warnings);
                Ok((live, found))
            }
            Err(DeployError::Invalid(diagnostics)) => Err(diagnostics),
            Err(error) => panic!("{error}"),
        }
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
        let quarantine = format!("{name}{QUARANTINE_SUFFIX}");
        let blocks = (decoded.blocks.iter().map(|block| (name, block)))
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
            self.deployer.engine.insert(insert).await.unwrap();
        }
        decoded.quarantined_rows
    }

    /// Kills the engine's worker and waits for the next one.
    pub(crate) async fn kill_worker(&self) {
        let engine = &self.deployer.engine;
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
