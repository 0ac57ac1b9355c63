//! What can go wrong when the engine is asked, as seen by the rest of the server.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::exception::{Exception, code};
use crate::library::LibraryError;

/// Why the engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine is starting, restarting or stopped. Whether the statement had an effect is
    /// unknown when it was running; the caller decides about a retry.
    #[error("the engine is not available: {reason}")]
    Unavailable {
        /// When another attempt makes sense.
        retry_after: Duration,
        /// What happened, for the log.
        reason: String,
    },
    /// The engine refused or failed the statement.
    #[error("{message}")]
    Exception {
        /// The engine's error code, such as 60.
        code: i32,
        /// The name of the code, such as `UNKNOWN_TABLE`; may be empty.
        name: String,
        /// The engine's text without code, name and version.
        message: String,
    },
    /// The statement did not answer in time and was cancelled.
    #[error("the query did not end within {} s", .limit.as_secs_f64())]
    Timeout {
        /// The time limit of the query.
        limit: Duration,
    },
    /// The engine library is missing or unusable.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The worker did not come up.
    #[error("the engine worker did not start: {reason}")]
    Start {
        /// The end of the worker's own output, or what else is known.
        reason: String,
    },
    /// A file or directory of the engine could not be used.
    #[error("{operation} {}", .path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// Where.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The worker answered something that this client does not understand.
    #[error("unexpected answer of the engine worker: {reason}")]
    Protocol {
        /// What was wrong with the answer.
        reason: String,
    },
}

/// The classes of errors that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The statement or its data is wrong.
    InvalidInput,
    /// The role may not do this.
    Forbidden,
    /// A named thing does not exist.
    NotFound,
    /// A limit of size was reached: result, memory, text.
    TooLarge,
    /// A limit of time was reached, or the query was cancelled.
    Timeout,
    /// Try again later.
    Unavailable,
    /// A fault of the server.
    Internal,
}

impl EngineError {
    /// Returns the class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Exception { code, .. } => kind_of_code(*code),
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::Library(_) | Self::Start { .. } | Self::Io { .. } | Self::Protocol { .. } => {
                ErrorKind::Internal
            }
        }
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable {
            retry_after: crate::limits::RETRY_AFTER,
            reason: reason.into(),
        }
    }
}

impl From<Exception> for EngineError {
    fn from(exception: Exception) -> Self {
        let Exception {
            code,
            name,
            message,
        } = exception;
        Self::Exception {
            code,
            name,
            message,
        }
    }
}

fn kind_of_code(code: i32) -> ErrorKind {
    match code {
        code::TIMEOUT_EXCEEDED | code::QUERY_WAS_CANCELLED => ErrorKind::Timeout,
        // Rows and bytes to read, result rows and bytes, memory, text.
        158
        | 307
        | code::TOO_MANY_ROWS_OR_BYTES
        | code::MEMORY_LIMIT_EXCEEDED
        | code::QUERY_IS_TOO_LARGE => ErrorKind::TooLarge,
        code::TOO_MANY_SIMULTANEOUS_QUERIES => ErrorKind::Unavailable,
        code::ACCESS_DENIED | code::READONLY => ErrorKind::Forbidden,
        // Unknown table and unknown database.
        60 | 81 => ErrorKind::NotFound,
        // Broken data parts, file system errors, logical errors: not the client's doing.
        49 | 74 | 75 | 76 | 209 | 210 | 243 | code::UNKNOWN_EXCEPTION => ErrorKind::Internal,
        _ => ErrorKind::InvalidInput,
    }
}
