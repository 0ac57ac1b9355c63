//! The formatter: one canonical form for each file.
//!
//! Sections come in a fixed order with one blank line between them, blocks are indented by four,
//! columns stand one per line in backticks. Comments stay with what they belong to: those above
//! a directive move with it, those at the top of the file, before a blank line, stay at the top. SQL
//! keeps its text; only its indentation as a whole changes. Formatting twice changes nothing.
//!
//! A file with `INCLUDE` keeps the order of its directives, because the order may matter there.
//! Unlike the reference formatter nothing is lost: comments, `BACKFILL`, `DEPLOYMENT_METHOD`, ….

mod blocks;
mod values;

use crate::diagnostic::{Diagnostic, has_errors};
use crate::grammar::{Dialect, FileKind, Grammar};
use crate::lexer::{self, Directive, Lexed};
use crate::schema;
use crate::source::{SourceFile, Span};

/// Formats a file of a kind.
///
/// # Errors
/// A file whose lines or columns cannot be understood is not touched: its diagnostics are returned.
/// Mistakes in values do not matter.
///
/// ```
/// use birdhouse_datafile::{Dialect, FileKind, SourceFile, format};
///
/// let file = SourceFile::new("one.pipe", "node n\nSQL >\nSELECT 1\ntype endpoint");
/// let text = format(&file, FileKind::Pipe, Dialect::Forward).unwrap();
/// assert_eq!(text, "NODE n\nSQL >\n    SELECT 1\n\nTYPE ENDPOINT\n");
/// ```
pub fn format(
    file: &SourceFile,
    kind: FileKind,
    dialect: Dialect,
) -> Result<String, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let lexed = lexer::lex(file, &Grammar::new(kind, dialect), &mut out);
    for directive in lexed
        .directives
        .iter()
        .filter(|directive| directive.name() == "SCHEMA")
    {
        if let Some(block) = &directive.block {
            schema::parse(&block.raw(), &mut out);
        }
    }
    if has_errors(&out) {
        out.retain(Diagnostic::is_error);
        return Err(out);
    }
    let mut layout = Layout::new(kind, &lexed);
    if lexed
        .directives
        .iter()
        .any(|directive| directive.name() == "INCLUDE")
    {
        layout.section(lexed.directives.iter());
    } else {
        match kind {
            FileKind::Datasource => layout.datasource(&lexed),
            FileKind::Pipe => layout.pipe(&lexed),
            FileKind::Connection => layout.connection(&lexed),
        }
    }
    Ok(layout.finish(&lexed))
}

/// Order of the directives of a node; the others follow in file order.
const NODE_ORDER: &[&str] = &[
    "TYPE",
    "DATASOURCE",
    "DEPLOYMENT_METHOD",
    "TARGET_DATASOURCE",
    "COPY_MODE",
    "COPY_SCHEDULE",
    "ON_DEMAND_COMPUTE",
    "EXPORT_CONNECTION_NAME",
    "EXPORT_SCHEDULE",
    "EXPORT_KAFKA_TOPIC",
    "EXPORT_BUCKET_URI",
    "EXPORT_FILE_TEMPLATE",
    "EXPORT_FORMAT",
    "EXPORT_COMPRESSION",
    "EXPORT_WRITE_STRATEGY",
    "EXPORT_STRATEGY",
];

/// Directives of data sources that have a place of their own in the order.
const DATASOURCE_SECTIONS: [&[&str]; 5] = [
    &["DESCRIPTION"],
    &["TOKEN"],
    &["TAGS"],
    &["SCHEMA"],
    &["INDEXES", "INDICES"],
];

/// Directives of pipes that belong to the pipe, not to a node.
pub(crate) const PIPE_LEVEL: &[&str] = &[
    "TOKEN",
    "TAGS",
    "VERSION",
    "MAINTAINER",
    "EXPORT_SERVICE",
    "SOURCE",
];

/// The text so far, in sections.
struct Layout<'a> {
    kind: FileKind,
    sections: Vec<String>,
    /// Comments that stay at the top of the file, so that they are not written again.
    header: &'a [Span],
}

impl<'a> Layout<'a> {
    fn new(kind: FileKind, lexed: &'a Lexed) -> Self {
        let header = lexed.directives.first().map_or(&[][..], header);
        let mut layout = Self {
            kind,
            sections: Vec::new(),
            header,
        };
        let text: String = header
            .iter()
            .map(|comment| format!("{}\n", comment.text()))
            .collect();
        layout.push(text);
        layout
    }

    fn push(&mut self, section: String) {
        if !section.is_empty() {
            self.sections.push(section);
        }
    }

    /// Adds a section of directives; blocks are set off by a blank line.
    fn section<'d>(&mut self, directives: impl IntoIterator<Item = &'d Directive>) {
        let mut section = String::new();
        for directive in directives {
            let text = values::directive(directive, self.kind, self.header);
            let is_block = text
                .lines()
                .last()
                .is_some_and(|line| line.starts_with(' '));
            // The name of a node and its first block stay together.
            let follows_node = section
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("NODE "));
            if is_block && !follows_node {
                self.push(std::mem::take(&mut section));
            }
            section.push_str(&text);
            if is_block {
                self.push(std::mem::take(&mut section));
            }
        }
        self.push(section);
    }

    fn datasource(&mut self, lexed: &Lexed) {
        let named = |names: &'static [&'static str]| {
            lexed
                .directives
                .iter()
                .filter(move |directive| names.contains(&directive.name()))
        };
        let is_engine = |directive: &&Directive| directive.name().starts_with("ENGINE");
        let is_connector = |directive: &&Directive| {
            ["KAFKA_", "IMPORT_", "PG_"]
                .iter()
                .any(|prefix| directive.name().starts_with(prefix))
        };
        const LAST: &[&str] = &["SHARED_WITH", "FORWARD_QUERY", "BACKFILL"];
        let is_placed = |directive: &&Directive| {
            DATASOURCE_SECTIONS
                .iter()
                .any(|names| names.contains(&directive.name()))
                || is_engine(directive)
                || is_connector(directive)
                || LAST.contains(&directive.name())
        };
        for names in DATASOURCE_SECTIONS {
            self.section(named(names));
        }
        let mut engine: Vec<&Directive> = lexed.directives.iter().filter(is_engine).collect();
        engine.sort_by_key(|directive| directive.name());
        self.section(engine);
        self.section(
            lexed
                .directives
                .iter()
                .filter(|directive| !is_placed(directive)),
        );
        let mut connector: Vec<&Directive> = lexed.directives.iter().filter(is_connector).collect();
        connector.sort_by_key(|directive| directive.name().split('_').next() != Some("KAFKA"));
        self.section(connector);
        for name in LAST {
            self.section(
                lexed
                    .directives
                    .iter()
                    .filter(|directive| directive.name() == *name),
            );
        }
    }

    fn pipe(&mut self, lexed: &Lexed) {
        let first_node = lexed
            .directives
            .iter()
            .position(|directive| directive.name() == "NODE");
        let (before, nodes) = lexed
            .directives
            .split_at_checked(first_node.unwrap_or(lexed.directives.len()))
            .unwrap_or_default();
        let is_pipe_level = |directive: &&Directive| PIPE_LEVEL.contains(&directive.name());
        let named = |name: &'static str| lexed.directives.iter().filter(move |d| d.name() == name);
        self.section(
            before
                .iter()
                .filter(|directive| directive.name() == "DESCRIPTION"),
        );
        self.section(named("TOKEN"));
        self.section(named("TAGS"));
        let is_other =
            |directive: &&Directive| !matches!(directive.name(), "DESCRIPTION" | "TOKEN" | "TAGS");
        self.section(before.iter().filter(is_other));
        self.section(nodes.iter().filter(is_pipe_level).filter(is_other));
        let of_nodes: Vec<&Directive> = nodes
            .iter()
            .filter(|directive| !is_pipe_level(directive))
            .collect();
        for node in of_nodes.chunk_by(|_, next| next.name() != "NODE") {
            self.node(node);
        }
    }

    fn node(&mut self, directives: &[&Directive]) {
        let first = ["NODE", "DESCRIPTION", "SQL"];
        let texts = first
            .iter()
            .flat_map(|name| directives.iter().filter(move |d| d.name() == *name));
        self.section(texts.copied());
        let mut rest: Vec<&Directive> = directives
            .iter()
            .copied()
            .filter(|directive| !first.contains(&directive.name()))
            .collect();
        rest.sort_by_key(|directive| order_in(NODE_ORDER, directive.name()));
        self.section(rest);
    }

    fn connection(&mut self, lexed: &Lexed) {
        self.section(
            lexed
                .directives
                .iter()
                .filter(|directive| directive.name() == "DESCRIPTION"),
        );
        let order: Vec<&str> = Grammar::new(FileKind::Connection, Dialect::Forward)
            .names()
            .collect();
        let mut rest: Vec<&Directive> = lexed
            .directives
            .iter()
            .filter(|directive| directive.name() != "DESCRIPTION")
            .collect();
        rest.sort_by_key(|directive| order_in(&order, directive.name()));
        self.section(rest);
    }

    fn finish(mut self, lexed: &Lexed) -> String {
        let below: String = lexed
            .comments_below
            .iter()
            .map(|comment| format!("{}\n", comment.text()))
            .collect();
        self.push(below);
        self.sections.join("\n")
    }
}

fn order_in(order: &[&str], name: &str) -> usize {
    order
        .iter()
        .position(|known| *known == name)
        .unwrap_or(order.len())
}

/// Returns a directive with its comments; those in `written` are left out.
pub(crate) fn directive(directive: &Directive, kind: FileKind, written: &[Span]) -> String {
    values::directive(directive, kind, written)
}

/// Returns the comments above the first directive that a blank line separates from it.
pub(crate) fn header(first: &Directive) -> &[Span] {
    let comments = &first.comments_above;
    let line = |span: &Span| span.location().line;
    let mut next_line = line(&first.keyword);
    let mut n_kept = comments.len();
    for comment in comments.iter().rev() {
        if line(comment) + 1 < next_line {
            break;
        }
        next_line = line(comment);
        n_kept -= 1;
    }
    comments.get(..n_kept).unwrap_or_default()
}
