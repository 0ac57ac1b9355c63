//! Datafiles that are changed directive by directive, for those who send no text.
//!
//! What is not touched stays as it is, comments included; the result has the canonical form. A value
//! never ends the directive it is written for: what has several lines becomes an indented block.

use std::fmt;

use crate::diagnostic::{Diagnostic, has_errors};
use crate::format::{self, PIPE_LEVEL, format};
use crate::grammar::{BlockRule, Dialect, DirectiveRule, FileKind, Grammar};
use crate::lexer::{self, split_values};
use crate::metadata::TokenScope;
use crate::source::SourceFile;

const INDENT: &str = "    ";
const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// A datafile on its way to another text.
///
/// ```
/// use birdhouse_datafile::{Dialect, Edit, FileKind};
///
/// let mut edit = Edit::new(FileKind::Pipe, Dialect::Forward);
/// edit.add_node("one").unwrap();
/// edit.set_in_node("one", "SQL", "SELECT 1").unwrap();
/// edit.set_in_node("one", "TYPE", "endpoint").unwrap();
/// let text = edit.finish().unwrap();
/// assert_eq!(text, "NODE one\nSQL >\n    SELECT 1\n\nTYPE ENDPOINT\n");
/// ```
#[derive(Debug, Clone)]
pub struct Edit {
    grammar: Grammar,
    header: String,
    parts: Vec<Part>,
    below: String,
}

/// One directive.
#[derive(Debug, Clone)]
struct Part {
    name: &'static str,
    /// The node it belongs to.
    node: Option<String>,
    /// The directive with the comments above it.
    text: String,
}

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError(String);

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EditError {}

impl Edit {
    /// Begins an empty file.
    pub fn new(kind: FileKind, dialect: Dialect) -> Self {
        Self {
            grammar: Grammar::new(kind, dialect),
            header: String::new(),
            parts: Vec::new(),
            below: String::new(),
        }
    }

    /// Begins with a file.
    ///
    /// # Errors
    /// The mistakes of a file whose lines cannot be understood.
    pub fn of(
        file: &SourceFile,
        kind: FileKind,
        dialect: Dialect,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut edit = Self::new(kind, dialect);
        let mut found = Vec::new();
        let lexed = lexer::lex(file, &edit.grammar, &mut found);
        if has_errors(&found) {
            return Err(found);
        }
        let header = lexed.directives.first().map_or(&[][..], format::header);
        for comment in header {
            edit.header.push_str(&format!("{}\n", comment.text()));
        }
        let mut node = None;
        for directive in &lexed.directives {
            let name = directive.name();
            if name == "NODE" {
                node = directive.first_word().map(|word| word.value);
            }
            edit.parts.push(Part {
                name,
                node: node.clone().filter(|_| !PIPE_LEVEL.contains(&name)),
                text: format::directive(directive, kind, header),
            });
        }
        for comment in &lexed.comments_below {
            edit.below.push_str(&format!("{}\n", comment.text()));
        }
        Ok(edit)
    }

    /// Sets a directive of the file itself; without a value it goes.
    ///
    /// # Errors
    /// When there is no such directive, or it cannot have this value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), EditError> {
        self.put(None, name, value)
    }

    /// Adds a `TOKEN` line; returns false when there is one like it.
    ///
    /// # Errors
    /// When a datafile cannot hold the name.
    pub fn add_token(&mut self, name: &str, scope: TokenScope) -> Result<bool, EditError> {
        let quote = if name.contains('"') { '\'' } else { '"' };
        if name.contains(LINE_ENDS) || name.contains(quote) {
            return Err(EditError(format!(
                "the token name {name:?} cannot stand in a file"
            )));
        }
        let text = format!("TOKEN {quote}{name}{quote} {}\n", scope.word());
        if self.parts.iter().any(|part| part.text.ends_with(&text)) {
            return Ok(false);
        }
        self.parts.push(Part {
            name: "TOKEN",
            node: None,
            text,
        });
        Ok(true)
    }

    /// Adds a node behind the others.
    ///
    /// # Errors
    /// When there is one of that name, or it is no name.
    pub fn add_node(&mut self, name: &str) -> Result<(), EditError> {
        if self.has_node(name) {
            return Err(EditError(format!("there is already a node '{name}'")));
        }
        let text = self.line("NODE", name)?;
        self.parts.push(Part {
            name: "NODE",
            node: Some(name.to_owned()),
            text,
        });
        Ok(())
    }

    /// Gives a node another name.
    ///
    /// # Errors
    /// When there is no such node, there is one of the new name, or that is no name.
    pub fn rename_node(&mut self, node: &str, name: &str) -> Result<(), EditError> {
        if node == name {
            return Ok(());
        }
        if self.has_node(name) {
            return Err(EditError(format!("there is already a node '{name}'")));
        }
        let text = self.line("NODE", name)?;
        for part in &mut self.parts {
            if part.node.as_deref() == Some(node) {
                part.node = Some(name.to_owned());
                if part.name == "NODE" {
                    part.text.clone_from(&text);
                }
            }
        }
        Ok(())
    }

    /// Removes a node; all of them without a name.
    pub fn remove_nodes(&mut self, name: Option<&str>) {
        self.parts.retain(|part| match &part.node {
            Some(node) => name.is_some_and(|name| node != name),
            None => true,
        });
    }

    /// Sets a directive of a node; without a value it goes.
    ///
    /// # Errors
    /// When there is no such node or directive, or it cannot have this value.
    pub fn set_in_node(&mut self, node: &str, name: &str, value: &str) -> Result<(), EditError> {
        if !self.has_node(node) {
            return Err(EditError(format!("there is no node '{node}'")));
        }
        self.put(Some(node), name, value)
    }

    /// Removes everything of a node but its name, description and query.
    pub fn make_standard(&mut self, node: &str) {
        const KEPT: &[&str] = &["NODE", "DESCRIPTION", "SQL", "INCLUDE"];
        self.parts
            .retain(|part| part.node.as_deref() != Some(node) || KEPT.contains(&part.name));
    }

    /// Makes the file say itself that it publishes nothing, when it does not.
    ///
    /// In a project that shows signs of Classic a pipe without any `TYPE` publishes its last node, and
    /// a `TYPE endpoint` there would change how all others are read.
    pub fn settle_types(&mut self) {
        let is_standard = |part: &Part| {
            let mut words = part.text.split_whitespace().skip(1);
            words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("standard"))
        };
        let last = self.parts.iter().rev().find_map(|part| part.node.clone());
        let is_type = |part: &Part| part.name == "TYPE" && part.node.is_some();
        self.parts
            .retain(|part| !is_type(part) || !is_standard(part));
        let mut types = self.parts.iter().filter(|part| is_type(part));
        match (types.next(), types.next(), self.grammar.dialect) {
            (None, _, Dialect::Forward) => {
                if let Some(last) = last {
                    // The node is there, and the value is one word.
                    self.put(Some(&last), "TYPE", "standard").ok();
                }
            }
            (Some(only), None, Dialect::Classic)
                if only.node == last
                    && only.text.trim_end().to_lowercase().ends_with("endpoint") =>
            {
                self.parts.retain(|part| !is_type(part));
            }
            _ => {}
        }
    }

    fn has_node(&self, name: &str) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| part.name == "NODE" && part.node.as_deref() == Some(name))
    }

    fn put(&mut self, node: Option<&str>, name: &str, value: &str) -> Result<(), EditError> {
        let rule = self.grammar.rule(name).ok_or_else(|| {
            EditError(format!(
                "{} is not a valid option in {} files",
                crate::grammar::clip(name),
                self.grammar.kind.word()
            ))
        })?;
        let is_same = |part: &Part| part.name == rule.name && part.node.as_deref() == node;
        let old = self.parts.iter().position(is_same);
        self.parts.retain(|part| !is_same(part));
        if value.trim().is_empty() {
            return Ok(());
        }
        let part = Part {
            name: rule.name,
            node: node.map(str::to_owned),
            text: self.text(rule, value)?,
        };
        let behind = match node {
            None => self.parts.iter().position(|part| part.node.is_some()),
            Some(_) => self
                .parts
                .iter()
                .rposition(|part| part.node.as_deref() == node)
                .map(|at| at + 1),
        };
        let at = old.or(behind).unwrap_or(self.parts.len());
        self.parts.insert(at.min(self.parts.len()), part);
        Ok(())
    }

    /// Returns a directive as text.
    fn text(&self, rule: &DirectiveRule, value: &str) -> Result<String, EditError> {
        let is_block = match rule.block {
            BlockRule::Always => true,
            BlockRule::Maybe => value.contains(LINE_ENDS) || rule.name == "DESCRIPTION",
            BlockRule::Never => false,
        };
        if !is_block {
            return self.line(rule.name, value);
        }
        let lines = lines(value, rule.name);
        if lines.trim().is_empty() {
            return Err(EditError(format!("{} has no value", rule.name)));
        }
        Ok(format!("{} >\n{lines}", rule.name))
    }

    /// Returns a directive with its value behind it.
    fn line(&self, name: &str, value: &str) -> Result<String, EditError> {
        let value = value.trim();
        let candidates = [
            value.to_owned(),
            format!("\"{value}\""),
            format!("'{value}'"),
        ];
        let is_one_line = !value.contains(LINE_ENDS);
        let words = |value: &str| {
            value
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let reads =
            |text: &&String| split_values(text).is_some_and(|read| words(&read) == words(value));
        let text = candidates.iter().find(reads).filter(|_| is_one_line);
        text.map(|text| format!("{name} {text}\n")).ok_or_else(|| {
            EditError(format!(
                "the value of {name} cannot stand on a line: {}",
                crate::grammar::clip(value)
            ))
        })
    }

    /// Returns the file in its canonical form.
    ///
    /// # Errors
    /// The mistakes of columns and lines that cannot be understood.
    pub fn finish(self) -> Result<String, Vec<Diagnostic>> {
        let mut text = self.header;
        if !text.is_empty() {
            text.push('\n');
        }
        let (of_file, of_nodes): (Vec<&Part>, Vec<&Part>) =
            self.parts.iter().partition(|part| part.node.is_none());
        for part in of_file.into_iter().chain(of_nodes) {
            text.push_str(&part.text);
        }
        text.push_str(&self.below);
        let Grammar { kind, dialect } = self.grammar;
        let file = SourceFile::new(format!("new.{}", kind.word()), text);
        format(&file, kind, dialect)
    }
}

/// Returns a text as the lines of a block, all of them indented.
fn lines(value: &str, name: &str) -> String {
    let value = value.replace("\r\n", "\n");
    let mut lines: Vec<&str> = value.trim_end().split(LINE_ENDS).collect();
    let first = lines.iter().position(|line| !line.trim().is_empty());
    lines.drain(..first.unwrap_or(0));
    // The lines below the mark of a template come with the indentation of the file they were in.
    let is_template = name == "SQL" && value.trim_start().starts_with('%');
    let rest = lines.iter().skip(1).filter(|line| !line.trim().is_empty());
    let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = rest.map(indent).min().filter(|_| is_template).unwrap_or(0);
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        let line = match (name, index) {
            (_, 0) if is_template => line.trim_start(),
            // The indentation of a description is part of its text.
            ("DESCRIPTION", 1..) if line.starts_with([' ', '\t']) => {
                out.push_str(line);
                out.push('\n');
                continue;
            }
            (_, 0) => line,
            _ => line.get(common..).unwrap_or_default(),
        };
        out.push_str(INDENT);
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
