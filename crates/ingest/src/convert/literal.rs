//! ClickHouse literals rewritten as JSON: `['a', 1]`, `{'k': NULL}`, `(1, 'x')`.
//!
//! Used for the cells of composite columns in CSV and for literal defaults. Only the notation is
//! translated; whether the result is JSON, and fits its column, is checked by the usual readers.

use crate::json::write_json_string;

/// Translates a literal; nothing when it has an unclosed quote.
pub(crate) fn literal_to_json(text: &str) -> Option<String> {
    let mut json = String::with_capacity(text.len() + 2);
    let mut chars = text.chars().peekable();
    while let Some(character) = chars.next() {
        match character {
            '\'' => write_json_string(&quoted(&mut chars)?, &mut json),
            '"' => copy_json_string(&mut chars, &mut json)?,
            '(' => json.push('['),
            ')' => json.push(']'),
            letter if letter.is_ascii_alphabetic() => {
                let mut word = String::from(letter);
                while let Some(next) = chars.next_if(char::is_ascii_alphanumeric) {
                    word.push(next);
                }
                push_word(&word, &mut json);
            }
            // A number is copied as a whole so that its exponent is not taken for a word.
            digit if digit.is_ascii_digit() => {
                json.push(digit);
                while let Some(next) =
                    chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-'))
                {
                    json.push(next);
                }
            }
            other => json.push(other),
        }
    }
    Some(json)
}

/// Writes the words of SQL as those of JSON, which are in lower case.
fn push_word(word: &str, json: &mut String) {
    let known = ["null", "true", "false"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(word));
    json.push_str(known.unwrap_or(word));
}

/// Reads up to the closing single quote, with `''` and backslash escapes.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\'' if chars.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => return Some(text),
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                'b' => '\u{8}',
                'f' => '\u{c}',
                other => other,
            }),
            other => text.push(other),
        }
    }
}

fn copy_json_string(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    json: &mut String,
) -> Option<()> {
    json.push('"');
    loop {
        let character = chars.next()?;
        json.push(character);
        match character {
            '"' => return Some(()),
            '\\' => json.push(chars.next()?),
            _ => {}
        }
    }
}
