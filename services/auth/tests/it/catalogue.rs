//! What the database itself promises, read from its catalogue and tried on every table that there is.

use std::collections::BTreeSet;

use contracts::JsonEnum;
use contracts::auth::v1 as pb;
use contracts::auth::v1::AccountStatus;
use contracts::rest::v1::Role;
use testkit::anonymous;
use uuid::Uuid;

use crate::harness::{Auth, Person, sign_up_request};

/// Unique across the fleet and not within one account, each with its reason.
const FLEET_WIDE: &[&str] = &[
    "igny8_api_keys_secret_hash_key",     // a key must name its account
    "igny8_invitations_token_hash_key",   // so must the token of an invitation
    "igny8_refresh_tokens_token_hash_key",
    "igny8_sessions_cookie_hash_key",
    "igny8_user_tokens_token_hash_key",
    "igny8_users_email_key", // an address signs in to one account
];

/// SQLSTATE of a missing right, of a violated policy and of a transaction without account.
const REFUSED: &str = "42501";

struct Table {
    name: String,
    /// The column that holds the account.
    account: &'static str,
}

type Client = <Auth as Superuser>::Client;

trait Superuser {
    type Client;
}
