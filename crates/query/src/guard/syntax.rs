//! The engine's words about a syntax error → a short message with the place in the user's text.
//!
//! The engine saw the text between our parentheses, one line lower, and lists everything that
//! could have stood at the place.

use birdhouse_engine::EngineError;

use crate::error::QueryError;

/// The engine's code for a text that it cannot parse.
const SYNTAX_ERROR: i32 = 62;

/// Alternatives that are repeated from the engine's list.
const EXPECTED_MAX: usize = 6;

/// Characters of the text at the place of the error that are repeated.
const NEAR_CHARS_MAX: usize = 60;

/// Turns a syntax error into [`QueryError::Syntax`]; leaves anything else as it is.
pub(super) fn error(error: EngineError, node: &str) -> QueryError {
    match error {
        EngineError::Exception {
            code: SYNTAX_ERROR,
            message,
            ..
        } => {
            let (message, line) = shorten(&message);
            QueryError::Syntax {
                node: node.to_owned(),
                message,
                line,
            }
        }
        other => QueryError::Engine { source: other },
    }
}

/// Returns the message and the line of the user's text.
fn shorten(message: &str) -> (String, Option<usize>) {
    let place = message.split_once("(line ").and_then(|(_, rest)| {
        let (line, rest) = rest.split_once(", col ")?;
        let (column, rest) = rest.split_once(')')?;
        let line = line
            .parse::<usize>()
            .ok()?
            .checked_sub(1)
            .filter(|line| *line > 0)?;
        Some((line, column.parse::<usize>().ok()?, rest))
    });
    let expected = message.split_once("Expected one of: ").map(|(_, list)| {
        let all: Vec<&str> = list.trim_end_matches('.').split(", ").collect();
        let more = if all.len() > EXPECTED_MAX {
            ", …"
        } else {
            ""
        };
        let shown: Vec<&str> = all.into_iter().take(EXPECTED_MAX).collect();
        format!("; expected {}{more}", shown.join(", "))
    });
    let Some((line, column, rest)) = place else {
        return (message.to_owned(), None);
    };
    let near = rest
        .trim_start_matches(':')
        .split("Expected one of")
        .next()
        .unwrap_or_default();
    let near: String = near
        .trim()
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(NEAR_CHARS_MAX)
        .collect();
    let at = if near.is_empty() || near == ")" {
        "at the end".to_owned()
    } else {
        format!("at '{near}'")
    };
    let message = format!(
        "Syntax error {at} (line {line}, column {column}){}",
        expected.unwrap_or_default()
    );
    (message, Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_of_the_users_text() {
        let (message, line) = shorten(
            "Syntax error: failed at position 58 (t) (line 2, col 10): t\n). Expected one of: token sequence, Dot, \
             token, OpeningRoundBracket, UUID, alias, AS, end of query.",
        );
        assert_eq!(
            message,
            "Syntax error at 't' (line 1, column 10); expected token sequence, Dot, token, \
             OpeningRoundBracket, UUID, alias, …"
        );
        assert_eq!(line, Some(1));
    }

    #[test]
    fn other_words_are_kept() {
        assert_eq!(
            shorten("something else"),
            ("something else".to_owned(), None)
        );
    }
}
