//! `Array(x, type, default)`: a list of values as text (templates.md, section 8.7).

use std::sync::Arc;

use super::boolean::to_bool;
use super::columns::identifier;
use super::scalar::REQUIRED;
use super::types::ScalarType;
use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, template_error};
use crate::eval::subscript::missing_key;
use crate::value::Value;
use crate::value::repr::sql_string;

const SIGNATURE: Signature = Signature {
    name: "array_type.<locals>._f",
    params: &[
        "x",
        "_type",
        "default",
        "defined",
        "required",
        "description",
        "enum",
        "example",
        "format",
    ],
    required: 1,
};

/// What is raised when a value is no array.
const NOT_WELL_DEFINED: &str = "transform type function Array is not well defined";

/// How the elements of an array are checked.
#[derive(Clone, Copy)]
enum ElementType {
    Scalar(ScalarType),
    Boolean,
    /// `Symbol` and `Column`.
    Symbol,
    /// `Bool` is checked as a type, but the reference has no conversion for it.
    Bool,
    Unknown,
}

impl ElementType {
    fn from_name(name: &str) -> Self {
        match name {
            "Boolean" => Self::Boolean,
            "Symbol" | "Column" => Self::Symbol,
            "Bool" => Self::Bool,
            _ => ScalarType::from_name(name).map_or(Self::Unknown, Self::Scalar),
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn array(&mut self, args: Args) -> Eval<Value> {
        let [x, kind, default, defined, ..] = SIGNATURE.bind::<9>(args)?;
        let kind = kind.unwrap_or_default();
        // The reference looks the type up in a dict, so a list as type cannot be hashed.
        self.key(&kind)?;
        let kind = kind.as_str().cloned();
        let element = kind
            .as_ref()
            .map_or(ElementType::Unknown, |k| ElementType::from_name(k));
        let default = default.unwrap_or_default();
        let value = match x.unwrap_or_default() {
            Value::Placeholder(_) if !default.truth() => match placeholder(element) {
                Some(text) => return Ok(Value::raw(text)),
                None => Value::str(""),
            },
            Value::None | Value::Placeholder(_) => default,
            value => value,
        };
        if value.is_none() {
            if defined.is_none_or(|d| d.truth()) {
                return template_error(REQUIRED);
            }
            return Ok(Value::None);
        }
        let text = self.array_text(&value, element, kind.as_deref().unwrap_or_default())?;
        Ok(Value::raw(text))
    }

    /// Renders a supplied value as `Array(value, 'kind')`, for preprocessing.
    pub(crate) fn array_of(&mut self, value: &Value, kind: &str) -> Eval<String> {
        self.array_text(value, ElementType::from_name(kind), kind)
    }

    fn array_text(&mut self, value: &Value, element: ElementType, kind: &str) -> Eval<String> {
        let items: Vec<Value> = match value {
            Value::Str(text) => {
                self.reserve(text.len())?;
                text.split(',').map(Value::str).collect()
            }
            Value::List(items) => items.borrow().clone(),
            // A default that is itself without a value; it is split in two.
            Value::Placeholder(_) => vec![Value::placeholder(), Value::placeholder()],
            _ => {
                return template_error(NOT_WELL_DEFINED);
            }
        };
        let mut out = String::from("[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let text = self.array_element(item, element, kind, (value, index))?;
            out.push_str(&text);
            self.reserve(out.len())?;
        }
        out.push(']');
        Ok(out)
    }

    fn array_element(
        &mut self,
        item: &Value,
        element: ElementType,
        kind: &str,
        at: (&Value, usize),
    ) -> Eval<String> {
        match element {
            ElementType::Scalar(ScalarType::String | ScalarType::PlainInt) if item.is_none() => {
                template_error(REQUIRED)
            }
            ElementType::Scalar(ScalarType::PlainInt) if matches!(item, Value::Placeholder(_)) => {
                Ok("0".to_owned())
            }
            ElementType::Scalar(scalar) => {
                let text = self.text_of(item)?;
                match scalar.convert(&text) {
                    Some(Value::TypedInt(_, int)) => Ok(int.to_string()),
                    Some(Value::TypedFloat(_, x)) => Ok(crate::value::float::repr_float(x)),
                    Some(Value::Str(text)) => Ok(sql_string(&text)),
                    Some(other) => self.str_of(&other),
                    None if scalar == ScalarType::PlainInt => template_error(format!(
                        "Error validating '{text}' to type {}",
                        scalar.name()
                    )),
                    None => self.bad_element(&text, kind, at),
                }
            }
            ElementType::Boolean => Ok(u8::from(to_bool(item)).to_string()),
            ElementType::Symbol if matches!(item, Value::Placeholder(_)) => {
                Ok("`placeholder`".to_owned())
            }
            ElementType::Symbol => match item.as_str() {
                Some(text) => Ok(identifier(text, "`")),
                None => template_error(NOT_WELL_DEFINED),
            },
            ElementType::Bool => {
                let text = self.text_of(item)?;
                let is_bool = ["0", "1", "true", "false"].contains(&&*text.to_lowercase());
                if is_bool {
                    missing_key(&Value::str(kind))
                } else {
                    self.bad_element(&text, kind, at)
                }
            }
            ElementType::Unknown if item.is_none() => {
                template_error("expression \"None\" evaluated to null")
            }
            ElementType::Unknown => self.sql(item),
        }
    }

    fn bad_element(&mut self, text: &Arc<str>, kind: &str, at: (&Value, usize)) -> Eval<String> {
        let (value, index) = at;
        let whole = self.str_of(value)?;
        let shown = if text.is_empty() {
            "empty string"
        } else {
            text
        };
        template_error(format!(
            "Error validating [{whole}][{index}] ({shown}) to type {kind}"
        ))
    }
}

/// Returns the text of an array without values in check mode; `None` if there is none.
fn placeholder(element: ElementType) -> Option<String> {
    let one = match element {
        ElementType::Bool => return None,
        ElementType::Unknown | ElementType::Scalar(ScalarType::String) => {
            return Some("['']".to_owned());
        }
        ElementType::Scalar(scalar) => match scalar.placeholder() {
            Value::TypedFloat(..) => "0.0".to_owned(),
            Value::Str(text) => sql_string(&text),
            _ => "0".to_owned(),
        },
        ElementType::Boolean => "0".to_owned(),
        // The reference escapes the placeholder, which is quoted already, once more.
        ElementType::Symbol => identifier("`placeholder`", "`"),
    };
    Some(format!("[{one},{one}]"))
}

#[cfg(test)]
mod tests;
