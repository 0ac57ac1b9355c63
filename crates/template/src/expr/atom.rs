//! Atoms, displays, comprehensions, and the suffixes call, subscript and attribute.

use std::sync::Arc;

use num_bigint::BigInt;

use super::SyntaxError;
use super::ast::{
    Call, Clause, Comprehension, ComprehensionKind, Constant, Expr, ExprKind, Keyword, Slice,
};
use super::parser::Parser;
use super::string::Joined;
use super::token::TokenKind;

impl Parser<'_> {
    pub(super) fn postfix(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let mut expr = self.atom()?;
        loop {
            if self.accept_op("(") {
                let (args, keywords) = self.nested(Self::arguments)?;
                let call = Call {
                    callee: expr,
                    args,
                    keywords,
                };
                expr = self.node(ExprKind::Call(Box::new(call)), start)?;
            } else if self.accept_op("[") {
                let index = self.nested(Self::index)?;
                self.expect_op("]")?;
                expr = self.node(ExprKind::Subscript(Box::new((expr, index))), start)?;
            } else if self.accept_op(".") {
                let name = self.name()?;
                expr = self.node(ExprKind::Attribute(Box::new(expr), name.id), start)?;
            } else {
                return Ok(expr);
            }
        }
    }

    /// Parses arguments up to and including the closing parenthesis.
    fn arguments(&mut self) -> Result<(Vec<Expr>, Vec<Keyword>), SyntaxError> {
        let mut args = Vec::new();
        let mut keywords: Vec<Keyword> = Vec::new();
        while !self.accept_op(")") {
            let is_keyword = self.peek().kind == TokenKind::Name
                && matches!(self.peek_at(1).kind, TokenKind::Op("="));
            if self.accept_op("**") {
                let value = self.expression()?;
                keywords.push(Keyword { name: None, value });
            } else if is_keyword {
                let name = self.name()?;
                self.advance();
                let value = self.expression()?;
                let name = Some(name.id);
                keywords.push(Keyword { name, value });
            } else {
                let start = self.start();
                let arg = self.starred_or_named()?;
                let is_starred = matches!(arg.kind, ExprKind::Starred(_));
                if self.at_comprehension() {
                    let generator =
                        self.comprehension(ComprehensionKind::Generator, arg, None, start)?;
                    if !args.is_empty() || !keywords.is_empty() || !self.at_op(")") {
                        return self.error("Generator expression must be parenthesized");
                    }
                    args.push(generator);
                    continue;
                }
                if keywords.iter().any(|k| k.name.is_none()) && !is_starred {
                    let message = "positional argument follows keyword argument unpacking";
                    return self.error(message);
                }
                if !keywords.is_empty() && !is_starred {
                    return self.error("positional argument follows keyword argument");
                }
                args.push(arg);
            }
            if !self.accept_op(",") {
                self.expect_op(")")?;
                break;
            }
        }
        Ok((args, keywords))
    }

    fn index(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let first = self.index_item()?;
        if !self.at_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.accept_op(",") {
            if self.at_op("]") {
                break;
            }
            items.push(self.index_item()?);
        }
        self.node(ExprKind::Tuple(items), start)
    }

    fn index_item(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let lower = if self.at_op(":") {
            None
        } else {
            Some(self.starred_or_named()?)
        };
        if !self.accept_op(":") {
            return lower.map_or_else(|| self.invalid(), Ok);
        }
        let upper = self.slice_bound()?;
        let step = if self.accept_op(":") {
            self.slice_bound()?
        } else {
            None
        };
        let slice = Slice { lower, upper, step };
        self.node(ExprKind::Slice(Box::new(slice)), start)
    }

    fn slice_bound(&mut self) -> Result<Option<Expr>, SyntaxError> {
        if self.at_op(":") || self.at_op("]") || self.at_op(",") {
            return Ok(None);
        }
        self.expression().map(Some)
    }

    fn atom(&mut self) -> Result<Expr, SyntaxError> {
        let token = self.peek();
        let start = token.span.start;
        match token.kind {
            TokenKind::Name => {
                let name = self.name()?;
                self.node(ExprKind::Name(name), start)
            }
            TokenKind::Number => {
                self.advance();
                let Some(constant) = number(self.text_of(token)) else {
                    return self.error("invalid number");
                };
                self.node(ExprKind::Constant(constant), start)
            }
            TokenKind::String => {
                let mut joined = Joined::new();
                let mut is_first = true;
                while self.peek().kind == TokenKind::String {
                    let token = self.advance();
                    let (text, nesting) = (self.text_of(token), self.nesting + 1);
                    joined.add(text, token.span.start, is_first, nesting)?;
                    is_first = false;
                }
                self.node(joined.finish(), start)
            }
            TokenKind::Keyword => {
                let constant = match self.text_of(token) {
                    "None" => Constant::None,
                    "True" => Constant::Bool(true),
                    "False" => Constant::Bool(false),
                    _ => return self.invalid(),
                };
                self.advance();
                self.node(ExprKind::Constant(constant), start)
            }
            TokenKind::Op("...") => {
                self.advance();
                self.node(ExprKind::Constant(Constant::Ellipsis), start)
            }
            TokenKind::Op("(") => self.nested(Self::parenthesized),
            TokenKind::Op("[") => self.nested(Self::list),
            TokenKind::Op("{") => self.nested(Self::dict_or_set),
            _ => self.invalid(),
        }
    }

    fn parenthesized(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        self.advance();
        if self.accept_op(")") {
            return self.node(ExprKind::Tuple(Vec::new()), start);
        }
        let inner_start = self.start();
        let mut inner = self.expression_list()?;
        if self.at_comprehension() {
            let kind = ComprehensionKind::Generator;
            inner = self.comprehension(kind, inner, None, inner_start)?;
        }
        self.expect_op(")")?;
        if matches!(inner.kind, ExprKind::Starred(_)) {
            return self.error("cannot use starred expression here");
        }
        // A tuple begins at its parenthesis; other nodes keep their own span.
        if matches!(inner.kind, ExprKind::Tuple(_) | ExprKind::Comprehension(_)) {
            return self.node(inner.kind, start);
        }
        Ok(inner)
    }

    fn list(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        self.advance();
        let mut items = Vec::new();
        while !self.at_op("]") {
            let item = self.starred_or_named()?;
            if items.is_empty() && self.at_comprehension() {
                let comprehension =
                    self.comprehension(ComprehensionKind::List, item, None, start)?;
                self.expect_op("]")?;
                return self.node(comprehension.kind, start);
            }
            items.push(item);
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op("]")?;
        self.node(ExprKind::List(items), start)
    }

    fn dict_or_set(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        self.advance();
        if self.accept_op("}") {
            return self.node(ExprKind::Dict(Vec::new()), start);
        }
        if self.at_op("**") {
            return self.dict(start, Vec::new());
        }
        let first = self.starred_or_named()?;
        if self.accept_op(":") {
            let value = self.expression()?;
            if self.at_comprehension() {
                let kind = ComprehensionKind::Dict;
                let comprehension = self.comprehension(kind, first, Some(value), start)?;
                self.expect_op("}")?;
                return self.node(comprehension.kind, start);
            }
            if !self.at_op("}") {
                self.expect_op(",")?;
            }
            return self.dict(start, vec![(Some(first), value)]);
        }
        if self.at_comprehension() {
            let comprehension = self.comprehension(ComprehensionKind::Set, first, None, start)?;
            self.expect_op("}")?;
            return self.node(comprehension.kind, start);
        }
        let mut items = vec![first];
        while self.accept_op(",") {
            if self.at_op("}") {
                break;
            }
            items.push(self.starred_or_named()?);
        }
        self.expect_op("}")?;
        self.node(ExprKind::Set(items), start)
    }

    fn dict(
        &mut self,
        start: usize,
        mut items: Vec<(Option<Expr>, Expr)>,
    ) -> Result<Expr, SyntaxError> {
        while !self.at_op("}") {
            if self.accept_op("**") {
                let value = self.nested(|p| p.binary(0))?;
                items.push((None, value));
            } else {
                let key = self.expression()?;
                self.expect_op(":")?;
                items.push((Some(key), self.expression()?));
            }
            if !self.accept_op(",") {
                break;
            }
        }
        self.expect_op("}")?;
        self.node(ExprKind::Dict(items), start)
    }

    pub(super) fn at_comprehension(&self) -> bool {
        self.at_keyword("for")
            || (self.at_keyword("async") && self.text_of(self.peek_at(1)) == "for")
    }

    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        element: Expr,
        value: Option<Expr>,
        start: usize,
    ) -> Result<Expr, SyntaxError> {
        if matches!(element.kind, ExprKind::Starred(_)) {
            return self.error("iterable unpacking cannot be used in comprehension");
        }
        let mut clauses = Vec::new();
        while self.at_comprehension() {
            if self.accept_keyword("async") {
                return self
                    .error("asynchronous comprehension outside of an asynchronous function");
            }
            self.advance();
            let target = self.target_list()?;
            self.expect_keyword("in")?;
            let iter = self.nested(Self::or_test)?;
            let mut conditions = Vec::new();
            while self.accept_keyword("if") {
                conditions.push(self.nested(Self::or_test)?);
            }
            clauses.push(Clause {
                target,
                iter,
                conditions,
            });
        }
        let comprehension = Comprehension {
            kind,
            element,
            value,
            clauses,
            captured: Vec::new(),
        };
        self.node(ExprKind::Comprehension(Arc::new(comprehension)), start)
    }
}

fn number(text: &str) -> Option<Constant> {
    let text: String = text.chars().filter(|c| *c != '_').collect();
    let lower = text.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return integer(digits, radix);
        }
    }
    if let Some(digits) = lower.strip_suffix('j') {
        return digits.parse().ok().map(Constant::Imaginary);
    }
    if lower.contains(['.', 'e']) {
        return lower.parse().ok().map(Constant::Float);
    }
    if lower.len() > crate::limits::INTEGER_DIGITS_MAX {
        return None;
    }
    integer(&lower, 10)
}

fn integer(digits: &str, radix: u32) -> Option<Constant> {
    if let Ok(small) = i64::from_str_radix(digits, radix) {
        return Some(Constant::Int(small));
    }
    let big = BigInt::parse_bytes(digits.as_bytes(), radix)?;
    Some(Constant::BigInt(Arc::new(big)))
}
