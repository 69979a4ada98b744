use proptest::prelude::*;
use seal::{Error, Place};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{ACCOUNT, ROW, entry, keyring};

const PLACE: Place<'static> = Place::of_account("password", ACCOUNT, ROW);

proptest! {
    #[test]
    fn every_secret_opens_as_it_was(secret: Vec<u8>, purpose: String, account: u128, row: u128) {
        let keys = keyring(&[entry("a", 1)]);
        let place = Place::of_account(&purpose, Uuid::from_u128(account), Uuid::from_u128(row));
        let sealed = keys.seal(&secret, place).unwrap();
        let opened = keys.open(&sealed, place).unwrap();
        prop_assert_eq!(opened.expose_secret(), secret.as_slice());
    }

    #[test]
    fn no_text_makes_opening_panic(text: String) {
        prop_assert!(keyring(&[entry("a", 1)]).open(&text, PLACE).is_err());
    }
}

#[test]
fn a_moved_secret_does_not_open() {
    let keys = keyring(&[entry("a", 1)]);
    let sealed = keys.seal(b"secret", PLACE).unwrap();
    let other = Uuid::from_u128(9);
    for place in [
        Place::of_account("token", ACCOUNT, ROW),
        Place::of_account("password", other, ROW),
        Place::of_account("password", ACCOUNT, other),
        Place::of_installation("password", ROW),
    ] {
        assert_eq!(keys.open(&sealed, place).unwrap_err(), Error::Refused, "{place:?}");
    }
}

#[test]
fn a_shortened_or_changed_record_does_not_open() {
    let keys = keyring(&[entry("a", 1)]);
    let sealed = keys.seal(b"secret", PLACE).unwrap();
    for end in 0..sealed.len() {
        assert!(keys.open(&sealed[..end], PLACE).is_err(), "the first {end} characters");
    }
    let (key, bytes) = sealed.split_at("v1:a:".len());
    let changed = format!("{key}{}{}", if bytes.starts_with('A') { 'B' } else { 'A' }, &bytes[1..]);
    assert_eq!(keys.open(&changed, PLACE).unwrap_err(), Error::Refused);
    assert_eq!(keys.open("hunter2", PLACE).unwrap_err(), Error::Malformed);
    assert_eq!(keys.open("v2:a:AAAA", PLACE).unwrap_err(), Error::Malformed);
}

#[test]
fn the_same_secret_never_looks_the_same() {
    let keys = keyring(&[entry("a", 1)]);
    assert_ne!(keys.seal(b"secret", PLACE).unwrap(), keys.seal(b"secret", PLACE).unwrap());
}

#[test]
fn a_new_key_in_front_opens_old_records_and_asks_to_seal_them_again() {
    let (old, new) = (entry("old", 1), entry("new", 2));
    let before = keyring(std::slice::from_ref(&old));
    let between = keyring(&[new.clone(), old]);
    let after = keyring(&[new]);

    let sealed = before.seal(b"secret", PLACE).unwrap();
    assert!(!before.needs_resealing(&sealed));
    assert!(between.needs_resealing(&sealed));
    let secret = between.open(&sealed, PLACE).unwrap();
    let resealed = between.seal(secret.expose_secret(), PLACE).unwrap();

    assert!(!after.needs_resealing(&resealed));
    assert_eq!(after.open(&resealed, PLACE).unwrap().expose_secret(), b"secret");
    assert_eq!(after.open(&sealed, PLACE).unwrap_err(), Error::UnknownKey("old".into()));
}

#[test]
fn another_key_under_the_same_id_does_not_open() {
    let sealed = keyring(&[entry("a", 1)]).seal(b"secret", PLACE).unwrap();
    assert_eq!(keyring(&[entry("a", 2)]).open(&sealed, PLACE).unwrap_err(), Error::Refused);
}
