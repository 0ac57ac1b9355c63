//! The two ways to ask: an endpoint, or a SQL text.

use std::sync::Arc;

use birdhouse_engine::{Engine, EngineError, Query, SERVICE_DATABASE, Summary};
use birdhouse_sql::{Statement, quote_identifier};
use birdhouse_template::{Context, Parameters, Rendered};
use bytes::Bytes;

use crate::assembly::{Access, Assembled, Assembler, OwnText, Scope, Views};
use crate::error::QueryError;
use crate::format::{Format, OutputSettings};
use crate::guard::Guard;
use crate::limits::{RESTART_WAIT, THREADS_MAX};
use crate::resources::{Body, Resources};
use crate::restrictions::Restrictions;

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
    /// Whether a text of the caller's own may use secrets, and so show them.
    pub may_use_secrets: bool,
    /// Whether the caller may read a name in a text of their own.
    pub access: Access<'a>,
    /// What their rights change about what they read.
    pub restrictions: &'a Restrictions,
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

/// What a call would do.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The statement.
    pub sql: String,
    /// The engine's plan.
    pub plan: String,
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
                call.restrictions.check(&self.guard).await?;
                let assembled = match call.restrictions.parameters.get(&pipe.name) {
                    Some(fixed) => {
                        let parameters = call.parameters.overridden_by(fixed);
                        let with_fixed = Assembler {
                            parameters: &parameters,
                            ..assembler
                        };
                        with_fixed.pipe(pipe, None).await?
                    }
                    None => assembler.pipe(pipe, None).await?,
                };
                let sql = call.restrictions.filtered(&pipe.name, assembled.sql);
                let query = Assembled { sql, ..assembled };
                self.execute(call, query, format, None).await
            }
            Some(q) => {
                let statement = statement(q)?;
                let format = statement.format.map_or(Ok(format), Format::from_name)?;
                let own = OwnText::plain(statement, Scope::Result(pipe));
                self.text(call, own, format).await
            }
        }
    }

    /// Runs a SQL text; one that begins with `%` is a template. With `pipeline`, the nodes of that
    /// pipe can be read as well, and its endpoint or last node as `_`. `views` are what it sees besides.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn sql(
        &self,
        call: &Call<'_>,
        text: &str,
        pipeline: Option<&str>,
        views: Views<'_>,
    ) -> Result<Answer, QueryError> {
        let rendered = rendered(call, text)?;
        let statement = statement(&rendered.sql)?;
        let format = statement
            .format
            .map_or(Ok(Format::JSON), Format::from_name)?;
        let pipe = pipeline.map(|name| call.resources.pipe(name)).transpose()?;
        let own = OwnText {
            statement,
            scope: pipe.map_or(Scope::Workspace, |pipe| Scope::Pipe(pipe)),
            secrets: rendered.secrets,
            settings: rendered.settings,
            views,
        };
        self.text(call, own, format).await
    }

    /// Returns the statement of one `node` of `pipe` with everything that it reads, which has passed the
    /// guard, and the values of its secrets: for a copy, which reads with the rights of its author.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn statement(
        &self,
        call: &Call<'_>,
        pipe: &str,
        node: &str,
    ) -> Result<(Assembled, Vec<(String, String)>), QueryError> {
        let pipe = call.resources.pipe(pipe)?;
        let mut assembled = self.assembler(call).pipe(pipe, Some(node)).await?;
        let threads = assembled.max_threads;
        assembled.max_threads = threads.map(|threads| threads.clamp(1, THREADS_MAX));
        let values = secret_values(call, &assembled);
        Ok((assembled, values))
    }

    /// Returns the statement that a call of `pipe` runs, or of one `node` of it, and the engine's plan
    /// for it.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn explain(
        &self,
        call: &Call<'_>,
        pipe: &str,
        node: Option<&str>,
    ) -> Result<Explained, QueryError> {
        let pipe = call.resources.pipe(pipe)?;
        let node = node.or(pipe.output.as_deref());
        let assembled = self.assembler(call).pipe(pipe, node).await?;
        let sql = assembled.sql.clone();
        let explain = Assembled {
            sql: format!("EXPLAIN {sql}"),
            ..assembled
        };
        let answer = self.execute(call, explain, Format::PLAN, None).await?;
        Ok(Explained {
            sql,
            plan: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }

    /// Runs a text of the caller's own, within all their restrictions.
    async fn text(
        &self,
        call: &Call<'_>,
        own: OwnText<'_>,
        format: Format,
    ) -> Result<Answer, QueryError> {
        let assembled = self.assembled(call, own).await?;
        self.run(call, assembled, format).await
    }

    /// Assembles a text of the caller's own, within all their restrictions.
    pub(crate) async fn assembled(
        &self,
        call: &Call<'_>,
        own: OwnText<'_>,
    ) -> Result<Assembled, QueryError> {
        call.restrictions.check(&self.guard).await?;
        let assembler = self.assembler(call);
        assembler.text(own, call.access, call.restrictions).await
    }

    /// Runs what was assembled from a text of the caller's own.
    pub(crate) async fn run(
        &self,
        call: &Call<'_>,
        assembled: Assembled,
        format: Format,
    ) -> Result<Answer, QueryError> {
        let filters = call.restrictions.table_filters(&call.resources.database);
        self.execute(call, assembled, format, filters).await
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
            .text(
                OwnText::plain(statement(&select)?, Scope::Workspace),
                &access,
                call.restrictions,
            )
            .await?;
        if assembled.sql != select {
            return Err(refused("reading anything but data sources as they are"));
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
        filters: Option<(String, String)>,
    ) -> Result<Answer, QueryError> {
        let mut query = Query {
            parameters: secret_values(call, &assembled),
            id: call.request_id.to_owned(),
            settings: call.output.to_engine(),
            ..Query::reader(
                assembled.sql,
                call.resources.database.as_str(),
                format.engine,
            )
        };
        query.settings.extend(filters);
        if let Some(threads) = assembled.max_threads {
            query.limits.threads = threads.clamp(1, THREADS_MAX);
        }
        let output = match self.engine.query(query.clone()).await {
            // A worker that is being restarted costs a retry, not an error.
            Err(EngineError::Unavailable { .. }) if self.engine.ready(RESTART_WAIT).await => {
                self.engine.query(query).await
            }
            answer => answer,
        };
        let output = output.map_err(|error| in_their_words(error, call.resources))?;
        Ok(Answer {
            body: output.body,
            content_type: format.content_type,
            summary: output.summary,
            reads: assembled.reads.into_iter().collect(),
        })
    }
}

/// Returns the values of the secrets that a statement refers to, by name.
fn secret_values(call: &Call<'_>, assembled: &Assembled) -> Vec<(String, String)> {
    let names = assembled.secrets.iter();
    names
        .filter_map(|name| Some((name.clone(), (call.secret)(name)?)))
        .collect()
}

/// Returns the error with the names of tables as users know them.
pub fn in_their_words(error: EngineError, resources: &Resources) -> EngineError {
    match error {
        EngineError::Exception {
            code,
            name,
            message,
        } => EngineError::Exception {
            code,
            name,
            message: message
                .replace(&resources.service_database, SERVICE_DATABASE)
                .replace(&format!("{}.", resources.database), ""),
        },
        other => other,
    }
}

/// Renders a text of the caller's own; a plain one is taken as it is.
fn rendered(call: &Call<'_>, text: &str) -> Result<Rendered, QueryError> {
    let template = |error| QueryError::template("", error);
    let body = match Body::parse(text, "<string>").map_err(template)? {
        Body::Plain(sql) => {
            return Ok(Rendered {
                sql: sql.to_string(),
                ..Rendered::default()
            });
        }
        Body::Template(body) => body,
    };
    let without = Context {
        secrets: Arc::default(),
        ..call.context.clone()
    };
    let context = if call.may_use_secrets {
        call.context
    } else {
        &without
    };
    body.render(call.parameters, context).map_err(template)
}

pub(crate) fn statement(text: &str) -> Result<Statement<'_>, QueryError> {
    Statement::parse(text).map_err(|source| QueryError::Statement {
        node: String::new(),
        source,
    })
}
