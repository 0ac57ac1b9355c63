//! Scanning of column text: comments, quotes, brackets.

/// Something that is opened and never closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// What is missing.
    pub(super) closing: String,
    /// Byte offset of what is open.
    pub(super) offset: usize,
}

/// Replaces `--` comments by blanks of the same length, so that offsets stay.
pub(super) fn mask_comments(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            masked.push('\n');
        }
        let start = comment_start(line).unwrap_or(line.len());
        let (code, comment) = line.split_at_checked(start).unwrap_or((line, ""));
        masked.push_str(code);
        masked.extend(std::iter::repeat_n(' ', comment.len()));
    }
    masked
}

/// Returns where the `--` comment of a line starts.
///
/// Quotes count only when they are closed on the same line: a name may contain one.
pub(crate) fn comment_start(line: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = line.get(at..) {
        let next = rest.chars().next()?;
        if rest.starts_with("--") {
            return Some(at);
        }
        at = match next {
            '\'' | '"' | '`' => quoted_end(line, at).unwrap_or(at + 1),
            c => at + c.len_utf8(),
        };
    }
    None
}

/// Returns the offset behind the partner of the quote at `at`.
///
/// Nothing quoted goes over a line end, and nothing in backticks has blanks. A backslash escapes in
/// strings; a doubled quote reads as two strings, which is the same here.
pub(super) fn quoted_end(text: &str, at: usize) -> Option<usize> {
    let quote = text.get(at..)?.chars().next()?;
    let mut characters = text.get(at + quote.len_utf8()..)?.char_indices();
    while let Some((offset, character)) = characters.next() {
        if character == quote {
            return Some(at + quote.len_utf8() + offset + quote.len_utf8());
        }
        if character == '\n' || (quote == '`' && character.is_whitespace()) {
            return None;
        }
        if character == '\\' && quote != '`' {
            characters.next();
        }
    }
    None
}

/// Returns the offset of the comma that ends the column at `start`, or of the end of the text.
///
/// When something is not closed, the column is taken to end at the first comma that ends a line.
pub(super) fn column_end(text: &str, start: usize) -> (usize, Option<Unclosed>) {
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut at = start;
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match character {
            ',' if open.is_empty() => return (at, None),
            '(' => open.push((')', at)),
            '[' => open.push((']', at)),
            ')' | ']'
                if open
                    .last()
                    .is_some_and(|(closing, _)| *closing == character) =>
            {
                open.pop();
            }
            '\'' | '"' | '`' if character == '`' || at_value(text, at) => {
                let Some(end) = quoted_end(text, at) else {
                    let quote = if character == '`' {
                        "backtick".to_owned()
                    } else {
                        character.to_string()
                    };
                    return unclosed(text, start, &open, (quote, at));
                };
                at = end;
                continue;
            }
            _ => {}
        }
        at += character.len_utf8();
    }
    match open.first() {
        Some(&(closing, offset)) => unclosed(text, start, &open, (closing.to_string(), offset)),
        None => (text.len(), None),
    }
}

/// The outermost bracket is the mistake when there is one: the column ends before what is in it.
fn unclosed(
    text: &str,
    start: usize,
    open: &[(char, usize)],
    inner: (String, usize),
) -> (usize, Option<Unclosed>) {
    let outermost = open
        .first()
        .map(|(closing, offset)| (closing.to_string(), *offset));
    let (closing, offset) = outermost.unwrap_or(inner);
    (
        recovery_end(text, start),
        Some(Unclosed { closing, offset }),
    )
}

/// Reports whether a quote at `at` starts a string: a name may contain a quote, but not start with one.
fn at_value(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    before.is_none_or(|c| !(c.is_alphanumeric() || c == '_'))
}

fn recovery_end(text: &str, start: usize) -> usize {
    let mut offset = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let code = line.trim_end();
        if code.ends_with(',') {
            return offset + code.len() - 1;
        }
        offset += line.len();
    }
    text.len()
}
