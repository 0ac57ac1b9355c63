//! Values of directives, and ordered lists of them.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::lexer::Directive;
use crate::source::Spanned;

/// Directives with one value each, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    entries: Vec<(&'static str, Spanned<String>)>,
}

impl Settings {
    /// Returns the value of a directive, by its name in upper case.
    pub fn get(&self, name: &str) -> Option<&Spanned<String>> {
        self.entries
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Returns the value of a directive when it is there and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&Spanned<String>> {
        self.get(name).filter(|value| !value.value.is_empty())
    }

    /// Returns all names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Spanned<String>)> {
        self.entries.iter().map(|(name, value)| (*name, value))
    }

    /// Reports whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets a value; the last one of a name wins.
    pub(crate) fn set(&mut self, name: &'static str, value: Spanned<String>) {
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.entries.push((name, value)),
        }
    }

    /// Returns those of the names that are not set.
    pub(crate) fn missing<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        names
            .iter()
            .copied()
            .filter(|name| self.get(name).is_none())
            .collect()
    }
}

/// Returns the value of a directive, or reports that it has none.
pub(crate) fn required_value(
    directive: &Directive,
    out: &mut Vec<Diagnostic>,
) -> Option<Spanned<String>> {
    let value = directive.value();
    if value.is_none() {
        let name = directive.name();
        out.push(
            Diagnostic::error(
                codes::MISSING_VALUE,
                format!("{name} has no value"),
                directive.keyword.clone(),
            )
            .with_hint(format!("write a value after {name}, or remove the line")),
        );
    }
    value
}

/// Formats names as the reference prints lists of them: `['a', 'b']`, in lower case.
pub(crate) fn quoted_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("'{}'", name.to_ascii_lowercase()))
        .collect();
    format!("[{}]", quoted.join(", "))
}

/// Warns about directives that are there more than once although only the last one counts.
pub(crate) fn report_repeated<'a>(
    directives: impl IntoIterator<Item = &'a Directive>,
    out: &mut Vec<Diagnostic>,
) {
    const ACCUMULATING: &[&str] = &["TOKEN", "TAGS", "SHARED_WITH", "NODE", "INCLUDE"];
    let mut seen: Vec<&Directive> = Vec::new();
    for directive in directives {
        if ACCUMULATING.contains(&directive.name()) {
            continue;
        }
        if let Some(known) = seen
            .iter_mut()
            .find(|known| known.name() == directive.name())
        {
            let message = format!(
                "{} is there more than once; the last one counts",
                directive.name()
            );
            let span = known.keyword.clone();
            out.push(
                Diagnostic::warning(codes::REPEATED_DIRECTIVE, message, span)
                    .with_label(directive.keyword.clone(), "this one counts"),
            );
            *known = directive;
        } else {
            seen.push(directive);
        }
    }
}
