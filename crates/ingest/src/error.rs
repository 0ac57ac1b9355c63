//! Errors of decoding. A bad row is not one: it is counted and quarantined.

use birdhouse_engine::ErrorKind;

use crate::limits::{DECODED_BYTES_MAX, OMITTED_SETS_MAX};

/// Why a body could not be decoded. Nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is nothing but blanks.
    #[error("the body is empty; send one JSON object per line, or CSV rows")]
    Empty,
    /// The columns have no JSONPaths.
    #[error(
        "data source '{datasource}' was not created for JSON: its columns have no JSONPaths; add `json:$.name` to them or send CSV"
    )]
    NoJsonPaths {
        /// The data source.
        datasource: String,
    },
    /// No line of the body is a JSON object.
    #[error("the body has no valid JSON row: line {line}: {problem}")]
    NotJson {
        /// The first line with a problem, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The body is not one JSON document.
    #[error(
        "the body is not one JSON document: {problem}; for one object per line use format=ndjson"
    )]
    NotDocument {
        /// What is wrong with it.
        problem: String,
    },
    /// The rows leave out too many combinations of columns that the engine must fill.
    #[error(
        "rows omit more than {OMITTED_SETS_MAX} different sets of columns whose DEFAULT is an expression; send fewer rows per request"
    )]
    TooManyOmittedSets,
    /// The rows take too much memory.
    #[error(
        "rows take more than {DECODED_BYTES_MAX} bytes once decoded; send fewer rows per request"
    )]
    TooLarge,
}

impl DecodeError {
    /// Returns true when there was nothing to decode.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Returns what kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Empty
            | Self::NoJsonPaths { .. }
            | Self::NotJson { .. }
            | Self::NotDocument { .. } => ErrorKind::InvalidInput,
            Self::TooManyOmittedSets | Self::TooLarge => ErrorKind::TooLarge,
        }
    }

    /// Returns the stable code of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "ingest/empty-body",
            Self::NoJsonPaths { .. } => "ingest/no-jsonpaths",
            Self::NotJson { .. } => "ingest/not-json",
            Self::NotDocument { .. } => "ingest/not-a-document",
            Self::TooManyOmittedSets => "ingest/too-many-omitted-sets",
            Self::TooLarge => "ingest/decoded-too-large",
        }
    }
}
