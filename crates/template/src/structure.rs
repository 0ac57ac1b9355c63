//! Structure: pieces of a template → nested blocks, checked in the order of the reference.
//!
//! Malformed tags and forbidden constructs are reported while reading, each at its place; a block's
//! own statement is checked when its `end` is reached. What is merely not Python is reported only
//! when the whole text has been read, because the reference compiles its generated code last.

use std::sync::Arc;

use crate::error::{ErrorKind, TemplateError};
use crate::expr::ast::{Expr, ExprKind, Module, Name, Statement};
use crate::expr::check::check_compiled;
use crate::expr::string::decode;
use crate::expr::walk::{Child, statement_children};
use crate::expr::{SyntaxError, parse_expression, parse_module, parse_target};
use crate::lexer::{Lexer, Piece, Tag};
use crate::limits::{BLOCK_DEPTH_MAX, LOOP_DEPTH_MAX};
use crate::security;

/// A part of a template.
#[derive(Debug)]
pub(crate) enum Node {
    Text(Arc<str>),
    Output(Output),
    Set { statement: Statement, line: usize },
    Block(Box<Block>),
    Break,
    Continue,
}

/// `{{ expr }}`.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) expr: Expr,
    /// `{{ a, b }}`, which cannot be printed.
    pub(crate) is_bare_tuple: bool,
    /// The source as it appears in messages: escapes resolved, at most 20 characters.
    pub(crate) shown: Arc<str>,
    pub(crate) line: usize,
}

/// A block from its opening tag to its `end`.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) head: Head,
    pub(crate) line: usize,
    pub(crate) body: Vec<Node>,
    /// `elif`, `else`, `except` and `finally`, each with the nodes that follow it.
    pub(crate) branches: Vec<Branch>,
}

#[derive(Debug)]
pub(crate) enum Head {
    If(Expr),
    While(Expr),
    For { target: Expr, iter: Expr },
    Try,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) head: BranchHead,
    pub(crate) line: usize,
    pub(crate) body: Vec<Node>,
}

#[derive(Debug)]
pub(crate) enum BranchHead {
    Elif(Expr),
    Else,
    Except {
        class: Option<Expr>,
        name: Option<Name>,
    },
    Finally,
}

/// The nodes of a template.
pub(crate) struct Parsed {
    pub(crate) nodes: Vec<Node>,
    /// Why the template cannot be rendered, although its parameters can be found.
    pub(crate) print_error: Option<TemplateError>,
}

/// Parses the text of a template; `name` is the node's name for messages.
pub(crate) fn parse(text: &str, name: Option<&str>) -> Result<Parsed, TemplateError> {
    let mut builder = Builder {
        lexer: Lexer::new(text, name.unwrap_or("<string>")),
        text,
        name,
        first_syntax_error: None,
        print_error: None,
        active_loops: 0,
        depth: 0,
        loops: 0,
    };
    let (nodes, _) = builder.body(None)?;
    match builder.first_syntax_error {
        Some(error) => Err(error),
        None => Ok(Parsed {
            nodes,
            print_error: builder.print_error,
        }),
    }
}

/// Blocks that a tag can be in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    If,
    For,
    While,
    Try,
    /// Forbidden, but read to its end first.
    Block,
}

impl Parent {
    fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::For => "for",
            Self::While => "while",
            Self::Try => "try",
            Self::Block => "block",
        }
    }
}

/// A block that is being read.
struct Open<'t> {
    parent: Parent,
    tag: Tag<'t>,
    is_loop: bool,
    /// Whether this block or one around it is a loop.
    in_loop: bool,
}

struct Builder<'t> {
    lexer: Lexer<'t>,
    text: &'t str,
    name: Option<&'t str>,
    first_syntax_error: Option<TemplateError>,
    print_error: Option<TemplateError>,
    /// Loops that `break` can leave: an `else` of a loop is outside of it.
    active_loops: usize,
    depth: usize,
    loops: usize,
}

impl<'t> Builder<'t> {
    /// Remembers a mistake that is reported unless something worse follows.
    fn defer<T>(&mut self, result: Result<T, SyntaxError>, line: usize) -> Option<T> {
        result
            .map_err(|error| self.defer_message(error.message, line))
            .ok()
    }

    fn defer_message(&mut self, message: impl Into<String>, line: usize) {
        let error = TemplateError::syntax(message).at_line(line);
        self.first_syntax_error.get_or_insert(error);
    }

    /// Reads nodes up to the `end` of `open`, or up to the end of the text at top level.
    fn body(&mut self, open: Option<&Open<'t>>) -> Result<(Vec<Node>, Vec<Branch>), TemplateError> {
        let mut body = Vec::new();
        let mut branches: Vec<Branch> = Vec::new();
        loop {
            let Some(piece) = self.lexer.next_piece()? else {
                return match open {
                    Some(_) => Err(self.unclosed(self.lexer.last_tag_line())),
                    None => Ok((body, branches)),
                };
            };
            let nodes = branches.last_mut().map_or(&mut body, |b| &mut b.body);
            match piece {
                Piece::Text(text) => nodes.push(Node::Text(text.into())),
                Piece::Output(tag) => nodes.extend(self.output(tag)?),
                Piece::Control(tag) => match tag.operator() {
                    ("else" | "elif" | "except" | "finally", _) => {
                        let branch = self.branch(tag, open, &branches)?;
                        if open.is_some_and(|o| o.is_loop && branches.is_empty()) {
                            self.active_loops -= 1;
                        }
                        branches.extend(branch);
                    }
                    ("end", _) if open.is_some() => return Ok((body, branches)),
                    ("end", _) => return Err(self.lexer.error("Extra {% end %} block")),
                    (operator, rest) => {
                        let node = self.control(tag, operator, rest, open)?;
                        nodes.extend(node);
                    }
                },
            }
        }
    }

    fn unclosed(&self, line: usize) -> TemplateError {
        let place = match self.name {
            Some(name) => format!(
                "in the node {name} at line {line} of the SQL: {}",
                self.text
            ),
            None => format!("at line {line}"),
        };
        let message = format!("Missing {{% end %}} block for if {place}");
        TemplateError::new(ErrorKind::Unclosed, message).at_line(line)
    }

    fn output(&mut self, tag: Tag<'t>) -> Result<Option<Node>, TemplateError> {
        let syntax = |e: SyntaxError| TemplateError::syntax(e.message).at_line(tag.line);
        let module = parse_module(tag.text).map_err(syntax)?;
        security::check_output(&module).map_err(|e| e.at_line(tag.line))?;
        let count = module.statements.len();
        let first = module.statements.into_iter().next();
        let (Some(Statement::Expr(expr)), false) = (first, module.has_line_break) else {
            self.defer_message("invalid syntax", tag.line);
            return Ok(None);
        };
        self.defer(check_compiled([Child::Expr(&expr)]), tag.line);
        let is_bare_tuple = is_bare_tuple(&expr);
        let has_comma = is_bare_tuple && tag.text.ends_with(',');
        if count > 1 || module.has_tail || has_comma {
            self.not_printable("invalid syntax", tag.line);
        }
        // The reference keeps the source in a string literal, so its escapes have to be valid.
        let shown = match decode(tag.text, 0) {
            Ok(source) => shorten(&source.text),
            Err(error) => {
                self.not_printable(error.message, tag.line);
                String::new()
            }
        };
        Ok(Some(Node::Output(Output {
            expr,
            is_bare_tuple,
            shown: shown.into(),
            line: tag.line,
        })))
    }

    /// Remembers that an expression is fine by itself, but cannot stand where it is printed.
    fn not_printable(&mut self, message: impl Into<String>, line: usize) {
        let error = TemplateError::syntax(message).at_line(line);
        self.print_error.get_or_insert(error);
    }

    fn control(
        &mut self,
        tag: Tag<'t>,
        operator: &str,
        rest: &'t str,
        open: Option<&Open<'t>>,
    ) -> Result<Option<Node>, TemplateError> {
        match operator {
            "set" if rest.is_empty() => Err(self.lexer.error("set missing statement")),
            "set" => self.set(rest, tag.line),
            "import" | "from" => Err(self.lexer.error("import is forbidden")),
            "include" | "extends" | "apply" | "autoescape" | "raw" | "module" => {
                Err(self.lexer.error(format!("{operator} is forbidden")))
            }
            "if" | "for" | "while" | "try" | "block" => self.block(tag, operator, rest, open),
            "break" | "continue" => {
                if !open.is_some_and(|o| o.in_loop) {
                    let message = format!("{operator} outside {{'while', 'for'}} block");
                    return Err(self.lexer.error(message));
                }
                if !rest.is_empty() {
                    self.defer_message("invalid syntax", tag.line);
                }
                if self.active_loops == 0 {
                    self.defer_message(format!("'{operator}' outside loop"), tag.line);
                }
                Ok(Some(if operator == "break" {
                    Node::Break
                } else {
                    Node::Continue
                }))
            }
            _ => {
                let shown = crate::value::repr::repr_str(operator);
                Err(self.lexer.error(format!("unknown operator: {shown}")))
            }
        }
    }

    fn set(&mut self, text: &'t str, line: usize) -> Result<Option<Node>, TemplateError> {
        let Some(Module { statements, .. }) = self.defer(parse_module(text), line) else {
            return Ok(None);
        };
        let invalid =
            || TemplateError::security(format!("Invalid set statement: {text}")).at_line(line);
        let mut statements = statements.into_iter();
        let (Some(statement), None) = (statements.next(), statements.next()) else {
            return Err(invalid());
        };
        if matches!(statement, Statement::Other(_)) {
            return Err(invalid());
        }
        security::check_statement(&statement).map_err(|e| e.at_line(line))?;
        self.defer(check_compiled(statement_children(&statement)), line);
        Ok(Some(Node::Set { statement, line }))
    }

    fn block(
        &mut self,
        tag: Tag<'t>,
        operator: &str,
        rest: &'t str,
        outer: Option<&Open<'t>>,
    ) -> Result<Option<Node>, TemplateError> {
        let parent = match operator {
            "if" => Parent::If,
            "for" => Parent::For,
            "while" => Parent::While,
            "try" => Parent::Try,
            _ => Parent::Block,
        };
        let is_loop = matches!(parent, Parent::For | Parent::While);
        let counts = is_loop || parent == Parent::Try;
        self.depth += 1;
        self.loops += usize::from(counts);
        if self.depth > BLOCK_DEPTH_MAX {
            let error = TemplateError::syntax("too many levels of indentation");
            return Err(error.at_line(tag.line));
        }
        if self.loops > LOOP_DEPTH_MAX {
            self.defer_message("too many statically nested blocks", tag.line);
        }
        let open = Open {
            parent,
            tag,
            is_loop,
            in_loop: is_loop || outer.is_some_and(|o| o.in_loop),
        };
        let active_loops = self.active_loops;
        self.active_loops += usize::from(is_loop);
        let (body, branches) = self.body(Some(&open))?;
        self.active_loops = active_loops;
        self.depth -= 1;
        self.loops -= usize::from(counts);
        let head = self.head(&open, rest)?;
        if parent == Parent::Try && !has_handler(&branches) {
            self.defer_message("expected 'except' or 'finally' block", tag.line);
        }
        Ok(head.map(|head| {
            Node::Block(Box::new(Block {
                head,
                line: tag.line,
                body,
                branches,
            }))
        }))
    }

    fn head(&mut self, open: &Open<'t>, rest: &'t str) -> Result<Option<Head>, TemplateError> {
        let line = open.tag.line;
        match open.parent {
            Parent::Block => Err(self.lexer.error("block is forbidden")),
            Parent::Try if rest.is_empty() => Ok(Some(Head::Try)),
            Parent::Try => Err(invalid_control(&open.tag)),
            Parent::If => Ok(self.condition(&open.tag, rest)?.map(Head::If)),
            Parent::While => Ok(self.condition(&open.tag, rest)?.map(Head::While)),
            Parent::For => {
                let Some((target, iter)) = self.defer(parse_target(rest), line) else {
                    return Ok(None);
                };
                for expr in [&target, &iter] {
                    security::check_control(expr).map_err(|e| e.at_line(line))?;
                    self.defer(check_compiled([Child::Expr(expr)]), line);
                }
                Ok(Some(Head::For { target, iter }))
            }
        }
    }

    fn condition(&mut self, tag: &Tag<'t>, text: &'t str) -> Result<Option<Expr>, TemplateError> {
        if has_many_statements(text) {
            return Err(invalid_control(tag));
        }
        let parsed = parse_expression(text).and_then(|expr| match &expr.kind {
            ExprKind::Tuple(_) if is_bare_tuple(&expr) => Err(SyntaxError {
                message: "invalid syntax".to_owned(),
                offset: 0,
            }),
            ExprKind::Starred(_) => Err(SyntaxError {
                message: "can't use starred expression here".to_owned(),
                offset: 0,
            }),
            _ => Ok(expr),
        });
        let Some(expr) = self.defer(parsed, tag.line) else {
            return Ok(None);
        };
        security::check_control(&expr).map_err(|e| e.at_line(tag.line))?;
        self.defer(check_compiled([Child::Expr(&expr)]), tag.line);
        Ok(Some(expr))
    }

    fn branch(
        &mut self,
        tag: Tag<'t>,
        open: Option<&Open<'t>>,
        before: &[Branch],
    ) -> Result<Option<Branch>, TemplateError> {
        let (operator, rest) = tag.operator();
        let (allowed, shown): (&[Parent], &str) = match operator {
            "else" => (
                &[Parent::Try, Parent::If, Parent::While, Parent::For],
                "{'try', 'if', 'while', 'for'}",
            ),
            "elif" => (&[Parent::If], "{'if'}"),
            _ => (&[Parent::Try], "{'try'}"),
        };
        let Some(open) = open else {
            let message = format!("{operator} outside {shown} block");
            return Err(self.lexer.error(message));
        };
        if !allowed.contains(&open.parent) {
            let parent = open.parent.word();
            let message = format!("{operator} block cannot be attached to {parent} block");
            return Err(self.lexer.error(message));
        }
        let head = match operator {
            "elif" => self.condition(&tag, rest)?.map(BranchHead::Elif),
            "except" => self.except(&tag, rest)?,
            _ if !rest.is_empty() => return Err(invalid_control(&tag)),
            "else" => Some(BranchHead::Else),
            _ => Some(BranchHead::Finally),
        };
        let Some(head) = head else {
            return Ok(None);
        };
        if !may_follow(&head, open.parent, before) {
            self.defer_message("invalid syntax", tag.line);
        }
        Ok(Some(Branch {
            head,
            line: tag.line,
            body: Vec::new(),
        }))
    }

    fn except(
        &mut self,
        tag: &Tag<'t>,
        text: &'t str,
    ) -> Result<Option<BranchHead>, TemplateError> {
        if text.is_empty() {
            return Ok(Some(BranchHead::Except {
                class: None,
                name: None,
            }));
        }
        let (class, name) = match text.rsplit_once(" as ") {
            Some((class, name)) => (class, Some(name.trim())),
            None => (text, None),
        };
        let Some(class) = self.condition(tag, class)? else {
            return Ok(None);
        };
        let Some(name) = name else {
            return Ok(Some(BranchHead::Except {
                class: Some(class),
                name: None,
            }));
        };
        let parsed = self.defer(parse_expression(name), tag.line);
        let Some(ExprKind::Name(name)) = parsed.map(|e| e.kind) else {
            self.defer_message("invalid syntax", tag.line);
            return Ok(None);
        };
        security::check_name(&name.id).map_err(|e| e.at_line(tag.line))?;
        Ok(Some(BranchHead::Except {
            class: Some(class),
            name: Some(name),
        }))
    }
}

fn invalid_control(tag: &Tag<'_>) -> TemplateError {
    let message = format!("Invalid control block: {}", tag.text);
    TemplateError::security(message).at_line(tag.line)
}

/// Returns whether the text of a condition holds further statements, as in `x: y()\nif z`.
fn has_many_statements(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('\n') else {
        return false;
    };
    let is_block = first.contains(':') && parse_expression(first).is_err();
    is_block
        && rest
            .lines()
            .last()
            .is_some_and(|l| l.starts_with("if ") || l.starts_with("while "))
}

fn has_handler(branches: &[Branch]) -> bool {
    branches
        .iter()
        .any(|b| matches!(b.head, BranchHead::Except { .. } | BranchHead::Finally))
}

/// Returns whether Python accepts the order of branches.
fn may_follow(head: &BranchHead, parent: Parent, before: &[Branch]) -> bool {
    let has_else = before.iter().any(|b| matches!(b.head, BranchHead::Else));
    let has_finally = before.iter().any(|b| matches!(b.head, BranchHead::Finally));
    let is_except = |b: &Branch| matches!(b.head, BranchHead::Except { .. });
    let has_bare = before
        .iter()
        .any(|b| matches!(b.head, BranchHead::Except { class: None, .. }));
    match head {
        BranchHead::Elif(_) => !has_else,
        BranchHead::Else if parent == Parent::Try => {
            !has_else && !has_finally && before.iter().any(is_except)
        }
        BranchHead::Else => !has_else,
        BranchHead::Except { .. } => !has_else && !has_finally && !has_bare,
        BranchHead::Finally => !has_finally,
    }
}

/// Returns whether a tuple has no parentheses around it.
fn is_bare_tuple(expr: &Expr) -> bool {
    let ExprKind::Tuple(items) = &expr.kind else {
        return false;
    };
    // The span of a tuple begins at its parenthesis, or at its first element.
    items
        .first()
        .is_some_and(|first| first.span.start == expr.span.start)
}

/// Cuts the source of an expression for a message.
fn shorten(source: &str) -> String {
    match source.char_indices().nth(20) {
        Some((end, _)) => format!("{}...", source.get(..end).unwrap_or_default()),
        None => source.to_owned(),
    }
}

#[cfg(test)]
mod tests;
