//! Integers of any size, with a fast path for those that fit into 64 bits.

use std::cmp::Ordering;
use std::sync::Arc;

use num_bigint::{BigInt, Sign};

use super::Value;

/// An integer; `Big` only when it does not fit into `Small`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Int {
    Small(i64),
    Big(Arc<BigInt>),
}

impl From<BigInt> for Int {
    fn from(big: BigInt) -> Self {
        i64::try_from(&big).map_or_else(|_| Self::Big(Arc::new(big)), Self::Small)
    }
}

impl From<i64> for Int {
    fn from(small: i64) -> Self {
        Self::Small(small)
    }
}

impl From<usize> for Int {
    fn from(size: usize) -> Self {
        i64::try_from(size).map_or_else(|_| Self::from(BigInt::from(size)), Self::Small)
    }
}

impl From<Int> for Value {
    fn from(int: Int) -> Self {
        match int {
            Int::Small(n) => Value::Int(n),
            Int::Big(n) => Value::BigInt(n),
        }
    }
}

impl Int {
    pub(crate) fn to_big(&self) -> BigInt {
        match self {
            Self::Small(n) => BigInt::from(*n),
            Self::Big(n) => (**n).clone(),
        }
    }

    /// Parses ASCII digits with an optional sign.
    pub(crate) fn parse(text: &str, radix: u32) -> Option<Self> {
        if let Ok(small) = i64::from_str_radix(text, radix) {
            return Some(Self::Small(small));
        }
        BigInt::parse_bytes(text.as_bytes(), radix).map(Self::from)
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Small(n) => Some(*n),
            Self::Big(_) => None,
        }
    }

    pub(crate) fn bits(&self) -> u64 {
        match self {
            Self::Small(n) => u64::from(64 - n.unsigned_abs().leading_zeros()),
            Self::Big(n) => n.bits(),
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        matches!(self, Self::Small(0))
    }

    pub(crate) fn is_negative(&self) -> bool {
        match self {
            Self::Small(n) => *n < 0,
            Self::Big(n) => n.sign() == Sign::Minus,
        }
    }

    pub(crate) fn to_f64(&self) -> f64 {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "rounds to nearest, as Python does"
            )]
            Self::Small(n) => *n as f64,
            // Decimal text is parsed with correct rounding; the type has no such conversion.
            Self::Big(n) => n.to_string().parse().unwrap_or(f64::INFINITY),
        }
    }

    /// Converts a float without fraction.
    pub(crate) fn from_f64(x: f64) -> Option<Self> {
        if !x.is_finite() {
            return None;
        }
        let text = format!("{:.0}", x.trunc());
        Self::parse(&text, 10)
    }

    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Small(a), Self::Small(b)) => a.cmp(b),
            _ => self.to_big().cmp(&other.to_big()),
        }
    }

    pub(crate) fn neg(&self) -> Self {
        match self {
            Self::Small(n) if *n != i64::MIN => Self::Small(-n),
            _ => Self::from(-self.to_big()),
        }
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        self.combine(other, i64::checked_add, |a, b| a + b)
    }

    pub(crate) fn sub(&self, other: &Self) -> Self {
        self.combine(other, i64::checked_sub, |a, b| a - b)
    }

    pub(crate) fn mul(&self, other: &Self) -> Self {
        self.combine(other, i64::checked_mul, |a, b| a * b)
    }

    fn combine(
        &self,
        other: &Self,
        small: fn(i64, i64) -> Option<i64>,
        big: fn(BigInt, BigInt) -> BigInt,
    ) -> Self {
        if let (Self::Small(a), Self::Small(b)) = (self, other)
            && let Some(result) = small(*a, *b)
        {
            return Self::Small(result);
        }
        Self::from(big(self.to_big(), other.to_big()))
    }

    /// Divides, rounding down. `None` for a divisor of zero.
    pub(crate) fn floor_div(&self, other: &Self) -> Option<Self> {
        self.div_mod(other).map(|(quotient, _)| quotient)
    }

    /// Returns quotient and remainder, rounding down. `None` for a divisor of zero.
    pub(crate) fn div_mod(&self, other: &Self) -> Option<(Self, Self)> {
        if other.is_zero() {
            return None;
        }
        let (a, b) = (self.to_big(), other.to_big());
        let (mut quotient, mut remainder) = (&a / &b, &a % &b);
        if remainder.sign() != Sign::NoSign && (remainder.sign() != b.sign()) {
            quotient -= 1;
            remainder += &b;
        }
        Some((Self::from(quotient), Self::from(remainder)))
    }

    /// Applies a bitwise operator.
    pub(crate) fn bitwise(&self, other: &Self, op: fn(BigInt, BigInt) -> BigInt) -> Self {
        Self::from(op(self.to_big(), other.to_big()))
    }

    pub(crate) fn pow(&self, exponent: u32) -> Self {
        Self::from(self.to_big().pow(exponent))
    }

    pub(crate) fn shift_left(&self, bits: u64) -> Self {
        Self::from(self.to_big() << bits)
    }

    pub(crate) fn shift_right(&self, bits: u64) -> Self {
        Self::from(self.to_big() >> bits)
    }

    /// Returns the digits in a base from 2 to 36, with a sign.
    pub(crate) fn to_radix(&self, radix: u32) -> String {
        match self {
            Self::Small(n) if radix == 10 => n.to_string(),
            _ => self.to_big().to_str_radix(radix),
        }
    }
}

impl std::fmt::Display for Int {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Small(n) => n.fmt(f),
            Self::Big(n) => n.fmt(f),
        }
    }
}
