use seal::{Keyring, KeyringError};

use crate::{entry, keyring};

fn refused(setting: &str) -> KeyringError {
    Keyring::parse(&setting.into()).unwrap_err()
}

#[test]
fn a_setting_may_have_spaces_and_a_last_comma() {
    assert!(Keyring::parse(&format!(" {} , {}, ", entry("a", 1), entry("b", 2)).into()).is_ok());
}

#[test]
fn a_wrong_setting_is_explained_by_the_number_of_the_key() {
    let good = entry("a", 1);
    assert_eq!(refused(""), KeyringError::Empty);
    assert_eq!(refused(" , "), KeyringError::Empty);
    assert_eq!(refused(&format!("{good},nocolon")), KeyringError::Entry(2));
    assert_eq!(refused(&entry("", 1)), KeyringError::Entry(1));
    assert_eq!(refused(&entry("a b", 1)), KeyringError::Entry(1));
    assert_eq!(refused("a:???"), KeyringError::Key(1));
    assert_eq!(refused("a:c2hvcnQ="), KeyringError::Key(1));
    assert_eq!(refused(&format!("{good},{}", entry("a", 2))), KeyringError::Repeated(2));
}

#[test]
fn no_text_shows_a_key() {
    let key = "c2hvcnQ=";
    assert!(!refused(&format!("a:{key}")).to_string().contains(key));
    let shown = format!("{:?}", keyring(&[entry("new", 7), entry("old", 8)]));
    assert_eq!(shown, r#"Keyring { current: "new", earlier: ["old"], .. }"#);
}
