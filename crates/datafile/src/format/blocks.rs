//! Blocks as text: SQL, descriptions, columns, indexes.

use crate::lexer::{Block, BlockLineKind};
use crate::schema::{self, comment_start};

const INDENT: &str = "    ";

/// Returns the lines as written, indented by four as a whole; comments and blank lines stay.
pub(super) fn text(block: &Block) -> String {
    let indent = block.common_indent();
    lines(block, |_, text| {
        format!("{INDENT}{}", text.get(indent..).unwrap_or_default())
    })
}

/// Returns the lines of a description. The indentation of all but the first is part of its text.
pub(super) fn description(block: &Block) -> String {
    lines(block, |is_first, text| match is_first {
        true => format!("{INDENT}{}", text.trim_start()),
        false => text.to_owned(),
    })
}

/// Returns the lines of a block, those of its text as `shown` makes them: whether a line is the first,
/// and the line.
fn lines(block: &Block, shown: impl Fn(bool, &str) -> String) -> String {
    let mut is_first = true;
    let mut out = String::new();
    let first_text = block
        .lines()
        .iter()
        .position(|line| line.kind != BlockLineKind::Blank)
        .unwrap_or(0);
    for line in block.lines().iter().skip(first_text) {
        let text = block.file().slice(line.range.clone());
        match line.kind {
            BlockLineKind::Blank => {}
            BlockLineKind::Comment => out.push_str(&format!("{INDENT}{}", text.trim())),
            BlockLineKind::Text => {
                out.push_str(&shown(is_first, text));
                is_first = false;
            }
        }
        out.push('\n');
    }
    // What ends the last line is not part of the text.
    let kept = out.trim_end().len();
    out.truncate(kept);
    if kept > 0 {
        out.push('\n');
    }
    out
}

/// Returns the comment lines alone, not indented.
pub(super) fn comment_lines(block: &Block) -> String {
    let comments = block
        .lines()
        .iter()
        .filter(|line| line.kind == BlockLineKind::Comment);
    comments
        .map(|line| format!("{}\n", block.file().slice(line.range.clone()).trim()))
        .collect()
}

/// A comment of a block, by its place in the file.
struct Comment {
    line: usize,
    start: usize,
    text: String,
}

fn comments(block: &Block) -> Vec<Comment> {
    let mut comments = Vec::new();
    for line in block.lines() {
        let text = block.file().slice(line.range.clone());
        let offset = match line.kind {
            BlockLineKind::Blank => None,
            BlockLineKind::Comment => Some(text.len() - text.trim_start().len()),
            BlockLineKind::Text => comment_start(text),
        };
        if let Some(offset) = offset {
            let start = line.range.start + offset;
            let text = text.get(offset..).unwrap_or_default().trim().to_owned();
            comments.push(Comment {
                line: block.file().location(start).line,
                start,
                text,
            });
        }
    }
    comments
}

/// Returns one column per line, with the comments above or behind it.
pub(super) fn schema(block: &Block) -> String {
    let columns = schema::parse(&block.raw(), &mut Vec::new()).columns;
    let items: Vec<Item> = columns
        .iter()
        .map(|column| {
            let range = column.span.range();
            Item {
                text: column.datafile_text(),
                start: range.start,
                last_line: block.file().location(range.end).line,
            }
        })
        .collect();
    list(&items, comments(block), ",")
}

/// Returns one index per line, without the word INDEX.
pub(super) fn indexes(block: &Block) -> String {
    let mut items = Vec::new();
    for line in block
        .lines()
        .iter()
        .filter(|line| line.kind == BlockLineKind::Text)
    {
        let text = block.file().slice(line.range.clone());
        let code = text
            .get(..comment_start(text).unwrap_or(text.len()))
            .unwrap_or(text)
            .trim();
        let code = code.trim_end_matches(',').trim_end();
        let words: Vec<&str> = code.split_whitespace().collect();
        let words = words.strip_prefix(&["INDEX"]).unwrap_or(&words);
        if !words.is_empty() {
            let last_line = block.file().location(line.range.start).line;
            items.push(Item {
                text: words.join(" "),
                start: line.range.start,
                last_line,
            });
        }
    }
    list(&items, comments(block), "")
}

/// One entry of a list, by its place in the file.
struct Item {
    text: String,
    start: usize,
    last_line: usize,
}

fn list(items: &[Item], comments: Vec<Comment>, separator: &str) -> String {
    let mut out = String::new();
    let mut comments = comments.into_iter().peekable();
    for (index, item) in items.iter().enumerate() {
        while let Some(above) = comments.next_if(|comment| comment.start < item.start) {
            out.push_str(&format!("{INDENT}{}\n", above.text));
        }
        let separator = if index + 1 < items.len() {
            separator
        } else {
            ""
        };
        out.push_str(&format!("{INDENT}{}{separator}", item.text));
        // A comment inside of an item, or on its last line, stays behind it.
        let next_start = items.get(index + 1).map_or(usize::MAX, |next| next.start);
        let mut n_behind = 0;
        while let Some(behind) =
            comments.next_if(|comment| comment.line <= item.last_line && comment.start < next_start)
        {
            let lead = if n_behind == 0 {
                " ".to_owned()
            } else {
                format!("\n{INDENT}")
            };
            out.push_str(&format!("{lead}{}", behind.text));
            n_behind += 1;
        }
        out.push('\n');
    }
    for comment in comments {
        out.push_str(&format!("{INDENT}{}\n", comment.text));
    }
    out
}
