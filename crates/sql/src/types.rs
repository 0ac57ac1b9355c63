//! ClickHouse data type names: text ↔ [`DataType`].
//!
//! Grammar as implemented: `type := name [ "(" argument { "," argument } ")" ]`, where an argument
//! is a type, an integer, a string literal, `name type` (tuple elements) or `'text' = number`
//! (enum values). Families without a variant of their own are kept as text in
//! [`DataType::Other`], so that any type that the engine knows can pass through.

mod aliases;
mod parser;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::quote::{quote_identifier, quote_string};

/// A ClickHouse data type.
///
/// `Display` prints the canonical name, as the engine does: `Map(String, UInt8)`,
/// `DateTime64(3, 'UTC')`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `Int8` … `Int256`; bits is 8, 16, 32, 64, 128 or 256.
    Int(u16),
    /// `UInt8` … `UInt256`; bits is 8, 16, 32, 64, 128 or 256.
    UInt(u16),
    /// `Float32`.
    Float32,
    /// `Float64`.
    Float64,
    /// `Decimal(precision, scale)`; the sized forms are read into this one.
    Decimal {
        /// Number of decimal digits, 1 to 76.
        precision: u8,
        /// Number of digits after the point, 0 to `precision`.
        scale: u8,
    },
    /// `Bool`.
    Bool,
    /// `String`.
    String,
    /// `FixedString(bytes)`.
    FixedString(u32),
    /// `UUID`.
    Uuid,
    /// `IPv4`.
    Ipv4,
    /// `IPv6`.
    Ipv6,
    /// `Date`: 1970-01-01 to 2149-06-06.
    Date,
    /// `Date32`: 1900-01-01 to 2299-12-31.
    Date32,
    /// `DateTime[('zone')]`: whole seconds, 1970 to 2106.
    DateTime {
        /// The time zone's name, when the type carries one.
        zone: Option<String>,
    },
    /// `DateTime64(precision[, 'zone'])`.
    DateTime64 {
        /// Number of fractional digits, 0 to 9.
        precision: u8,
        /// The time zone's name, when the type carries one.
        zone: Option<String>,
    },
    /// `Enum8('a' = 1, …)`, with the values in written order.
    Enum8(Vec<(String, i16)>),
    /// `Enum16('a' = 1, …)`, with the values in written order.
    Enum16(Vec<(String, i16)>),
    /// `Array(T)`.
    Array(Box<DataType>),
    /// `Nullable(T)`.
    Nullable(Box<DataType>),
    /// `LowCardinality(T)`.
    LowCardinality(Box<DataType>),
    /// `Map(K, V)`.
    Map(Box<DataType>, Box<DataType>),
    /// `Tuple([name] T, …)`.
    Tuple(Vec<(Option<String>, DataType)>),
    /// `JSON[(…)]`, with its arguments as written.
    Json(Option<String>),
    /// `AggregateFunction(f, T, …)`: the state of an aggregate function.
    AggregateFunction {
        /// The function as written, with parameters: `quantiles(0.5, 0.9)`.
        function: String,
        /// The types of its arguments.
        arguments: Vec<DataType>,
    },
    /// `SimpleAggregateFunction(f, T)`: a value that is merged by `f`.
    SimpleAggregateFunction {
        /// The function as written.
        function: String,
        /// The type of the value.
        inner: Box<DataType>,
    },
    /// Any other family that the engine knows (`Point`, `Nested(…)`, `Variant(…)`, …).
    Other {
        /// The family's name.
        name: String,
        /// The text between the parentheses, when there are any.
        arguments: Option<String>,
    },
}

/// Why a type name could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TypeError {
    /// What is wrong, in the reference product's words where they are known.
    pub message: String,
    /// Byte offset in the text that was given.
    pub offset: usize,
    /// What to write instead, when there is a good guess.
    pub hint: Option<String>,
}

impl DataType {
    /// Reads a type name, exact in case, as the engine's parser does; names of other databases
    /// (`bigint unsigned`, `VARCHAR(10)`) are read in any case into the type they stand for.
    ///
    /// # Errors
    /// For an unknown family, wrong arguments, text after the type, types that cannot be inside of
    /// `Nullable` or `LowCardinality`, and for the forms that the reference product refuses
    /// (`Boolean`, `Int`, `UInt`, `DateTime64` without precision).
    pub fn parse(text: &str) -> Result<Self, TypeError> {
        parser::parse(text)
    }

    /// Returns true when a value of this type can be `NULL`.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        match self {
            Self::Nullable(_) => true,
            Self::LowCardinality(inner) | Self::SimpleAggregateFunction { inner, .. } => {
                inner.is_nullable()
            }
            _ => false,
        }
    }

    /// Returns true for `AggregateFunction` and `SimpleAggregateFunction`.
    #[must_use]
    pub fn is_aggregate(&self) -> bool {
        matches!(
            self,
            Self::AggregateFunction { .. } | Self::SimpleAggregateFunction { .. }
        )
    }

    /// Returns the type that values have without `Nullable`, `LowCardinality` and
    /// `SimpleAggregateFunction` around them.
    #[must_use]
    pub fn value_type(&self) -> &Self {
        match self {
            Self::Nullable(inner)
            | Self::LowCardinality(inner)
            | Self::SimpleAggregateFunction { inner, .. } => inner.value_type(),
            other => other,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(bits) => write!(f, "Int{bits}"),
            Self::UInt(bits) => write!(f, "UInt{bits}"),
            Self::Float32 => f.write_str("Float32"),
            Self::Float64 => f.write_str("Float64"),
            Self::Decimal { precision, scale } => write!(f, "Decimal({precision}, {scale})"),
            Self::Bool => f.write_str("Bool"),
            Self::String => f.write_str("String"),
            Self::FixedString(bytes) => write!(f, "FixedString({bytes})"),
            Self::Uuid => f.write_str("UUID"),
            Self::Ipv4 => f.write_str("IPv4"),
            Self::Ipv6 => f.write_str("IPv6"),
            Self::Date => f.write_str("Date"),
            Self::Date32 => f.write_str("Date32"),
            Self::DateTime { zone: None } => f.write_str("DateTime"),
            Self::DateTime { zone: Some(zone) } => write!(f, "DateTime({})", quote_string(zone)),
            Self::DateTime64 {
                precision,
                zone: None,
            } => write!(f, "DateTime64({precision})"),
            Self::DateTime64 {
                precision,
                zone: Some(zone),
            } => {
                write!(f, "DateTime64({precision}, {})", quote_string(zone))
            }
            Self::Enum8(values) => write_enum(f, "Enum8", values),
            Self::Enum16(values) => write_enum(f, "Enum16", values),
            Self::Array(inner) => write!(f, "Array({inner})"),
            Self::Nullable(inner) => write!(f, "Nullable({inner})"),
            Self::LowCardinality(inner) => write!(f, "LowCardinality({inner})"),
            Self::Map(key, value) => write!(f, "Map({key}, {value})"),
            Self::Tuple(elements) => write_tuple(f, elements),
            Self::Json(None) => f.write_str("JSON"),
            Self::Json(Some(arguments)) => write!(f, "JSON({arguments})"),
            Self::AggregateFunction {
                function,
                arguments,
            } => {
                write!(f, "AggregateFunction({function}")?;
                arguments
                    .iter()
                    .try_for_each(|argument| write!(f, ", {argument}"))?;
                f.write_str(")")
            }
            Self::SimpleAggregateFunction { function, inner } => {
                write!(f, "SimpleAggregateFunction({function}, {inner})")
            }
            Self::Other {
                name,
                arguments: None,
            } => f.write_str(name),
            Self::Other {
                name,
                arguments: Some(arguments),
            } => write!(f, "{name}({arguments})"),
        }
    }
}

fn write_enum(f: &mut fmt::Formatter<'_>, family: &str, values: &[(String, i16)]) -> fmt::Result {
    write!(f, "{family}(")?;
    for (i, (text, number)) in values.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{} = {number}", quote_string(text))?;
    }
    f.write_str(")")
}

fn write_tuple(f: &mut fmt::Formatter<'_>, elements: &[(Option<String>, DataType)]) -> fmt::Result {
    f.write_str("Tuple(")?;
    for (i, (name, element)) in elements.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        match name {
            Some(name) if is_plain_identifier(name) => write!(f, "{name} {element}")?,
            Some(name) => write!(f, "{} {element}", quote_identifier(name))?,
            None => write!(f, "{element}")?,
        }
    }
    f.write_str(")")
}

fn is_plain_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
