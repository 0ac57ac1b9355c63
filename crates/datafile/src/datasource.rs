//! `.datasource` files.

mod implicit;

use birdhouse_sql::DataType;

use crate::codes;
use crate::connector::{self, Connector};
use crate::diagnostic::Diagnostic;
use crate::engine::{self, Engine, EngineContext};
use crate::grammar::{Dialect, FileKind, Grammar, clip};
use crate::indexes::{self, Index};
use crate::lexer::{BlockText, Directive, Lexed};
use crate::metadata::{self, ResourceName, Tags, TokenGrant};
use crate::schema::{self, Schema};
use crate::settings::{Settings, report_repeated, required_value};
use crate::source::{SourceFile, Span, Spanned};

/// A data source, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datasource {
    /// Name, from the file name.
    pub name: ResourceName,
    /// The file.
    pub file: SourceFile,
    /// `DESCRIPTION`.
    pub description: Option<String>,
    /// `TOKEN`, in the order of the file.
    pub tokens: Vec<TokenGrant>,
    /// `TAGS`.
    pub tags: Tags,
    /// `SCHEMA`; empty when it is missing.
    pub schema: Schema,
    /// `INDEXES`.
    pub indexes: Vec<Index>,
    /// `ENGINE` with its options.
    pub engine: Engine,
    /// `SHARED_WITH`: names of workspaces.
    pub shared_with: Vec<Spanned<String>>,
    /// `FORWARD_QUERY`: how to fill a new table from the old one.
    pub forward_query: Option<BlockText>,
    /// Whether a new table behind a materialized view is filled.
    pub backfill: Backfill,
    /// What would feed it from outside.
    pub connector: Option<Connector>,
    /// Directives that are kept without effect: `TTL`, `SORTING_KEY`, ….
    pub unused: Settings,
}

/// `BACKFILL`: whether a new target of a materialized view is filled from the view's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backfill {
    /// It is.
    #[default]
    Run,
    /// It is not.
    Skip,
}

impl Datasource {
    /// Returns the columns that the table has besides those of the schema, with their types.
    pub fn implicit_columns(&self) -> Vec<(&'static str, &'static str)> {
        self.connector
            .as_ref()
            .map(Connector::implicit_columns)
            .unwrap_or_default()
    }
}

/// Builds a data source from its directives; `None` when it has no usable name.
pub(crate) fn build(
    file: &SourceFile,
    lexed: &Lexed,
    dialect: Dialect,
    out: &mut Vec<Diagnostic>,
) -> Option<Datasource> {
    let grammar = Grammar::new(FileKind::Datasource, dialect);
    report_repeated(&lexed.directives, out);
    let mut builder = Builder {
        grammar,
        out,
        parts: Parts::default(),
    };
    for directive in &lexed.directives {
        builder.directive(directive);
    }
    let parts = builder.parts;
    let name = metadata::resource_name(file, FileKind::Datasource, out);
    let schema = match parts.schema {
        Some(schema) => schema,
        None => {
            out.push(
                Diagnostic::error(codes::MISSING_SCHEMA, "SCHEMA is mandatory", file.start())
                    .with_hint("add `SCHEMA >` and the columns below it, indented"),
            );
            Schema {
                columns: Vec::new(),
                span: None,
                is_complete: false,
            }
        }
    };
    let connector = connector::build(parts.connector, parts.connector_start, dialect, out);
    let implicit_columns = connector
        .as_ref()
        .map(Connector::implicit_columns)
        .unwrap_or_default();
    let context = EngineContext {
        schema: Some(&schema),
        implicit_columns: &implicit_columns,
        dialect,
        fallback: file.start(),
    };
    let engine = engine::build(&parts.engine, &context, out);
    if connector.is_none() {
        warn_json_columns(&schema, out);
    }
    Some(Datasource {
        name: name?,
        file: file.clone(),
        description: parts.description,
        tokens: parts.tokens,
        tags: parts.tags,
        schema,
        indexes: parts.indexes,
        engine,
        shared_with: parts.shared_with,
        forward_query: parts.forward_query,
        backfill: parts.backfill,
        connector,
        unused: parts.unused,
    })
}

/// Warns about columns of a JSON data source that cannot be filled as they are declared.
fn warn_json_columns(schema: &Schema, out: &mut Vec<Diagnostic>) {
    if !schema.has_json_paths() {
        return;
    }
    for column in &schema.columns {
        let Some(data_type) = &column.data_type else {
            continue;
        };
        let name = &column.name;
        let (message, hint, span) = match &column.json_path {
            None if column.default.is_none() && !column.is_nullable() => (
                format!(
                    "column '{}' has no JSON path and no default: JSON rows leave it empty",
                    name.value
                ),
                format!("write `json:$.{}` after the type, or a DEFAULT", name.value),
                &name.span,
            ),
            Some(path) if matches!(data_type, DataType::AggregateFunction { .. }) => (
                format!(
                    "column '{}' holds an aggregate state, which no JSON value can give",
                    name.value
                ),
                "remove the JSON path; a materialized view fills such a column".to_owned(),
                &path.span,
            ),
            Some(path)
                if path.value.is_array()
                    && !matches!(data_type.value_type(), DataType::Array(_)) =>
            {
                (
                    format!(
                        "the JSON path of column '{}' gives an array, its type is {data_type}",
                        name.value
                    ),
                    format!("use the type Array({data_type}), or a path without [:]"),
                    &path.span,
                )
            }
            _ => continue,
        };
        out.push(
            Diagnostic::warning(codes::INVALID_JSON_PATH, message, span.clone()).with_hint(hint),
        );
    }
}

#[derive(Default)]
struct Parts {
    description: Option<String>,
    tokens: Vec<TokenGrant>,
    tags: Tags,
    schema: Option<Schema>,
    indexes: Vec<Index>,
    engine: Settings,
    shared_with: Vec<Spanned<String>>,
    forward_query: Option<BlockText>,
    backfill: Backfill,
    connector: Settings,
    connector_start: Option<Span>,
    unused: Settings,
}

struct Builder<'a> {
    grammar: Grammar,
    out: &'a mut Vec<Diagnostic>,
    parts: Parts,
}

impl Builder<'_> {
    fn directive(&mut self, directive: &Directive) {
        match directive.name() {
            "DESCRIPTION" => self.parts.description = Some(metadata::description(directive)),
            "TOKEN" => {
                let Grammar { kind, dialect } = self.grammar;
                self.parts
                    .tokens
                    .extend(metadata::token(directive, kind, dialect, self.out));
            }
            "TAGS" => {
                if let Some(text) = required_value(directive, self.out) {
                    self.parts.tags.add(&text.value);
                }
            }
            "SHARED_WITH" => self
                .parts
                .shared_with
                .extend(metadata::shared_with(directive, self.out)),
            "SCHEMA" => {
                if let Some(text) = self.block(directive, |block| block.raw()) {
                    self.parts.schema = Some(schema::parse(&text, self.out));
                }
            }
            "INDEXES" | "INDICES" => {
                if let Some(text) = self.block(directive, |block| block.raw()) {
                    self.parts.indexes = indexes::parse(&text, self.out);
                }
            }
            "FORWARD_QUERY" => {
                self.parts.forward_query = self.block(directive, |block| block.sql());
            }
            "BACKFILL" => self.backfill(directive),
            "PARTITION_KEY" | "SORTING_KEY" | "PRIMARY_KEY" | "SAMPLING_KEY" | "TTL" => {
                self.unused_option(directive);
            }
            "INCLUDE" => {} // Reported or replaced before.
            name if self.removed(name, directive) => {}
            name if name == "ENGINE" || name.starts_with("ENGINE_") => {
                // An empty TTL does not even replace one that was there before.
                let value = required_value(directive, self.out);
                if let Some(value) =
                    value.filter(|value| name != "ENGINE_TTL" || !value.value.is_empty())
                {
                    self.parts.engine.set(name, value);
                }
            }
            name if is_connector_setting(name) && self.grammar.is_own(directive.rule) => {
                if let Some(value) = required_value(directive, self.out) {
                    self.connector_setting(directive, value);
                }
            }
            _ => self
                .out
                .push(self.grammar.unknown_directive(&directive.keyword)),
        }
    }

    /// Returns the text of a block, or reports that it is empty.
    fn block(
        &mut self,
        directive: &Directive,
        text: impl Fn(&crate::lexer::Block) -> BlockText,
    ) -> Option<BlockText> {
        let text = directive
            .block
            .as_ref()
            .map(text)
            .filter(|text| !text.as_str().trim().is_empty());
        if text.is_none() && !directive.has_lost_block() {
            let name = directive.name();
            let span = directive.keyword.clone();
            self.out.push(
                Diagnostic::error(codes::MISSING_VALUE, format!("{name} has no value"), span)
                    .with_hint(format!(
                        "write the text on the lines below `{name} >`, indented"
                    )),
            );
        }
        text.or_else(|| Some(BlockText::empty(directive.keyword.file().clone())))
    }

    fn backfill(&mut self, directive: &Directive) {
        let Some(value) = required_value(directive, self.out) else {
            return;
        };
        if value.value.eq_ignore_ascii_case("skip") {
            self.parts.backfill = Backfill::Skip;
            return;
        }
        let message = format!(
            "{} is not an allowed value for BACKFILL. Use one of: {{'skip'}}",
            clip(&value.value)
        );
        self.out.push(
            Diagnostic::error(codes::INVALID_VALUE, message, value.span)
                .with_hint("write: BACKFILL skip"),
        );
    }

    fn unused_option(&mut self, directive: &Directive) {
        let Some(value) = required_value(directive, self.out) else {
            return;
        };
        let name = directive.name();
        self.out.push(
            Diagnostic::warning(
                codes::IGNORED_DIRECTIVE,
                format!("{name} has no effect on the table"),
                directive.keyword.clone(),
            )
            .with_hint(format!("use ENGINE_{name}")),
        );
        self.parts.unused.set(name, value);
    }

    fn connector_setting(&mut self, directive: &Directive, mut value: Spanned<String>) {
        if directive.name() == "IMPORT_FORMAT" {
            value.value = value.value.to_lowercase();
        }
        self.parts
            .connector_start
            .get_or_insert_with(|| directive.span());
        self.parts.connector.set(directive.name(), value);
    }

    /// Handles directives that do nothing any more; Classic still has some of them.
    fn removed(&mut self, name: &'static str, directive: &Directive) -> bool {
        let is_classic = self.grammar.dialect == Dialect::Classic;
        let (message, hint) = match name {
            "VERSION"
            | "KAFKA_TARGET_PARTITIONS"
            | "IMPORT_EXTERNAL_DATASOURCE"
            | "IMPORT_SERVICE" => {
                let message = format!("{name} has been deprecated and will be ignored.");
                self.ignored(directive, message);
                return true;
            }
            "MAINTAINER" | "SOURCE" | "FROM" | "RESOURCE" | "TEST" if is_classic => {
                self.ignored(directive, format!("{name} is ignored"));
                return true;
            }
            "SOURCE" => ("SOURCE has been deprecated", None),
            "IMPORT_STRATEGY" => (
                "IMPORT_STRATEGY has been deprecated. The built-in default is 'append'. You can safely remove this setting from your Data Source file and the connection will be valid.",
                Some("remove this line"),
            ),
            "KAFKA_STORE_BINARY_HEADERS" => (
                "KAFKA_STORE_BINARY_HEADERS has been deprecated. When KAFKA_STORE_HEADERS is True, __headers is always of type Map(String, String)",
                Some("remove this line"),
            ),
            "KAFKA_KEY_AVRO_DESERIALIZATION" => (
                "KAFKA_KEY_AVRO_DESERIALIZATION has been deprecated.",
                Some("use KAFKA_KEY_FORMAT avro"),
            ),
            _ => return false,
        };
        if is_classic {
            self.ignored(directive, format!("{name} is ignored"));
        } else {
            self.out.push(
                Diagnostic::error(codes::REMOVED_DIRECTIVE, message, directive.keyword.clone())
                    .with_optional_hint(hint.map(str::to_owned)),
            );
        }
        true
    }

    fn ignored(&mut self, directive: &Directive, message: String) {
        self.out.push(Diagnostic::warning(
            codes::DEPRECATED_DIRECTIVE,
            message,
            directive.keyword.clone(),
        ));
    }
}

fn is_connector_setting(name: &str) -> bool {
    ["KAFKA_", "IMPORT_", "PG_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
