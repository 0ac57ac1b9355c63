//! Runs one statement of a request on a session: the checks that depend on the role, then the
//! engine. Everything here blocks.

use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::dialect::DEDUPLICATION_TOKEN;
use crate::exception::{Exception, code};
use crate::request::{Role, Summary};
use crate::worker::ffi::{Classification, StatementClass};
use crate::worker::pool::Lease;
use crate::worker::running::Running;
use crate::worker::session::{Session, add_counters};
use crate::worker::settings::Settings;

/// A statement and how to run it.
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) format: String,
    pub(super) role: Role,
    pub(super) database: Option<String>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) settings: Settings,
}

/// A piece of a streamed result. The last one is `End`.
pub(super) enum Output {
    Data(Bytes),
    End(Result<Summary, Exception>),
}

/// Formats whose chunks may be put after each other: no header, no footer.
const CONCATENABLE: &[&str] = &[
    "JSONEachRow",
    "JSONLines",
    "NDJSON",
    "JSONCompactEachRow",
    "JSONStringsEachRow",
    "CSV",
    "TSV",
    "TabSeparated",
    "TSVRaw",
    "TabSeparatedRaw",
    "Native",
    "RowBinary",
];

/// Returns whether a result in this format may be streamed.
pub(super) fn is_concatenable(format: &str) -> bool {
    CONCATENABLE.contains(&format)
}

/// Runs a statement to its end and returns the whole result.
pub(super) fn materialize(
    mut lease: Lease,
    statement: &Statement,
    running: &Running,
) -> Result<(Bytes, Summary), Exception> {
    let started = Instant::now();
    let _done = running.done_on_drop();
    let session = lease.session();
    session.prepare(statement.database.as_deref(), &statement.settings)?;
    check(session, statement)?;
    running.check_not_cancelled()?;
    let result = session.query(&statement.sql, &statement.format, &statement.parameters)?;
    let mut summary = Summary::default();
    add_counters(&mut summary, &result.counters());
    summary.elapsed_ns = elapsed_ns(started);
    // The bytes stay where the engine wrote them until the answer is sent.
    Ok((Bytes::from_owner(result), summary))
}

/// Runs a SELECT and sends its result in chunks. Ends when the receiver is gone.
pub(super) fn stream(
    mut lease: Lease,
    statement: &Statement,
    running: &Running,
    output: &Sender<Output>,
) {
    let done = running.done_on_drop();
    let end = stream_chunks(lease.session(), statement, running, output);
    drop(done);
    drop(lease);
    // A receiver that is gone does not need the end.
    drop(output.blocking_send(Output::End(end)));
}

fn stream_chunks(
    session: &mut Session,
    statement: &Statement,
    running: &Running,
    output: &Sender<Output>,
) -> Result<Summary, Exception> {
    let started = Instant::now();
    session.prepare(statement.database.as_deref(), &statement.settings)?;
    check(session, statement)?;
    running.check_not_cancelled()?;
    let mut stream = session.stream(&statement.sql, &statement.format, &statement.parameters)?;
    let mut summary = Summary::default();
    while let Some(chunk) = stream
        .next_chunk()
        .map_err(|text| Exception::parse(&text))?
    {
        add_counters(&mut summary, &chunk.counters());
        let data = Output::Data(Bytes::from_owner(chunk));
        if output.blocking_send(data).is_err() {
            let text = "the client is gone";
            return Err(Exception::new(code::QUERY_WAS_CANCELLED, text));
        }
    }
    summary.elapsed_ns = elapsed_ns(started);
    Ok(summary)
}

/// Refuses texts that the role may not run, before the engine executes anything.
fn check(session: &mut Session, statement: &Statement) -> Result<(), Exception> {
    let Classification {
        statement_count,
        class,
    } = session.classify(&statement.sql)?;
    match statement_count {
        0 => return Err(syntax_error(session, statement)),
        1 => {}
        count => {
            let text = format!("{count} statements in one text; send them one by one");
            return Err(Exception::new(code::SYNTAX_ERROR, text));
        }
    }
    match (statement.role, class) {
        (Role::Reader, StatementClass::Read) => Ok(()),
        (Role::Reader, _) => {
            let text = "only SELECT queries are allowed, without INTO OUTFILE";
            Err(Exception::new(code::READONLY, text))
        }
        (Role::Admin, StatementClass::Mutating) => check_insert(session, statement).map(drop),
        (Role::Admin, _) => Ok(()),
        (Role::Copier, class) => {
            if class == StatementClass::Mutating && check_insert(session, statement)? {
                return Ok(());
            }
            let text = "only INSERT … SELECT is allowed";
            Err(Exception::new(code::READONLY, text))
        }
    }
}

/// Refuses an INSERT that brings its rows in the text or has no token. Returns false for what is no
/// INSERT.
fn check_insert(session: &mut Session, statement: &Statement) -> Result<bool, Exception> {
    let explain = format!("EXPLAIN AST {}", statement.sql);
    let tree = session.query(&explain, "TSVRaw", &statement.parameters)?;
    let mut lines = tree.as_ref().split(|byte| *byte == b'\n');
    let is_insert = lines
        .next()
        .is_some_and(|line| line.starts_with(b"InsertQuery"));
    if !is_insert {
        return Ok(false);
    }
    // The children of the statement are indented by one blank.
    if !lines.any(|line| line.starts_with(b" SelectWithUnionQuery")) {
        let text =
            "rows must not be part of the SQL text; send INSERT in the URL, rows in the body";
        return Err(Exception::new(code::BAD_ARGUMENTS, text));
    }
    check_token(&statement.settings).map(|()| true)
}

/// Refuses an insert that could not be repeated safely.
pub(super) fn check_token(settings: &Settings) -> Result<(), Exception> {
    match settings.get(DEDUPLICATION_TOKEN) {
        Some(token) if !token.is_empty() => Ok(()),
        _ => {
            let text = format!("an insert needs {DEDUPLICATION_TOKEN}");
            Err(Exception::new(code::BAD_ARGUMENTS, text))
        }
    }
}

/// Returns the engine's own error for a text that does not parse. The streaming call parses the
/// whole text and refuses everything but one SELECT, so nothing of the text is executed.
fn syntax_error(session: &mut Session, statement: &Statement) -> Exception {
    match session.stream(&statement.sql, "Null", &statement.parameters) {
        Err(exception) => exception,
        Ok(_) => Exception::new(code::SYNTAX_ERROR, "syntax error"),
    }
}

pub(super) fn elapsed_ns(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
