//! Types that hold every value of another type.

use birdhouse_sql::DataType;

/// Returns true when every value of `old` is a value of `new` with the same meaning.
pub(crate) fn widens(old: &DataType, new: &DataType) -> bool {
    use DataType as T;
    match (old, new) {
        (old, new) if old == new => true,
        // Around the value.
        (T::Nullable(old), T::Nullable(new)) => widens(old, new),
        (T::Nullable(_), T::LowCardinality(new)) => widens(old, new),
        (T::Nullable(_), _) => false,
        (T::LowCardinality(old), new) => widens(old, new),
        (old, T::LowCardinality(new) | T::Nullable(new)) => widens(old, new),
        (
            T::SimpleAggregateFunction {
                function: old_function,
                inner: old,
            },
            T::SimpleAggregateFunction {
                function: new_function,
                inner: new,
            },
        ) => old_function == new_function && widens(old, new),
        (T::SimpleAggregateFunction { inner, .. }, new) => widens(inner, new),
        (old, T::SimpleAggregateFunction { inner, .. }) => widens(old, inner),
        // Numbers.
        (T::Int(old), T::Int(new)) | (T::UInt(old), T::UInt(new)) => old <= new,
        (T::UInt(old), T::Int(new)) => old < new,
        (T::Bool, T::Int(_) | T::UInt(_)) => true,
        (T::Float32, T::Float64) => true,
        (T::Int(bits) | T::UInt(bits), T::Float32) => *bits <= 16,
        (T::Int(bits) | T::UInt(bits), T::Float64) => *bits <= 32,
        (
            T::Decimal { precision, scale },
            T::Decimal {
                precision: new_precision,
                scale: new_scale,
            },
        ) => new_scale >= scale && new_precision - new_scale >= precision - scale,
        // Texts.
        (T::Enum8(_) | T::Enum16(_), T::String) => true,
        (T::Enum8(old), T::Enum8(new) | T::Enum16(new)) | (T::Enum16(old), T::Enum16(new)) => {
            old.iter().all(|value| new.contains(value))
        }
        // Times.
        (T::Date, T::Date32) => true,
        (T::DateTime { zone }, T::DateTime64 { zone: new_zone, .. })
        | (T::DateTime { zone }, T::DateTime { zone: new_zone }) => zone == new_zone,
        (
            T::DateTime64 { precision, zone },
            T::DateTime64 {
                precision: new_precision,
                zone: new_zone,
            },
        ) => zone == new_zone && new_precision >= precision && *new_precision <= 6,
        // Containers.
        (T::Array(old), T::Array(new)) => widens(old, new),
        (T::Map(old_key, old), T::Map(new_key, new)) => old_key == new_key && widens(old, new),
        (T::Ipv4, T::Ipv6) => true,
        _ => false,
    }
}
