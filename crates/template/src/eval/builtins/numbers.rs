//! `int`, `float`, `round`, `abs`, `pow`, … and their readings of text.

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, ExceptionClass, raise, type_error, value_error};
use super::{Builtin, exactly, wrong_count};
use crate::expr::ast::BinaryOp;
use crate::limits::INTEGER_DIGITS_MAX;
use crate::value::float::parse_float;
use crate::value::repr::repr_str;
use crate::value::unicode::decimal_digit;
use crate::value::{Int, Value};

impl Evaluator<'_> {
    pub(super) fn number_builtin(&mut self, builtin: Builtin, args: Args) -> Eval<Value> {
        match builtin {
            Builtin::Int => int(args),
            Builtin::Float => float(args),
            Builtin::Abs => {
                let [value] = exactly::<1>(builtin, args)?;
                if let Some(int) = value.as_int() {
                    let int = if int.is_negative() { int.neg() } else { int };
                    return Ok(int.into());
                }
                match value.as_float() {
                    Some(x) => Ok(Value::Float(x.abs())),
                    None => {
                        let class = value.type_name();
                        type_error(format!("bad operand type for abs(): '{class}'"))
                    }
                }
            }
            Builtin::Bin | Builtin::Oct | Builtin::Hex => {
                let [value] = exactly::<1>(builtin, args)?;
                let Some(int) = value.as_int() else {
                    return not_an_integer(&value);
                };
                let (prefix, radix) = match builtin {
                    Builtin::Bin => ("0b", 2),
                    Builtin::Oct => ("0o", 8),
                    _ => ("0x", 16),
                };
                let (sign, int) = if int.is_negative() {
                    ("-", int.neg())
                } else {
                    ("", int)
                };
                Ok(Value::str(format!("{sign}{prefix}{}", int.to_radix(radix))))
            }
            Builtin::Chr => {
                let [value] = exactly::<1>(builtin, args)?;
                let Some(int) = value.as_int() else {
                    return not_an_integer(&value);
                };
                let code = int.as_i64().and_then(|n| u32::try_from(n).ok());
                match code.and_then(char::from_u32) {
                    Some(c) => Ok(Value::str(c.to_string())),
                    None => value_error("chr() arg not in range(0x110000)"),
                }
            }
            Builtin::Ord => {
                let [value] = exactly::<1>(builtin, args)?;
                let Some(text) = value.as_str() else {
                    let class = value.type_name();
                    return type_error(format!(
                        "ord() expected string of length 1, but {class} found"
                    ));
                };
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(Value::Int(i64::from(u32::from(c)))),
                    _ => {
                        let len = text.chars().count();
                        type_error(format!(
                            "ord() expected a character, but string of length {len} found"
                        ))
                    }
                }
            }
            Builtin::DivMod => {
                let [a, b] = exactly::<2>(builtin, args)?;
                let quotient = self.binary(BinaryOp::FloorDiv, &a, &b)?;
                let remainder = self.binary(BinaryOp::Mod, &a, &b)?;
                Ok(Value::tuple(vec![quotient, remainder]))
            }
            Builtin::Pow => self.pow(args),
            Builtin::Round => self.round(args),
            _ => self.sum(args),
        }
    }

    fn pow(&mut self, args: Args) -> Eval<Value> {
        match args.positional.as_slice() {
            [base, exponent] => self.binary(BinaryOp::Pow, base, exponent),
            [base, exponent, modulus] => {
                let (Some(b), Some(e), Some(m)) =
                    (base.as_int(), exponent.as_int(), modulus.as_int())
                else {
                    return type_error(
                        "pow() 3rd argument not allowed unless all arguments are integers",
                    );
                };
                if m.is_zero() {
                    return value_error("pow() 3rd argument cannot be 0");
                }
                if e.is_negative() {
                    return value_error("base is not invertible for the given modulus");
                }
                let cost = e.bits().saturating_mul(m.bits());
                self.charge(usize::try_from(cost).unwrap_or(usize::MAX))?;
                let power = b.to_big().modpow(&e.to_big(), &m.to_big());
                Ok(Int::from(power).into())
            }
            other => wrong_count("pow()", "at least", 2, other.len()),
        }
    }

    fn round(&mut self, mut args: Args) -> Eval<Value> {
        let by_name = args.take_keyword("ndigits");
        let mut positional = args.positional.into_iter();
        let Some(value) = positional.next() else {
            return type_error("round() missing required argument 'number' (pos 1)");
        };
        let digits = positional.next().or(by_name).unwrap_or_default();
        let digits = match &digits {
            Value::None => None,
            digits => match self.index(digits) {
                Some(digits) => Some(digits),
                None => return not_an_integer(digits),
            },
        };
        if let Some(int) = value.as_int() {
            return match digits {
                Some(digits) if digits < 0 => self.round_integer(&int, digits.unsigned_abs()),
                _ => Ok(int.into()),
            };
        }
        let Some(x) = value.as_float() else {
            let class = value.type_name();
            return type_error(format!("type {class} doesn't define __round__ method"));
        };
        let Some(digits) = digits else {
            return match Int::from_f64(x.round_ties_even()) {
                Some(int) => Ok(int.into()),
                None if x.is_nan() => value_error("cannot convert float NaN to integer"),
                None => raise(
                    ExceptionClass::OverflowError,
                    "cannot convert float infinity to integer",
                ),
            };
        };
        Ok(Value::Float(round_float(x, digits)))
    }

    fn round_integer(&mut self, int: &Int, digits: u64) -> Eval<Value> {
        if digits > int.bits() {
            return Ok(Value::Int(0));
        }
        let unit = Int::Small(10).pow(u32::try_from(digits).unwrap_or(u32::MAX));
        let Some((quotient, rest)) = int.div_mod(&unit) else {
            return Ok(Value::Int(0));
        };
        let twice = rest.add(&rest);
        let is_odd = quotient.bitwise(&Int::Small(1), |a, b| a & b) == Int::Small(1);
        let up = twice.cmp(&unit).is_gt() || (twice == unit && is_odd);
        let quotient = if up {
            quotient.add(&Int::Small(1))
        } else {
            quotient
        };
        self.integer(quotient.mul(&unit))
    }

    fn sum(&mut self, mut args: Args) -> Eval<Value> {
        let by_name = args.take_keyword("start");
        let mut positional = args.positional.into_iter();
        let Some(iterable) = positional.next() else {
            return type_error("sum() takes at least 1 positional argument (0 given)");
        };
        let mut total = positional.next().or(by_name).unwrap_or(Value::Int(0));
        if total.as_str().is_some() {
            return type_error("sum() can't sum strings [use ''.join(seq) instead]");
        }
        let iterator = self.iterate(&iterable)?;
        while let Some(item) = self.next(&iterator)? {
            total = self.binary(BinaryOp::Add, &total, &item)?;
        }
        Ok(total)
    }
}

fn not_an_integer<T>(value: &Value) -> Eval<T> {
    let class = value.type_name();
    type_error(format!(
        "'{class}' object cannot be interpreted as an integer"
    ))
}

/// Rounds to decimal digits as Python does, by way of the exact decimal text.
fn round_float(x: f64, digits: i64) -> f64 {
    if !x.is_finite() || digits > 323 {
        return x;
    }
    if let Ok(digits) = usize::try_from(digits) {
        return format!("{x:.digits$}").parse().unwrap_or(x);
    }
    if digits < -308 {
        return 0.0_f64.copysign(x);
    }
    let unit = 10_f64.powi(i32::try_from(-digits).unwrap_or(i32::MAX));
    (x / unit).round_ties_even() * unit
}

/// Python's `int()` of one argument.
pub(crate) fn to_int(value: &Value) -> Eval<Int> {
    if let Some(int) = value.as_int() {
        return Ok(int);
    }
    if let Some(x) = value.as_float() {
        return match Int::from_f64(x) {
            Some(int) => Ok(int),
            None if x.is_nan() => value_error("cannot convert float NaN to integer"),
            None => raise(
                ExceptionClass::OverflowError,
                "cannot convert float infinity to integer",
            ),
        };
    }
    if let Some(text) = value.as_str() {
        return parse_int(text, 10);
    }
    let class = value.type_name();
    type_error(format!(
        "int() argument must be a string, a bytes-like object or a real number, not '{class}'"
    ))
}

fn int(mut args: Args) -> Eval<Value> {
    let base = args.take_keyword("base");
    let mut positional = args.positional.into_iter();
    let Some(value) = positional.next() else {
        return Ok(Value::Int(0));
    };
    let Some(base) = positional.next().or(base) else {
        return to_int(&value).map(Value::from);
    };
    let Some(text) = value.as_str() else {
        return type_error("int() can't convert non-string with explicit base");
    };
    let Some(base) = base.as_int().and_then(|b| b.as_i64()) else {
        return not_an_integer(&base);
    };
    match u32::try_from(base) {
        Ok(base) if base == 0 || (2..=36).contains(&base) => parse_int(text, base).map(Value::from),
        _ => value_error("int() base must be >= 2 and <= 36, or 0"),
    }
}

/// Reads an integer as Python's `int(text, base)` does.
fn parse_int(text: &str, base: u32) -> Eval<Int> {
    let invalid = || {
        value_error(format!(
            "invalid literal for int() with base {base}: {}",
            repr_str(text)
        ))
    };
    let trimmed = text.trim_matches(crate::lexer::is_python_space);
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let lower = digits.to_lowercase();
    let prefixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    let prefixed = prefixes.iter().find_map(|(prefix, radix)| {
        let rest = lower.strip_prefix(prefix)?;
        (base == 0 || base == *radix).then(|| (rest.strip_prefix('_').unwrap_or(rest), *radix))
    });
    let (digits, radix) = prefixed.unwrap_or((&lower, if base == 0 { 10 } else { base }));
    let mut ascii = String::from(sign);
    let mut previous_is_digit = false;
    for c in digits.chars() {
        if c == '_' && previous_is_digit {
            previous_is_digit = false;
            continue;
        }
        let Some(digit) = decimal_digit(c)
            .or_else(|| c.to_digit(36))
            .filter(|d| *d < radix)
        else {
            return invalid();
        };
        ascii.extend(char::from_digit(digit, 36));
        previous_is_digit = true;
    }
    if !previous_is_digit {
        return invalid();
    }
    let count = ascii.len() - sign.len();
    if radix.is_power_of_two() {
        if count > INTEGER_DIGITS_MAX * 4 {
            return value_error("the text of the integer is too long");
        }
    } else if count > INTEGER_DIGITS_MAX {
        return value_error(format!(
            "Exceeds the limit (4300 digits) for integer string conversion: \
             value has {count} digits; use sys.set_int_max_str_digits() to increase the limit"
        ));
    }
    let is_octal_like = base == 0 && radix == 10 && digits.starts_with('0');
    if is_octal_like && digits.chars().any(|c| !matches!(c, '0' | '_')) && prefixed.is_none() {
        return invalid();
    }
    Int::parse(&ascii, radix).map_or_else(invalid, Ok)
}

fn float(args: Args) -> Eval<Value> {
    if !args.keywords.is_empty() {
        return type_error("float() takes no keyword arguments");
    }
    let value = match args.positional.as_slice() {
        [] => return Ok(Value::Float(0.0)),
        [value] => value,
        more => return wrong_count("float", "at most", 1, more.len()),
    };
    if let Some(x) = value.as_float() {
        return Ok(Value::Float(x));
    }
    if let Some(int) = value.as_int() {
        let x = int.to_f64();
        if x.is_infinite() {
            return raise(
                ExceptionClass::OverflowError,
                "int too large to convert to float",
            );
        }
        return Ok(Value::Float(x));
    }
    let Some(text) = value.as_str() else {
        let class = value.type_name();
        return type_error(format!(
            "float() argument must be a string or a real number, not '{class}'"
        ));
    };
    match parse_float(text) {
        Some(x) => Ok(Value::Float(x)),
        None => value_error(format!(
            "could not convert string to float: {}",
            repr_str(text)
        )),
    }
}
