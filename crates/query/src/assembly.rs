//! Nodes → one statement: render what is needed, follow what it reads, declare it in order.
//!
//! A name in a query is, in this order: a node of the same pipe, the endpoint of another pipe, a
//! data source or its quarantine, a service data source (`tinybird.…`). Nodes become common table
//! expressions; another pipe becomes one expression that holds its own nodes, so that inner nodes
//! of other pipes stay invisible. Only nodes that are reached are rendered.

mod growing;

use std::collections::{BTreeMap, BTreeSet};

use birdhouse_engine::SERVICE_DATABASE;
use birdhouse_sql::assemble::{join_name, move_name, select_all};
use birdhouse_sql::{Analysis, Statement, quote_identifier};
use birdhouse_template::{Context, Parameters, Settings};

use self::growing::{Growing, Level};
use crate::error::QueryError;
use crate::guard::Guard;
use crate::resources::{Body, Pipe, Resources};
use crate::restrictions::Restrictions;

/// Says whether the caller may read a name in a text of their own.
///
/// Pipes read with the rights of their author, so this is asked for `/v0/sql` and `q` only.
pub type Access<'a> = &'a (dyn Fn(&str) -> bool + Sync);

/// Says what a name means in a text of the caller's own when no resource has it: a query over whatever
/// the caller may know, which the guard does not look at.
pub type Views<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// A statement that is ready for the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assembled {
    /// The statement, without `FORMAT`.
    pub sql: String,
    /// Names of the secrets that the text refers to as query parameters.
    pub secrets: Vec<String>,
    /// Data sources and service data sources that are read, directly or through pipes.
    pub reads: BTreeSet<String>,
    /// Threads that a template asked for by `max_threads`.
    pub max_threads: Option<u32>,
}

/// A text of the caller's own.
pub struct OwnText<'a> {
    /// The text, rendered when it was a template.
    pub statement: Statement<'a>,
    /// Where it stands.
    pub scope: Scope<'a>,
    /// Names of the secrets that it refers to as query parameters.
    pub secrets: Vec<String>,
    /// What it asked of the engine.
    pub settings: Settings,
    /// What it sees besides resources.
    pub views: Views<'a>,
}

impl<'a> OwnText<'a> {
    /// Returns a text that was no template.
    #[must_use]
    pub fn plain(statement: Statement<'a>, scope: Scope<'a>) -> Self {
        Self {
            statement,
            scope,
            secrets: Vec::new(),
            settings: Settings::default(),
            views: &|_| None,
        }
    }
}

/// Where a text stands: which nodes it sees.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// A text outside of pipes sees data sources and endpoints.
    Workspace,
    /// A text that also sees the result of a pipe, its endpoint or last node, as `_`.
    Result(&'a Pipe),
    /// A text that also sees that result and all nodes of the pipe.
    Pipe(&'a Pipe),
}

impl Scope<'_> {
    /// Returns true for a name that only this scope gives a meaning to.
    fn owns(self, name: &str) -> bool {
        match self {
            Self::Workspace => false,
            Self::Result(_) => name == "_",
            Self::Pipe(pipe) => name == "_" || pipe.node(name).is_some(),
        }
    }
}

/// Assembles statements of one call: all nodes share its parameters.
pub struct Assembler<'a> {
    /// What can be read.
    pub resources: &'a Resources,
    /// Who analyses texts.
    pub guard: &'a Guard,
    /// The request's parameters.
    pub parameters: &'a Parameters,
    /// How templates are rendered.
    pub context: &'a Context,
}

/// A node as rendered, and what its text reads.
#[derive(Default)]
struct Inspected {
    sql: String,
    secrets: Vec<String>,
    max_threads: Option<u32>,
    /// Names, each with how often it is read.
    reads: BTreeMap<String, usize>,
    /// Data sources that are read by `joinGet`.
    join_tables: BTreeSet<String>,
}

impl Assembler<'_> {
    /// Assembles the endpoint of `pipe`, or `node` of it when given.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn pipe(&self, pipe: &Pipe, node: Option<&str>) -> Result<Assembled, QueryError> {
        let target = node.or(pipe.endpoint.as_deref());
        let target = target.ok_or_else(|| no_endpoint(pipe))?;
        let none = Restrictions::default();
        let mut growing = Growing::new(&none);
        growing.assembled.sql = self.nested(pipe, target, &mut growing).await?;
        Ok(growing.assembled)
    }

    /// Assembles a text of the caller's own, reading only what `access` allows.
    ///
    /// Conditions on data sources are not part of the statement; the engine adds them.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn text(
        &self,
        text: OwnText<'_>,
        access: Access<'_>,
        restrictions: &Restrictions,
    ) -> Result<Assembled, QueryError> {
        let mut growing = Growing::new(restrictions);
        let mut level = Level::default();
        let scope = text.scope;
        let analysis = self
            .guard
            .analyze(&text.statement, "", &text.secrets)
            .await?;
        for (name, times) in names(&analysis) {
            let is_own = scope.owns(name);
            let view = (text.views)(name).filter(|_| !is_own && !self.exists(name));
            if let Some(view) = view {
                growing.count(times)?;
                growing.assembled.reads.insert(name.to_owned());
                level.push(name, view);
                continue;
            }
            let is_table = analysis.tables.contains_key(name);
            if !is_own && !is_table && !self.exists(name) {
                // The right side of IN is a column or an alias.
                continue;
            }
            if !is_own && !access(name) {
                return Err(QueryError::Forbidden {
                    name: name.to_owned(),
                });
            }
            let cost = self.declare(name, scope, &mut level, &mut growing).await?;
            growing.count(cost.saturating_mul(times - 1))?;
        }
        for name in &analysis.join_tables {
            self.check_join_table(name)?;
            growing.check_join_table(name)?;
            if !access(name) {
                return Err(QueryError::Forbidden { name: name.clone() });
            }
            growing.assembled.reads.insert(name.clone());
        }
        let assembled = &mut growing.assembled;
        assembled.max_threads = max_threads(&text.settings).or(assembled.max_threads);
        for secret in text.secrets {
            if !assembled.secrets.contains(&secret) {
                assembled.secrets.push(secret);
            }
        }
        let body = self.with_tables(&analysis, text.statement.body, text.views);
        growing.assembled.sql = if level.ctes.is_empty() {
            body
        } else {
            level.close(&select_all(&body))
        };
        Ok(growing.assembled)
    }

    /// Returns the text of a pipe's result as the caller may see it.
    async fn result(
        &self,
        pipe: &Pipe,
        node: &str,
        growing: &mut Growing<'_>,
    ) -> Result<String, QueryError> {
        let restrictions = growing.restrictions;
        let text = match restrictions.parameters.get(&pipe.name) {
            Some(fixed) => {
                let parameters = self.parameters.overridden_by(fixed);
                let with_fixed = Assembler {
                    parameters: &parameters,
                    ..*self
                };
                with_fixed.nested(pipe, node, growing).await?
            }
            None => self.nested(pipe, node, growing).await?,
        };
        Ok(restrictions.filtered(&pipe.name, text))
    }

    /// Returns the text of one node of `pipe` with everything it needs declared before it.
    async fn nested(
        &self,
        pipe: &Pipe,
        node: &str,
        growing: &mut Growing<'_>,
    ) -> Result<String, QueryError> {
        let mut level = Level::default();
        self.declare(node, Scope::Pipe(pipe), &mut level, growing)
            .await?;
        Ok(level.close(&format!("SELECT * FROM {}", quote_identifier(node))))
    }

    /// Declares whatever `name` means in `scope`, after what it needs itself. Returns its cost in
    /// references.
    async fn declare(
        &self,
        name: &str,
        scope: Scope<'_>,
        level: &mut Level,
        growing: &mut Growing<'_>,
    ) -> Result<usize, QueryError> {
        if let Some(cost) = level.declared.get(name).copied() {
            return growing.count(cost).map(|()| cost);
        }
        let before = growing.references;
        growing.count(1)?;
        match scope {
            Scope::Result(pipe) | Scope::Pipe(pipe) if name == "_" => {
                let target = pipe.output.as_deref().ok_or_else(|| no_endpoint(pipe))?;
                let text = Box::pin(self.result(pipe, target, growing)).await?;
                level.push(name, text);
            }
            Scope::Pipe(pipe) if pipe.node(name).is_some() => {
                let text = Box::pin(self.node(pipe, name, level, growing)).await?;
                level.push(name, text);
            }
            _ => match self.resources.pipes.get(name) {
                Some(other) => {
                    let target = other.output.as_deref().ok_or_else(|| no_endpoint(other))?;
                    growing.enter(name.to_owned())?;
                    let text = Box::pin(self.result(other, target, growing)).await?;
                    growing.path.pop();
                    level.push(name, text);
                }
                None if self.exists(name) => {
                    growing.assembled.reads.insert(name.to_owned());
                    return Ok(1);
                }
                None => {
                    return Err(QueryError::ResourceNotFound {
                        name: name.to_owned(),
                    });
                }
            },
        }
        let cost = growing.references - before;
        level.declared.insert(name.to_owned(), cost);
        Ok(cost)
    }

    /// Renders one node, declares what it reads, and returns its text.
    async fn node(
        &self,
        pipe: &Pipe,
        name: &str,
        level: &mut Level,
        growing: &mut Growing<'_>,
    ) -> Result<String, QueryError> {
        growing.enter(format!("{}.{name}", pipe.name))?;
        let inspected = self.inspect(pipe, name).await?;
        for (read, times) in &inspected.reads {
            // A node may read the data source whose name it has, as a table under its own name.
            if read == name && self.resources.datasources.contains(read) {
                growing.assembled.reads.insert(read.clone());
            } else {
                let cost = self
                    .declare(read, Scope::Pipe(pipe), level, growing)
                    .await?;
                growing.count(cost.saturating_mul(times - 1))?;
            }
        }
        growing.path.pop();
        for table in &inspected.join_tables {
            growing.check_join_table(table)?;
        }
        let assembled = &mut growing.assembled;
        assembled.reads.extend(inspected.join_tables);
        assembled.max_threads = inspected.max_threads.or(assembled.max_threads);
        for secret in inspected.secrets {
            if !assembled.secrets.contains(&secret) {
                assembled.secrets.push(secret);
            }
        }
        Ok(inspected.sql)
    }

    /// Checks one node by itself, its template and its statement, and returns the names that it
    /// reads and that nothing has.
    ///
    /// # Errors
    /// See [`QueryError`]; what is wrong in the nodes that it reads is not reported.
    pub async fn check_node(&self, pipe: &Pipe, name: &str) -> Result<Vec<String>, QueryError> {
        let inspected = self.inspect(pipe, name).await?;
        let is_unknown = |read: &String| pipe.node(read).is_none() && !self.exists(read);
        Ok(inspected.reads.into_keys().filter(is_unknown).collect())
    }

    /// Returns the names that a node reads: other nodes of its pipe, pipes, data sources.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn node_reads(&self, pipe: &Pipe, name: &str) -> Result<Vec<String>, QueryError> {
        let inspected = self.inspect(pipe, name).await?;
        let reads = inspected.reads.into_keys();
        Ok(reads.chain(inspected.join_tables).collect())
    }

    /// Renders a node and asks the guard what it reads.
    async fn inspect(&self, pipe: &Pipe, name: &str) -> Result<Inspected, QueryError> {
        let mut inspected = self.render(pipe, name)?;
        let statement =
            Statement::parse(&inspected.sql).map_err(|source| QueryError::Statement {
                node: name.to_owned(),
                source,
            })?;
        if statement.format.is_some() {
            return Err(QueryError::Refused {
                node: name.to_owned(),
                what: "a FORMAT clause".to_owned(),
                hint: "; the caller chooses the format",
            });
        }
        let analysis = self
            .guard
            .analyze(&statement, name, &inspected.secrets)
            .await?;
        let body = self.with_tables(&analysis, statement.body, &|_| None);
        // The right side of IN may be a column or an alias instead.
        let is_resource = |read: &str| {
            analysis.tables.contains_key(read) || pipe.node(read).is_some() || self.exists(read)
        };
        inspected.reads = names(&analysis)
            .into_iter()
            .filter(|(read, _)| is_resource(read))
            .map(|(read, times)| (read.to_owned(), times))
            .collect();
        for name in &analysis.join_tables {
            self.check_join_table(name)?;
        }
        inspected.join_tables = analysis.join_tables.clone();
        inspected.sql = body;
        Ok(inspected)
    }

    fn render(&self, pipe: &Pipe, name: &str) -> Result<Inspected, QueryError> {
        let node = pipe
            .node(name)
            .ok_or_else(|| QueryError::ResourceNotFound {
                name: name.to_owned(),
            })?;
        match &node.body {
            Body::Plain(sql) => Ok(Inspected {
                sql: sql.to_string(),
                ..Inspected::default()
            }),
            Body::Template(template) => {
                let rendered = template
                    .render(self.parameters, self.context)
                    .map_err(|error| QueryError::template(name, error))?;
                Ok(Inspected {
                    max_threads: max_threads(&rendered.settings),
                    sql: rendered.sql,
                    secrets: rendered.secrets,
                    ..Inspected::default()
                })
            }
        }
    }

    /// `joinGet` reads a table whatever nodes there are, so its name must be a data source.
    fn check_join_table(&self, name: &str) -> Result<(), QueryError> {
        if self.resources.datasources.contains(name) {
            Ok(())
        } else {
            Err(QueryError::ResourceNotFound {
                name: name.to_owned(),
            })
        }
    }

    /// Makes the names of data sources that other workspaces share names of tables here, those of
    /// service data sources names of the workspace's own, and those of views names of expressions.
    fn with_tables(&self, analysis: &Analysis, body: &str, views: Views<'_>) -> String {
        let names = analysis.tables.keys().chain(analysis.in_names.keys());
        let mut body = body.to_owned();
        for name in names {
            match name.split_once('.') {
                Some((workspace, table)) if self.resources.datasources.contains(name) => {
                    body = join_name(&body, workspace, table);
                }
                Some((SERVICE_DATABASE, table)) if self.exists(name) => {
                    let database = &self.resources.service_database;
                    body = move_name(&body, SERVICE_DATABASE, table, database);
                }
                Some((database, table)) if views(name).is_some() => {
                    body = join_name(&body, database, table);
                }
                _ => {}
            }
        }
        body
    }

    /// Returns true for a data source, a service data source or a pipe.
    fn exists(&self, name: &str) -> bool {
        let service = name.split_once('.').is_some_and(|(database, table)| {
            database == SERVICE_DATABASE && self.resources.services.contains(table)
        });
        service
            || self.resources.datasources.contains(name)
            || self.resources.pipes.contains_key(name)
    }
}

/// Returns the threads that a template asked for.
fn max_threads(settings: &Settings) -> Option<u32> {
    u32::try_from(settings.get("max_threads")?.as_u64()?).ok()
}

fn no_endpoint(pipe: &Pipe) -> QueryError {
    QueryError::NoEndpoint {
        pipe: pipe.name.clone(),
    }
}

/// Names that stand for tables, and names that may, each with how often.
fn names(analysis: &Analysis) -> BTreeMap<&str, usize> {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in analysis.tables.iter().chain(&analysis.in_names) {
        *all.entry(name).or_default() += count;
    }
    all
}
