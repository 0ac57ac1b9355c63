//! Python's `repr` and `str` of values, and the quoting of strings in both Python and SQL.

use super::float::repr_float;
use super::unicode::is_printable;
use super::{Value, ViewKind};
use crate::limits::{INTEGER_DIGITS_MAX, VALUE_DEPTH_MAX};

/// Why a value has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReprError {
    /// Nested deeper than [`VALUE_DEPTH_MAX`].
    Depth,
    /// Longer than the size that was asked for.
    Size,
    /// An integer with more than [`INTEGER_DIGITS_MAX`] digits.
    Digits,
}

/// Writes the `repr` of a value, of at most `size_max` bytes.
pub(crate) fn repr(value: &Value, size_max: usize) -> Result<String, ReprError> {
    let mut writer = Writer {
        out: String::new(),
        size_max,
        depth: 0,
    };
    writer.value(value)?;
    Ok(writer.out)
}

/// Writes what Python's `str()` gives, of at most `size_max` bytes.
pub(crate) fn to_str(value: &Value, size_max: usize) -> Result<String, ReprError> {
    Ok(match value {
        Value::Str(s) | Value::Raw(s) | Value::Comment(s) | Value::Symbol(s) => s.to_string(),
        Value::Placeholder(_) => "__no_value__".to_owned(),
        Value::TypedInt(kind, n) => format!("{}('{n}')", kind.conversion()),
        Value::TypedFloat(kind, x) => format!("{}('{}')", kind.conversion(), repr_float(*x)),
        Value::Exception(e) => e.text(),
        _ => repr(value, size_max)?,
    })
}

/// Quotes text as Python does: double quotes only when it has a single and no double quote.
pub(crate) fn repr_str(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => push_escape(&mut out, c),
        }
    }
    out.push(quote);
    out
}

/// Writes `\xNN`, `\uNNNN` or `\UNNNNNNNN`.
pub(crate) fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let escape = match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    out.push_str(&escape);
}

fn repr_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut out = format!("b{quote}");
    for b in bytes {
        match char::from(*b) {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            c => push_escape(&mut out, c),
        }
    }
    out.push(quote);
    out
}

/// Quotes and escapes text as an SQL literal of the reference.
pub(crate) fn sql_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    sql_escape(text, true, &mut out);
    out.push('\'');
    out
}

/// Escapes text; `"` is escaped or, inside of identifiers, removed.
pub(crate) fn sql_escape(text: &str, keeps_double_quote: bool, out: &mut String) {
    for c in text.chars() {
        let escaped = match c {
            '\0' => '0',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\r' => 'r',
            '\x1a' => 'z',
            '"' if !keeps_double_quote => continue,
            '"' | '\'' | '\\' | '%' | '`' => c,
            _ => {
                out.push(c);
                continue;
            }
        };
        out.push('\\');
        out.push(escaped);
    }
}

struct Writer {
    out: String,
    size_max: usize,
    depth: u32,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), ReprError> {
        if self.depth > VALUE_DEPTH_MAX {
            return Err(ReprError::Depth);
        }
        if self.out.len() > self.size_max {
            return Err(ReprError::Size);
        }
        self.depth += 1;
        self.write(value)?;
        self.depth -= 1;
        Ok(())
    }

    fn write(&mut self, value: &Value) -> Result<(), ReprError> {
        match value {
            Value::None => self.out.push_str("None"),
            Value::Ellipsis => self.out.push_str("Ellipsis"),
            Value::Bool(b) => self.out.push_str(if *b { "True" } else { "False" }),
            Value::Int(n) => self.out.push_str(&n.to_string()),
            Value::BigInt(n) => self.big(n.bits(), &n.to_string())?,
            Value::TypedInt(_, n) => self.big(n.bits(), &n.to_string())?,
            Value::Float(x) | Value::TypedFloat(_, x) => self.out.push_str(&repr_float(*x)),
            Value::Str(s) | Value::Raw(s) => self.out.push_str(&repr_str(s)),
            Value::Bytes(b) => self.out.push_str(&repr_bytes(b)),
            Value::List(list) => self.sequence("[", &list.borrow(), "]")?,
            Value::Tuple(items) => match items.as_slice() {
                [one] => {
                    self.out.push('(');
                    self.value(one)?;
                    self.out.push_str(",)");
                }
                items => self.sequence("(", items, ")")?,
            },
            Value::Dict(dict) => {
                self.out.push('{');
                for (i, (key, value)) in dict.borrow().values().enumerate() {
                    self.separator(i);
                    self.value(key)?;
                    self.out.push_str(": ");
                    self.value(value)?;
                }
                self.out.push('}');
            }
            Value::Set(set) if set.borrow().is_empty() => self.out.push_str("set()"),
            Value::Set(set) => self.sequence("{", &set.borrow().values(), "}")?,
            Value::FrozenSet(set) if set.borrow().is_empty() => self.out.push_str("frozenset()"),
            Value::FrozenSet(set) => {
                self.sequence("frozenset({", &set.borrow().values(), "})")?;
            }
            Value::Range(r) => {
                let mut text = format!("range({}, {}", r.start, r.stop);
                if r.step.as_i64() != Some(1) {
                    text.push_str(&format!(", {}", r.step));
                }
                self.out.push_str(&text);
                self.out.push(')');
            }
            Value::View(kind, dict) => self.view(*kind, &dict.borrow())?,
            Value::Exception(e) => {
                self.out.push_str(e.class.name());
                self.out.push('(');
                for (i, arg) in e.args.iter().enumerate() {
                    self.separator(i);
                    self.value(arg)?;
                }
                self.out.push(')');
            }
            Value::Class(class) => {
                self.out.push_str(&format!("<class '{}'>", class.name()));
            }
            Value::Builtin(builtin) if builtin.is_class() => {
                self.out.push_str(&format!("<class '{}'>", builtin.name()));
            }
            Value::Builtin(builtin) => {
                self.out
                    .push_str(&format!("<built-in function {}>", builtin.name()));
            }
            // Python prints an address here; a fixed text keeps the output reproducible.
            Value::Function(function) => {
                self.out
                    .push_str(&format!("<function {}>", function.name()));
            }
            Value::Slice(parts) => {
                let [start, stop, step] = &***parts;
                self.sequence("slice(", &[start.clone(), stop.clone(), step.clone()], ")")?;
            }
            Value::Closure(_) => self.out.push_str("<function <lambda>>"),
            other => {
                let text = format!("<{} object>", other.type_name());
                self.out.push_str(&text);
            }
        }
        Ok(())
    }

    fn big(&mut self, bits: u64, text: &str) -> Result<(), ReprError> {
        if bits > 64 && text.trim_start_matches('-').len() > INTEGER_DIGITS_MAX {
            return Err(ReprError::Digits);
        }
        self.out.push_str(text);
        Ok(())
    }

    fn separator(&mut self, index: usize) {
        if index > 0 {
            self.out.push_str(", ");
        }
    }

    fn sequence(&mut self, open: &str, items: &[Value], close: &str) -> Result<(), ReprError> {
        self.out.push_str(open);
        for (i, item) in items.iter().enumerate() {
            self.separator(i);
            self.value(item)?;
        }
        self.out.push_str(close);
        Ok(())
    }

    fn view(&mut self, kind: ViewKind, items: &super::DictItems) -> Result<(), ReprError> {
        let (open, close) = match kind {
            ViewKind::Keys => ("dict_keys([", "])"),
            ViewKind::Values => ("dict_values([", "])"),
            ViewKind::Items => ("dict_items([", "])"),
        };
        let listed: Vec<Value> = items
            .values()
            .map(|(key, value)| match kind {
                ViewKind::Keys => key.clone(),
                ViewKind::Values => value.clone(),
                ViewKind::Items => Value::tuple(vec![key.clone(), value.clone()]),
            })
            .collect();
        self.sequence(open, &listed, close)
    }
}
