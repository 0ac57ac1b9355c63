//! Children of syntax nodes, in the order of Python's own tree.
//!
//! Discovery depends on the breadth-first order, so the nodes that Python has between an expression
//! and its parts (keywords, comprehension clauses, parameters) exist here too.

use std::collections::VecDeque;

use super::ast::{
    Clause, Comprehension, Expr, ExprKind, FPart, FValue, Keyword, Lambda, Name, Statement,
};

/// A child of a node.
#[derive(Clone, Copy)]
pub(crate) enum Child<'e> {
    Expr(&'e Expr),
    /// The name before `:=`.
    Target(&'e Name),
    Keyword(&'e Keyword),
    Clause(&'e Clause),
    Params(&'e Lambda),
    Field(&'e FValue),
    Spec(&'e [FPart]),
}

impl<'e> Child<'e> {
    pub(crate) fn depth(&self) -> u16 {
        match self {
            Child::Expr(e) => e.depth,
            Child::Target(_) => 1,
            _ => self.children().iter().map(Child::depth).max().unwrap_or(0),
        }
    }

    pub(crate) fn children(&self) -> Vec<Child<'e>> {
        match *self {
            Child::Expr(e) => children(e),
            Child::Target(_) => Vec::new(),
            Child::Keyword(k) => vec![Child::Expr(&k.value)],
            Child::Clause(c) => {
                let mut out = vec![Child::Expr(&c.target), Child::Expr(&c.iter)];
                out.extend(c.conditions.iter().map(Child::Expr));
                out
            }
            Child::Params(l) => l
                .params
                .iter()
                .filter_map(|p| p.default.as_ref())
                .map(Child::Expr)
                .collect(),
            Child::Field(f) => {
                let mut out = vec![Child::Expr(&f.value)];
                out.extend(f.spec.as_deref().map(Child::Spec));
                out
            }
            Child::Spec(parts) => fields(parts),
        }
    }
}

fn fields(parts: &[FPart]) -> Vec<Child<'_>> {
    let fields = parts.iter().filter_map(|part| match part {
        FPart::Value(field) => Some(Child::Field(field)),
        FPart::Text(_) => None,
    });
    fields.collect()
}

/// Returns the direct children of an expression.
pub(crate) fn children(expr: &Expr) -> Vec<Child<'_>> {
    use Child::Expr as E;
    match &expr.kind {
        ExprKind::Constant(_) | ExprKind::Name(_) | ExprKind::Yield(None) => Vec::new(),
        ExprKind::FString(parts) => fields(parts),
        ExprKind::Unary(_, e)
        | ExprKind::Attribute(e, _)
        | ExprKind::Starred(e)
        | ExprKind::Yield(Some(e))
        | ExprKind::Await(e) => vec![E(e)],
        ExprKind::Named(name, value) => vec![Child::Target(name), E(value)],
        ExprKind::Binary(_, operands) | ExprKind::Subscript(operands) => {
            vec![E(&operands.0), E(&operands.1)]
        }
        ExprKind::Bool(_, items)
        | ExprKind::List(items)
        | ExprKind::Tuple(items)
        | ExprKind::Set(items) => items.iter().map(E).collect(),
        ExprKind::Compare(compare) => {
            let rest = compare.rest.iter().map(|(_, e)| E(e));
            std::iter::once(E(&compare.left)).chain(rest).collect()
        }
        ExprKind::Conditional(c) => vec![E(&c.test), E(&c.body), E(&c.orelse)],
        ExprKind::Call(call) => {
            let mut out = vec![E(&call.callee)];
            out.extend(call.args.iter().map(E));
            out.extend(call.keywords.iter().map(Child::Keyword));
            out
        }
        ExprKind::Slice(slice) => [&slice.lower, &slice.upper, &slice.step]
            .into_iter()
            .flatten()
            .map(E)
            .collect(),
        ExprKind::Dict(items) => {
            let keys = items.iter().filter_map(|(key, _)| key.as_ref()).map(E);
            keys.chain(items.iter().map(|(_, value)| E(value)))
                .collect()
        }
        ExprKind::Comprehension(c) => comprehension(c),
        ExprKind::Lambda(lambda) => vec![Child::Params(lambda), E(&lambda.body)],
    }
}

fn comprehension(c: &Comprehension) -> Vec<Child<'_>> {
    let mut out = vec![Child::Expr(&c.element)];
    out.extend(c.value.as_ref().map(Child::Expr));
    out.extend(c.clauses.iter().map(Child::Clause));
    out
}

/// Returns the expressions of a statement, in Python's order of fields.
pub(crate) fn statement_children(statement: &Statement) -> Vec<Child<'_>> {
    match statement {
        Statement::Expr(e) => vec![Child::Expr(e)],
        Statement::Assign { targets, value } => {
            let targets = targets.iter().map(Child::Expr);
            targets.chain(std::iter::once(Child::Expr(value))).collect()
        }
        Statement::AugAssign { target, value, .. } => {
            vec![Child::Expr(target), Child::Expr(value)]
        }
        Statement::Other(_) => Vec::new(),
    }
}

/// Calls `visit` for `roots` and everything below, breadth first.
pub(crate) fn breadth_first<'e>(
    roots: impl IntoIterator<Item = Child<'e>>,
    mut visit: impl FnMut(Child<'e>),
) {
    let mut queue: VecDeque<Child<'e>> = roots.into_iter().collect();
    while let Some(child) = queue.pop_front() {
        visit(child);
        queue.extend(child.children());
    }
}
