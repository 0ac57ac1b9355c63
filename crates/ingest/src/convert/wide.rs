//! Unsigned integers of 256 bits, as far as reading decimal digits needs them.

/// A magnitude in four words, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wide([u64; 4]);

impl Wide {
    /// Returns `self * 10 + digit`, or nothing when it needs more than 256 bits.
    pub(super) fn push_digit(self, digit: u8) -> Option<Self> {
        let mut carry = u128::from(digit);
        let words = self.0.map(|word| {
            let sum = u128::from(word) * 10 + carry;
            carry = sum >> 64;
            low_word(sum)
        });
        (carry == 0).then_some(Self(words))
    }

    /// Returns the position of the highest set bit plus one.
    pub(super) fn bit_len(self) -> u32 {
        let zeros: u32 = (self.0.iter().rev())
            .scan(true, |leading, word| {
                let zeros = if *leading { word.leading_zeros() } else { 0 };
                *leading &= *word == 0;
                Some(zeros)
            })
            .sum();
        256 - zeros
    }

    pub(super) fn is_power_of_two(self) -> bool {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>() == 1
    }

    pub(super) fn is_zero(self) -> bool {
        self.0 == [0; 4]
    }

    /// Returns the value when it fits 126 bits, so that it can also be negated.
    pub(super) fn to_i128(self) -> Option<i128> {
        match self.0 {
            [low, high, 0, 0] if high >> 62 == 0 => {
                Some((i128::from(high) << 64) | i128::from(low))
            }
            _ => None,
        }
    }

    /// Appends the lowest `bytes` bytes, lowest first, of the value or of its two's complement.
    pub(super) fn write(self, negative: bool, bytes: usize, out: &mut Vec<u8>) {
        let mut carry = u128::from(negative);
        let words = self.0.map(|word| {
            if !negative {
                return word;
            }
            let sum = u128::from(!word) + carry;
            carry = sum >> 64;
            low_word(sum)
        });
        out.extend(words.iter().flat_map(|word| word.to_le_bytes()).take(bytes));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "keeping the low 64 bits is the purpose; the rest is the carry"
)]
fn low_word(sum: u128) -> u64 {
    sum as u64
}
