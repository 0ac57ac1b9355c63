//! Escapes of JSON strings: decoding those that were checked, and writing our own.

/// Resolves the escapes of a string that the scanner has checked.
pub(super) fn unescape(raw: &str) -> String {
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, behind)) = rest.split_once('\\') {
        decoded.push_str(plain);
        let mut chars = behind.chars();
        match chars.next() {
            Some('b') => decoded.push('\u{8}'),
            Some('f') => decoded.push('\u{c}'),
            Some('n') => decoded.push('\n'),
            Some('r') => decoded.push('\r'),
            Some('t') => decoded.push('\t'),
            Some('u') => {
                let (character, len) = unicode(chars.as_str());
                decoded.push(character);
                chars = chars.as_str().get(len..).unwrap_or_default().chars();
            }
            Some(other) => decoded.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    decoded.push_str(rest);
    decoded
}

/// Reads `XXXX` or `XXXX\uXXXX`: the character and the number of bytes it took.
fn unicode(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        text.get(at..at + 4)
            .and_then(|digits| u16::from_str_radix(digits, 16).ok())
    };
    let high = unit(0).unwrap_or(0xFFFD);
    let pair = [high, unit(6).unwrap_or(0)];
    let len = if (0xD800..0xDC00).contains(&high) {
        10
    } else {
        4
    };
    let character = char::decode_utf16(pair).next().and_then(Result::ok);
    (character.unwrap_or(char::REPLACEMENT_CHARACTER), len)
}

/// Appends a text as a JSON string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    let digit = (u32::from(control) >> shift) & 15;
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
