//! Enumerations.

use std::collections::HashMap;

use super::Mismatch;
use crate::json::Json;

/// The values of an enumeration, and the width of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnumValues {
    numbers: HashMap<String, i16>,
    first: i16,
    bytes: usize,
}

impl EnumValues {
    /// Returns nothing when there are no values.
    pub(super) fn new(numbers: HashMap<String, i16>, bytes: usize) -> Option<Self> {
        let first = *numbers.values().min()?;
        Some(Self {
            numbers,
            first,
            bytes,
        })
    }

    pub(super) fn write_json(&self, value: Json<'_>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        match value {
            Json::String(name) => self.write_name(&name.decode(), out),
            Json::Number(text) => self.write_number(text, out),
            _ => Err(Mismatch::SHAPE),
        }
    }

    /// A name wins over a number.
    pub(super) fn write_text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        self.write_name(text, out)
            .or_else(|_| self.write_name(text.trim(), out))
            .or_else(|_| self.write_number(text.trim(), out))
    }

    pub(super) fn write_first(&self, out: &mut Vec<u8>) {
        self.write(self.first, out);
    }

    fn write_name(&self, name: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        let number = self.numbers.get(name).ok_or(Mismatch::SHAPE)?;
        self.write(*number, out);
        Ok(())
    }

    fn write_number(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        let number: i16 = text.parse().ok().ok_or(Mismatch::SHAPE)?;
        if !self.numbers.values().any(|known| *known == number) {
            return Err(Mismatch::SHAPE);
        }
        self.write(number, out);
        Ok(())
    }

    fn write(&self, number: i16, out: &mut Vec<u8>) {
        out.extend(number.to_le_bytes().iter().take(self.bytes));
    }
}
