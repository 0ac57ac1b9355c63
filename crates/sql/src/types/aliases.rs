//! Names of types that other databases use and the engine accepts, in any case of letters.

/// One-word names with the family that they stand for, sorted.
///
/// `BOOLEAN` is missing on purpose: the reference product refuses it.
const ALIASES: &[(&str, &str)] = &[
    ("BIGINT", "Int64"),
    ("BINARY", "FixedString"),
    ("BLOB", "String"),
    ("BOOL", "Bool"),
    ("BYTE", "Int8"),
    ("BYTEA", "String"),
    ("CHAR", "String"),
    ("CHARACTER", "String"),
    ("CLOB", "String"),
    ("DATE", "Date"),
    ("DATE32", "Date32"),
    ("DATETIME", "DateTime"),
    ("DATETIME32", "DateTime"),
    ("DATETIME64", "DateTime64"),
    ("DEC", "Decimal"),
    ("DECIMAL", "Decimal"),
    ("DECIMAL128", "Decimal128"),
    ("DECIMAL256", "Decimal256"),
    ("DECIMAL32", "Decimal32"),
    ("DECIMAL64", "Decimal64"),
    ("DOUBLE", "Float64"),
    ("ENUM", "Enum"),
    ("FIXED", "Decimal"),
    ("FLOAT", "Float32"),
    ("INET4", "IPv4"),
    ("INET6", "IPv6"),
    ("INT", "Int32"),
    ("INT1", "Int8"),
    ("INTEGER", "Int32"),
    ("JSON", "JSON"),
    ("LONGBLOB", "String"),
    ("LONGTEXT", "String"),
    ("MEDIUMBLOB", "String"),
    ("MEDIUMINT", "Int32"),
    ("MEDIUMTEXT", "String"),
    ("NCHAR", "String"),
    ("NUMERIC", "Decimal"),
    ("NVARCHAR", "String"),
    ("REAL", "Float32"),
    ("SIGNED", "Int64"),
    ("SINGLE", "Float32"),
    ("SMALLINT", "Int16"),
    ("TEXT", "String"),
    ("TIME", "Time"),
    ("TIMESTAMP", "DateTime"),
    ("TINYBLOB", "String"),
    ("TINYINT", "Int8"),
    ("TINYTEXT", "String"),
    ("UNSIGNED", "UInt64"),
    ("VARBINARY", "String"),
    ("VARCHAR", "String"),
    ("VARCHAR2", "String"),
    ("YEAR", "UInt16"),
];

/// Words that may follow some of these names.
const SECOND_WORDS: &[&str] = &["PRECISION", "SIGNED", "UNSIGNED", "VARYING"];

/// Returns the family that `name` stands for; `Int` and `UInt` in this case of letters are none.
pub(super) fn family(name: &str) -> Option<&'static str> {
    if matches!(name, "Int" | "UInt") {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    let at = ALIASES.binary_search_by_key(&upper.as_str(), |(alias, _)| alias);
    ALIASES.get(at.ok()?).map(|(_, family)| *family)
}

/// Returns the family of a name of two words; nothing when the second one does not belong to it.
pub(super) fn family_of_two(name: &str, second: &str) -> Option<&'static str> {
    let family = family(name)?;
    let second = second.to_ascii_uppercase();
    if !SECOND_WORDS.contains(&second.as_str()) {
        return None;
    }
    match (family, second.as_str()) {
        ("Float64", "PRECISION") => Some("Float64"),
        ("String", "VARYING") => Some("String"),
        ("Int8" | "Int16" | "Int32" | "Int64", "SIGNED") => Some(family),
        ("Int8", "UNSIGNED") => Some("UInt8"),
        ("Int16", "UNSIGNED") => Some("UInt16"),
        ("Int32", "UNSIGNED") => Some("UInt32"),
        ("Int64", "UNSIGNED") => Some("UInt64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_the_search() {
        assert!(ALIASES.is_sorted());
    }
}
