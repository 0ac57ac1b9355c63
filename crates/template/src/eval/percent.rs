//! The operator `%` on strings: `'%s-%05d' % (a, b)`.

use super::Evaluator;
use super::exception::{Eval, ExceptionClass, raise, type_error, value_error};
use super::format::{Spec, float, integer, number, pad};
use crate::value::{Int, Key, Value};

/// The arguments of a format, taken one after the other.
struct Operands<'v> {
    items: Vec<Value>,
    next: usize,
    mapping: Option<&'v Value>,
}

impl Operands<'_> {
    fn take(&mut self) -> Eval<Value> {
        let item = self.items.get(self.next).cloned();
        self.next += 1;
        item.map_or_else(|| type_error("not enough arguments for format string"), Ok)
    }
}

impl Evaluator<'_> {
    pub(crate) fn percent_format(&mut self, template: &str, operand: &Value) -> Eval<Value> {
        let mut operands = Operands {
            items: match operand {
                Value::Tuple(items) => items.to_vec(),
                other => vec![other.clone()],
            },
            next: 0,
            mapping: matches!(operand, Value::Dict(_)).then_some(operand),
        };
        let mut out = String::new();
        let mut rest = template;
        let mut used_mapping = false;
        while let Some((text, after)) = rest.split_once('%') {
            out.push_str(text);
            let (piece, remaining, by_key) = self.conversion(after, &mut operands)?;
            used_mapping |= by_key;
            out.push_str(&piece);
            rest = remaining;
            self.reserve(out.len())?;
        }
        out.push_str(rest);
        let is_collection = matches!(
            operand,
            Value::Dict(_)
                | Value::List(_)
                | Value::Range(_)
                | Value::Bytes(_)
                | Value::Placeholder(_)
        );
        let all_used = operands.next >= operands.items.len();
        // A collection that is not used at all is no mistake.
        if !(all_used || used_mapping || is_collection && operands.next == 0) {
            return type_error("not all arguments converted during string formatting");
        }
        self.reserve(out.len())?;
        Ok(Value::str(out))
    }

    /// Formats one conversion; returns its text, what follows it, and whether it used a key.
    fn conversion<'s>(
        &mut self,
        text: &'s str,
        operands: &mut Operands<'_>,
    ) -> Eval<(String, &'s str, bool)> {
        let mut rest = text;
        let mut keyed = None;
        if let Some(after) = rest.strip_prefix('(') {
            let Some((name, after)) = after.split_once(')') else {
                return value_error("incomplete format key");
            };
            let Some(Value::Dict(mapping)) = operands.mapping else {
                return type_error("format requires a mapping");
            };
            let found = mapping.borrow().get(&Key::Str(name.into())).cloned();
            match found {
                Some((_, value)) => keyed = Some(value),
                None => return super::subscript::missing_key(&Value::str(name)),
            }
            rest = after;
        }
        let mut spec = Spec::default();
        let flags_end = rest.find(|c| !"#0- +".contains(c)).unwrap_or(rest.len());
        let (flags, after) = rest.split_at(flags_end);
        spec.alternate = flags.contains('#');
        spec.zero = flags.contains('0') && !flags.contains('-');
        spec.align = flags.contains('-').then_some('<');
        spec.sign = if flags.contains('+') {
            Some('+')
        } else {
            flags.contains(' ').then_some(' ')
        };
        rest = after;
        let (width, after) = self.size(rest, operands)?;
        spec.width = width.unwrap_or(0);
        rest = after;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = self.size(after, operands)?;
            spec.precision = Some(precision.unwrap_or(0));
            rest = after;
        }
        rest = rest.trim_start_matches(['l', 'h', 'L']);
        let Some(kind) = rest.chars().next() else {
            return value_error("incomplete format");
        };
        rest = rest.strip_prefix(kind).unwrap_or_default();
        if kind == '%' {
            return Ok(("%".to_owned(), rest, keyed.is_some()));
        }
        let by_key = keyed.is_some();
        let value = match keyed {
            Some(value) => value,
            None => operands.take()?,
        };
        self.reserve(spec.width.saturating_mul(4))?;
        self.reserve(spec.precision.unwrap_or(0))?;
        let piece = self.convert_value(kind, &value, spec, template_index(text, rest))?;
        Ok((piece, rest, by_key))
    }

    /// Reads a width or precision, which may be `*`.
    fn size<'s>(
        &mut self,
        text: &'s str,
        operands: &mut Operands<'_>,
    ) -> Eval<(Option<usize>, &'s str)> {
        if let Some(rest) = text.strip_prefix('*') {
            let value = operands.take()?;
            let Some(size) = self.index(&value) else {
                return type_error("* wants int");
            };
            return Ok((Some(usize::try_from(size).unwrap_or(0)), rest));
        }
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        if digits.is_empty() {
            return Ok((None, rest));
        }
        match digits.parse() {
            Ok(size) => Ok((Some(size), rest)),
            Err(_) => value_error("width too big"),
        }
    }

    fn convert_value(
        &mut self,
        kind: char,
        value: &Value,
        mut spec: Spec,
        index: usize,
    ) -> Eval<String> {
        let class = value.type_name();
        match kind {
            's' | 'r' | 'a' => {
                let text = match kind {
                    's' => self.str_of(value)?,
                    'r' => self.repr_of(value)?,
                    _ => super::expression::ascii(&self.repr_of(value)?),
                };
                let shown: String = match spec.precision {
                    Some(n) => text.chars().take(n).collect(),
                    None => text,
                };
                spec.zero = false;
                Ok(pad(&shown, &spec, '>'))
            }
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                let is_decimal = matches!(kind, 'd' | 'i' | 'u');
                let int = match value.as_int() {
                    Some(int) => Some(int),
                    None if is_decimal => value.as_float().and_then(Int::from_f64),
                    None => None,
                };
                let Some(int) = int else {
                    let what = if is_decimal {
                        "a real number is"
                    } else {
                        "an integer is"
                    };
                    return type_error(format!("%{kind} format: {what} required, not {class}"));
                };
                spec.kind = Some(if is_decimal { 'd' } else { kind });
                if let Some(precision) = spec.precision.take() {
                    let digits = integer(&int, &spec).unwrap_or_default();
                    let (sign, digits) = digits.split_at(usize::from(int.is_negative()));
                    let padded = format!("{sign}{digits:0>precision$}");
                    return Ok(number(padded, &spec));
                }
                Ok(number(integer(&int, &spec).unwrap_or_default(), &spec))
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let x = value
                    .as_float()
                    .or_else(|| value.as_int().map(|n| n.to_f64()));
                let Some(x) = x else {
                    return type_error(format!("must be real number, not {class}"));
                };
                spec.kind = Some(kind);
                Ok(number(float(x, &spec).unwrap_or_default(), &spec))
            }
            'c' => {
                let text = match (value.as_str(), self.index(value)) {
                    (Some(text), _) if text.chars().count() == 1 => text.to_string(),
                    (None, Some(code)) => match u32::try_from(code).ok().and_then(char::from_u32) {
                        Some(c) => c.to_string(),
                        None => {
                            let message = "%c arg not in range(0x110000)";
                            return raise(ExceptionClass::OverflowError, message);
                        }
                    },
                    _ => return type_error("%c requires int or char"),
                };
                Ok(pad(&text, &spec, '>'))
            }
            _ => {
                let code = u32::from(kind);
                value_error(format!(
                    "unsupported format character '{kind}' (0x{code:x}) at index {index}"
                ))
            }
        }
    }
}

/// Returns the position of a conversion's letter behind its `%`.
fn template_index(text: &str, rest: &str) -> usize {
    text.len().saturating_sub(rest.len())
}
