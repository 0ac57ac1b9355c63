//! Keeps the values of secrets out of texts about a file.

/// What stands for a value.
const STARS: &str = "***";

/// Behind this the messages cut what they quote.
const CUT: char = '…';

/// Shortest piece of a value that is looked for inside of words, in bytes.
const INNER_BYTES_MIN: usize = 4;

/// Replaces every value in a text, also when only a line or a word of it is there, or when it was
/// cut.
pub(super) fn conceal(mut text: String, values: &[String]) -> String {
    let mut pieces: Vec<String> = values.iter().flat_map(|value| pieces(value)).collect();
    // The longest first, so that no rest of a value stays.
    pieces.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    pieces.dedup();
    for piece in &pieces {
        text = without(&text, piece);
    }
    if text.contains(CUT) {
        for piece in &pieces {
            text = without_start(text, piece);
        }
    }
    text
}

/// The ways in which a value may stand in a message: as it is, on one line, or a part of it.
fn pieces(value: &str) -> Vec<String> {
    let words = value.split_whitespace();
    let on_one_line = words.clone().collect::<Vec<_>>().join(" ");
    let unquoted = value.trim().trim_matches(['"', '\'']).to_owned();
    [value.to_owned(), on_one_line, unquoted]
        .into_iter()
        .chain(value.lines().map(|line| line.trim().to_owned()))
        .chain(words.map(str::to_owned))
        .filter(|piece| !piece.is_empty())
        .collect()
}

fn without(text: &str, piece: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(piece) {
        out.push_str(before);
        let is_inside = out.ends_with(is_word) || after.starts_with(is_word);
        if piece.len() < INNER_BYTES_MIN && is_inside {
            out.push_str(piece);
        } else {
            out.push_str(STARS);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Replaces the start of a value where it was cut.
fn without_start(text: String, piece: &str) -> String {
    let starts = piece.char_indices().map(|(at, _)| piece.get(..at));
    for start in starts.flatten().rev().filter(|start| !start.is_empty()) {
        let cut = format!("{start}{CUT}");
        if text.contains(&cut) {
            return text.replace(&cut, &format!("{STARS}{CUT}"));
        }
    }
    text
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::conceal;

    #[test]
    fn no_form_of_a_value_is_left() {
        let cases = [
            (
                "Engine hunter2 is not supported",
                "hunter2",
                "Engine *** is not supported",
            ),
            ("'a  b c'", "a  b\nc", "'*** ***'"),
            ("line two, hunter", "line one\nline two", "***, hunter"),
            (
                "unknown 'very-long-sec…'",
                "very-long-secret",
                "unknown '***…'",
            ),
            ("hex(x) is x, a box", "x", "hex(***) is ***, a box"),
            ("say x", "\"say x\"", "***"),
            ("nothing to hide", "hunter2", "nothing to hide"),
        ];
        for (text, value, wanted) in cases {
            assert_eq!(
                conceal(text.to_owned(), &[value.to_owned()]),
                wanted,
                "{text}"
            );
        }
    }
}
