//! Why a query was not answered.

use birdhouse_engine::EngineError;
use birdhouse_sql::{StatementError, TreeError};
use birdhouse_template::TemplateError;

/// Why a query was not answered. `Display` is the text for the client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// No pipe has that name.
    #[error("The pipe '{pipe}' does not exist")]
    PipeNotFound {
        /// The name or id that was asked for.
        pipe: String,
    },
    /// The pipe publishes no node.
    #[error("The pipe '{pipe}' does not have an endpoint yet")]
    NoEndpoint {
        /// The pipe's name.
        pipe: String,
    },
    /// The query names something that is not there.
    #[error("Resource '{name}' not found")]
    ResourceNotFound {
        /// The name as written.
        name: String,
    },
    /// The token may not read what the query names.
    #[error("Not enough permissions to read '{name}'")]
    Forbidden {
        /// The name as written.
        name: String,
    },
    /// The condition that comes with the caller's token cannot be used.
    #[error("the token's filter on '{name}' cannot be used: {reason}")]
    Filter {
        /// The data source or pipe.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A node's template failed, or called `error()` or `custom_error()`.
    #[error("{source}")]
    Template {
        /// The node's name, empty for the text of `/v0/sql`.
        node: String,
        /// What the template says.
        source: Box<TemplateError>,
    },
    /// The text is not one plain statement.
    #[error("[Error] {source}{}", in_node(node))]
    Statement {
        /// The node's name, empty for the text of `/v0/sql`.
        node: String,
        /// What is wrong.
        source: StatementError,
    },
    /// The engine's parser does not understand the statement.
    #[error("[Error] {message}{}", in_node(node))]
    Syntax {
        /// The node's name, empty for the text of `/v0/sql`.
        node: String,
        /// What is wrong, with the place in the statement.
        message: String,
        /// Line of the statement, from 1, when the engine says it.
        line: Option<usize>,
    },
    /// The statement uses something that user SQL may not use.
    #[error("[Error] {what} is not allowed{}{hint}", in_node(node))]
    Refused {
        /// The node's name, empty for the text of `/v0/sql`.
        node: String,
        /// What was used.
        what: String,
        /// What to do instead, beginning with a separator, or empty.
        hint: &'static str,
    },
    /// Nodes or pipes read each other in a circle.
    #[error("[Error] the nodes {path} read each other in a circle")]
    Cycle {
        /// The names, joined by arrows.
        path: String,
    },
    /// The statement would expand to too many nodes.
    #[error(
        "[Error] the query expands to more than {limit} node references; materialize a node or read it fewer times"
    )]
    TooManyReferences {
        /// The limit.
        limit: usize,
    },
    /// The output format is unknown.
    #[error("The format '{format}' is not supported; use one of {allowed}")]
    UnknownFormat {
        /// The format that was asked for.
        format: String,
        /// The formats that are supported, comma separated.
        allowed: String,
    },
    /// The engine's query tree could not be read.
    #[error("the engine's analysis of the query could not be read")]
    Tree(#[from] TreeError),
    /// The engine refused or failed.
    #[error("{}", engine_text(source))]
    Engine {
        /// What the engine says.
        #[from]
        source: EngineError,
    },
}

impl QueryError {
    /// Returns the error of a node's template; the text of `/v0/sql` is a node without a name.
    pub(crate) fn template(node: &str, source: TemplateError) -> Self {
        Self::Template {
            node: node.to_owned(),
            source: Box::new(source),
        }
    }
}

fn in_node(node: &str) -> String {
    if node.is_empty() {
        String::new()
    } else {
        format!(" in node '{node}'")
    }
}

fn engine_text(error: &EngineError) -> String {
    match error {
        EngineError::Exception { message, .. } => format!("[Error] {message}"),
        other => other.to_string(),
    }
}
