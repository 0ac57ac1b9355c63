//! Inserts: rows arrive in chunks and become one block of the table, or nothing.
//!
//! Rows go through the library's streaming insert. That call gives up, without a reason, when a
//! materialized view of the table has a scalar subquery or fails. Then the same rows are read again
//! from an unnamed file, which works with such views and names the error of a failing one. Both
//! ways make the same block of the same rows, so the token counts them once, whatever part of them
//! the first attempt has stored.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use crate::exception::{Exception, code};
use crate::limits::INSERT_BYTES_MAX;
use crate::request::Summary;
use crate::worker::ffi::Counters;
use crate::worker::pool::Lease;
use crate::worker::session::{Session, add_counters};
use crate::worker::settings::Settings;
use crate::worker::statement::elapsed_ns;

/// An insert whose rows arrive as chunks.
pub(super) struct InsertStatement {
    /// The text before `FORMAT`.
    pub(super) sql: String,
    pub(super) format: String,
    pub(super) settings: Settings,
}

/// A piece of a body.
pub(super) enum Chunk {
    Data(Bytes),
    /// The body is complete. A channel that closes without it means that the client is gone.
    End,
}

/// Settings that make one block of an insert, in both ways of reading it. Blocks are what the
/// engine stores as a whole and what its deduplication counts.
const ONE_BLOCK: &[(&str, &str)] = &[
    ("input_format_parallel_parsing", "0"),
    ("max_block_size", "100000000"),
    ("max_insert_block_size", "100000000"),
    ("max_insert_block_size_bytes", "10000000000"),
    ("min_insert_block_size_rows", "100000000"),
    ("min_insert_block_size_bytes", "10000000000"),
];

/// Stores the rows; when this returns without an error, they are in the table and its views.
pub(super) fn insert(
    mut lease: Lease,
    mut statement: InsertStatement,
    mut input: Receiver<Chunk>,
    spool_directory: &Path,
) -> Result<Summary, Exception> {
    let started = Instant::now();
    let block = ONE_BLOCK.iter().map(|(n, v)| ((*n).into(), (*v).into()));
    statement.settings.extend(block);
    let session = lease.session();
    session.prepare(None, &statement.settings)?;
    let mut body = Body::default();
    let answer = match stream(session, &statement, &mut input, &mut body) {
        Err(exception) if exception.code == code::QUERY_WAS_CANCELLED => {
            session.reset();
            body.receive_all(&mut input)?;
            read_from_file(session, &statement, &body, spool_directory)
        }
        answer => answer,
    };
    if answer.is_err() {
        session.reset();
    }
    let mut summary = Summary::default();
    add_counters(&mut summary, &answer?);
    summary.elapsed_ns = elapsed_ns(started);
    Ok(summary)
}

fn stream(
    session: &mut Session,
    statement: &InsertStatement,
    input: &mut Receiver<Chunk>,
    body: &mut Body,
) -> Result<Counters, Exception> {
    let failed = |text: String| Exception::parse(&text);
    let mut insert = session.insert(&statement.sql, &statement.format)?;
    while let Some(data) = body.receive(input)? {
        insert.append(&data).map_err(failed)?;
    }
    insert.finish().map_err(failed)
}

fn read_from_file(
    session: &mut Session,
    statement: &InsertStatement,
    body: &Body,
    spool_directory: &Path,
) -> Result<Counters, Exception> {
    let file = body.write_to_file(spool_directory).map_err(|error| {
        let text = format!("cannot keep the rows of an insert in a file: {error}");
        Exception::new(code::UNKNOWN_EXCEPTION, text)
    })?;
    let sql = format!(
        "{} FROM INFILE '/dev/fd/{}' FORMAT {}",
        statement.sql,
        file.as_raw_fd(),
        statement.format
    );
    session.prepare(None, &statement.settings)?;
    if session.classify(&sql)?.statement_count != 1 {
        return Err(Exception::new(
            code::SYNTAX_ERROR,
            "not one INSERT statement",
        ));
    }
    Ok(session.query(&sql, "Null", &[])?.counters())
}

/// The body of an insert as far as it has arrived.
#[derive(Default)]
struct Body {
    chunks: Vec<Bytes>,
    length: usize,
    complete: bool,
}

impl Body {
    /// Waits for the next chunk; none at the end.
    fn receive(&mut self, input: &mut Receiver<Chunk>) -> Result<Option<Bytes>, Exception> {
        match input.blocking_recv() {
            Some(Chunk::Data(data)) => {
                self.length += data.len();
                if self.length > INSERT_BYTES_MAX {
                    let text = format!("an insert has at most {INSERT_BYTES_MAX} bytes");
                    return Err(Exception::new(code::QUERY_IS_TOO_LARGE, text));
                }
                self.chunks.push(data.clone());
                Ok(Some(data))
            }
            Some(Chunk::End) => {
                self.complete = true;
                Ok(None)
            }
            None => {
                let text = "the body of the insert ended early";
                Err(Exception::new(code::UNEXPECTED_END_OF_FILE, text))
            }
        }
    }

    fn receive_all(&mut self, input: &mut Receiver<Chunk>) -> Result<(), Exception> {
        while !self.complete {
            self.receive(input)?;
        }
        Ok(())
    }

    /// Writes the body to a file without a name, which is gone when it is closed.
    fn write_to_file(&self, directory: &Path) -> std::io::Result<File> {
        let mut file = tempfile::tempfile_in(directory)?;
        for chunk in &self.chunks {
            file.write_all(chunk)?;
        }
        file.rewind()?;
        Ok(file)
    }
}
