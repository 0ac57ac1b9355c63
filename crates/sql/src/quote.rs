//! Quoting of identifiers and string literals for the engine.

/// Returns `name` as a back-quoted identifier that the engine reads back unchanged.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    quote(name, '`')
}

/// Returns `text` as a single-quoted string literal that the engine reads back unchanged.
#[must_use]
pub fn quote_string(text: &str) -> String {
    quote(text, '\'')
}

fn quote(text: &str, delimiter: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(delimiter);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == delimiter => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(delimiter);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_and_backslashes_are_escaped() {
        assert_eq!(quote_identifier("a`b\\c"), r"`a\`b\\c`");
        assert_eq!(quote_string("it's\n\\ok\""), r#"'it\'s\n\\ok"'"#);
        assert_eq!(quote_identifier("select"), "`select`");
    }
}
