//! Datafiles: the text of `.datasource`, `.pipe` and `.connection` files ↔ resources.
//!
//! Text in, values out: no I/O, no clock. [`Project::parse`] reads all files of a project and
//! returns its resources and every mistake at once, each a [`Diagnostic`] with its place in the
//! text. Reading goes in two passes: `lexer` turns lines into directives, and one builder per
//! kind of file turns those into a resource. What the SQL of a node reads is not looked at here.

pub mod codes;
mod connection;
mod connector;
mod datasource;
mod diagnostic;
mod edit;
mod engine;
mod format;
mod grammar;
mod include;
mod indexes;
mod inspect;
mod json_path;
mod lexer;
mod metadata;
mod pipe;
mod project;
mod schedule;
mod schema;
mod settings;
mod source;

pub use connection::Connection;
pub use connector::{Connector, ConnectorKind};
pub use datasource::{Backfill, Datasource};
pub use diagnostic::{Diagnostic, Label, Severity, has_errors};
pub use edit::{Edit, EditError};
pub use engine::{Engine, EngineFamily};
pub use format::format;
pub use grammar::{Dialect, FileKind};
pub use indexes::Index;
pub use inspect::inspect;
pub use json_path::{JsonPath, JsonPathError, Segment};
pub use lexer::BlockText;
pub use metadata::{ResourceName, Tags, TokenGrant, TokenScope};
pub use pipe::{
    Copy, CopyMode, DeploymentMethod, Materialization, Node, NodeKind, Pipe, Publication, Sink,
    SinkTarget,
};
pub use project::{Project, ProjectToken, detect_dialect, resource_kind};
pub use schedule::{Cron, Schedule};
pub use schema::{Column, Schema};
pub use settings::Settings;
pub use source::{Location, SourceFile, Span, Spanned};
