//! A session: one connection and the state that it is in (current database, settings).
//!
//! A request states what it needs; the session sends the engine only the difference. A connection
//! that reported an error is closed at once, because it keeps the output that came before the
//! error and would prepend it to the next result. The next request opens a new one (0.1 ms).

use std::ffi::CString;
use std::sync::Arc;

use birdhouse_sql::{quote_identifier, quote_string};

use crate::exception::{Exception, code};
use crate::request::Summary;
use crate::worker::ffi::{
    Classification, Connection, Counters, InsertStream, Library, Parameters, QueryResult,
    StreamResult,
};
use crate::worker::settings::{self, Settings};

/// What all sessions of a pool have in common.
pub(super) struct Profile {
    pub(super) library: &'static Library,
    /// `--name=value` arguments of every connection.
    pub(super) arguments: Vec<CString>,
    /// Trusted statements that a new connection runs first.
    pub(super) setup: &'static [&'static str],
}

/// A connection with its state.
pub(super) struct Session {
    profile: Arc<Profile>,
    name: String,
    connection: Option<Connection>,
    database: Option<String>,
    settings: Settings,
}

impl Session {
    /// Returns a session that connects at its first use. Its statements carry its name as their
    /// `log_comment`.
    pub(super) fn new(profile: Arc<Profile>, name: String) -> Self {
        Self {
            profile,
            name,
            connection: None,
            database: None,
            settings: Settings::new(),
        }
    }

    /// Returns the name by which the session's statements are found.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Brings the session into the state that a request asks for.
    pub(super) fn prepare(
        &mut self,
        database: Option<&str>,
        settings: &Settings,
    ) -> Result<(), Exception> {
        if database.is_none() && self.database.is_some() {
            // The database of a new connection is none of ours; USE could not go back to it.
            self.reset();
        }
        self.connect()?;
        if let Some(name) = database
            && self.database.as_deref() != Some(name)
        {
            self.command(&format!("USE {}", quote_identifier(name)))?;
            self.database = Some(name.to_owned());
        }
        let mut wanted = settings::base();
        wanted.extend(settings.iter().map(|(n, v)| (n.clone(), v.clone())));
        if let Some(statement) = difference(&self.settings, &wanted) {
            self.command(&statement)?;
            self.settings = wanted;
        }
        Ok(())
    }

    /// Runs a statement and returns its whole result.
    pub(super) fn query(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &Parameters,
    ) -> Result<QueryResult, Exception> {
        let answer = self.connect()?.query(sql, format, parameters);
        answer.map_err(|text| self.failed(&text))
    }

    /// Starts a SELECT whose result is fetched in chunks.
    pub(super) fn stream(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &Parameters,
    ) -> Result<StreamResult<'_>, Exception> {
        let answer = self.connect()?.stream(sql, format, parameters);
        answer.map_err(|text| Exception::parse(&text))
    }

    /// Starts an insert; the text ends before `FORMAT`.
    pub(super) fn insert(
        &mut self,
        sql: &str,
        format: &str,
    ) -> Result<InsertStream<'_>, Exception> {
        let answer = self.connect()?.insert(sql, format);
        answer.map_err(|text| Exception::parse(&text))
    }

    /// Asks the parser what a text is.
    pub(super) fn classify(&mut self, sql: &str) -> Result<Classification, Exception> {
        Ok(self.connect()?.classify(sql))
    }

    /// Closes the connection and forgets its state.
    pub(super) fn reset(&mut self) {
        self.connection = None;
        self.database = None;
        self.settings = settings::base();
    }

    fn connect(&mut self) -> Result<&mut Connection, Exception> {
        if self.connection.is_none() {
            self.reset();
            let mut arguments = self.profile.arguments.clone();
            arguments.extend(CString::new(format!("--log_comment={}", self.name)));
            let mut connection =
                Connection::open(self.profile.library, &arguments).ok_or_else(|| {
                    Exception::new(code::UNKNOWN_EXCEPTION, "the engine refused a connection")
                })?;
            for statement in self.profile.setup {
                connection
                    .query(statement, "Null", &[])
                    .map_err(|text| Exception::parse(&text))?;
            }
            self.connection = Some(connection);
        }
        self.connection
            .as_mut()
            .ok_or_else(|| Exception::new(code::UNKNOWN_EXCEPTION, "the connection is closed"))
    }

    fn command(&mut self, statement: &str) -> Result<(), Exception> {
        self.query(statement, "Null", &[]).map(drop)
    }

    fn failed(&mut self, text: &str) -> Exception {
        self.reset();
        Exception::parse(text)
    }
}

/// Opens the connection that starts the engine and runs the statements that prepare it. The
/// engine stays started as long as the returned session lives.
pub(super) fn start_engine(profile: Profile, statements: &[&str]) -> Result<Session, Exception> {
    let mut session = Session::new(Arc::new(profile), "start".to_owned());
    session.connect()?;
    for statement in statements {
        session.command(statement)?;
    }
    Ok(session)
}

/// The totals of a statement, from one result or from the chunks of a stream.
pub(super) fn add_counters(total: &mut Summary, counters: &Counters) {
    total.read_rows += counters.read_rows;
    total.read_bytes += counters.read_bytes;
    total.written_rows += counters.written_rows;
    total.written_bytes += counters.written_bytes;
    total.result_rows += counters.result_rows;
    total.result_bytes += counters.result_bytes;
}

/// Returns the SET statement that leads from one state to another, if they differ.
fn difference(current: &Settings, wanted: &Settings) -> Option<String> {
    let mut out = String::new();
    let mut assign = |name: &str, value: &str| {
        let separator = if out.is_empty() { "SET " } else { ", " };
        out.extend([separator, name, " = ", value]);
    };
    for (name, value) in wanted {
        if current.get(name) != Some(value) {
            assign(name, &quote_string(value));
        }
    }
    for name in current.keys().filter(|name| !wanted.contains_key(*name)) {
        assign(name, "DEFAULT");
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_the_difference_is_set() {
        let current = settings(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let wanted = settings(&[("a", "1"), ("b", "it's"), ("d", "4")]);
        assert_eq!(
            difference(&current, &wanted).as_deref(),
            Some(r"SET b = 'it\'s', d = '4', c = DEFAULT")
        );
        assert_eq!(difference(&current, &current), None);
    }
}
