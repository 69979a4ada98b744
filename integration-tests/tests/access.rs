//! Every method of the contracts, called by those who may not. Driven by the table of methods and `openapi.json`: a new method is covered
//! without a change here.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "an answer without the part looked for fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};

use contracts::{
    Access, METHODS,
    rest::v1::{Role, Scope},
};
use integration_tests::{
    fleet::{Answer, Fleet},
    people::Person,
    samples::{Ids, Operation, in_a_month, noun, operations},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Whom nobody asks for a token. Reviewed: whoever adds a method here makes it public to the world.
const PUBLIC: &[&str] = &[
    "industries_get",
    "industries_list",
    "invitations_accept_invitation",
    "passwords_request_password_reset",
    "passwords_reset_password",
    "passwords_verify_email",
    "plans_list",
    "sessions_refresh",
    "sessions_sign_in",
    "sessions_sign_up",
];

/// For what services do by themselves.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

const ROLES: &[(Role, &str)] =
    &[(Role::Viewer, "viewer"), (Role::Editor, "editor"), (Role::Admin, "admin"), (Role::Owner, "owner")];

/// The operations with what the table says of their callers.
fn token_operations() -> Vec<(Operation, Role, Scope)> {
    let access: BTreeMap<&str, &Access> = METHODS.iter().map(|method| (method.operation, &method.access)).collect();
    let all = operations(contracts::OPENAPI).into_iter();
    all.filter_map(|operation| match access.get(operation.id.as_str()) {
        Some(Access::Token { min_role, scope, .. }) => Some((operation, *min_role, *scope)),
        _ => None,
    })
    .collect()
}

async fn call(fleet: &Fleet, operation: &Operation, token: Option<&str>, ids: &Ids) -> Answer {
    let path = operation.at(&Uuid::now_v7().to_string());
    fleet.call(&operation.verb, &path, token, operation.body(ids, 1).as_ref()).await
}

#[test]
fn the_public_methods_are_those_reviewed() {
    let public: BTreeSet<&str> = METHODS
        .iter()
        .filter(|method| matches!(method.access, Access::Public))
        .map(|method| method.operation)
        .collect();
    assert_eq!(public, PUBLIC.iter().copied().collect());
    let documented: BTreeSet<String> =
        operations(contracts::OPENAPI).into_iter().filter(Operation::is_public).map(|operation| operation.id).collect();
    assert_eq!(documented, PUBLIC.iter().map(|id| (*id).to_owned()).collect(), "openapi.json tells the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_every_other_method_answers_401() {
    let fleet = Fleet::start().await;
    for (operation, ..) in token_operations() {
        let answer = call(&fleet, &operation, None, &Ids::new()).await;
        assert_eq!(answer.status, 401, "{}: {}", operation.id, answer.text);
        assert!(answer.headers.contains_key("www-authenticate"), "{}", operation.id);
        assert_eq!(answer.json["success"], false, "{}", operation.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_too_low_a_role_every_method_answers_403() {
    let fleet = Fleet::start().await;
    for (role, name) in ROLES {
        let person = fleet.person(name).await;
        for (operation, min_role, scope) in token_operations() {
            if role >= &min_role && scope != Scope::System {
                continue;
            }
            let answer = call(&fleet, &operation, Some(&person.token), &Ids::new()).await;
            assert_eq!(answer.status, 403, "{name} calls {}: {}", operation.id, answer.text);
            assert_eq!(answer.json["code"], "PERMISSION_DENIED", "{name} calls {}", operation.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_may_not_do_what_is_a_persons_own() {
    let fleet = Fleet::start().await;
    let owner = fleet.owner("with-a-key").await;
    let made = fleet
        .call("POST", "/api/v1/auth/api_keys/", Some(&owner.token), Some(&json!({ "name": "key", "role": "owner" })))
        .await;
    let key = made.json["data"]["secret"].as_str().expect("a secret").to_owned();
    for (operation, _, scope) in token_operations().into_iter().filter(|(_, _, scope)| *scope == Scope::User) {
        let answer = call(&fleet, &operation, Some(&key), &Ids::new()).await;
        assert_eq!(answer.status, 403, "{scope:?} {}: {}", operation.id, answer.text);
        assert_eq!(answer.json["reason"], "USER_REQUIRED", "{}", operation.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_sees_and_changes_nothing() {
    let fleet = Fleet::start().await;
    let first = fleet.owner("first").await;
    let (mut ids, secret_ids) = fill(&fleet, &first).await;
    // Files come of uploads, which no sample makes.
    ids.entry("file".to_owned()).or_default().push(Uuid::now_v7().to_string());
    let other = fleet.owner("other").await;
    let before = fleet.rows_of(&first.account).await;
    assert!(before.len() > 5, "the first account has rows in {before:?}");
    let mut wrong = Vec::new();

    for (operation, _, scope) in token_operations() {
        // Signing out and the like are among the calls.
        let token = fleet.sign_in(&other.email).await;
        if operation.has_path_parameter() {
            for id in &secret_ids {
                let answer = fleet
                    .call(&operation.verb, &operation.at(id), Some(&token), operation.body(&ids, 2).as_ref())
                    .await;
                let expected = match scope {
                    Scope::System => 403,
                    _ if operation.takes_a_file() => 415,
                    _ => 404,
                };
                if answer.status != expected {
                    wrong.push(format!("{} of {id}: {} {}", operation.id, answer.status, answer.text));
                }
            }
        } else {
            let answers = foreign_calls(&fleet, &operation, &token, &ids).await;
            for answer in answers {
                let leaked = secret_ids.iter().find(|id| answer.text.contains(id.as_str()));
                assert_eq!(leaked, None, "{} tells another account's id: {}", operation.id, answer.text);
            }
        }
    }
    assert_eq!(wrong, [""; 0], "a stranger is told what is there");
    assert_eq!(fleet.rows_of(&first.account).await, before, "rows of the first account changed");
}

/// A method without an id in its path, called with the first account's ids in its body and in each query parameter that takes one.
async fn foreign_calls(fleet: &Fleet, operation: &Operation, token: &str, ids: &Ids) -> Vec<Answer> {
    let path = &operation.path;
    let mut answers = vec![fleet.call(&operation.verb, path, Some(token), operation.body(ids, 3).as_ref()).await];
    for parameter in operation.id_parameters() {
        for id in ids.get(parameter.trim_end_matches("_id")).into_iter().flatten() {
            answers.push(fleet.call(&operation.verb, &format!("{path}?{parameter}={id}"), Some(token), None).await);
        }
    }
    answers
}

/// Lets an account make two of everything that can be made, and delete one of what it made. Answers all ids by noun, and those that no
/// stranger may see or use, tokens of deletions among them.
async fn fill(fleet: &Fleet, person: &Person) -> (Ids, BTreeSet<String>) {
    let all = operations(contracts::OPENAPI);
    let of_account: BTreeSet<String> = token_operations()
        .into_iter()
        .filter(|(operation, _, scope)| *scope != Scope::System && !operation.has_path_parameter())
        .map(|(operation, ..)| operation.id)
        .collect();
    let lists = || all.iter().filter(|operation| operation.id.ends_with("_list") && !operation.has_path_parameter());
    let (mut ids, mut refusals) = (Ids::new(), BTreeMap::new());
    for salt in 0..4 {
        collect(fleet, lists(), Some(person), &mut ids).await;
        for operation in
            all.iter().filter(|operation| operation.id.ends_with("_create") && of_account.contains(&operation.id))
        {
            if let Some(body) = operation.body(&ids, salt) {
                // Granting oneself something ends one's tokens.
                let token = fleet.sign_in(&person.email).await;
                let made = fleet.call(&operation.verb, &operation.path, Some(&token), Some(&body)).await;
                if made.status >= 400 {
                    refusals.insert(noun(&operation.path), made.text);
                }
            }
        }
    }
    work(fleet, &all, person, &ids).await;
    let undo_tokens = delete_one_of_each(fleet, &all, person, &ids).await;
    let of_account: Vec<&Operation> = lists().filter(|operation| of_account.contains(&operation.id)).collect();
    has_all(fleet, &of_account, person, &refusals).await;
    ids.clear();
    collect(fleet, lists(), Some(person), &mut ids).await;

    let public: BTreeSet<String> = ids_of_public_lists(fleet, lists()).await;
    let own = ids.values().flatten().filter(|id| !public.contains(*id)).cloned().chain(undo_tokens).collect();
    (ids, own)
}

/// What comes of work and not of creating: an import, a job with all that it leaves behind, and a publication, whose time comes long after
/// the test.
async fn work(fleet: &Fleet, all: &[Operation], person: &Person, ids: &Ids) {
    for id in ["imports_paste_keywords", "clusters_auto_cluster"] {
        let operation = all.iter().find(|operation| operation.id == id).expect("the contract has it");
        let sample = operation.body(ids, 0).expect("a body");
        let mut body = json!({ "site_id": sample["site_id"], "sector_id": sample["sector_id"] });
        if id == "imports_paste_keywords" {
            body["text"] = json!("red shoes\nblue shoes");
        }
        let token = fleet.sign_in(&person.email).await;
        let answer = fleet.call(&operation.verb, &operation.path, Some(&token), Some(&body)).await;
        assert!((200..300).contains(&answer.status), "{id}: {}", answer.text);
    }
    let token = fleet.sign_in(&person.email).await;
    let content = ids["content"].first().expect("an article was written by hand");
    let decide = format!("/api/v1/writer/content/{content}");
    let publication = json!({ "content_id": content, "scheduled_for": in_a_month().to_rfc3339() });
    let calls = [
        (format!("{decide}/submit/"), json!({})),
        (format!("{decide}/approve/"), json!({})),
        ("/api/v1/publisher/publications/".to_owned(), publication),
    ];
    for (path, body) in calls {
        let answer = fleet.call("POST", &path, Some(&token), Some(&body)).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text);
    }
}

/// Waits until no list of the account is empty: what services tell each other takes a moment.
async fn has_all(fleet: &Fleet, lists: &[&Operation], person: &Person, refusals: &BTreeMap<String, String>) {
    let token = fleet.sign_in(&person.email).await;
    let begun = std::time::Instant::now();
    for list in lists {
        loop {
            let page = fleet.call("GET", &list.path, Some(&token), None).await;
            if page.json["results"].as_array().is_some_and(|rows| !rows.is_empty()) {
                break;
            }
            let noun = noun(&list.path);
            assert!(begun.elapsed() < PATIENCE, "the first account has no {noun}: {:?}", refusals.get(&noun));
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}

async fn delete_one_of_each(fleet: &Fleet, all: &[Operation], person: &Person, ids: &Ids) -> Vec<String> {
    let mut tokens = Vec::new();
    for operation in all.iter().filter(|operation| operation.id.ends_with("_delete")) {
        // The last: what was there from the start, such as the owner and the session, stays.
        let made = ids.get(&noun(&operation.path)).filter(|ids| ids.len() > 1).and_then(|ids| ids.last());
        if let Some(id) = made {
            let token = fleet.sign_in(&person.email).await;
            let answer = fleet.call(&operation.verb, &operation.at(id), Some(&token), None).await;
            tokens.extend(answer.json["data"]["undo_token"].as_str().map(str::to_owned));
        }
    }
    assert!(!tokens.is_empty(), "no deletion gave an undo token");
    tokens
}

async fn collect(fleet: &Fleet, lists: impl Iterator<Item = &Operation>, person: Option<&Person>, ids: &mut Ids) {
    let token = match person {
        Some(person) => Some(fleet.sign_in(&person.email).await),
        None => None,
    };
    for list in lists {
        let page = fleet.call("GET", &list.path, token.as_deref(), None).await;
        let results = page.json["results"].as_array().cloned().unwrap_or_default();
        // A name that every account has, as that of a prompt, tells nothing.
        let ids_of_rows = results.iter().filter_map(|row| row["id"].as_str()).filter(|id| Uuid::try_parse(id).is_ok());
        let mut found: Vec<String> = ids_of_rows.map(str::to_owned).collect();
        found.sort();
        ids.insert(noun(&list.path), found);
    }
}

async fn ids_of_public_lists(fleet: &Fleet, lists: impl Iterator<Item = &Operation>) -> BTreeSet<String> {
    let mut ids = Ids::new();
    collect(fleet, lists.filter(|operation| operation.is_public()), None, &mut ids).await;
    ids.into_values().flatten().collect()
}

#[test]
fn every_method_with_a_token_says_who_may_call_it() {
    for method in METHODS {
        if let Access::Token { min_role, scope, .. } = method.access {
            assert_ne!(min_role, Role::Unspecified, "{}", method.path);
            assert!(!matches!(scope, Scope::Unspecified | Scope::Public), "{}", method.path);
        }
        assert_eq!(method.rest.is_none(), matches!(method.access, Access::Internal { .. }), "{}", method.path);
    }
    assert!(serde_json::from_str::<Value>(contracts::OPENAPI).is_ok());
}
