//! New expectations in a test file, with everything else left as it is.
//!
//! Only the lines of `expected_result` and `expected_http_status` are replaced, so comments, order
//! and style of the rest stay. The result is read again and must say what was meant.

use anyhow::{Context, ensure};

use super::outcome::Actual;
use super::suite::{self, Case, Suite};
use super::yaml::Place;

/// How much deeper than its field the text of a block stands.
const INDENT: usize = 2;

/// Returns the text of the file with new expectations for some of its tests.
///
/// # Errors
/// When the tests are not written one field per line.
pub(super) fn rewritten(suite: &Suite, changes: &[(&Case, Actual)]) -> anyhow::Result<String> {
    let newline = if suite.text.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let mut lines: Vec<String> = suite.text.lines().map(str::to_owned).collect();
    // From the last to the first, so that places of earlier ones stay right.
    for (case, actual) in changes.iter().rev() {
        replace(&mut lines, case, actual).with_context(|| format!("test {}", case.name))?;
    }
    let text = lines.join(newline) + newline;
    let read = suite::cases(&text)?;
    let is_right = |(read, before): (&Case, &Case)| {
        let change = changes.iter().find(|(case, _)| std::ptr::eq(*case, before));
        change.is_none_or(|(_, actual)| {
            read.result == actual.result && read.status == actual.error_status
        })
    };
    ensure!(
        read.len() == suite.cases.len() && read.iter().zip(&suite.cases).all(is_right),
        "the file is written in a way that cannot be edited"
    );
    Ok(text)
}

fn replace(lines: &mut Vec<String>, case: &Case, actual: &Actual) -> anyhow::Result<()> {
    let result = case.key("expected_result").context("no expected_result")?;
    let mut fields = Vec::new();
    if let Some(status) = actual.error_status {
        fields.push(format!("expected_http_status: {status}"));
    }
    fields.extend(field(&actual.result, result.column));
    let mut edits = vec![(result, fields)];
    if let Some(status) = case.key("expected_http_status") {
        edits.push((status, Vec::new()));
    }
    edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.line));
    for (place, fields) in edits {
        let first = place.line.checked_sub(1).context("no line")?;
        let end = end(lines, place);
        let line = lines.get(first).context("no such line")?;
        let prefix: String = line.chars().take(place.column).collect();
        let is_own_line = prefix.trim().is_empty();
        ensure!(
            is_own_line && place.column > 0,
            "each field must have a line of its own, after the name"
        );
        let new = fields.into_iter().enumerate().map(|(i, line)| {
            // Lines of a block bring their own indentation.
            if i == 0 || line.starts_with("expected_") {
                format!("{prefix}{line}")
            } else {
                line
            }
        });
        let new: Vec<String> = new.collect();
        lines.splice(first..end, new);
    }
    Ok(())
}

/// Returns the number of lines up to the end of the field at `place`: deeper lines belong to it,
/// blank lines behind it do not.
fn end(lines: &[String], place: Place) -> usize {
    let mut end = place.line;
    for (number, line) in lines.iter().enumerate().skip(place.line) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if line.trim().is_empty() {
            continue;
        }
        if indent <= place.column {
            break;
        }
        end = number + 1;
    }
    end
}

/// Returns the lines of `expected_result`: a block when the text ends with one line break, else
/// one line in quotes.
fn field(result: &str, column: usize) -> Vec<String> {
    if result.is_empty() {
        return vec!["expected_result: ''".to_owned()];
    }
    let is_plain = |c: char| c == '\n' || !(c.is_control() || is_line_break(c));
    let fits_block = result.ends_with('\n')
        && !result.ends_with("\n\n")
        && !result.starts_with([' ', '\n'])
        && result.chars().all(is_plain);
    if !fits_block {
        return vec![format!(
            "expected_result: {}",
            serde_json::Value::from(result)
        )];
    }
    let indent = " ".repeat(column + INDENT);
    let mut lines = vec!["expected_result: |".to_owned()];
    lines.extend(result.lines().map(|line| match line {
        "" => String::new(),
        line => format!("{indent}{line}"),
    }));
    lines
}

/// Characters that some readers of YAML take for the end of a line, and the byte order mark.
fn is_line_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
