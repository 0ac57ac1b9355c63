//! The tree of conversions for a column type, and the type name its block carries.

use std::collections::HashMap;

use birdhouse_sql::DataType;

use super::{EnumValues, ObjectRules, Scalar, Zone};
use crate::limits::TYPE_DEPTH_MAX;
use crate::schema::{Column, SchemaError};

/// How values of a type are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Nullable(Scalar),
    Array(Box<Kind>),
    Map(Box<Kind>, Box<Kind>),
    Tuple(Vec<(Option<String>, Kind)>),
}

/// Why a type has no conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KindError {
    Unsupported,
    UnknownZone(String),
}

impl KindError {
    /// Names the column that has the type.
    pub(crate) fn on(self, column: &Column) -> SchemaError {
        match self {
            Self::Unsupported => SchemaError::UnsupportedType {
                column: column.name.clone(),
                data_type: column.data_type.to_string(),
            },
            Self::UnknownZone(zone) => SchemaError::UnknownZone {
                column: column.name.clone(),
                zone,
            },
        }
    }
}

impl Kind {
    /// Works out the conversion for a type.
    pub(crate) fn new(data_type: &DataType) -> Result<Self, KindError> {
        Self::at_depth(data_type, 0)
    }

    fn at_depth(data_type: &DataType, depth: usize) -> Result<Self, KindError> {
        if depth > TYPE_DEPTH_MAX {
            return Err(KindError::Unsupported);
        }
        let inner = |data_type| Self::at_depth(data_type, depth + 1);
        match data_type {
            DataType::Nullable(value) => match inner(value)? {
                Self::Scalar(scalar) => Ok(Self::Nullable(scalar)),
                _ => Err(KindError::Unsupported),
            },
            DataType::LowCardinality(value)
            | DataType::SimpleAggregateFunction { inner: value, .. } => inner(value),
            DataType::Array(element) => Ok(Self::Array(Box::new(inner(element)?))),
            DataType::Map(key, value) => {
                Ok(Self::Map(Box::new(inner(key)?), Box::new(inner(value)?)))
            }
            DataType::Tuple(elements) if !elements.is_empty() => elements
                .iter()
                .map(|(name, element)| Ok((name.clone(), inner(element)?)))
                .collect::<Result<_, _>>()
                .map(Self::Tuple),
            scalar => scalar_of(scalar).map(Self::Scalar),
        }
    }
}

fn scalar_of(data_type: &DataType) -> Result<Scalar, KindError> {
    Ok(match data_type {
        DataType::Int(bits) => Scalar::Int {
            bytes: usize::from(*bits / 8),
            signed: true,
        },
        DataType::UInt(bits) => Scalar::Int {
            bytes: usize::from(*bits / 8),
            signed: false,
        },
        DataType::Float32 => Scalar::Float32,
        DataType::Float64 => Scalar::Float64,
        DataType::Decimal { precision, scale } => Scalar::Decimal {
            bytes: match precision {
                0..=9 => 4,
                10..=18 => 8,
                19..=38 => 16,
                _ => 32,
            },
            precision: *precision,
            scale: *scale,
        },
        DataType::Bool => Scalar::Bool,
        DataType::String => Scalar::String,
        DataType::FixedString(bytes) => {
            Scalar::FixedString(usize::try_from(*bytes).ok().ok_or(KindError::Unsupported)?)
        }
        DataType::Uuid => Scalar::Uuid,
        DataType::Ipv4 => Scalar::Ipv4,
        DataType::Ipv6 => Scalar::Ipv6,
        DataType::Date => Scalar::Date,
        DataType::Date32 => Scalar::Date32,
        DataType::DateTime { zone } => Scalar::DateTime(zone_of(zone.as_deref())?),
        DataType::DateTime64 { precision, zone } => Scalar::DateTime64 {
            precision: (*precision).min(9),
            zone: zone_of(zone.as_deref())?,
        },
        DataType::Enum8(values) => Scalar::Enum(enum_of(values, 1)?),
        DataType::Enum16(values) => Scalar::Enum(enum_of(values, 2)?),
        DataType::Json(arguments) => {
            let rules = ObjectRules::new(arguments.as_deref());
            Scalar::Object(rules.ok_or(KindError::Unsupported)?)
        }
        DataType::Nullable(_)
        | DataType::LowCardinality(_)
        | DataType::SimpleAggregateFunction { .. }
        | DataType::Array(_)
        | DataType::Map(..)
        | DataType::Tuple(_)
        | DataType::AggregateFunction { .. }
        | DataType::Other { .. } => return Err(KindError::Unsupported),
    })
}

fn zone_of(name: Option<&str>) -> Result<Zone, KindError> {
    match name {
        None => Ok(Zone::Utc),
        Some(name) => Zone::named(name).ok_or_else(|| KindError::UnknownZone(name.to_owned())),
    }
}

fn enum_of(values: &[(String, i16)], bytes: usize) -> Result<EnumValues, KindError> {
    let numbers: HashMap<_, _> = values.iter().cloned().collect();
    EnumValues::new(numbers, bytes).ok_or(KindError::Unsupported)
}

/// Returns the type that a block names for a column.
///
/// The engine casts `T` to `LowCardinality(T)`, to `SimpleAggregateFunction(f, T)` and text to
/// `JSON`, which spares us their own serializations.
pub(crate) fn wire_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction { inner, .. } => {
            wire_type(inner)
        }
        DataType::Nullable(inner) => DataType::Nullable(Box::new(wire_type(inner))),
        DataType::Array(inner) => DataType::Array(Box::new(wire_type(inner))),
        DataType::Map(key, value) => {
            DataType::Map(Box::new(wire_type(key)), Box::new(wire_type(value)))
        }
        DataType::Tuple(elements) => DataType::Tuple(
            (elements.iter())
                .map(|(name, element)| (name.clone(), wire_type(element)))
                .collect(),
        ),
        DataType::Json(_) => DataType::String,
        other => other.clone(),
    }
}
