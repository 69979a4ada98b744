//! What a PATCH does to a user.

use contracts::JsonEnum;
use contracts::auth::v1 as pb;
use contracts::rest::v1::Role;
use db::Stored;
use diesel::prelude::*;
use rpc::{Caller, Mask};

use super::{User, grantable};
use crate::audit;
use crate::schema::igny8_users;

/// The columns that a PATCH names.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = igny8_users)]
pub(super) struct Change<'r> {
    name: Option<&'r str>,
    role: Option<Stored<Role>>,
    active: Option<bool>,
}

impl<'r> Change<'r> {
    pub(super) fn read(caller: &Caller, request: &'r pb::UpdateUserRequest) -> rpc::Result<Self> {
        let mask = Mask::of(&request.update_mask);
        let role = mask.has("role").then(|| grantable(caller, request.role)).transpose()?;
        Ok(Self {
            name: mask.when("name", &request.name),
            role: role.map(Stored),
            active: mask.when("active", request.active),
        })
    }

    /// Whether an active owner is none afterwards.
    pub(super) fn takes_ownership(&self) -> bool {
        self.active == Some(false) || self.role.is_some_and(|role| role.0 != Role::Owner)
    }

    /// Whether access tokens made before say something that is no longer true.
    pub(super) fn ends_tokens(&self, before: &User) -> bool {
        self.role.is_some_and(|role| role != before.role) || self.active.is_some_and(|active| active != before.active)
    }

    /// For the audit log: the fields, and what became of those that decide what a user may do.
    pub(super) fn details(&self, request: &pb::UpdateUserRequest) -> Vec<(&'static str, String)> {
        let mut details = audit::fields(&request.update_mask).to_vec();
        details.extend(self.role.and_then(|role| role.0.json_name()).map(|role| ("role", role.to_owned())));
        details.extend(self.active.map(|active| ("active", active.to_string())));
        details
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;

    fn owner() -> User {
        User {
            id: Uuid::nil(),
            name: "Ada".into(),
            email: "ada@example.com".into(),
            email_verified_at: None,
            role: Stored(Role::Owner),
            active: true,
            last_sign_in_at: None,
            created_at: Utc::now(),
        }
    }

    #[test]
    fn a_demotion_or_deactivation_takes_ownership_and_ends_tokens() {
        let demotion = Change { role: Some(Stored(Role::Admin)), ..Change::default() };
        let deactivation = Change { active: Some(false), ..Change::default() };
        for change in [demotion, deactivation] {
            assert!(change.takes_ownership() && change.ends_tokens(&owner()));
        }
    }

    #[test]
    fn a_new_name_changes_no_rights() {
        let change = Change { name: Some("Ada L."), role: Some(Stored(Role::Owner)), active: Some(true) };
        assert!(!change.takes_ownership() && !change.ends_tokens(&owner()));
    }
}
