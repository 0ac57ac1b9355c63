//! From a JSON value or a text cell to the bytes of a column type, or the reason why not.
//!
//! Nothing is wrapped, and nothing is guessed silently. The table shows what is taken; everything
//! else sends the row to quarantine. "Text" is a CSV cell, a key of a JSON object, or a default;
//! blanks around it are ignored except for strings. Rows marked † are our choice where the
//! reference's behaviour is unknown (`compat:`).
//!
//! | type | JSON | text |
//! | --- | --- | --- |
//! | `Int8/16/32`, `UInt8/16/32` | integer number in range; `true`, `false` as 1, 0. A string is refused | sign, digits |
//! | `Int64` and wider, `UInt64` and wider | the same, and a string of digits †: clients without 64-bit numbers send those | sign, digits |
//! | `Float32/64` | number, or a string of one; a finite value that overflows is refused † | number, `inf`, `nan` |
//! | `Decimal` | number or string; surplus fraction digits are cut off | the same |
//! | `Bool` | `true`, `false`, 1, 0 | those, and `t f y n yes no on off enable disable enabled disabled`, any case |
//! | `String` | string; anything else as its JSON text | as it is |
//! | `FixedString(n)` | the same, up to n bytes, padded with zero bytes | the same |
//! | `UUID` | string of 36 characters, or 32 hexadecimal digits | the same |
//! | `Date`, `Date32` | `YYYY-MM-DD`; an integer is days since 1970 | `YYYY-MM-DD` |
//! | `DateTime`, `DateTime64` | time stamp or number, see `time` | the same |
//! | `Enum8/16` | name, or number of a value | the same |
//! | `IPv4`, `IPv6` | address as string; IPv4 in an `IPv6` column is mapped | the same |
//! | `Array(T)` | array | bracketed list, JSON or ClickHouse quotes |
//! | `Map(K, V)` | object; keys are read as text | the same with braces |
//! | `Tuple` | array, or object when the elements have names | the same |
//! | `JSON` | object, or a string that holds one †; see `object` | object |
//! | `Nullable(T)` | `null` or T | empty, `\N` or T |
//!
//! `LowCardinality(T)` and `SimpleAggregateFunction(f, T)` take what `T` takes.

mod boolean;
mod decimal;
mod enumeration;
mod float;
mod integer;
mod kind;
mod literal;
mod network;
mod object;
mod string;
mod time;
mod wide;

#[cfg(test)]
mod tests;

pub(crate) use enumeration::EnumValues;
pub(crate) use kind::{Kind, wire_type};
pub(crate) use literal::literal_to_json;
pub(crate) use network::write_uuid_value;
pub(crate) use object::ObjectRules;
pub(crate) use time::{Stamp, Zone, write_days, write_scaled, write_seconds};

use crate::json::Json;

/// Why a value does not fit a column. The reason is empty when "is not T" says it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) reason: &'static str,
}

impl Mismatch {
    /// The value is of another kind.
    pub(crate) const SHAPE: Self = Self { reason: "" };
    /// The value is of the right kind but too small or too large.
    pub(crate) const RANGE: Self = Self {
        reason: "out of range",
    };
    /// There is a `null` where none is allowed.
    pub(crate) const NULL: Self = Self {
        reason: "null is not allowed",
    };

    pub(crate) const fn new(reason: &'static str) -> Self {
        Self { reason }
    }
}

/// A type whose values are not made of other values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    /// Integers; width in bytes, 1 to 32.
    Int {
        bytes: usize,
        signed: bool,
    },
    Float32,
    Float64,
    /// Width in bytes is that of the integer which holds the value times `10^scale`.
    Decimal {
        bytes: usize,
        precision: u8,
        scale: u8,
    },
    Bool,
    String,
    FixedString(usize),
    Uuid,
    Ipv4,
    Ipv6,
    Date,
    Date32,
    DateTime(Zone),
    DateTime64 {
        precision: u8,
        zone: Zone,
    },
    Enum(EnumValues),
    /// A `JSON` column; the engine parses the text.
    Object(ObjectRules),
}

impl Scalar {
    /// Appends a JSON value in Native form.
    pub(crate) fn write_json(&self, value: Json<'_>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        if value == Json::Null {
            return Err(Mismatch::NULL);
        }
        match self {
            Self::Int { bytes, signed } => integer::write_json(value, *bytes, *signed, out),
            Self::Float32 => float::write_f32(float::json_text(value)?.as_ref(), out),
            Self::Float64 => float::write_f64(float::json_text(value)?.as_ref(), out),
            Self::Decimal { .. } => self.write_decimal(float::json_text(value)?.as_ref(), out),
            Self::Bool => boolean::write_json(value, out),
            Self::String => string::write_json(value, out),
            Self::FixedString(len) => string::write_fixed(&value.to_text(), *len, out),
            Self::Date | Self::Date32 => time::write_json_date(value, self.is_date32(), out),
            Self::DateTime(zone) => write_seconds(time::stamp_from_json(value, zone)?, out),
            Self::DateTime64 { precision, zone } => {
                write_scaled(time::stamp_from_json(value, zone)?, *precision, out)
            }
            Self::Enum(values) => values.write_json(value, out),
            Self::Object(rules) => rules.write_json(value, out),
            Self::Uuid | Self::Ipv4 | Self::Ipv6 => match value {
                Json::String(text) => self.write_text(&text.decode(), out),
                _ => Err(Mismatch::SHAPE),
            },
        }
    }

    /// Appends a text in Native form.
    pub(crate) fn write_text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        let trimmed = text.trim_matches([' ', '\t']);
        match self {
            Self::Int { bytes, signed } => integer::write_text(trimmed, *bytes, *signed, out),
            Self::Float32 => float::write_f32(trimmed, out),
            Self::Float64 => float::write_f64(trimmed, out),
            Self::Decimal { .. } => self.write_decimal(trimmed, out),
            Self::Bool => boolean::write_text(trimmed, out),
            Self::String => {
                string::write(text, out);
                Ok(())
            }
            Self::FixedString(len) => string::write_fixed(text, *len, out),
            Self::Uuid => network::write_uuid(trimmed, out),
            Self::Ipv4 => network::write_ipv4(trimmed, out),
            Self::Ipv6 => network::write_ipv6(trimmed, out),
            Self::Date | Self::Date32 => time::write_date(trimmed, self.is_date32(), out),
            Self::DateTime(zone) => write_seconds(time::stamp_from_text(trimmed, zone)?, out),
            Self::DateTime64 { precision, zone } => {
                write_scaled(time::stamp_from_text(trimmed, zone)?, *precision, out)
            }
            Self::Enum(values) => values.write_text(text, out),
            Self::Object(rules) => rules.write_text(trimmed, out),
        }
    }

    /// Appends the value that the engine uses where nothing was given: zero, or empty. It stands
    /// behind every `NULL`.
    pub(crate) fn write_zero(&self, out: &mut Vec<u8>) {
        match self {
            Self::Enum(values) => values.write_first(out),
            Self::Object(_) => string::write("{}", out),
            Self::Float32 => out.extend([0; 4]),
            Self::Float64 | Self::DateTime64 { .. } => out.extend([0; 8]),
            Self::Bool | Self::String => out.push(0),
            Self::Uuid | Self::Ipv6 => out.extend([0; 16]),
            Self::Ipv4 | Self::Date32 | Self::DateTime(_) => out.extend([0; 4]),
            Self::Date => out.extend([0; 2]),
            Self::Int { bytes: width, .. }
            | Self::Decimal { bytes: width, .. }
            | Self::FixedString(width) => out.resize(out.len() + width, 0),
        }
    }

    fn write_decimal(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        match self {
            Self::Decimal {
                bytes,
                precision,
                scale,
            } => decimal::write(text, *bytes, *precision, *scale, out),
            _ => Err(Mismatch::SHAPE),
        }
    }

    fn is_date32(&self) -> bool {
        *self == Self::Date32
    }
}
