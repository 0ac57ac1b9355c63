//! ClickHouse Native form: columns built value by value, and the block made of them.
//!
//! Block: number of columns and of rows as varints, then per column its name, its type's name and
//! its data. Data: integers, floats and dates with their lowest byte first; a string as varint
//! length and bytes; `Nullable` as one byte per row and then the values; `Array` as 8 bytes per row,
//! the running end of its elements, and then the elements; `Map` as an array of keys and values;
//! `Tuple` as its elements' columns one after the other.

mod block;
mod builder;
mod merge;
mod text;

#[cfg(test)]
mod tests;

pub use block::Block;
pub(crate) use block::BlockWriter;
pub(crate) use builder::Builder;
pub(crate) use merge::Merger;
pub(crate) use text::{TextColumn, TextListColumn};

/// Appends an unsigned number in seven bits per byte, lowest first.
pub(crate) fn write_varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7F).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Takes an unsigned number off the input; nothing when it is cut off or too large.
pub(crate) fn read_varint(input: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (byte, rest) = input.split_first()?;
        *input = rest;
        value |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Appends bytes with their length.
pub(crate) fn write_string(bytes: &[u8], out: &mut Vec<u8>) {
    write_varint(bytes.len(), out);
    out.extend_from_slice(bytes);
}
