//! Mistakes that Python finds only when it compiles an expression that it has parsed.

use std::sync::Arc;

use super::SyntaxError;
use super::ast::{Call, Comprehension, Expr, ExprKind, Lambda};
use super::walk::{Child, breadth_first};

/// Checks everything below `roots`.
pub(crate) fn check_compiled<'e>(
    roots: impl IntoIterator<Item = Child<'e>>,
) -> Result<(), SyntaxError> {
    let mut result = Ok(());
    breadth_first(roots, |child| {
        if let (Child::Expr(expr), Ok(())) = (child, &result) {
            result = check(expr).map_err(|message| SyntaxError::new(message, expr.span.start));
        }
    });
    result
}

fn check(expr: &Expr) -> Result<(), String> {
    match &expr.kind {
        ExprKind::Call(call) => check_keywords(call),
        ExprKind::Comprehension(comprehension) => check_comprehension(comprehension),
        ExprKind::Lambda(lambda) => check_lambda(lambda),
        _ => Ok(()),
    }
}

fn check_keywords(call: &Call) -> Result<(), String> {
    let names: Vec<_> = call
        .keywords
        .iter()
        .filter_map(|k| k.name.as_ref())
        .collect();
    for (i, name) in names.iter().enumerate() {
        if names.iter().take(i).any(|n| n == name) {
            return Err(format!("keyword argument repeated: {name}"));
        }
    }
    Ok(())
}

/// `:=` may not stand in the iterables, nor assign the variables of the comprehension.
fn check_comprehension(comprehension: &Comprehension) -> Result<(), String> {
    let mut variables: Vec<Arc<str>> = Vec::new();
    let mut result = Ok(());
    for clause in &comprehension.clauses {
        breadth_first([Child::Expr(&clause.target)], |child| {
            if let Child::Expr(Expr {
                kind: ExprKind::Name(name),
                ..
            }) = child
            {
                variables.push(Arc::clone(&name.id));
            }
        });
        breadth_first([Child::Expr(&clause.iter)], |child| {
            if matches!(child, Child::Target(_)) {
                result = Err("assignment expression cannot be used in a comprehension \
                              iterable expression"
                    .to_owned());
            }
        });
    }
    let element = std::iter::once(&comprehension.element);
    let conditions = comprehension.clauses.iter().flat_map(|c| &c.conditions);
    let inside = element.chain(&comprehension.value).chain(conditions);
    breadth_first(inside.map(Child::Expr), |child| {
        if let Child::Target(name) = child
            && variables.contains(&name.id)
        {
            result = Err(format!(
                "assignment expression cannot rebind comprehension iteration variable '{}'",
                name.id
            ));
        }
    });
    result
}

fn check_lambda(lambda: &Lambda) -> Result<(), String> {
    match lambda.body.kind {
        ExprKind::Starred(_) => Err("can't use starred expression here".to_owned()),
        _ => Ok(()),
    }
}
