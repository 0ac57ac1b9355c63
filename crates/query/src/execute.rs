//! The two ways to ask: an endpoint, or a SQL text.

use birdhouse_engine::{Engine, EngineError, Query, Summary};
use birdhouse_sql::{Statement, quote_identifier};
use birdhouse_template::{Context, Parameters};
use bytes::Bytes;

use crate::assembly::{Access, Assembled, Assembler, Scope};
use crate::error::QueryError;
use crate::format::{Format, OutputSettings};
use crate::guard::Guard;
use crate::limits::{RESTART_WAIT, THREADS_MAX};
use crate::resources::{Body, Resources};

/// What is common to every call.
pub struct Call<'a> {
    /// What can be read.
    pub resources: &'a Resources,
    /// The request's parameters, server options left out.
    pub parameters: &'a Parameters,
    /// How templates are rendered.
    pub context: &'a Context,
    /// Values of the workspace's secrets, by name.
    pub secret: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Whether the caller may read a name in a text of their own.
    pub access: Access<'a>,
    /// What the caller changed about the output.
    pub output: OutputSettings,
    /// The request's id, under which the engine knows the query.
    pub request_id: &'a str,
}

/// The engine's answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The document in the format that was asked for.
    pub body: Bytes,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Rows and bytes read, and the like.
    pub summary: Summary,
    /// Data sources that were read.
    pub reads: Vec<String>,
}

/// Answers queries. Cheap to clone.
#[derive(Clone)]
pub struct Queries {
    engine: Engine,
    guard: Guard,
}

impl Queries {
    /// Returns the query path over `engine`.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        let guard = Guard::new(engine.clone());
        Self { engine, guard }
    }

    /// Returns the guard, which deployments share.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Calls the endpoint of `pipe`, by name or id; with `q`, runs that text over its result `_`.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn endpoint(
        &self,
        call: &Call<'_>,
        pipe: &str,
        q: Option<&str>,
        format: Format,
    ) -> Result<Answer, QueryError> {
        let pipe = call.resources.pipe(pipe)?;
        if pipe.endpoint.is_none() {
            return Err(QueryError::NoEndpoint {
                pipe: pipe.name.clone(),
            });
        }
        let assembler = self.assembler(call);
        match q {
            None => {
                let assembled = assembler.pipe(pipe, None).await?;
                self.execute(call, assembled, format).await
            }
            Some(q) => {
                let statement = statement(q)?;
                let assembled = assembler
                    .text(&statement, Scope::Result(pipe), call.access)
                    .await?;
                let format = statement.format.map_or(Ok(format), Format::from_name)?;
                self.execute(call, assembled, format).await
            }
        }
    }

    /// Runs a SQL text; one that begins with `%` is a template. With `pipeline`, the nodes of that
    /// pipe can be read as well, and its endpoint or last node as `_`.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn sql(
        &self,
        call: &Call<'_>,
        text: &str,
        pipeline: Option<&str>,
    ) -> Result<Answer, QueryError> {
        let template = |error| QueryError::template("", error);
        let rendered = match Body::parse(text, "<string>").map_err(template)? {
            Body::Plain(sql) => sql.to_string(),
            Body::Template(body) => {
                body.render(call.parameters, call.context)
                    .map_err(template)?
                    .sql
            }
        };
        let statement = statement(&rendered)?;
        let format = statement
            .format
            .map_or(Ok(Format::JSON), Format::from_name)?;
        let pipe = pipeline.map(|name| call.resources.pipe(name)).transpose()?;
        let scope = pipe.map_or(Scope::Workspace, |pipe| Scope::Pipe(pipe));
        let assembled = self
            .assembler(call)
            .text(&statement, scope, call.access)
            .await?;
        self.execute(call, assembled, format).await
    }

    /// Checks a condition on the rows of a data source and returns it without what may stand behind it.
    ///
    /// It is one expression that reads nothing but this and other data sources that the caller may
    /// read, so it can stand between parentheses in a statement of ours.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn check_condition(
        &self,
        call: &Call<'_>,
        datasource: &str,
        condition: &str,
    ) -> Result<String, QueryError> {
        let refused = |what: &str| QueryError::Refused {
            node: String::new(),
            what: what.to_owned(),
            hint: "; a condition is one expression over data sources, such as id = 7",
        };
        let parsed = statement(condition)?;
        if parsed.format.is_some() {
            return Err(refused("FORMAT"));
        }
        let name = quote_identifier(datasource);
        let select = format!("SELECT 1 FROM {name} WHERE (\n{}\n)", parsed.body);
        let access = |name: &str| name == datasource || (call.access)(name);
        let assembled = self
            .assembler(call)
            .text(&statement(&select)?, Scope::Workspace, &access)
            .await?;
        if assembled.sql != select {
            return Err(refused("reading a pipe"));
        }
        Ok(parsed.body.to_owned())
    }

    fn assembler<'a>(&'a self, call: &Call<'a>) -> Assembler<'a> {
        Assembler {
            resources: call.resources,
            guard: &self.guard,
            parameters: call.parameters,
            context: call.context,
        }
    }

    async fn execute(
        &self,
        call: &Call<'_>,
        assembled: Assembled,
        format: Format,
    ) -> Result<Answer, QueryError> {
        let parameters = assembled
            .secrets
            .iter()
            .filter_map(|name| Some((name.clone(), (call.secret)(name)?)))
            .collect();
        let mut query = Query {
            parameters,
            id: call.request_id.to_owned(),
            settings: call.output.to_engine(),
            ..Query::reader(
                assembled.sql,
                call.resources.database.as_str(),
                format.engine,
            )
        };
        if let Some(threads) = assembled.max_threads {
            query.limits.threads = threads.clamp(1, THREADS_MAX);
        }
        let output = match self.engine.query(query.clone()).await {
            // A worker that is being restarted costs a retry, not an error.
            Err(EngineError::Unavailable { .. }) if self.engine.ready(RESTART_WAIT).await => {
                self.engine.query(query).await?
            }
            answer => answer?,
        };
        Ok(Answer {
            body: output.body,
            content_type: format.content_type,
            summary: output.summary,
            reads: assembled.reads.into_iter().collect(),
        })
    }
}

fn statement(text: &str) -> Result<Statement<'_>, QueryError> {
    Statement::parse(text).map_err(|source| QueryError::Statement {
        node: String::new(),
        source,
    })
}
