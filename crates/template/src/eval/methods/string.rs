//! Methods of strings that make new strings or test characters.

use std::sync::Arc;

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, type_error, value_error};
use super::arity;
use crate::lexer::is_python_space;
use crate::value::Value;
use crate::value::unicode::{decimal_digit, is_printable};

impl Evaluator<'_> {
    pub(super) fn string_method(&mut self, text: &Arc<str>, name: &str, args: Args) -> Eval<Value> {
        match name {
            "split" | "rsplit" => return self.split(text, name, args),
            "join" => return self.join(text, &args),
            "replace" => return self.replace(text, &args),
            "startswith" | "endswith" => return self.starts_or_ends(text, name, &args),
            "find" | "rfind" | "index" | "rindex" | "count" => {
                return self.search(text, name, &args);
            }
            "partition" | "rpartition" => return self.partition(text, name, &args),
            "splitlines" => return self.split_lines(text, args),
            "strip" | "lstrip" | "rstrip" => {
                arity("str", name, &args, 0, 1)?;
                return strip(text, name, args.positional.first());
            }
            "removeprefix" | "removesuffix" => {
                arity("str", name, &args, 1, 1)?;
                let part = self.string_argument(name, &args, 0)?;
                let rest = if name == "removeprefix" {
                    text.strip_prefix(&*part)
                } else {
                    text.strip_suffix(&*part)
                };
                return Ok(Value::str(rest.unwrap_or(text)));
            }
            "center" | "ljust" | "rjust" | "zfill" => return self.pad(text, name, &args),
            "expandtabs" => return self.expand_tabs(text, args),
            "encode" => return Ok(Value::Bytes(text.as_bytes().into())),
            "translate" | "maketrans" => {
                arity("str", name, &args, 1, 3)?;
                return self.translate(text, name, &args);
            }
            _ => {}
        }
        arity("str", name, &args, 0, 0)?;
        if let Some(test) = character_test(text, name) {
            return Ok(Value::Bool(test));
        }
        let changed = change_case(text, name);
        self.reserve(changed.len())?;
        Ok(Value::str(changed))
    }

    /// Returns an argument that has to be a string.
    pub(super) fn string_argument(&self, name: &str, args: &Args, at: usize) -> Eval<Arc<str>> {
        let value = args.positional.get(at).cloned().unwrap_or_default();
        match value.as_str() {
            Some(text) => Ok(Arc::clone(text)),
            None => {
                let class = value.type_name();
                type_error(format!(
                    "{name}() argument {} must be str, not {class}",
                    at + 1
                ))
            }
        }
    }

    /// Returns an argument that has to be an integer.
    pub(super) fn integer_argument(&self, value: &Value) -> Eval<i64> {
        self.index(value).map_or_else(
            || {
                let class = value.type_name();
                type_error(format!(
                    "'{class}' object cannot be interpreted as an integer"
                ))
            },
            Ok,
        )
    }

    fn join(&mut self, separator: &str, args: &Args) -> Eval<Value> {
        arity("str", "join", args, 1, 1)?;
        let iterable = args.positional.first().cloned().unwrap_or_default();
        let Ok(iterator) = self.iterate(&iterable) else {
            return type_error("can only join an iterable");
        };
        let mut out = String::new();
        let mut index = 0_usize;
        while let Some(item) = self.next(&iterator)? {
            let Some(part) = item.as_str() else {
                let class = item.type_name();
                return type_error(format!(
                    "sequence item {index}: expected str instance, {class} found"
                ));
            };
            if index > 0 {
                out.push_str(separator);
            }
            out.push_str(part);
            self.charge(part.len() + separator.len())?;
            self.reserve(out.len() / 16)?;
            index += 1;
        }
        self.reserve(out.len())?;
        Ok(Value::str(out))
    }

    fn replace(&mut self, text: &str, args: &Args) -> Eval<Value> {
        arity("str", "replace", args, 2, 3)?;
        let old = self.string_argument("replace", args, 0)?;
        let new = self.string_argument("replace", args, 1)?;
        let limit = match args.positional.get(2) {
            Some(count) => self.integer_argument(count)?,
            None => -1,
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let found = if old.is_empty() {
            text.chars().count() + 1
        } else {
            text.matches(&*old).count()
        };
        let added = new.len().saturating_mul(found.min(limit));
        self.reserve(text.len().saturating_add(added))?;
        Ok(Value::str(text.replacen(&*old, &new, limit)))
    }

    fn pad(&mut self, text: &str, name: &str, args: &Args) -> Eval<Value> {
        let max = if name == "zfill" { 1 } else { 2 };
        arity("str", name, args, 1, max)?;
        let width = args.positional.first().cloned().unwrap_or_default();
        let width = usize::try_from(self.integer_argument(&width)?).unwrap_or(0);
        let fill = match args.positional.get(1) {
            None if name == "zfill" => '0',
            None => ' ',
            Some(fill) => {
                let mut chars = fill.as_str().map(|s| s.chars()).into_iter().flatten();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => c,
                    _ => {
                        return type_error("The fill character must be exactly one character long");
                    }
                }
            }
        };
        let len = text.chars().count();
        let missing = width.saturating_sub(len);
        self.reserve(
            text.len()
                .saturating_add(missing.saturating_mul(fill.len_utf8())),
        )?;
        let (left, right) = match name {
            "ljust" => (0, missing),
            "center" => {
                let left = missing / 2 + (missing & width & 1);
                (left, missing - left)
            }
            _ => (missing, 0),
        };
        let pad = |n: usize| fill.to_string().repeat(n);
        if name == "zfill" && text.starts_with(['+', '-']) {
            let (sign, digits) = text.split_at(1);
            return Ok(Value::str(format!("{sign}{}{digits}", pad(left))));
        }
        Ok(Value::str(format!("{}{text}{}", pad(left), pad(right))))
    }

    fn expand_tabs(&mut self, text: &str, mut args: Args) -> Eval<Value> {
        let size = match args.take_keyword("tabsize").or(args.positional.pop()) {
            Some(size) => self.integer_argument(&size)?,
            None => 8,
        };
        let size = usize::try_from(size).unwrap_or(0);
        self.reserve(
            text.len()
                .saturating_add(text.matches('\t').count().saturating_mul(size)),
        )?;
        let mut out = String::new();
        let mut column = 0;
        for c in text.chars() {
            match c {
                '\t' if size > 0 => {
                    let blanks = size - column % size;
                    out.push_str(&" ".repeat(blanks));
                    column += blanks;
                }
                '\t' => {}
                '\n' | '\r' => {
                    out.push(c);
                    column = 0;
                }
                _ => {
                    out.push(c);
                    column += 1;
                }
            }
        }
        Ok(Value::str(out))
    }

    fn translate(&mut self, text: &str, name: &str, args: &Args) -> Eval<Value> {
        if name == "maketrans" {
            return value_error("str.maketrans() is not supported");
        }
        let table = args.positional.first().cloned().unwrap_or_default();
        let Value::Dict(table) = &table else {
            let class = table.type_name();
            return type_error(format!("'{class}' object is not subscriptable"));
        };
        let table = table.borrow();
        let mut out = String::new();
        for c in text.chars() {
            let key = crate::value::Key::Int(crate::value::Int::Small(i64::from(u32::from(c))));
            match table.get(&key).map(|(_, value)| value) {
                None => out.push(c),
                Some(Value::None) => {}
                Some(value) => match value.as_str() {
                    Some(text) => out.push_str(text),
                    None => {
                        let code = self.integer_argument(value)?;
                        let c = u32::try_from(code).ok().and_then(char::from_u32);
                        out.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                },
            }
            self.reserve(out.len() / 16)?;
        }
        self.reserve(out.len())?;
        Ok(Value::str(out))
    }
}

fn strip(text: &str, name: &str, chars: Option<&Value>) -> Eval<Value> {
    let set: Option<&str> = match chars {
        None | Some(Value::None) => None,
        Some(value) => match value.as_str() {
            Some(set) => Some(set),
            None => return type_error(format!("{name} arg must be None or str")),
        },
    };
    let drops = |c: char| set.map_or_else(|| is_python_space(c), |set| set.contains(c));
    let stripped = match name {
        "strip" => text.trim_matches(drops),
        "lstrip" => text.trim_start_matches(drops),
        _ => text.trim_end_matches(drops),
    };
    Ok(Value::str(stripped))
}

/// Runs the tests `isalpha`, `isdigit`, …; `None` for other names.
fn character_test(text: &str, name: &str) -> Option<bool> {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    let is_cased = |c: char| c.is_lowercase() || c.is_uppercase();
    Some(match name {
        "isalnum" => all(|c| c.is_alphanumeric()),
        "isalpha" => all(|c| c.is_alphabetic()),
        "isascii" => text.is_ascii(),
        "isdecimal" => all(|c| decimal_digit(c).is_some()),
        "isdigit" => all(|c| decimal_digit(c).is_some() || is_superscript(c)),
        "isnumeric" => all(char::is_numeric),
        "isidentifier" => {
            let mut chars = text.chars();
            chars.next().is_some_and(crate::expr::is_name_start)
                && chars.all(crate::expr::is_name_continue)
        }
        "islower" => text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
        "isupper" => text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        "isprintable" => text.chars().all(is_printable),
        "isspace" => all(is_python_space),
        "istitle" => {
            let mut previous_cased = false;
            let mut any = false;
            for c in text.chars() {
                if (c.is_uppercase() && previous_cased) || (c.is_lowercase() && !previous_cased) {
                    return Some(false);
                }
                previous_cased = is_cased(c);
                any |= previous_cased;
            }
            any
        }
        _ => return None,
    })
}

fn is_superscript(c: char) -> bool {
    matches!(c, '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{2070}' | '\u{2074}'..='\u{2079}'
        | '\u{2080}'..='\u{2089}' | '\u{2460}'..='\u{2468}')
}

fn change_case(text: &str, name: &str) -> String {
    match name {
        "lower" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "casefold" => text.to_lowercase().replace('ß', "ss"),
        "capitalize" => {
            let mut chars = text.chars();
            let first: String = chars.next().map(title_case).unwrap_or_default();
            first + &chars.as_str().to_lowercase()
        }
        "swapcase" => text
            .chars()
            .flat_map(|c| -> Vec<char> {
                if c.is_uppercase() {
                    c.to_lowercase().collect()
                } else {
                    c.to_uppercase().collect()
                }
            })
            .collect(),
        "title" => {
            let mut out = String::new();
            let mut in_word = false;
            for c in text.chars() {
                if in_word {
                    out.extend(c.to_lowercase());
                } else {
                    out.push_str(&title_case(c));
                }
                in_word = c.is_lowercase() || c.is_uppercase();
            }
            out
        }
        _ => text.to_owned(),
    }
}

/// Returns the title case of a character, which differs from upper case for `ß` and ligatures.
fn title_case(c: char) -> String {
    let upper: Vec<char> = c.to_uppercase().collect();
    match upper.as_slice() {
        [first, rest @ ..] => {
            let rest = rest.iter().flat_map(|c| c.to_lowercase());
            std::iter::once(*first).chain(rest).collect()
        }
        [] => String::new(),
    }
}
