//! Request ids: ULIDs, which sort by time.

use std::time::{SystemTime, UNIX_EPOCH};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Returns a new ULID: 48 bits of milliseconds and 80 random bits, 26 characters of Crockford's
/// base 32.
#[must_use]
pub(crate) fn new_request_id() -> String {
    let millis = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let mut random = [0u8; 16];
    // Without randomness ids of one millisecond may repeat; they only label requests.
    if getrandom::fill(&mut random).is_err() {
        tracing::warn!("no randomness for a request id");
    }
    encode((millis << 80) | (u128::from_be_bytes(random) >> 48))
}

fn encode(id: u128) -> String {
    let digit = |position: u32| {
        let index = usize::try_from((id >> (5 * position)) & 31).unwrap_or_default();
        char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
    };
    (0..26).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_differ() {
        assert_eq!(encode(0), "0".repeat(26));
        assert_eq!(encode(u128::MAX), format!("7{}", "Z".repeat(25)));
        assert!(encode(1 << 80) > encode((1 << 80) - 1));
        assert_ne!(new_request_id(), new_request_id());
    }
}
