//! UUIDs and IP addresses.

use std::net::{IpAddr, Ipv4Addr};

use uuid::Uuid;

use super::Mismatch;

/// Appends a UUID as two words, the higher one first, each with its lowest byte first.
pub(super) fn write_uuid(text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let uuid = match text.len() {
        32 | 36 => Uuid::try_parse(text).ok().ok_or(Mismatch::SHAPE)?,
        _ => return Err(Mismatch::SHAPE),
    };
    write_uuid_value(uuid, out);
    Ok(())
}

pub(crate) fn write_uuid_value(uuid: Uuid, out: &mut Vec<u8>) {
    let (high, low) = uuid.as_u64_pair();
    out.extend_from_slice(&high.to_le_bytes());
    out.extend_from_slice(&low.to_le_bytes());
}

pub(super) fn write_ipv4(text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let address: Ipv4Addr = text.parse().ok().ok_or(Mismatch::SHAPE)?;
    out.extend_from_slice(&address.to_bits().to_le_bytes());
    Ok(())
}

pub(super) fn write_ipv6(text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let address = match text.parse().ok().ok_or(Mismatch::SHAPE)? {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    out.extend_from_slice(&address.octets());
    Ok(())
}
