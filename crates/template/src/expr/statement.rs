//! Statements: what `set` accepts, targets of assignments and loops, and the rest by name.

use super::SyntaxError;
use super::ast::{BinaryOp, Expr, ExprKind, Module, Statement};
use super::parser::Parser;
use super::token::TokenKind;

/// Parses the text of a tag as a sequence of statements.
pub(crate) fn parse_module(text: &str) -> Result<Module, SyntaxError> {
    let mut parser = Parser::new(text, 0, 0)?;
    let mut statements = Vec::new();
    loop {
        while parser.peek().kind == TokenKind::Separator {
            parser.advance();
        }
        if parser.peek().kind == TokenKind::End {
            break;
        }
        statements.push(parser.statement()?);
        match parser.peek().kind {
            TokenKind::Separator | TokenKind::End => {}
            _ => return parser.invalid(),
        }
    }
    Ok(Module {
        statements,
        has_line_break: parser.has_line_break,
        has_tail: parser.has_tail,
    })
}

/// Parses `target in iterable`, the head of a loop.
pub(crate) fn parse_target(text: &str) -> Result<(Expr, Expr), SyntaxError> {
    let mut parser = Parser::new(text, 0, 0)?;
    if parser.has_line_break || parser.has_tail {
        return parser.invalid();
    }
    let target = parser.target_list()?;
    parser.expect_keyword("in")?;
    let iter = parser.expression_list()?;
    parser.expect_end()?;
    Ok((target, iter))
}

impl Parser<'_> {
    fn statement(&mut self) -> Result<Statement, SyntaxError> {
        let token = self.peek();
        if token.kind == TokenKind::Keyword
            && let Some(class) = statement_class(self.text_of(token))
        {
            return self.other(class);
        }
        let first = self.expression_list()?;
        if let Some(op) = self.augmented_op() {
            if !is_simple_target(&first) {
                return self.error("illegal expression for augmented assignment");
            }
            self.advance();
            let value = self.expression_list()?;
            return Ok(Statement::AugAssign {
                target: first,
                op,
                value,
            });
        }
        if self.accept_op(":") {
            if !is_simple_target(&first) {
                return self.error("only single target (not tuple) can be annotated");
            }
            self.expression()?;
            if self.accept_op("=") {
                self.expression_list()?;
            }
            return Ok(Statement::Other("AnnAssign"));
        }
        if !self.at_op("=") {
            return Ok(Statement::Expr(first));
        }
        let mut targets = vec![first];
        while self.accept_op("=") {
            targets.push(self.expression_list()?);
        }
        let Some(value) = targets.pop() else {
            return self.invalid();
        };
        for target in &targets {
            self.check_target(target)?;
        }
        Ok(Statement::Assign { targets, value })
    }

    /// Reads a statement that is refused anyway, up to its end.
    fn other(&mut self, class: &'static str) -> Result<Statement, SyntaxError> {
        let word = self.advance();
        let is_bare = matches!(class, "Pass" | "Break" | "Continue");
        let may_be_bare = is_bare || matches!(class, "Return" | "Raise");
        let at_end = matches!(self.peek().kind, TokenKind::Separator | TokenKind::End);
        if at_end && may_be_bare {
            return Ok(Statement::Other(class));
        }
        if is_bare || at_end {
            return self.invalid();
        }
        if matches!(class, "Import" | "ImportFrom" | "Global" | "Nonlocal") {
            while !matches!(self.peek().kind, TokenKind::Separator | TokenKind::End) {
                self.advance();
            }
            return Ok(Statement::Other(class));
        }
        if matches!(class, "Return" | "Raise" | "Delete" | "Assert") {
            self.expression_list()?;
            if self.text_of(word) == "raise" && self.accept_keyword("from") {
                self.expression()?;
            }
            return Ok(Statement::Other(class));
        }
        // A compound statement: its body follows a colon.
        let mut has_colon = false;
        while !matches!(self.peek().kind, TokenKind::End) {
            has_colon |= self.at_op(":");
            self.advance();
        }
        if has_colon {
            Ok(Statement::Other(class))
        } else {
            self.invalid()
        }
    }

    fn augmented_op(&self) -> Option<BinaryOp> {
        let TokenKind::Op(op) = self.peek().kind else {
            return None;
        };
        Some(match op {
            "+=" => BinaryOp::Add,
            "-=" => BinaryOp::Sub,
            "*=" => BinaryOp::Mul,
            "/=" => BinaryOp::Div,
            "//=" => BinaryOp::FloorDiv,
            "%=" => BinaryOp::Mod,
            "**=" => BinaryOp::Pow,
            "@=" => BinaryOp::MatMul,
            "<<=" => BinaryOp::LeftShift,
            ">>=" => BinaryOp::RightShift,
            "&=" => BinaryOp::BitAnd,
            "|=" => BinaryOp::BitOr,
            "^=" => BinaryOp::BitXor,
            _ => return None,
        })
    }

    /// Parses the targets of a loop, which end before `in`.
    pub(super) fn target_list(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let first = self.target()?;
        if !self.at_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.accept_op(",") {
            if self.at_keyword("in") {
                break;
            }
            items.push(self.target()?);
        }
        let tuple = self.node(ExprKind::Tuple(items), start)?;
        self.check_target(&tuple)?;
        Ok(tuple)
    }

    fn target(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.start();
        let target = if self.accept_op("*") {
            let value = self.postfix()?;
            self.node(ExprKind::Starred(Box::new(value)), start)?
        } else {
            self.postfix()?
        };
        if !matches!(target.kind, ExprKind::Starred(_)) {
            self.check_target(&target)?;
        }
        Ok(target)
    }

    fn check_target(&self, target: &Expr) -> Result<(), SyntaxError> {
        match &target.kind {
            ExprKind::Name(_) | ExprKind::Attribute(..) | ExprKind::Subscript(_) => Ok(()),
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                let is_starred = |e: &&Expr| matches!(e.kind, ExprKind::Starred(_));
                if items.iter().filter(is_starred).count() > 1 {
                    return self.error("multiple starred expressions in assignment");
                }
                items.iter().try_for_each(|item| match &item.kind {
                    ExprKind::Starred(inner) => self.check_target(inner),
                    _ => self.check_target(item),
                })
            }
            ExprKind::Starred(_) => {
                self.error("starred assignment target must be in a list or tuple")
            }
            _ => self.error("cannot assign to this expression"),
        }
    }
}

fn is_simple_target(target: &Expr) -> bool {
    matches!(
        target.kind,
        ExprKind::Name(_) | ExprKind::Attribute(..) | ExprKind::Subscript(_)
    )
}

/// Returns the syntax node of a statement that starts with this keyword.
fn statement_class(word: &str) -> Option<&'static str> {
    Some(match word {
        "assert" => "Assert",
        "async" | "def" => "FunctionDef",
        "break" => "Break",
        "class" => "ClassDef",
        "continue" => "Continue",
        "del" => "Delete",
        "for" => "For",
        "from" => "ImportFrom",
        "global" => "Global",
        "if" => "If",
        "import" => "Import",
        "nonlocal" => "Nonlocal",
        "pass" => "Pass",
        "raise" => "Raise",
        "return" => "Return",
        "try" => "Try",
        "while" => "While",
        "with" => "With",
        _ => return None,
    })
}
