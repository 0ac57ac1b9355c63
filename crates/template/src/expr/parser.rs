//! Operators, by precedence climbing. Atoms and their suffixes are in `atom`.

use std::sync::Arc;

use super::ast::{
    BinaryOp, BoolOp, Compare, CompareOp, Conditional, Expr, ExprKind, Lambda, Name, Param,
    ParamKind, Span, UnaryOp,
};
use super::token::{Token, TokenKind, Tokens, tokenize};
use super::walk::{Child, children};
use super::{SyntaxError, slice};
use crate::limits::EXPRESSION_DEPTH_MAX;

/// How deep the parser is in nested constructs, carried into f-strings.
pub(super) type Nesting = u16;

/// Parses text that has to be one expression: no comment, `;` or line break outside of brackets.
pub(crate) fn parse_expression(text: &str) -> Result<Expr, SyntaxError> {
    let mut parser = Parser::new(text, 0, 0)?;
    if parser.has_line_break || parser.has_tail {
        return Err(SyntaxError::new("invalid syntax", 0));
    }
    let expr = parser.expression_list()?;
    parser.expect_end()?;
    Ok(expr)
}

/// Parses an expression inside an f-string; line breaks are blanks as inside of brackets.
pub(super) fn parse_single(text: &str, base: usize, nesting: Nesting) -> Result<Expr, SyntaxError> {
    let wrapped = format!("({text})");
    let mut parser = Parser::new(&wrapped, base.saturating_sub(1), nesting)?;
    let expr = parser.expression_list()?;
    parser.expect_end()?;
    Ok(expr)
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) has_line_break: bool,
    pub(super) has_tail: bool,
    /// Offset of `text` in the tag.
    base: usize,
    tokens: Vec<Token>,
    pos: usize,
    pub(super) nesting: Nesting,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, base: usize, nesting: Nesting) -> Result<Self, SyntaxError> {
        let Tokens {
            list,
            has_line_break,
            has_tail,
        } = tokenize(text)?;
        Ok(Self {
            text,
            has_line_break,
            has_tail,
            base,
            tokens: list,
            pos: 0,
            nesting,
        })
    }

    pub(super) fn peek(&self) -> Token {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, n: usize) -> Token {
        let end = Token {
            kind: TokenKind::End,
            span: Span {
                start: self.text.len(),
                end: self.text.len(),
            },
        };
        self.tokens.get(self.pos + n).copied().unwrap_or(end)
    }

    pub(super) fn advance(&mut self) -> Token {
        let token = self.peek();
        self.pos += 1;
        token
    }

    pub(super) fn text_of(&self, token: Token) -> &'t str {
        slice(self.text, token.span.start, token.span.end)
    }

    pub(super) fn at_op(&self, op: &str) -> bool {
        matches!(self.peek().kind, TokenKind::Op(found) if found == op)
    }

    pub(super) fn at_keyword(&self, word: &str) -> bool {
        let token = self.peek();
        token.kind == TokenKind::Keyword && self.text_of(token) == word
    }

    pub(super) fn accept_op(&mut self, op: &str) -> bool {
        let found = self.at_op(op);
        if found {
            self.pos += 1;
        }
        found
    }

    pub(super) fn accept_keyword(&mut self, word: &str) -> bool {
        let found = self.at_keyword(word);
        if found {
            self.pos += 1;
        }
        found
    }

    pub(super) fn expect_op(&mut self, op: &str) -> Result<(), SyntaxError> {
        if self.accept_op(op) {
            Ok(())
        } else {
            self.invalid()
        }
    }

    pub(super) fn expect_keyword(&mut self, word: &str) -> Result<(), SyntaxError> {
        if self.accept_keyword(word) {
            Ok(())
        } else {
            self.invalid()
        }
    }

    pub(super) fn expect_end(&self) -> Result<(), SyntaxError> {
        if self.peek().kind == TokenKind::End {
            Ok(())
        } else {
            self.invalid()
        }
    }

    pub(super) fn error<T>(&self, message: &str) -> Result<T, SyntaxError> {
        Err(SyntaxError::new(
            message,
            self.base + self.peek().span.start,
        ))
    }

    pub(super) fn invalid<T>(&self) -> Result<T, SyntaxError> {
        self.error("invalid syntax")
    }

    pub(super) fn start(&self) -> usize {
        self.peek().span.start
    }

    /// Builds a node that began at `start` and ends before the current token.
    pub(super) fn node(&self, kind: ExprKind, start: usize) -> Result<Expr, SyntaxError> {
        let last = self.pos.checked_sub(1).and_then(|i| self.tokens.get(i));
        let end = last.map_or(start, |token| token.span.end);
        let span = Span {
            start: self.base + start,
            end: self.base + end,
        };
        let mut expr = Expr {
            kind,
            span,
            depth: 1,
        };
        let below = children(&expr).iter().map(Child::depth).max();
        expr.depth = below.unwrap_or(0).saturating_add(1);
        if expr.depth > EXPRESSION_DEPTH_MAX {
            return self.error("too many nested expressions");
        }
        Ok(expr)
    }

    /// Runs `parse` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        self.nesting += 1;
        if self.nesting > EXPRESSION_DEPTH_MAX / 2 {
            return self.error("too many nested expressions");
        }
        let result = parse(self);
        self.nesting -= 1;
        result
    }

    /// Parses expressions separated by commas; more than one, or a trailing comma, is a tuple.
    pub(super) fn expression_list(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        if self.at_keyword("yield") {
            return self.yield_expression();
        }
        let first = self.starred_or_named()?;
        if !self.at_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.accept_op(",") {
            if !self.starts_expression() {
                break;
            }
            items.push(self.starred_or_named()?);
        }
        self.node(ExprKind::Tuple(items), start)
    }

    fn yield_expression(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        self.advance();
        if self.accept_keyword("from") {
            let value = self.nested(Self::expression)?;
            return self.node(ExprKind::Yield(Some(Box::new(value))), start);
        }
        let value = if self.starts_expression() {
            Some(Box::new(self.nested(Self::expression_list)?))
        } else {
            None
        };
        self.node(ExprKind::Yield(value), start)
    }

    /// Returns whether the current token can start an expression.
    pub(super) fn starts_expression(&self) -> bool {
        let token = self.peek();
        match token.kind {
            TokenKind::Name | TokenKind::Number | TokenKind::String => true,
            TokenKind::Op(op) => ["(", "[", "{", "-", "+", "~", "...", "*"].contains(&op),
            TokenKind::Keyword => ["None", "True", "False", "not", "lambda", "await", "yield"]
                .contains(&self.text_of(token)),
            TokenKind::Separator | TokenKind::End => false,
        }
    }

    pub(super) fn starred_or_named(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        if self.accept_op("*") {
            let value = self.nested(|p| p.binary(0))?;
            return self.node(ExprKind::Starred(Box::new(value)), start);
        }
        self.named()
    }

    /// Parses an expression that may be `name := value`.
    pub(super) fn named(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let is_named = self.peek().kind == TokenKind::Name
            && matches!(self.peek_at(1).kind, TokenKind::Op(":="));
        if !is_named {
            return self.expression();
        }
        let name = self.name()?;
        self.advance();
        let value = self.nested(Self::expression)?;
        self.node(ExprKind::Named(name, Box::new(value)), start)
    }

    pub(super) fn name(&mut self) -> Result<Name, SyntaxError> {
        if self.peek().kind != TokenKind::Name {
            return self.invalid();
        }
        let token = self.advance();
        Ok(Name {
            id: self.text_of(token).into(),
            slot: usize::MAX,
            is_free: false,
        })
    }

    pub(super) fn expression(&mut self) -> Result<Expr, SyntaxError> {
        self.nested(Self::expression_inner)
    }

    fn expression_inner(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        if self.at_keyword("lambda") {
            return self.lambda();
        }
        let body = self.or_test()?;
        if !self.accept_keyword("if") {
            return Ok(body);
        }
        let test = self.or_test()?;
        if !self.at_keyword("else") {
            return self.error("expected 'else' after 'if' expression");
        }
        self.advance();
        let orelse = self.expression()?;
        let conditional = Conditional { test, body, orelse };
        self.node(ExprKind::Conditional(Box::new(conditional)), start)
    }

    fn lambda(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        self.advance();
        let mut params: Vec<Param> = Vec::new();
        let mut kind = ParamKind::Positional;
        while !self.at_op(":") {
            let mut param_kind = kind;
            if self.accept_op("**") {
                param_kind = ParamKind::Keywords;
            } else if self.accept_op("*") {
                kind = ParamKind::KeywordOnly;
                if self.accept_op(",") {
                    continue;
                }
                param_kind = ParamKind::Rest;
            } else if self.accept_op("/") {
                self.accept_op(",");
                continue;
            }
            let name = self.name()?;
            if params.iter().any(|p| p.name.id == name.id) {
                return self.error("duplicate argument in function definition");
            }
            let takes_default =
                matches!(param_kind, ParamKind::Positional | ParamKind::KeywordOnly);
            let default = if takes_default && self.accept_op("=") {
                Some(self.expression()?)
            } else {
                None
            };
            let after_default = params.last().is_some_and(|p| p.default.is_some());
            if param_kind == ParamKind::Positional && default.is_none() && after_default {
                return self.error("non-default argument follows default argument");
            }
            params.push(Param {
                name,
                kind: param_kind,
                default,
            });
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op(":")?;
        let body = self.expression()?;
        let lambda = Lambda {
            params,
            body,
            captured: Vec::new(),
        };
        self.node(ExprKind::Lambda(Arc::new(lambda)), start)
    }

    /// Parses a disjunction: an expression without `lambda` and `if`.
    pub(super) fn or_test(&mut self) -> Result<Expr, SyntaxError> {
        self.bool_chain("or", BoolOp::Or, |p| {
            p.bool_chain("and", BoolOp::And, Self::not_test)
        })
    }

    fn bool_chain(
        &mut self,
        word: &str,
        op: BoolOp,
        operand: impl Fn(&mut Self) -> Result<Expr, SyntaxError>,
    ) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let first = operand(self)?;
        if !self.at_keyword(word) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.accept_keyword(word) {
            operands.push(operand(self)?);
        }
        self.node(ExprKind::Bool(op, operands), start)
    }

    fn not_test(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        if self.accept_keyword("not") {
            let operand = self.nested(Self::not_test)?;
            return self.node(ExprKind::Unary(UnaryOp::Not, Box::new(operand)), start);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let left = self.binary(0)?;
        let mut rest = Vec::new();
        while let Some(op) = self.compare_op() {
            rest.push((op, self.binary(0)?));
        }
        if rest.is_empty() {
            return Ok(left);
        }
        self.node(ExprKind::Compare(Box::new(Compare { left, rest })), start)
    }

    fn compare_op(&mut self) -> Option<CompareOp> {
        let token = self.peek();
        let op = match token.kind {
            TokenKind::Op("==") => CompareOp::Eq,
            TokenKind::Op("!=") => CompareOp::NotEq,
            TokenKind::Op("<") => CompareOp::Less,
            TokenKind::Op("<=") => CompareOp::LessEq,
            TokenKind::Op(">") => CompareOp::Greater,
            TokenKind::Op(">=") => CompareOp::GreaterEq,
            TokenKind::Keyword => match self.text_of(token) {
                "in" => CompareOp::In,
                "is" => {
                    self.advance();
                    return Some(if self.accept_keyword("not") {
                        CompareOp::IsNot
                    } else {
                        CompareOp::Is
                    });
                }
                "not" if self.text_of(self.peek_at(1)) == "in" => {
                    self.advance();
                    CompareOp::NotIn
                }
                _ => return None,
            },
            _ => return None,
        };
        self.advance();
        Some(op)
    }

    /// Parses binary operators that bind at least as tightly as `level` (0 is `|`).
    pub(super) fn binary(&mut self, level: u8) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let mut left = self.unary()?;
        while let Some((op, op_level)) = self.binary_op() {
            if op_level < level {
                break;
            }
            self.advance();
            let right = self.binary(op_level + 1)?;
            left = self.node(ExprKind::Binary(op, Box::new((left, right))), start)?;
        }
        Ok(left)
    }

    fn binary_op(&self) -> Option<(BinaryOp, u8)> {
        let TokenKind::Op(op) = self.peek().kind else {
            return None;
        };
        Some(match op {
            "|" => (BinaryOp::BitOr, 0),
            "^" => (BinaryOp::BitXor, 1),
            "&" => (BinaryOp::BitAnd, 2),
            "<<" => (BinaryOp::LeftShift, 3),
            ">>" => (BinaryOp::RightShift, 3),
            "+" => (BinaryOp::Add, 4),
            "-" => (BinaryOp::Sub, 4),
            "*" => (BinaryOp::Mul, 5),
            "/" => (BinaryOp::Div, 5),
            "//" => (BinaryOp::FloorDiv, 5),
            "%" => (BinaryOp::Mod, 5),
            "@" => (BinaryOp::MatMul, 5),
            _ => return None,
        })
    }

    fn unary(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let op = match self.peek().kind {
            TokenKind::Op("-") => UnaryOp::Minus,
            TokenKind::Op("+") => UnaryOp::Plus,
            TokenKind::Op("~") => UnaryOp::Invert,
            _ => return self.power(),
        };
        self.advance();
        let operand = self.nested(Self::unary)?;
        self.node(ExprKind::Unary(op, Box::new(operand)), start)
    }

    fn power(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let base = if self.accept_keyword("await") {
            let value = self.postfix()?;
            self.node(ExprKind::Await(Box::new(value)), start)?
        } else {
            self.postfix()?
        };
        if !self.accept_op("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::unary)?;
        let operands = Box::new((base, exponent));
        self.node(ExprKind::Binary(BinaryOp::Pow, operands), start)
    }
}
