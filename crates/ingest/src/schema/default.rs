//! DEFAULT expressions that are evaluated here.
//!
//! Literals, `now()`, `now64([n])`, `today()`, `toUUID('…')` and `generateUUIDv4()`. Everything
//! else is left to the engine, which fills columns that an insert does not name. `DEFAULT ''` on a
//! type that no empty text fits stands for the type's zero value: projects contain it, although
//! the engine refuses it in a table.

use crate::convert::{Kind, Scalar, literal_to_json};
use crate::json::Json;
use crate::native::Builder;

/// A DEFAULT that we evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    /// A literal, as JSON that fits the column.
    Json(String),
    /// A string literal that fits the column as text.
    Text(String),
    /// The zero value of the column's type.
    Zero,
    /// The time of the append, with this many fractional digits.
    Now {
        /// 0 to 9.
        digits: u8,
    },
    /// The day of the append.
    Today,
    /// A random UUID.
    RandomUuid,
}

impl DefaultValue {
    /// Reads an expression; nothing when the engine has to evaluate it.
    pub(crate) fn new(expression: &str, kind: &Kind) -> Option<Self> {
        let expression = expression.trim();
        Self::call(expression, kind).or_else(|| Self::literal(expression, kind))
    }

    fn call(expression: &str, kind: &Kind) -> Option<Self> {
        let (name, arguments) = expression.strip_suffix(')')?.split_once('(')?;
        let (Kind::Scalar(scalar) | Kind::Nullable(scalar)) = kind else {
            return None;
        };
        let is_time = matches!(scalar, Scalar::DateTime(_) | Scalar::DateTime64 { .. });
        let is_date = matches!(scalar, Scalar::Date | Scalar::Date32);
        match (name.trim().to_ascii_lowercase().as_str(), arguments.trim()) {
            ("now", "") if is_time || is_date => Some(Self::Now { digits: 0 }),
            ("now64", "") if is_time || is_date => Some(Self::Now { digits: 3 }),
            ("now64", digits) if is_time || is_date => {
                let digits = digits.parse().ok().filter(|digits| *digits <= 9)?;
                Some(Self::Now { digits })
            }
            ("today", "") if is_time || is_date => Some(Self::Today),
            ("generateuuidv4", "") if matches!(scalar, Scalar::Uuid | Scalar::String) => {
                Some(Self::RandomUuid)
            }
            ("touuid", literal) if *scalar == Scalar::Uuid => Self::literal(literal, kind),
            _ => None,
        }
    }

    fn literal(expression: &str, kind: &Kind) -> Option<Self> {
        let json = literal_to_json(expression)?;
        let value = Json::parse(&json).ok()?;
        let is_composite = matches!(value, Json::Array(_) | Json::Object(_));
        match kind {
            // The engine has its own way of turning a composite into a scalar, if any.
            Kind::Scalar(_) | Kind::Nullable(_) if is_composite => return None,
            _ => {}
        }
        let mut builder = Builder::new(kind);
        if builder.push_json(value).is_ok() {
            return Some(Self::Json(json));
        }
        let Json::String(text) = value else {
            return None;
        };
        let text = text.decode().into_owned();
        builder.rollback();
        if text.is_empty() {
            Some(Self::Zero)
        } else if builder.push_text(&text).is_ok() {
            Some(Self::Text(text))
        } else {
            None
        }
    }
}
