//! Methods of strings that look for a part: `split`, `find`, `startswith`, …

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, type_error, value_error};
use super::arity;
use crate::lexer::is_python_space;
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn split(&mut self, text: &str, name: &str, mut args: Args) -> Eval<Value> {
        let by_name = (args.take_keyword("sep"), args.take_keyword("maxsplit"));
        arity("str", name, &args, 0, 2)?;
        let mut positional = args.positional.into_iter();
        let separator = positional.next().or(by_name.0).unwrap_or_default();
        let limit = match positional.next().or(by_name.1) {
            Some(limit) => self.integer_argument(&limit)?,
            None => -1,
        };
        let limit = usize::try_from(limit).map_or(usize::MAX, |n| n.saturating_add(1));
        self.reserve(text.len())?;
        let from_end = name == "rsplit";
        let mut parts: Vec<&str> = match (&separator, separator.as_str()) {
            (Value::None, _) => split_blanks(text, limit, from_end),
            (_, Some(separator)) if separator.is_empty() => return value_error("empty separator"),
            (_, Some(separator)) if from_end => text.rsplitn(limit, &**separator).collect(),
            (_, Some(separator)) => text.splitn(limit, &**separator).collect(),
            (other, None) => {
                let class = other.type_name();
                return type_error(format!("must be str or None, not {class}"));
            }
        };
        if from_end {
            parts.reverse();
        }
        Ok(Value::list(parts.into_iter().map(Value::str).collect()))
    }

    pub(super) fn split_lines(&mut self, text: &str, mut args: Args) -> Eval<Value> {
        let keep = args.take_keyword("keepends").or(args.positional.pop());
        let keep = keep.is_some_and(|k| k.truth());
        self.reserve(text.len())?;
        let mut lines = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(is_line_break).unwrap_or(rest.len());
            let after = rest.get(end..).unwrap_or_default();
            let break_len = if after.starts_with("\r\n") {
                2
            } else {
                after.chars().next().map_or(0, char::len_utf8)
            };
            let shown = if keep { end + break_len } else { end };
            lines.push(Value::str(rest.get(..shown).unwrap_or_default()));
            rest = rest.get(end + break_len..).unwrap_or_default();
        }
        Ok(Value::list(lines))
    }

    pub(super) fn partition(&mut self, text: &str, name: &str, args: &Args) -> Eval<Value> {
        arity("str", name, args, 1, 1)?;
        let separator = self.string_argument(name, args, 0)?;
        if separator.is_empty() {
            return value_error("empty separator");
        }
        let found = if name == "partition" {
            text.split_once(&*separator)
        } else {
            text.rsplit_once(&*separator)
        };
        let parts = match found {
            Some((before, after)) => [before, &*separator, after],
            None if name == "partition" => [text, "", ""],
            None => ["", "", text],
        };
        Ok(Value::tuple(parts.into_iter().map(Value::str).collect()))
    }

    pub(super) fn starts_or_ends(&mut self, text: &str, name: &str, args: &Args) -> Eval<Value> {
        arity("str", name, args, 1, 3)?;
        let Some((part, _)) = self.window(text, args)? else {
            return Ok(Value::Bool(false));
        };
        let wanted = args.positional.first().cloned().unwrap_or_default();
        let test = |affix: &str| {
            if name == "startswith" {
                part.starts_with(affix)
            } else {
                part.ends_with(affix)
            }
        };
        if let Some(affix) = wanted.as_str() {
            return Ok(Value::Bool(test(affix)));
        }
        let wrong = |value: &Value, what: &str| {
            let class = value.type_name();
            type_error(format!(
                "{name} first arg must be str or a tuple of str, not {class}{what}"
            ))
        };
        let Value::Tuple(items) = &wanted else {
            return wrong(&wanted, "");
        };
        for item in items.iter() {
            match item.as_str() {
                Some(affix) if test(affix) => return Ok(Value::Bool(true)),
                Some(_) => {}
                None => {
                    let class = item.type_name();
                    return type_error(format!(
                        "tuple for {name} must only contain str, not {class}"
                    ));
                }
            }
        }
        Ok(Value::Bool(false))
    }

    pub(super) fn search(&mut self, text: &str, name: &str, args: &Args) -> Eval<Value> {
        arity("str", name, args, 1, 3)?;
        let wanted = args.positional.first().cloned().unwrap_or_default();
        let Some(wanted) = wanted.as_str() else {
            let class = wanted.type_name();
            return type_error(format!("must be str, not {class}"));
        };
        let window = self.window(text, args)?;
        if name == "count" {
            let count = match window {
                None => 0,
                Some((part, _)) if wanted.is_empty() => part.chars().count() + 1,
                Some((part, _)) => part.matches(&**wanted).count(),
            };
            return Ok(crate::value::Int::from(count).into());
        }
        let found = window.and_then(|(part, offset)| {
            let at = if name.starts_with('r') {
                part.rfind(&**wanted)
            } else {
                part.find(&**wanted)
            };
            at.map(|at| offset + part.get(..at).unwrap_or_default().chars().count())
        });
        match found {
            Some(at) => Ok(crate::value::Int::from(at).into()),
            None if name.ends_with("index") => value_error("substring not found"),
            None => Ok(Value::Int(-1)),
        }
    }

    /// Returns the part of a text between the optional second and third argument, and its offset
    /// in characters; `None` when the start is behind the end.
    fn window<'s>(&mut self, text: &'s str, args: &Args) -> Eval<Option<(&'s str, usize)>> {
        let bounds = (args.positional.get(1), args.positional.get(2));
        if bounds.0.is_none() && bounds.1.is_none() {
            return Ok(Some((text, 0)));
        }
        let len = text.chars().count();
        let clamp = |e: &Self, value: Option<&Value>, default: usize| -> Eval<usize> {
            match value {
                None | Some(Value::None) => Ok(default),
                Some(value) => {
                    let i = e.integer_argument(value)?;
                    let len = i64::try_from(len).unwrap_or(i64::MAX);
                    let i = if i < 0 {
                        (i.saturating_add(len)).max(0)
                    } else {
                        i
                    };
                    Ok(usize::try_from(i).unwrap_or(0))
                }
            }
        };
        let start = clamp(self, bounds.0, 0)?;
        let end = clamp(self, bounds.1, len)?.min(len);
        if start > end {
            return Ok(None);
        }
        let offset = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
        let part = text.get(offset(start)..offset(end)).unwrap_or_default();
        Ok(Some((part, start)))
    }
}

/// Splits at runs of blanks into at most `limit` parts; the unsplit rest keeps its inner blanks.
fn split_blanks(text: &str, limit: usize, from_end: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        rest = if from_end {
            rest.trim_end_matches(is_python_space)
        } else {
            rest.trim_start_matches(is_python_space)
        };
        if rest.is_empty() {
            return parts;
        }
        if parts.len() + 1 == limit {
            let trimmed = if from_end {
                rest
            } else {
                rest.trim_end_matches(is_python_space)
            };
            // The rest keeps the blanks on its far side.
            parts.push(if from_end {
                rest.trim_start_matches(is_python_space)
            } else {
                trimmed
            });
            return parts;
        }
        if from_end {
            let start = rest.rfind(is_python_space).map_or(0, |at| {
                at + rest
                    .get(at..)
                    .and_then(|r| r.chars().next())
                    .map_or(1, char::len_utf8)
            });
            parts.push(rest.get(start..).unwrap_or_default());
            rest = rest.get(..start).unwrap_or_default();
        } else {
            let end = rest.find(is_python_space).unwrap_or(rest.len());
            parts.push(rest.get(..end).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
        }
    }
}

fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}
