//! A SQL text as a ClickHouse server takes it: no template, any of its usual formats, names with a
//! database before them, and the statements that tools list tables with.

use birdhouse_sql::assemble::drop_name;
use birdhouse_sql::show::{self, Shown};
use birdhouse_sql::{quote_identifier, quote_string};

use crate::assembly::{Assembled, OwnText, Scope, Views};
use crate::error::QueryError;
use crate::execute::{Answer, Call, Queries, statement};
use crate::format::Format;

/// How a ClickHouse server looks to the caller.
pub struct Dialect<'a> {
    /// The format of a text that names none.
    pub format: &'a str,
    /// The name of the caller's database.
    pub database: &'a str,
    /// Other names that it goes by.
    pub aliases: &'a [&'a str],
    /// Tables of the engine's own databases, as the caller may see them.
    pub views: Views<'a>,
}

/// The functions that return the name of the current database.
const CURRENT_DATABASE: [&str; 4] = ["currentdatabase", "current_database", "database", "schema"];

impl Queries {
    /// Runs a SQL text as a ClickHouse server does.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn clickhouse(
        &self,
        call: &Call<'_>,
        text: &str,
        dialect: &Dialect<'_>,
    ) -> Result<Answer, QueryError> {
        let parsed = statement(text)?;
        let format = Format::from_clickhouse(parsed.format.unwrap_or(dialect.format))?;
        let (body, is_described) = match show::read(parsed.body, dialect.database) {
            Some(Shown::Query(query)) => (query, false),
            Some(Shown::Columns(query)) => (query, true),
            None => (parsed.body.to_owned(), false),
        };
        let body = self.in_database(call, &body, dialect).await?;
        let own = OwnText {
            views: dialect.views,
            ..OwnText::plain(statement(&body)?, Scope::Workspace)
        };
        let assembled = self.assembled(call, own).await?;
        let assembled = match is_described {
            false => assembled,
            true => Assembled {
                sql: format!("DESCRIBE (\n{}\n)", assembled.sql),
                ..assembled
            },
        };
        self.run(call, assembled, format).await
    }

    /// Returns the text with the caller's database left out where it stands before a resource, and by
    /// its name where the text asks for it.
    async fn in_database(
        &self,
        call: &Call<'_>,
        body: &str,
        dialect: &Dialect<'_>,
    ) -> Result<String, QueryError> {
        let analysis = self.guard().analyze(&statement(body)?, "", &[]).await?;
        let mut text = body.to_owned();
        for name in analysis.tables.keys().chain(analysis.in_names.keys()) {
            let Some((database, table)) = name.split_once('.') else {
                continue;
            };
            let is_own = database == dialect.database || dialect.aliases.contains(&database);
            let resources = call.resources;
            let is_resource =
                resources.datasources.contains(table) || resources.pipes.contains_key(table);
            if is_own && is_resource && !resources.datasources.contains(name) {
                text = drop_name(&text, database, table);
            }
        }
        let asks_name = analysis
            .functions
            .iter()
            .any(|function| CURRENT_DATABASE.contains(&function.to_ascii_lowercase().as_str()));
        if !asks_name {
            return Ok(text);
        }
        let name = quote_string(dialect.database);
        Ok(show::replace_calls(&text, &CURRENT_DATABASE, |call| {
            format!("({name} AS {})", quote_identifier(call))
        }))
    }
}
