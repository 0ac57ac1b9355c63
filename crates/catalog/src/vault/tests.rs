//! Sealed values open for their owner only, and nothing shows them.

use super::*;

fn vault(seed: u8) -> Vault {
    Vault::new(&[seed; 32])
}

#[test]
fn sealed_value_opens_for_its_owner() {
    let value = SecretText::new("p.eyJ secret");
    let sealed = vault(1).seal("token a", &value).unwrap();
    assert_eq!(vault(1).open("token a", &sealed).unwrap(), value);
    assert!(
        !sealed
            .windows(6)
            .any(|window| window == b"secret".as_slice())
    );
}

#[test]
fn same_value_is_sealed_differently_each_time() {
    let value = SecretText::new("x");
    let vault = vault(1);
    assert_ne!(
        vault.seal("token a", &value).unwrap(),
        vault.seal("token a", &value).unwrap()
    );
}

#[test]
fn other_owner_other_key_and_every_damage_are_refused() {
    let sealed = vault(1).seal("token a", &SecretText::new("value")).unwrap();
    assert!(vault(1).open("token b", &sealed).is_err());
    assert!(vault(2).open("token a", &sealed).is_err());
    for index in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[index] ^= 1;
        assert!(vault(1).open("token a", &damaged).is_err(), "byte {index}");
        assert!(
            vault(1).open("token a", &sealed[..index]).is_err(),
            "cut at {index}"
        );
    }
}

#[test]
fn digest_depends_on_value_and_key() {
    assert_eq!(vault(1).digest("a"), vault(1).digest("a"));
    assert_ne!(vault(1).digest("a"), vault(1).digest("b"));
    assert_ne!(vault(1).digest("a"), vault(2).digest("a"));
}

#[test]
fn hmac_equals_the_published_test_vector() {
    // RFC 4231 uses keys of other lengths; a shorter key is padded with zeros by definition.
    let mut key = [0_u8; 32];
    key[..4].copy_from_slice(b"Jefe");
    assert_eq!(
        crate::resource::hex(&hmac_sha256(&key, b"what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn nothing_is_shown_by_debug() {
    let shown = format!("{:?} {:?}", vault(7), SecretText::new("hunter2"));
    assert_eq!(shown, "Vault(hidden) SecretText(hidden)");
}
