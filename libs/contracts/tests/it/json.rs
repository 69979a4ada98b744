//! The JSON dialect.

use contracts::{
    ENUMS, JsonEnum,
    auth::v1::{
        Account, AccountFilter, AccountStatus, ApiKey, AuditEntry, CreateApiKeyRequest, ExchangeRequest, PublicKey,
        SiteInput, UpdateMeRequest, User, exchange_request::Credential,
    },
    rest::v1::Role,
};
use prost_types::{FieldMask, Timestamp};
use serde_json::{from_value, json, to_value};

const NOON: Timestamp = Timestamp { seconds: 1_769_860_800, nanos: 5_000 };

#[test]
fn zeros_are_present_and_an_unset_optional_is_null() {
    let json = to_value(SiteInput::default()).unwrap();
    assert_eq!(
        json,
        json!({
            "name": "", "domain": "", "industry_id": null, "time_zone": "", "language": "", "country": "", "facts": "", "colours": [],
            "auto_publish": false, "daily_pace": null, "sectors": []
        })
    );
}

#[test]
fn an_int64_is_a_number() {
    let key = ApiKey { daily_credit_cap: Some(9_007_199_254_740_991), ..ApiKey::default() };
    assert_eq!(to_value(&key).unwrap()["daily_credit_cap"], json!(9_007_199_254_740_991_i64));
    let request: CreateApiKeyRequest = from_value(json!({"daily_credit_cap": 5})).unwrap();
    assert_eq!(request.daily_credit_cap, Some(5));
}

#[test]
fn a_time_has_microseconds_and_a_z() {
    let account = Account { created_at: Some(NOON), ..Account::default() };
    let json = to_value(&account).unwrap();
    assert_eq!(json["created_at"], "2026-01-31T12:00:00.000005Z");
    assert_eq!(json["deletes_at"], json!(null));
}

#[test]
fn a_time_is_read_with_any_offset() {
    for text in ["2026-01-31T12:00:00.000005Z", "2026-01-31T13:30:00.000005+01:30"] {
        let request: CreateApiKeyRequest = from_value(json!({"expires_at": text})).unwrap();
        assert_eq!(request.expires_at, Some(NOON), "{text}");
    }
    let leap: CreateApiKeyRequest = from_value(json!({"expires_at": "2016-12-31T23:59:60Z"})).unwrap();
    assert_eq!(leap.expires_at.unwrap().nanos, 999_999_999);
    assert!(from_value::<CreateApiKeyRequest>(json!({"expires_at": "2026-01-31"})).is_err());
}

#[test]
fn an_enum_is_its_short_name() {
    let user = User { role: Role::Admin.into(), ..User::default() };
    assert_eq!(to_value(&user).unwrap()["role"], "admin");
    assert_eq!(from_value::<User>(json!({"role": "viewer"})).unwrap().role(), Role::Viewer);
    assert_eq!(from_value::<User>(json!({})).unwrap().role(), Role::Unspecified);
    for unknown in ["ROLE_ADMIN", "Admin", "unspecified", ""] {
        assert!(from_value::<User>(json!({"role": unknown})).is_err(), "{unknown}");
    }
}

#[test]
fn a_list_of_enums_is_a_list_of_names() {
    let filter: AccountFilter = from_value(json!({"status": ["trial", "active"]})).unwrap();
    assert_eq!(filter.status, [1, 2]);
    assert_eq!(to_value(&filter).unwrap()["status"], json!(["trial", "active"]));
}

#[test]
fn an_enum_that_is_unspecified_or_newer_than_this_build_is_null() {
    for role in [0, 99] {
        let user = User { role, ..User::default() };
        assert_eq!(to_value(&user).unwrap()["role"], json!(null), "{role}");
    }
}

#[test]
fn every_name_of_an_enum_leads_back_to_its_value() {
    assert_eq!(AccountStatus::NAMES, ["trial", "active", "suspended", "cancelled"]);
    for name in AccountStatus::NAMES {
        assert_eq!(AccountStatus::from_json_name(name).and_then(AccountStatus::json_name), Some(*name));
    }
    assert_eq!(AccountStatus::Unspecified.json_name(), None);
    let (_, names) = ENUMS.iter().find(|(name, _)| *name == AccountStatus::NAME).unwrap();
    assert_eq!(*names, AccountStatus::NAMES);
}

#[test]
fn a_mask_is_read_from_a_list_of_names() {
    let request: UpdateMeRequest = from_value(json!({"name": "Ada", "update_mask": ["name"]})).unwrap();
    assert_eq!(request.update_mask, Some(FieldMask { paths: vec!["name".to_owned()] }));
    assert_eq!(from_value::<UpdateMeRequest>(json!({"name": "Ada"})).unwrap().update_mask, None);
}

#[test]
fn bytes_are_base64() {
    let key = PublicKey { public_key: vec![0, 255, 1], ..PublicKey::default() };
    let json = to_value(&key).unwrap();
    assert_eq!(json["public_key"], "AP8B");
    assert_eq!(from_value::<PublicKey>(json).unwrap(), key);
    assert!(from_value::<PublicKey>(json!({"public_key": "?"})).is_err());
}

#[test]
fn a_map_is_an_object() {
    let entry: AuditEntry = from_value(json!({"details": {"name": "Ada"}})).unwrap();
    assert_eq!(to_value(&entry).unwrap()["details"], json!({"name": "Ada"}));
}

#[test]
fn the_member_of_a_oneof_stands_among_the_fields() {
    let request = ExchangeRequest { credential: Some(Credential::ApiKey("igny8_a".to_owned())) };
    let json = to_value(&request).unwrap();
    assert_eq!(json, json!({"api_key": "igny8_a"}));
    assert_eq!(from_value::<ExchangeRequest>(json).unwrap(), request);
    assert_eq!(from_value::<ExchangeRequest>(json!({})).unwrap(), ExchangeRequest::default());
}

#[test]
fn a_key_that_is_newer_than_this_build_is_ignored() {
    assert_eq!(from_value::<SiteInput>(json!({"name": "A", "later": 1})).unwrap().name, "A");
}
