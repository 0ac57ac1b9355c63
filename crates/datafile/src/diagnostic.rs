//! Diagnostics: what is wrong with a file, where, and what to do about it.
//!
//! One type for every text a user writes: the parsers of this crate and the crates above (template
//! and SQL errors inside of a node) use it, with the span of the place in the file. Codes are stable
//! texts such as `datafile/unknown-directive`; the message is the reference product's where its
//! wording is known, our own help is the hint. [`Diagnostic::render`] gives the form for people:
//!
//! ```text
//! pipes/top.pipe:5:1: error[datafile/unknown-directive]: TYPEE is not a valid option in pipe files.
//!   5 | TYPEE endpoint
//!     | ^^^^^
//! hint: did you mean TYPE?
//! ```

use std::fmt;

use crate::source::Span;

/// Longest part of a line that is shown, in characters.
const EXCERPT_CHARS_MAX: usize = 120;
/// Blanks shown for a tab.
const TAB: &str = "    ";

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The project cannot be used.
    Error,
    /// The project works, but probably not as meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A further place that explains a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, such as "first defined here".
    pub message: String,
}

/// One thing that is wrong or suspect in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, `area/what`.
    pub code: &'static str,
    /// What is wrong, one or two sentences; without values of secrets.
    pub message: String,
    /// Where it is.
    pub span: Span,
    /// Further places.
    pub labels: Vec<Label>,
    /// What to do, as an action.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Creates an error.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self::new(Severity::Error, code, message.into(), span)
    }

    /// Creates a warning.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self::new(Severity::Warning, code, message.into(), span)
    }

    fn new(severity: Severity, code: &'static str, message: String, span: Span) -> Self {
        let message = span.file().without_secrets(message);
        Self {
            severity,
            code,
            message,
            span,
            labels: Vec::new(),
            hint: None,
        }
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(self.span.file().without_secrets(hint.into()));
        self
    }

    /// Adds what the user can do, if there is something.
    #[must_use]
    pub fn with_optional_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }

    /// Adds a further place.
    #[must_use]
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Self {
        let message = span.file().without_secrets(message.into());
        self.labels.push(Label { span, message });
        self
    }

    /// Reports whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Returns the form for people: the headline, the line with carets, further places, the hint.
    ///
    /// Every line ends with a line feed.
    pub fn render(&self) -> String {
        let mut out = format!("{self}\n");
        push_excerpt(&mut out, &self.span);
        for label in &self.labels {
            let location = label.span.location();
            let path = label.span.file().path();
            out.push_str(&format!(
                "{path}:{}:{}: {}\n",
                location.line, location.column, label.message
            ));
            push_excerpt(&mut out, &label.span);
        }
        let mut included = self.span.file().included_from();
        while let Some(span) = included {
            out.push_str(&format!(
                "included from {}:{}\n",
                span.file().path(),
                span.location().line
            ));
            included = span.file().included_from();
        }
        if let Some(hint) = &self.hint {
            out.push_str(&format!("hint: {hint}\n"));
        }
        out
    }
}

impl fmt::Display for Diagnostic {
    /// The headline: `path:line:column: error[code]: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.span.file().path();
        let location = self.span.location();
        let Self {
            severity,
            code,
            message,
            ..
        } = self;
        write!(
            f,
            "{path}:{}:{}: {severity}[{code}]: {message}",
            location.line, location.column
        )
    }
}

/// Reports whether any of the diagnostics is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// Sorts diagnostics for display: by file, then by position.
pub(crate) fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.span.range().start, d.severity, d.code);
        a.span
            .file()
            .path()
            .cmp(b.span.file().path())
            .then_with(|| key(a).cmp(&key(b)))
    });
}

/// Appends the first line of a span with carets below it; a line with a secret is not shown.
fn push_excerpt(out: &mut String, span: &Span) {
    let location = span.location();
    let line_range = span.file().line_range(location.line);
    let line = span.file().slice(line_range.clone());
    if line.trim().is_empty() || span.file().without_secrets(line.to_owned()) != line {
        return;
    }
    let before = location.column - 1;
    let end = span.range().end.min(line_range.end).max(span.range().start);
    let marked = span.file().slice(span.range().start..end).chars().count();

    // A window around the carets, so that a line of megabytes stays readable.
    let skipped = if before + marked > EXCERPT_CHARS_MAX {
        before.saturating_sub(EXCERPT_CHARS_MAX / 4)
    } else {
        0
    };
    let shown: String = line
        .chars()
        .skip(skipped)
        .take(EXCERPT_CHARS_MAX)
        .map(Shown)
        .collect::<Text>()
        .0;
    let lead: String = line
        .chars()
        .skip(skipped)
        .take(before - skipped)
        .map(Shown)
        .collect::<Text>()
        .0;
    let under: String = line
        .chars()
        .skip(before)
        .take(marked.min(EXCERPT_CHARS_MAX))
        .map(Shown)
        .collect::<Text>()
        .0;

    let number = location.line.to_string();
    let cut_before = if skipped > 0 { "…" } else { "" };
    let cut_after = if line.chars().count() > skipped + EXCERPT_CHARS_MAX {
        "…"
    } else {
        ""
    };
    out.push_str(&format!(
        "  {number} | {cut_before}{}{cut_after}\n",
        shown.trim_end()
    ));
    let pad = " ".repeat(lead.chars().count() + cut_before.chars().count());
    let carets = "^".repeat(under.chars().count().max(1));
    out.push_str(&format!("  {} | {pad}{carets}\n", " ".repeat(number.len())));
}

/// One character of an excerpt: tabs as blanks, other control characters as a replacement.
struct Shown(char);

struct Text(String);

impl FromIterator<Shown> for Text {
    fn from_iter<I: IntoIterator<Item = Shown>>(characters: I) -> Self {
        let mut text = String::new();
        for Shown(character) in characters {
            match character {
                '\t' => text.push_str(TAB),
                c if c.is_control() => text.push(char::REPLACEMENT_CHARACTER),
                c => text.push(c),
            }
        }
        Self(text)
    }
}

#[cfg(test)]
mod tests;
