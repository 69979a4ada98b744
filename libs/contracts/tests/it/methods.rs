//! The table of methods.

use std::{collections::HashSet, time::Duration};

use contracts::{
    Access, Body, ENUMS, Kind, METHODS, Verb, method,
    rest::v1::{RatePolicy, Role, Scope, Shape},
};

/// Counted in the protos themselves, so that the generator cannot leave one out.
fn declared() -> Vec<String> {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/igny8");
    let mut declared = Vec::new();
    for service in std::fs::read_dir(protos).unwrap() {
        let service = service.unwrap();
        for file in std::fs::read_dir(service.path().join("v1")).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let owner = text.lines().find_map(|line| line.strip_prefix("service ")?.split(' ').next());
            let rpcs = text.lines().filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next());
            let package = service.file_name().into_string().unwrap();
            declared.extend(rpcs.map(|rpc| format!("/igny8.{package}.v1.{}/{rpc}", owner.unwrap())));
        }
    }
    declared.sort();
    declared
}

#[test]
fn every_method_is_in_the_table_in_order() {
    let table: Vec<_> = METHODS.iter().map(|method| method.path.to_owned()).collect();
    assert_eq!(table, declared());
}

#[test]
fn a_method_is_found_by_its_path() {
    for expected in METHODS {
        assert_eq!(method(expected.path).unwrap().operation, expected.operation);
    }
    assert!(method("/igny8.auth.v1.SiteService/Nothing").is_none());
}

#[test]
fn operations_are_unique() {
    let operations: HashSet<_> = METHODS.iter().map(|method| method.operation).collect();
    assert_eq!(operations.len(), METHODS.len());
}

#[test]
fn a_row_says_what_the_options_say() {
    let create = method("/igny8.auth.v1.InvitationService/CreateInvitation").unwrap();
    assert_eq!((create.owners, create.operation), (&["auth"][..], "invitations_create"));
    assert_eq!(create.timeout, Duration::from_secs(10));
    let Access::Token { min_role, scope, while_suspended } = create.access else { panic!("{:?}", create.access) };
    assert_eq!((min_role, scope, while_suspended), (Role::Admin, Scope::User, false));
    let rest = create.rest.as_ref().unwrap();
    assert_eq!((rest.verb, rest.path, rest.body), (Verb::Post, "/api/v1/auth/invitations", Body::All));
    assert_eq!((rest.shape, rest.status, rest.other_status), (Shape::Envelope, 201, None));
    assert_eq!((rest.rate_policy, rest.idempotency_key, rest.upload), (RatePolicy::Standard, true, false));
}

#[test]
fn a_shared_package_has_the_owners_that_it_names() {
    let progress = method("/igny8.progress.v1.ProgressService/GetProgress").unwrap();
    assert_eq!(progress.owners, ["planner", "writer", "publisher", "ai-processor"]);
}

#[test]
fn public_and_internal_methods_have_no_role() {
    let sign_in = method("/igny8.auth.v1.SessionService/SignIn").unwrap();
    assert!(matches!(sign_in.access, Access::Public));
    let exchange = method("/igny8.auth.v1.SessionService/Exchange").unwrap();
    assert!(matches!(exchange.access, Access::Internal { callers: ["gateway"] }), "{:?}", exchange.access);
    assert!(exchange.rest.is_none());
}

#[test]
fn the_fields_of_a_request_are_in_the_table() {
    let list = method("/igny8.auth.v1.UserService/ListUsers").unwrap().request;
    assert_eq!(list.name, "igny8.auth.v1.ListUsersRequest");
    let names: Vec<_> = list.fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["page", "page_size", "ordering", "filter"]);
    let filter = list.field("filter").unwrap();
    let Kind::Message(filter_message) = filter.kind else { panic!("{filter:?}") };
    assert!(filter.flattened && filter.nullable);
    let role = filter_message.field("role").unwrap();
    assert!(role.repeated && !role.nullable && !role.required);
    assert!(matches!(role.kind, Kind::Enum(["viewer", "editor", "admin", "owner", "developer"])), "{role:?}");
}

#[test]
fn a_field_is_required_when_its_default_is_refused() {
    let site = method("/igny8.auth.v1.SiteService/CreateSite").unwrap().request;
    let required: Vec<_> = site.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    assert_eq!(required, ["name", "domain", "sectors"]);
}

#[test]
fn credentials_are_marked_as_secrets() {
    let secrets: HashSet<_> = METHODS
        .iter()
        .flat_map(|method| method.request.fields.iter().chain(method.response.fields))
        .filter(|field| field.secret)
        .map(|field| field.name)
        .collect();
    for name in [
        "password",
        "current_password",
        "new_password",
        "refresh_token",
        "access_token",
        "token",
        "secret",
        "session",
        "api_key",
    ] {
        assert!(secrets.contains(name), "{name}");
    }
}

#[test]
fn enums_are_sorted_and_complete() {
    assert!(ENUMS.is_sorted());
    let names: Vec<_> = ENUMS.iter().map(|(name, _)| *name).collect();
    assert!(names.contains(&"igny8.auth.v1.AccountStatus") && names.contains(&"igny8.rest.v1.Role"), "{names:?}");
}
