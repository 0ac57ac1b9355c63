//! ClickHouse text: type names, quoting, statement checks, what a statement reads, and the
//! assembly of pipe nodes into one statement.
//!
//! Text in, values out: nothing here talks to an engine, waits, or knows a workspace. What a
//! statement reads is decided by the engine's own parser; this crate prepares the question
//! (`statement`) and reads the answer (`tree`).

pub mod assemble;
pub mod bind;
pub mod functions;
pub mod lexer;
pub mod quote;
pub mod show;
pub mod statement;
pub mod tree;
pub mod types;

pub use assemble::{Cte, assemble};
pub use quote::{quote_identifier, quote_string};
pub use statement::{Statement, StatementError};
pub use tree::{Analysis, TreeError};
pub use types::{DataType, TypeError};
