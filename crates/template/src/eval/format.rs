//! Format specifications of f-strings: `{value:[[fill]align][sign][#][0][width][,][.prec][type]}`.

use super::Evaluator;
use super::exception::{Eval, type_error, value_error};
use crate::value::float::{repr_float, with_exponent};
use crate::value::{Int, Value};

/// A parsed specification.
#[derive(Debug, Clone, Default)]
pub(super) struct Spec {
    pub(super) fill: Option<char>,
    pub(super) align: Option<char>,
    pub(super) sign: Option<char>,
    pub(super) alternate: bool,
    pub(super) zero: bool,
    pub(super) width: usize,
    pub(super) grouping: Option<char>,
    pub(super) precision: Option<usize>,
    pub(super) kind: Option<char>,
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let mut spec = Self::default();
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '^' | '='));
        if is_align(chars.get(1)) {
            spec.fill = chars.first().copied();
            spec.align = chars.get(1).copied();
            at = 2;
        } else if is_align(chars.first()) {
            spec.align = chars.first().copied();
            at = 1;
        }
        if let Some(sign @ ('+' | '-' | ' ')) = chars.get(at) {
            spec.sign = Some(*sign);
            at += 1;
        }
        if chars.get(at) == Some(&'z') {
            at += 1;
        }
        if chars.get(at) == Some(&'#') {
            spec.alternate = true;
            at += 1;
        }
        if chars.get(at) == Some(&'0') {
            spec.zero = true;
            at += 1;
        }
        let number = |at: &mut usize| -> Option<Option<usize>> {
            let digits: String = chars
                .iter()
                .skip(*at)
                .take_while(|c| c.is_ascii_digit())
                .collect();
            *at += digits.len();
            if digits.is_empty() {
                return Some(None);
            }
            digits.parse().ok().map(Some)
        };
        spec.width = number(&mut at)?.unwrap_or(0);
        if let Some(grouping @ (',' | '_')) = chars.get(at) {
            spec.grouping = Some(*grouping);
            at += 1;
        }
        if chars.get(at) == Some(&'.') {
            at += 1;
            spec.precision = Some(number(&mut at)??);
        }
        spec.kind = chars.get(at).copied();
        (at + usize::from(spec.kind.is_some()) == chars.len()).then_some(spec)
    }
}

impl Evaluator<'_> {
    /// Python's `format(value, spec)`.
    pub(crate) fn format(&mut self, value: &Value, text: &str) -> Eval<String> {
        if text.is_empty() {
            return self.str_of(value);
        }
        let class = value.type_name();
        let is_number = value.as_int().is_some() || value.as_float().is_some();
        if !is_number && value.as_str().is_none() {
            return type_error(format!(
                "unsupported format string passed to {class}.__format__"
            ));
        }
        let Some(spec) = Spec::parse(text) else {
            return value_error("Invalid format specifier");
        };
        self.reserve(spec.width.saturating_mul(4))?;
        self.reserve(spec.precision.unwrap_or(0))?;
        if let Some(string) = value.as_str() {
            if !matches!(spec.kind, None | Some('s')) {
                return unknown_code(&spec, "str");
            }
            if spec.align == Some('=') || spec.sign.is_some() {
                return value_error("specifier not allowed in string format specifier");
            }
            if let Some(grouping) = spec.grouping {
                return value_error(format!("Cannot specify '{grouping}' with 's'."));
            }
            let shown: String = match spec.precision {
                Some(n) => string.chars().take(n).collect(),
                None => string.to_string(),
            };
            return Ok(pad(&shown, &spec, '<'));
        }
        let body = match (value.as_int(), spec.kind) {
            (Some(int), None | Some('d' | 'b' | 'o' | 'x' | 'X' | 'c' | 'n')) => {
                if spec.precision.is_some() {
                    return value_error("Precision not allowed in integer format specifier");
                }
                integer(&int, &spec)
            }
            (Some(int), _) => float(int.to_f64(), &spec),
            (None, _) => float(value.as_float().unwrap_or(0.0), &spec),
        };
        match body {
            Some(body) => {
                self.reserve(body.len())?;
                Ok(number(body, &spec))
            }
            None => {
                let class = if value.as_int().is_some() {
                    "int"
                } else {
                    "float"
                };
                unknown_code(&spec, class)
            }
        }
    }
}

fn unknown_code<T>(spec: &Spec, class: &str) -> Eval<T> {
    let code = spec.kind.unwrap_or(' ');
    value_error(format!(
        "Unknown format code '{code}' for object of type '{class}'"
    ))
}

/// Writes an integer with sign, without padding.
pub(super) fn integer(int: &Int, spec: &Spec) -> Option<String> {
    let magnitude = if int.is_negative() {
        int.neg()
    } else {
        int.clone()
    };
    let (prefix, digits) = match spec.kind {
        None | Some('d' | 'n') => ("", magnitude.to_radix(10)),
        Some('b') => ("0b", magnitude.to_radix(2)),
        Some('o') => ("0o", magnitude.to_radix(8)),
        Some('x') => ("0x", magnitude.to_radix(16)),
        Some('X') => ("0X", magnitude.to_radix(16).to_uppercase()),
        Some('c') => {
            let c = int
                .as_i64()
                .and_then(|n| char::from_u32(u32::try_from(n).ok()?))?;
            return Some(c.to_string());
        }
        _ => return None,
    };
    let size = if prefix.is_empty() { 3 } else { 4 };
    let digits = match spec.grouping {
        Some(separator) => group(&digits, separator, size),
        None => digits,
    };
    let prefix = if spec.alternate { prefix } else { "" };
    Some(format!("{}{prefix}{digits}", sign(int.is_negative(), spec)))
}

/// Writes a float with sign, without padding.
pub(super) fn float(x: f64, spec: &Spec) -> Option<String> {
    let magnitude = x.abs();
    let precision = spec.precision;
    let kind = spec.kind.map(|c| c.to_ascii_lowercase());
    if !matches!(kind, None | Some('e' | 'f' | 'g' | 'n' | '%')) {
        return None;
    }
    let percent = if kind == Some('%') { "%" } else { "" };
    let mut body = if x.is_nan() {
        format!("nan{percent}")
    } else if x.is_infinite() {
        format!("inf{percent}")
    } else {
        match kind {
            None if precision.is_none() => repr_float(magnitude),
            None => {
                // A digit behind the point takes the place of a significant one.
                let text = general(magnitude, precision.unwrap_or(6), 1, spec.alternate);
                if text.contains(['.', 'e']) {
                    text
                } else {
                    format!("{text}.0")
                }
            }
            Some('e') => exponent(magnitude, precision.unwrap_or(6)),
            Some('f') => format!("{magnitude:.*}", precision.unwrap_or(6)),
            Some('%') => format!("{:.*}%", precision.unwrap_or(6), magnitude * 100.0),
            Some('g' | 'n') => general(magnitude, precision.unwrap_or(6), 0, spec.alternate),
            _ => return None,
        }
    };
    if spec.alternate && x.is_finite() && !body.contains('.') {
        let end = body
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(body.len());
        body.insert(end, '.');
    }
    if let Some(separator) = spec.grouping {
        let end = body
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(body.len());
        let (whole, rest) = body.split_at(end);
        body = format!("{}{rest}", group(whole, separator, 3));
    }
    if spec.kind.is_some_and(|c| c.is_ascii_uppercase()) {
        body = body.to_uppercase();
    }
    let is_negative = x.is_sign_negative() && !x.is_nan();
    Some(format!("{}{body}", sign(is_negative, spec)))
}

fn exponent(x: f64, precision: usize) -> String {
    let text = format!("{x:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    with_exponent(mantissa, exponent.parse().unwrap_or(0))
}

/// `g`: significant digits, trailing zeros removed unless `keeps_zeros`. An exponent is used when
/// the digits, less `reserved` ones, do not reach the point.
fn general(x: f64, precision: usize, reserved: i32, keeps_zeros: bool) -> String {
    let precision = precision.max(1);
    let text = format!("{x:.*e}", precision - 1);
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let limit = i32::try_from(precision).unwrap_or(i32::MAX);
    let trim = |text: &str| {
        if keeps_zeros || !text.contains('.') {
            text.to_owned()
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    if x != 0.0 && (power < -4 || power >= limit - reserved) {
        return with_exponent(&trim(mantissa), power);
    }
    let decimals = usize::try_from(limit - 1 - power).unwrap_or(0);
    trim(&format!("{x:.decimals$}"))
}

fn sign(is_negative: bool, spec: &Spec) -> &'static str {
    match (is_negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    }
}

fn group(digits: &str, separator: char, size: usize) -> String {
    let mut out = String::new();
    let len = digits.len();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (len - i).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// Pads a number; with `=` or `0` the padding goes behind the sign.
pub(super) fn number(body: String, spec: &Spec) -> String {
    let inner = spec.align == Some('=') || (spec.zero && spec.align.is_none());
    if !inner {
        return pad(&body, spec, '>');
    }
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let sign_len = usize::from(body.starts_with(['+', '-', ' ']));
    let (sign, digits) = body.split_at(sign_len);
    let prefix_len = if spec.alternate && digits.starts_with('0') {
        2.min(digits.len())
    } else {
        0
    };
    let (prefix, digits) = digits.split_at(prefix_len);
    let missing = spec.width.saturating_sub(body.chars().count());
    format!("{sign}{prefix}{}{digits}", fill.to_string().repeat(missing))
}

/// Pads a text to the width.
pub(super) fn pad(text: &str, spec: &Spec, default: char) -> String {
    let missing = spec.width.saturating_sub(text.chars().count());
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let (left, right) = match spec.align.unwrap_or(default) {
        '<' => (0, missing),
        '^' => (missing / 2, missing - missing / 2),
        _ => (missing, 0),
    };
    let repeat = |n: usize| fill.to_string().repeat(n);
    format!("{}{text}{}", repeat(left), repeat(right))
}
