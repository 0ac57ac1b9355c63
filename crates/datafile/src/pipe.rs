//! `.pipe` files: nodes, and what becomes of their results.
//!
//! In Forward a node is published when it says `TYPE endpoint`. In Classic a pipe without a
//! materialized, copy or sink node publishes its endpoint node, or else its last node. Which of
//! the two holds is decided for a project as a whole (see `project`).

pub(crate) mod node;

use std::collections::HashMap;

pub use node::{
    Copy, CopyMode, DeploymentMethod, Materialization, Node, NodeKind, Sink, SinkTarget,
};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, FileKind, Grammar};
use crate::lexer::{BlockText, Directive, Lexed};
use crate::metadata::{self, ResourceName, Tags, TokenGrant};
use crate::settings::{report_repeated, required_value};
use crate::source::{SourceFile, Span};

/// A pipe, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipe {
    /// Name, from the file name.
    pub name: ResourceName,
    /// The file.
    pub file: SourceFile,
    /// `DESCRIPTION` before the first node.
    pub description: Option<String>,
    /// `TOKEN`, in the order of the file.
    pub tokens: Vec<TokenGrant>,
    /// `TAGS`.
    pub tags: Tags,
    /// The nodes, in the order of the file; at least one when there was no error.
    pub nodes: Vec<Node>,
    dialect: Dialect,
}

/// How the endpoint of a pipe came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publication {
    /// The node says `TYPE endpoint`.
    Declared,
    /// The Classic rule: the last node of an untyped pipe.
    Implicit,
}

impl Pipe {
    /// Returns the node of a name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name.value == name)
    }

    /// Returns the node that is published over HTTP, and why it is.
    pub fn endpoint(&self) -> Option<(&Node, Publication)> {
        if let Some(node) = self
            .nodes
            .iter()
            .find(|node| node.kind == NodeKind::Endpoint)
        {
            return Some((node, Publication::Declared));
        }
        let is_untyped = self
            .nodes
            .iter()
            .all(|node| node.kind == NodeKind::Standard);
        let last = self
            .nodes
            .last()
            .filter(|_| is_untyped && self.dialect == Dialect::Classic)?;
        Some((last, Publication::Implicit))
    }

    /// Returns the node whose result another pipe reads by the name of this one: the endpoint node,
    /// else the last.
    pub fn output(&self) -> Option<&Node> {
        self.endpoint()
            .map(|(node, _)| node)
            .or_else(|| self.nodes.last())
    }

    /// Returns the materialized nodes.
    pub fn materializations(&self) -> impl Iterator<Item = (&Node, &Materialization)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Materialized(materialization) => Some((node, materialization)),
            _ => None,
        })
    }

    /// Returns the copy node.
    pub fn copy(&self) -> Option<(&Node, &Copy)> {
        self.nodes.iter().find_map(|node| match &node.kind {
            NodeKind::Copy(copy) => Some((node, copy)),
            _ => None,
        })
    }
}

/// Builds a pipe from its directives; `None` when it has no usable name.
pub(crate) fn build(
    file: &SourceFile,
    lexed: &Lexed,
    dialect: Dialect,
    out: &mut Vec<Diagnostic>,
) -> Option<Pipe> {
    let grammar = Grammar::new(FileKind::Pipe, dialect);
    let mut builder = Builder::new(grammar, out);
    for directive in &lexed.directives {
        builder.directive(directive);
    }
    let Builder {
        description,
        tokens,
        tags,
        drafts,
        ..
    } = builder;
    let n_drafts = drafts.len();
    let nodes: Vec<Node> = drafts
        .into_iter()
        .map(|draft| node::build(draft, grammar, out))
        .collect();
    if n_drafts == 0 {
        out.push(
            Diagnostic::error(
                codes::MISSING_NODE,
                "Pipe data file must have at least one node",
                file.start(),
            )
            .with_hint("add `NODE name`, and `SQL >` with the query below it"),
        );
    }
    report_duplicates(&nodes, out);
    report_several_typed(&nodes, dialect, out);
    let name = metadata::resource_name(file, FileKind::Pipe, out)?;
    Some(Pipe {
        name,
        file: file.clone(),
        description,
        tokens,
        tags,
        nodes,
        dialect,
    })
}

fn report_duplicates(nodes: &[Node], out: &mut Vec<Diagnostic>) {
    let mut first_seen: HashMap<&str, &Span> = HashMap::new();
    for node in nodes {
        if let Some(first) = first_seen.get(node.name.as_str()) {
            let message = format!("Node '{}' is defined more than once", node.name.value);
            out.push(
                Diagnostic::error(codes::DUPLICATE_NODE, message, node.name.span.clone())
                    .with_label((*first).clone(), "first defined here")
                    .with_hint("give each node of a pipe its own name"),
            );
        } else {
            first_seen.insert(node.name.as_str(), &node.name.span);
        }
    }
}

/// Several typed nodes are an error; several materialized ones work here and are only unusual.
fn report_several_typed(nodes: &[Node], dialect: Dialect, out: &mut Vec<Diagnostic>) {
    let mut typed = nodes.iter().filter(|node| node.kind != NodeKind::Standard);
    let Some(first) = typed.next() else { return };
    let is_materialized = |node: &Node| matches!(node.kind, NodeKind::Materialized(_));
    for node in typed {
        let both_materialized = is_materialized(first) && is_materialized(node);
        if both_materialized && dialect == Dialect::Classic {
            continue;
        }
        // compat: the reference refuses several materialized nodes too; older projects have them.
        let diagnostic = if both_materialized {
            Diagnostic::warning
        } else {
            Diagnostic::error
        };
        let message = "Multiple non-standard nodes in pipe. There can only be one";
        out.push(
            diagnostic(codes::INVALID_NODE, message, node.name.span.clone())
                .with_label(first.name.span.clone(), "the other one")
                .with_hint("move one of them to a pipe of its own"),
        );
    }
}

struct Builder<'a, 'd> {
    grammar: Grammar,
    out: &'a mut Vec<Diagnostic>,
    description: Option<String>,
    tokens: Vec<TokenGrant>,
    tags: Tags,
    drafts: Vec<node::Draft<'d>>,
    before_nodes: Vec<&'d Directive>,
    reported_missing_node: bool,
}

impl<'a, 'd> Builder<'a, 'd> {
    fn new(grammar: Grammar, out: &'a mut Vec<Diagnostic>) -> Self {
        Self {
            grammar,
            out,
            description: None,
            tokens: Vec::new(),
            tags: Tags::default(),
            drafts: Vec::new(),
            before_nodes: Vec::new(),
            reported_missing_node: false,
        }
    }

    fn directive(&mut self, directive: &'d Directive) {
        match directive.name() {
            "NODE" => self.node(directive),
            "TOKEN" => {
                let Grammar { kind, dialect } = self.grammar;
                self.tokens
                    .extend(metadata::token(directive, kind, dialect, self.out));
            }
            "TAGS" => {
                if let Some(text) = required_value(directive, self.out) {
                    self.tags.add(&text.value);
                }
            }
            "DESCRIPTION" if self.drafts.is_empty() => {
                report_repeated(
                    self.before_nodes.iter().copied().chain([directive]),
                    self.out,
                );
                self.before_nodes = vec![directive];
                self.description = Some(metadata::description(directive));
            }
            "VERSION" | "EXPORT_SERVICE" => {
                let message = format!(
                    "{} has been deprecated and will be ignored.",
                    directive.name()
                );
                self.ignored(directive, message);
            }
            name @ ("MAINTAINER" | "SOURCE" | "FROM" | "RESOURCE" | "TEST") => {
                self.ignored(directive, format!("{name} is ignored"));
            }
            "INCLUDE" => {} // Reported or replaced before.
            name if self.grammar.is_own(directive.rule) || name.starts_with("ENGINE") => {
                self.node_directive(directive);
            }
            _ => self
                .out
                .push(self.grammar.unknown_directive(&directive.keyword)),
        }
    }

    fn ignored(&mut self, directive: &Directive, message: String) {
        self.out.push(Diagnostic::warning(
            codes::DEPRECATED_DIRECTIVE,
            message,
            directive.keyword.clone(),
        ));
    }

    fn node(&mut self, directive: &'d Directive) {
        let name = directive.first_word().filter(|name| !name.value.is_empty());
        if name.is_none() {
            let message = "Missing node name for pipe creation after the NODE label";
            self.out.push(
                Diagnostic::error(codes::MISSING_VALUE, message, directive.keyword.clone())
                    .with_hint("write: NODE name"),
            );
        }
        self.drafts.push(node::Draft {
            keyword: directive.keyword.clone(),
            name,
            directives: Vec::new(),
        });
    }

    fn node_directive(&mut self, directive: &'d Directive) {
        if let Some(draft) = self.drafts.last_mut() {
            draft.directives.push(directive);
            return;
        }
        // One report is enough: all directives before the first node have the same cause.
        if self.reported_missing_node {
            return;
        }
        self.reported_missing_node = true;
        let subject = match directive.name() {
            "SQL" => "SQL".to_owned(),
            name => node::attribute(name),
        };
        let message = format!("{subject} must be called after a NODE command");
        self.out.push(
            Diagnostic::error(codes::MISSING_NODE, message, directive.keyword.clone())
                .with_hint("add a line `NODE name` before it"),
        );
    }
}

/// Returns the SQL of a node, or an empty text that belongs to the file.
fn sql_text(directive: Option<&Directive>, file: &SourceFile) -> BlockText {
    let block = directive.and_then(|directive| directive.block.as_ref());
    block.map_or_else(|| BlockText::empty(file.clone()), |block| block.sql())
}
