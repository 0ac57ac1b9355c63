//! Which Python is permitted: an allow-list for `{{ … }}`, a deny-list for control tags and `set`.
//!
//! The evaluator knows nothing dangerous, so these lists protect compatibility rather than the
//! server: a template that the reference refuses must be refused here with the same words.

use crate::error::{ErrorKind, TemplateError};
use crate::expr::ast::{
    BinaryOp, Constant, Expr, ExprKind, FPart, Module, Slice, Statement, UnaryOp,
};
use crate::expr::walk::{Child, breadth_first, statement_children};

/// Functions that may be called in output tags.
const OUTPUT_FUNCTIONS: [&str; 53] = [
    "Boolean",
    "Date",
    "DateTime",
    "DateTime64",
    "Float32",
    "Float64",
    "Int",
    "Integer",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Int128",
    "Int256",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "UInt128",
    "UInt256",
    "String",
    "Array",
    "JSON",
    "symbol",
    "column",
    "columns",
    "table",
    "TABLE",
    "defined",
    "sql_and",
    "sql_unescape",
    "split_to_array",
    "enumerate_with_last",
    "day_diff",
    "date_diff_in_seconds",
    "date_diff_in_minutes",
    "date_diff_in_hours",
    "date_diff_in_days",
    "error",
    "custom_error",
    "tb_secret",
    "tb_var",
    "max_threads",
    "cache_ttl",
    "backend_hint",
    "activate",
    "disable",
    "len",
    "list",
    "min",
    "max",
    "int",
    "float",
];

/// Methods that may be called in output tags.
const OUTPUT_METHODS: [&str; 4] = ["split", "get", "join", "replace"];

/// Functions that may not be called anywhere.
const DENIED_FUNCTIONS: [&str; 22] = [
    "eval",
    "exec",
    "compile",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "locals",
    "vars",
    "dir",
    "breakpoint",
    "help",
    "memoryview",
    "type",
    "object",
    "super",
    "classmethod",
    "staticmethod",
    "property",
    "exit",
    "quit",
    "__import__",
];

/// Attributes that may not be read, besides those that start with an underscore.
const DENIED_ATTRIBUTES: [&str; 20] = [
    "format",
    "format_map",
    "mro",
    "gi_frame",
    "gi_code",
    "gi_yieldfrom",
    "cr_frame",
    "cr_code",
    "cr_await",
    "cr_origin",
    "ag_frame",
    "ag_code",
    "ag_await",
    "f_globals",
    "f_locals",
    "f_builtins",
    "f_back",
    "f_code",
    "tb_frame",
    "tb_next",
];

/// Checks the statements of an output tag against the allow-list.
pub(crate) fn check_output(module: &Module) -> Result<(), TemplateError> {
    module.statements.iter().try_for_each(|s| match s {
        Statement::Expr(expr) => allow(expr),
        Statement::Assign { .. } => Err(invalid_type("Assign")),
        Statement::AugAssign { .. } => Err(invalid_type("AugAssign")),
        Statement::Other(class) => Err(invalid_type(class)),
    })
}

/// Checks a control expression against the deny-list.
pub(crate) fn check_control(expr: &Expr) -> Result<(), TemplateError> {
    deny(vec![Child::Expr(expr)])
}

/// Checks a statement of a `set` tag against the deny-list.
pub(crate) fn check_statement(statement: &Statement) -> Result<(), TemplateError> {
    deny(statement_children(statement))
}

fn invalid(what: &str, detail: impl AsRef<str>) -> TemplateError {
    TemplateError::security(format!("Invalid {what}: {}", detail.as_ref()))
}

fn invalid_type(class: &str) -> TemplateError {
    invalid("expression type", class)
}

fn is_dunder(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__") && name.len() > 4
}

/// Refuses names such as `__x__`.
pub(crate) fn check_name(name: &str) -> Result<(), TemplateError> {
    if is_dunder(name) {
        return Err(invalid("name", name));
    }
    Ok(())
}

fn allow(expr: &Expr) -> Result<(), TemplateError> {
    match &expr.kind {
        ExprKind::Constant(constant) => allow_constant(constant),
        ExprKind::Name(name) => check_name(&name.id),
        ExprKind::FString(parts) => allow_fields(parts),
        ExprKind::Unary(op, operand) => match op {
            UnaryOp::Minus | UnaryOp::Not => allow(operand),
            UnaryOp::Plus => Err(invalid("UnaryOp", "UAdd()")),
            UnaryOp::Invert => Err(invalid("UnaryOp", "Invert()")),
        },
        ExprKind::Binary(op, operands) => match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                allow(&operands.0)?;
                allow(&operands.1)
            }
            _ => Err(invalid("BinOp", format!("{}()", op.class_name()))),
        },
        ExprKind::Conditional(c) => {
            allow(&c.test)?;
            allow(&c.body)?;
            allow(&c.orelse)
        }
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
            items.iter().try_for_each(allow)
        }
        ExprKind::Dict(items) => {
            for (key, value) in items {
                let Some(key) = key else {
                    let message = "expected AST, got 'NoneType'";
                    return Err(TemplateError::new(ErrorKind::Runtime, message));
                };
                allow(key)?;
                allow(value)?;
            }
            Ok(())
        }
        ExprKind::Subscript(parts) => {
            allow(&parts.0)?;
            allow_index(&parts.1)
        }
        ExprKind::Call(call) => {
            match &call.callee.kind {
                ExprKind::Name(name) => {
                    if !OUTPUT_FUNCTIONS.contains(&&*name.id) {
                        return Err(invalid("function name", &name.id));
                    }
                }
                ExprKind::Attribute(receiver, method) => {
                    if !OUTPUT_METHODS.contains(&&**method) {
                        return Err(invalid("method name", method));
                    }
                    allow(receiver)?;
                }
                ExprKind::Call(_) => allow(&call.callee)?,
                _ => return Err(invalid("function", call.callee.class_name())),
            }
            call.args.iter().try_for_each(allow)?;
            deny(call.keywords.iter().map(Child::Keyword).collect())
        }
        _ => Err(invalid_type(expr.class_name())),
    }
}

fn allow_constant(constant: &Constant) -> Result<(), TemplateError> {
    match constant {
        Constant::Bytes(_) => Err(invalid("Constant", "Constant(bytes)")),
        Constant::Imaginary(_) => Err(invalid("Constant", "Constant(complex)")),
        Constant::Ellipsis => Err(invalid("Constant", "Constant(value=Ellipsis)")),
        _ => Ok(()),
    }
}

fn allow_fields(parts: &[FPart]) -> Result<(), TemplateError> {
    for part in parts {
        if let FPart::Value(field) = part {
            allow(&field.value)?;
            allow_fields(field.spec.as_deref().unwrap_or_default())?;
        }
    }
    Ok(())
}

fn allow_index(index: &Expr) -> Result<(), TemplateError> {
    match &index.kind {
        ExprKind::Constant(constant) => allow_constant(constant),
        ExprKind::Subscript(_) => allow(index),
        ExprKind::Slice(slice) => {
            let Slice { lower, upper, step } = &**slice;
            [lower, upper, step]
                .into_iter()
                .flatten()
                .try_for_each(allow)
        }
        _ => Err(invalid("Slice expression", index.class_name())),
    }
}

fn deny(roots: Vec<Child<'_>>) -> Result<(), TemplateError> {
    let mut result = Ok(());
    breadth_first(roots, |child| {
        if result.is_ok() {
            result = deny_one(child);
        }
    });
    result
}

fn deny_one(child: Child<'_>) -> Result<(), TemplateError> {
    let Child::Expr(expr) = child else {
        return Ok(());
    };
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Named(name, _) => check_name(&name.id),
        ExprKind::Attribute(_, name) => {
            if name.starts_with('_') || DENIED_ATTRIBUTES.contains(&&**name) {
                return Err(invalid("attribute", name));
            }
            Ok(())
        }
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Name(name) if DENIED_FUNCTIONS.contains(&&*name.id) => {
                Err(invalid("function name", &name.id))
            }
            _ => Ok(()),
        },
        ExprKind::Yield(_) | ExprKind::Await(_) => Err(invalid_type(expr.class_name())),
        _ => Ok(()),
    }
}

impl BinaryOp {
    /// Returns the class name of this operator in Python's `ast` module.
    fn class_name(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Sub => "Sub",
            Self::Mul => "Mult",
            Self::Div => "Div",
            Self::FloorDiv => "FloorDiv",
            Self::Mod => "Mod",
            Self::Pow => "Pow",
            Self::MatMul => "MatMult",
            Self::LeftShift => "LShift",
            Self::RightShift => "RShift",
            Self::BitAnd => "BitAnd",
            Self::BitOr => "BitOr",
            Self::BitXor => "BitXor",
        }
    }
}

#[cfg(test)]
mod tests;
