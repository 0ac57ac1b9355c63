//! From an HTTP request to what the worker is to do: URL parameters, checks, defaults.

use birdhouse_sql::statement::Statement as StatementText;

use crate::dialect::{decode_pairs, parameter};
use crate::exception::{Exception, code};
use crate::request::Role;
use crate::worker::insert::InsertStatement;
use crate::worker::settings::{self, Settings};
use crate::worker::statement::{Statement, check_token, is_concatenable};

/// The output format when neither the URL nor the text names one, as on a server.
const DEFAULT_FORMAT: &str = "TabSeparated";

/// What a request asks for.
#[derive(Default)]
pub(super) struct UrlParameters {
    query: String,
    database: Option<String>,
    format: Option<String>,
    role: Option<Role>,
    query_id: Option<String>,
    wait_end_of_query: bool,
    parameters: Vec<(String, String)>,
    settings: Settings,
}

/// How the result of a statement travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// In one piece, within the limits of materialized results.
    Whole,
    /// In chunks, with the end of the statement in the trailers.
    Streamed,
}

impl UrlParameters {
    /// Reads the query part of a URL.
    pub(super) fn parse(query: &str) -> Result<Self, Exception> {
        let pairs = decode_pairs(query)
            .ok_or_else(|| Exception::new(code::BAD_ARGUMENTS, "the URL is not UTF-8"))?;
        let mut url = Self::default();
        for (name, value) in pairs {
            url.add(name, value)?;
        }
        Ok(url)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Exception> {
        match name.as_str() {
            parameter::QUERY => self.query = value,
            parameter::DATABASE if value == "default" => {
                let text = "database default is not available";
                return Err(Exception::new(code::ACCESS_DENIED, text));
            }
            parameter::DATABASE => self.database = Some(value).filter(|name| !name.is_empty()),
            parameter::DEFAULT_FORMAT => self.format = Some(value),
            parameter::ROLE => self.role = Some(role(&value)?),
            parameter::WAIT_END_OF_QUERY => self.wait_end_of_query = value != "0",
            parameter::QUERY_ID => self.query_id = Some(value),
            name => {
                if let Some(name) = name.strip_prefix(parameter::PARAM_PREFIX) {
                    self.parameters.push((name.to_owned(), value));
                } else {
                    settings::check_allowed(name)?;
                    self.settings.insert(name.to_owned(), value);
                }
            }
        }
        Ok(())
    }

    /// Returns whether the body of the request is the data of an insert.
    pub(super) fn is_insert(&self) -> bool {
        first_word(&self.query).eq_ignore_ascii_case("insert")
    }

    /// Returns the caller's id of the statement. The engine chooses its own; the caller's is only
    /// sent back.
    pub(super) fn take_query_id(&mut self) -> Option<String> {
        self.query_id.take()
    }

    /// Returns the insert whose statement is in the URL.
    pub(super) fn into_insert(self) -> Result<InsertStatement, Exception> {
        check_token(&self.settings)?;
        let (sql, format) = split_format(&self.query).ok_or_else(|| {
            let text = "the statement of an insert ends with FORMAT and its name";
            Exception::new(code::SYNTAX_ERROR, text)
        })?;
        Ok(InsertStatement {
            sql: sql.to_owned(),
            format: format.to_owned(),
            settings: self.settings,
        })
    }

    /// Returns the statement whose text is in the URL, the body, or begins in one and goes on in
    /// the other.
    pub(super) fn into_statement(mut self, body: String) -> (Statement, Delivery) {
        let sql = if self.query.is_empty() {
            body
        } else {
            format!("{}\n{body}", self.query)
        };
        let format = self.format.unwrap_or_else(|| DEFAULT_FORMAT.to_owned());
        let role = self.role.unwrap_or(Role::Reader);
        let streamed =
            role == Role::Reader && !self.wait_end_of_query && may_be_streamed(&sql, &format);
        let delivery = if streamed {
            Delivery::Streamed
        } else {
            settings::bound_result(&mut self.settings);
            Delivery::Whole
        };
        let statement = Statement {
            sql,
            format,
            role,
            database: self.database,
            parameters: self.parameters,
            settings: self.settings,
        };
        (statement, delivery)
    }
}

/// Returns whether the result of a text may come in chunks. A `FORMAT` in the text wins over the
/// one that the request names.
fn may_be_streamed(sql: &str, format: &str) -> bool {
    StatementText::parse(sql).is_ok_and(|text| is_concatenable(text.format.unwrap_or(format)))
}

/// Returns whether a text begins with `KILL`, and so must not wait behind other work.
pub(super) fn is_kill(sql: &str) -> bool {
    first_word(sql).eq_ignore_ascii_case("kill")
}

fn first_word(sql: &str) -> &str {
    sql.split_whitespace().next().unwrap_or("")
}

fn role(name: &str) -> Result<Role, Exception> {
    [Role::Admin, Role::Reader, Role::Copier]
        .into_iter()
        .find(|role| role.name() == name)
        .ok_or_else(|| Exception::new(code::UNKNOWN_ROLE, format!("there is no role {name}")))
}

/// Splits `INSERT … FORMAT Name` before `FORMAT`.
fn split_format(sql: &str) -> Option<(&str, &str)> {
    let (rest, format) = sql.trim_end().rsplit_once(char::is_whitespace)?;
    let (insert, keyword) = rest.trim_end().rsplit_once(char::is_whitespace)?;
    let is_name = format.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_name && keyword.eq_ignore_ascii_case("format")).then_some((insert, format))
}

#[cfg(test)]
mod tests;
