//! Identifiers: `column`, `columns`, `symbol` and `table`.

use std::sync::Arc;

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, no_attribute, template_error, type_error};
use crate::value::Value;
use crate::value::repr::sql_escape;

const COLUMN: Signature = Signature {
    name: "column",
    params: &["x", "default"],
    required: 1,
};
const COLUMNS: Signature = Signature {
    name: "columns",
    params: &["x", "default", "fn"],
    required: 1,
};
const SYMBOL: Signature = Signature {
    name: "symbol",
    params: &["x", "quote"],
    required: 1,
};

/// Quotes an identifier as a whole.
pub(super) fn identifier(text: &str, quote: &str) -> String {
    let mut out = String::from(quote);
    sql_escape(text, false, &mut out);
    out.push_str(quote);
    out
}

/// Quotes each part of a dotted identifier.
fn dotted(text: &str) -> String {
    let parts: Vec<String> = text.split('.').map(|part| identifier(part, "`")).collect();
    parts.join(".")
}

/// Returns whether a text is a plain identifier, dots included.
fn is_plain(text: &str) -> bool {
    text.split('.').all(|part| {
        let mut chars = part.chars();
        chars
            .next()
            .is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
            && chars.all(|c| c == '_' || c.is_ascii_alphanumeric())
    })
}

impl Evaluator<'_> {
    /// Returns the text to be quoted, or raises what the reference says about anything else.
    fn identifier_text(&mut self, value: &Value) -> Eval<Arc<str>> {
        match value.as_str() {
            Some(text) => {
                self.reserve(text.len())?;
                Ok(Arc::clone(text))
            }
            None => no_attribute(value, "translate"),
        }
    }

    pub(super) fn column(&mut self, args: Args) -> Eval<Value> {
        let [x, default] = COLUMN.bind(args)?;
        let x = match x.unwrap_or_default() {
            Value::None | Value::Placeholder(_) => default.unwrap_or_default(),
            x => x,
        };
        if x.is_none() {
            return template_error(
                "Missing column() default value, use `column(column_name, 'default_column_name')`",
            );
        }
        let text = self.identifier_text(&x)?;
        Ok(Value::Symbol(dotted(&text).into()))
    }

    pub(super) fn columns(&mut self, args: Args) -> Eval<Value> {
        let [x, default, function] = COLUMNS.bind(args)?;
        let x = match x.unwrap_or_default() {
            Value::None | Value::Placeholder(_) => default.unwrap_or_default(),
            x => x,
        };
        if x.is_none() {
            return template_error(
                "Missing columns() default value, \
                 use `columns(column_names, 'default_column_name')`",
            );
        }
        let Some(text) = x.as_str() else {
            return template_error("The 'columns' function expects a String not an Array");
        };
        self.reserve(text.len())?;
        let function = match function.filter(Value::truth) {
            Some(function) => Some(self.str_of(&function)?),
            None => None,
        };
        let mut out: Vec<String> = Vec::new();
        for item in text.split(',') {
            let item = item.trim_matches(crate::lexer::is_python_space);
            let quoted = dotted(item);
            match &function {
                // compat: the reference puts the item behind `as` without quotes, so that a
                // request could add SQL there. Whatever is no plain identifier is refused.
                Some(_) if !is_plain(item) => {
                    return template_error(format!(
                        "'{item}' is not a valid column name for columns() with 'fn'"
                    ));
                }
                Some(function) => out.push(format!("{function}({quoted}) as {item}")),
                None => out.push(quoted),
            }
        }
        Ok(Value::raw(out.join(",")))
    }

    pub(super) fn symbol(&mut self, args: Args) -> Eval<Value> {
        let [x, quote] = SYMBOL.bind(args)?;
        let x = x.unwrap_or_default();
        if matches!(x, Value::Placeholder(_)) {
            return Ok(Value::Symbol("`placeholder`".into()));
        }
        let text = self.identifier_text(&x)?;
        let quote = match quote {
            None => Arc::from("`"),
            Some(quote) => match quote.as_str() {
                Some(quote) => Arc::clone(quote),
                None => {
                    let class = quote.type_name();
                    return type_error(format!(
                        "unsupported operand type(s) for +: '{class}' and 'str'"
                    ));
                }
            },
        };
        self.reserve(text.len() + 2 * quote.len())?;
        Ok(Value::Symbol(identifier(&text, &quote).into()))
    }

    pub(super) fn table(&mut self, args: Args) -> Eval<Value> {
        let [x, _] = SYMBOL.bind(args)?;
        let x = x.unwrap_or_default();
        if matches!(x, Value::Placeholder(_)) {
            return Ok(Value::Symbol("placeholder".into()));
        }
        let text = self.identifier_text(&x)?;
        Ok(Value::Symbol(identifier(&text, "").into()))
    }
}

#[cfg(test)]
mod tests;
