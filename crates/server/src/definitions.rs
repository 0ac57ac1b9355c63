//! A deployment of a workspace as its files say it: for listings, not for queries.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use birdhouse_catalog::{DeploymentId, Resource, WorkspaceId};
use birdhouse_datafile::{Datasource, Pipe, Project};
use birdhouse_deploy::files_of;
use birdhouse_query::Assembler;
use birdhouse_template::{Context, Mode, Parameters};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::app::App;
use crate::context::RequestContext;

/// What each node reads, by names of pipe and node.
pub(crate) type Reads = BTreeMap<(String, String), Vec<String>>;

/// The files of one deployment, read.
#[derive(Debug)]
pub(crate) struct Definitions {
    project: Project,
    reads: OnceCell<Reads>,
}

/// The definitions of every workspace, live and staged, each read when somebody asks first.
#[derive(Debug, Default)]
pub(crate) struct AllDefinitions(Mutex<HashMap<(WorkspaceId, bool), Known>>);

type Known = (DeploymentId, Arc<Definitions>);

impl AllDefinitions {
    /// Returns the definitions of the deployment that a request sees.
    pub(crate) fn of(&self, ctx: &RequestContext) -> Arc<Definitions> {
        let key = (ctx.workspace().workspace.id, ctx.is_staging);
        let (id, resources) = ctx.deployed();
        let mut all = self.0.lock();
        match all.get(&key) {
            Some((known, definitions)) if *known == id => Arc::clone(definitions),
            _ => {
                let definitions = Arc::new(Definitions::read(resources));
                all.insert(key, (id, Arc::clone(&definitions)));
                definitions
            }
        }
    }

    /// Forgets a workspace.
    pub(crate) fn forget(&self, workspace: WorkspaceId) {
        self.0.lock().retain(|(id, _), _| *id != workspace);
    }
}

impl Definitions {
    fn read(resources: &[Resource]) -> Self {
        // They were accepted, so there is nothing to report.
        let (project, _) = Project::parse(files_of(resources));
        Self {
            project,
            reads: OnceCell::new(),
        }
    }

    /// Returns a data source by its name. Nothing for one that a node of Classic creates.
    pub(crate) fn datasource(&self, name: &str) -> Option<&Datasource> {
        self.project.datasource(name)
    }

    /// Returns a pipe by its name.
    pub(crate) fn pipe(&self, name: &str) -> Option<&Pipe> {
        self.project.pipe(name)
    }

    /// Returns all files, read.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Returns what the nodes of all pipes read; of a node that needs parameters, what it reads with
    /// sample values.
    pub(crate) async fn reads(&self, ctx: &RequestContext, app: &App) -> &Reads {
        self.reads.get_or_init(|| find_reads(ctx, app)).await
    }
}

async fn find_reads(ctx: &RequestContext, app: &App) -> Reads {
    let (parameters, context) = (
        Parameters::new(),
        Context {
            mode: Mode::Check,
            ..Context::default()
        },
    );
    let assembler = Assembler {
        resources: &ctx.live.resources,
        guard: app.queries.guard(),
        parameters: &parameters,
        context: &context,
    };
    let mut reads = Reads::new();
    for pipe in ctx.live.resources.pipes.values() {
        for node in &pipe.nodes {
            // A node that cannot be analysed is shown without what it reads.
            let found = assembler.node_reads(pipe, &node.name).await;
            let key = (pipe.name.clone(), node.name.clone());
            reads.insert(key, found.unwrap_or_default());
        }
    }
    reads
}
