//! What a role may do, in words that an interface can ask for.

use std::collections::BTreeSet;

use crate::{
    Access, METHODS, Method, Verb,
    rest::v1::{RatePolicy, Role, Scope},
};

/// The permissions of a role, sorted: `auth.admin`, `auth.read`, and likewise `.write` and `.run`. A role has one when it may call at
/// least one such method: `read` is a GET, `run` starts work that costs credits, `admin` changes what only admins and owners may
/// change, and `write` is every other change.
pub fn permissions(role: Role) -> Vec<String> {
    let allowed = METHODS.iter().filter(|method| may_call(method, role));
    let mut names = BTreeSet::new();
    for (method, kind) in allowed.filter_map(|method| Some((method, kind(method)?))) {
        names.extend(method.owners.iter().map(|owner| format!("{owner}.{kind}")));
    }
    names.into_iter().collect()
}

/// Methods on what is one's own, and those of staff, are nobody's permission.
fn may_call(method: &Method, role: Role) -> bool {
    matches!(method.access, Access::Token { min_role, scope: Scope::Account | Scope::Site, .. } if role >= min_role)
}

fn kind(method: &Method) -> Option<&'static str> {
    let (rest, Access::Token { min_role, .. }) = (method.rest.as_ref()?, method.access) else { return None };
    Some(match (rest.verb, rest.rate_policy) {
        (Verb::Get, _) => "read",
        (_, RatePolicy::Ai) => "run",
        _ if min_role >= Role::Admin => "admin",
        _ => "write",
    })
}
