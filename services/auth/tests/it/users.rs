//! Users: who may change whom, and the owner that an account keeps.

use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use contracts::rest::v1::{Deleted, Role};
use rpc::{Error, Kind};
use tonic::Request;

use crate::fixtures::{actor, mask, users, wrong_fields};
use crate::harness::{Auth, PASSWORD, Person};

fn role(of: &Person, role: Role) -> pb::UpdateUserRequest {
    let (id, role) = (of.user().to_string(), role.into());
    pb::UpdateUserRequest { id, role, update_mask: mask(&["role"]), ..pb::UpdateUserRequest::default() }
}

fn active(of: &Person, active: bool) -> pb::UpdateUserRequest {
    let id = of.user().to_string();
    pb::UpdateUserRequest { id, active, update_mask: mask(&["active"]), ..pb::UpdateUserRequest::default() }
}

async fn update(auth: &Auth, request: Request<pb::UpdateUserRequest>) -> Result<pb::User, Error> {
    Ok(users(auth).update_user(request).await?.into_inner())
}

async fn delete(auth: &Auth, by: &Person, of: &Person) -> Result<Deleted, Error> {
    let request = pb::DeleteUserRequest { id: of.user().to_string() };
    Ok(users(auth).delete_user(by.request(request)).await?.into_inner())
}

async fn get(auth: &Auth, by: &Person, of: &Person) -> Result<pb::User, Error> {
    let request = pb::GetUserRequest { id: of.user().to_string() };
    Ok(users(auth).get_user(by.request(request)).await?.into_inner())
}

async fn token_holds(auth: &Auth, person: &Person) -> bool {
    auth.exchange(Credential::AccessToken(person.token().to_owned())).await.is_ok()
}

#[tokio::test]
async fn an_admin_renames_a_user_and_changes_their_role() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let (admin, bob) =
        (auth.add_user(&ada, "eve@example.com", "admin").await, auth.add_user(&ada, "bob@example.com", "viewer").await);
    let change = pb::UpdateUserRequest {
        name: "Robert".to_owned(),
        update_mask: mask(&["name", "role"]),
        ..role(&bob, Role::Editor)
    };
    let changed = update(&auth, admin.request(change)).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.role(), changed.active), ("Robert", Role::Editor, true));
    assert_eq!(get(&auth, &bob, &bob).await.unwrap(), changed);
    assert!(!token_holds(&auth, &bob).await, "a token of the old role");

    let nobody = pb::UpdateUserRequest { id: ada.account().to_string(), ..role(&bob, Role::Editor) };
    assert_eq!(update(&auth, admin.request(nobody)).await.unwrap_err().kind(), Kind::NotFound);
    let nothing = pb::UpdateUserRequest { update_mask: mask(&["role"]), role: 0, ..role(&bob, Role::Viewer) };
    assert_eq!(wrong_fields(users(&auth).update_user(admin.request(nothing)).await), ["role"]);
}

#[tokio::test]
async fn nobody_gives_a_role_above_their_own() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let admin = auth.add_user(&ada, "eve@example.com", "admin").await;
    let bob = auth.add_user(&ada, "bob@example.com", "viewer").await;
    for (by, given) in [(&admin, Role::Owner), (&admin, Role::Developer), (&ada, Role::Developer)] {
        let refused = update(&auth, by.request(role(&bob, given))).await.unwrap_err();
        assert_eq!((refused.kind(), refused.reason()), (Kind::PermissionDenied, "ROLE_NOT_GRANTABLE"));
    }
    assert_eq!(update(&auth, ada.request(role(&bob, Role::Owner))).await.unwrap().role(), Role::Owner);
}

#[tokio::test]
async fn only_owners_change_owners() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let admin = auth.add_user(&ada, "eve@example.com", "admin").await;
    let owner = auth.add_user(&ada, "bob@example.com", "owner").await;
    for change in [role(&owner, Role::Viewer), active(&owner, false)] {
        let refused = update(&auth, admin.request(change)).await.unwrap_err();
        assert_eq!((refused.kind(), refused.reason()), (Kind::PermissionDenied, "ROLE_TOO_LOW"));
    }
    assert_eq!(delete(&auth, &admin, &owner).await.unwrap_err().reason(), "ROLE_TOO_LOW");
    let editor = actor(&ada, Role::Editor);
    assert_eq!(update(&auth, editor.request(role(&admin, Role::Viewer))).await.unwrap_err().reason(), "ROLE_TOO_LOW");
    assert_eq!(update(&auth, ada.request(role(&owner, Role::Viewer))).await.unwrap().role(), Role::Viewer);
}

#[tokio::test]
async fn the_last_owner_stays_an_active_owner() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let inactive = auth.add_user(&ada, "bob@example.com", "owner").await;
    update(&auth, ada.request(active(&inactive, false))).await.unwrap();

    for change in [role(&ada, Role::Admin), active(&ada, false)] {
        let refused = update(&auth, ada.request(change)).await.unwrap_err();
        assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "LAST_OWNER"));
    }
    assert_eq!(delete(&auth, &ada, &ada).await.unwrap_err().reason(), "LAST_OWNER");
    assert!(token_holds(&auth, &ada).await);

    update(&auth, ada.request(active(&inactive, true))).await.unwrap();
    delete(&auth, &ada, &ada).await.unwrap();
}

#[tokio::test]
async fn of_two_owners_who_demote_each_other_at_once_one_stays() {
    let auth = Auth::start().await;
    for round in 0..5 {
        let ada = auth.sign_up(&format!("ada{round}@example.com")).await;
        let bob = auth.add_user(&ada, &format!("bob{round}@example.com"), "owner").await;
        let (one, other) = tokio::join!(
            update(&auth, ada.request(role(&bob, Role::Admin))),
            update(&auth, bob.request(role(&ada, Role::Admin)))
        );
        let refused = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert_eq!(refused.iter().map(Error::reason).collect::<Vec<_>>(), ["LAST_OWNER"]);
        let owners = format!("SELECT FROM igny8_users WHERE account_id = '{}' AND role = 'owner'", ada.account());
        assert_eq!(auth.count(&owners).await, 1);
    }
}

#[tokio::test]
async fn a_deactivated_user_is_signed_out_and_cannot_sign_in() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "editor").await;
    update(&auth, ada.request(active(&bob, false))).await.unwrap();

    assert!(!token_holds(&auth, &bob).await);
    assert_eq!(auth.try_sign_in("bob@example.com", PASSWORD).await.unwrap_err().reason(), "SIGN_IN_FAILED");
    update(&auth, ada.request(active(&bob, true))).await.unwrap();
    assert!(!token_holds(&auth, &bob).await, "the sessions of before stay ended");
    auth.sign_in("bob@example.com").await;
}

#[tokio::test]
async fn a_new_name_ends_no_token() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let name = "Countess".to_owned();
    let change = pb::UpdateUserRequest { name, update_mask: mask(&["name"]), ..role(&ada, Role::Unspecified) };
    assert_eq!(update(&auth, ada.request(change)).await.unwrap().name, "Countess");
    assert!(token_holds(&auth, &ada).await);
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_sessions_and_keys() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "admin").await;
    let key = crate::api_keys::create(&auth, &bob, crate::api_keys::key("bob's")).await.unwrap();
    delete(&auth, &ada, &bob).await.unwrap();

    assert_eq!(get(&auth, &ada, &bob).await.unwrap_err().kind(), Kind::NotFound);
    assert!(!token_holds(&auth, &bob).await);
    assert!(auth.exchange(Credential::ApiKey(key.secret)).await.is_err());
    assert_eq!(auth.try_sign_in("bob@example.com", PASSWORD).await.unwrap_err().reason(), "SIGN_IN_FAILED");
    assert_eq!(delete(&auth, &ada, &bob).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn another_account_cannot_see_or_change_a_user() {
    let auth = Auth::start().await;
    let (ada, bob) = (auth.sign_up("ada@example.com").await, auth.sign_up("bob@example.com").await);
    assert_eq!(get(&auth, &bob, &ada).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(update(&auth, bob.request(role(&ada, Role::Viewer))).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(delete(&auth, &bob, &ada).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_list_of_users_is_filtered_and_ordered() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    auth.sign_up("stranger@example.com").await;
    let bob = auth.add_user(&ada, "bob@example.org", "viewer").await;
    auth.add_user(&ada, "eve@example.org", "editor").await;
    update(&auth, ada.request(active(&bob, false))).await.unwrap();
    auth.execute("UPDATE igny8_users SET last_sign_in_at = NULL WHERE email LIKE 'bob@%'").await;

    let list = async |ordering: &str, filter: pb::UserFilter| {
        let (ordering, filter) = (ordering.to_owned(), Some(filter));
        let request = pb::ListUsersRequest { ordering, filter, ..pb::ListUsersRequest::default() };
        let page = users(&auth).list_users(ada.request(request)).await.unwrap().into_inner();
        let emails = page.results.into_iter().map(|user| user.email).collect::<Vec<_>>();
        (page.count, emails.join(" "))
    };
    let all = pb::UserFilter::default;
    assert_eq!(list("-email", all()).await, (3, "eve@example.org bob@example.org ada@example.com".to_owned()));
    assert_eq!(list("created_at", all()).await, (3, "ada@example.com bob@example.org eve@example.org".to_owned()));
    assert_eq!(list("-last_sign_in_at", all()).await.1, "eve@example.org ada@example.com bob@example.org");
    let roles = vec![Role::Owner.into(), Role::Editor.into()];
    assert_eq!(list("email", pb::UserFilter { role: roles, ..all() }).await.1, "ada@example.com eve@example.org");
    assert_eq!(list("", pb::UserFilter { active: Some(false), ..all() }).await, (1, "bob@example.org".to_owned()));
    assert_eq!(list("", pb::UserFilter { search: "EXAMPLE.ORG".to_owned(), ..all() }).await.0, 2);
    assert_eq!(list("", pb::UserFilter { search: "lovelace".to_owned(), ..all() }).await.0, 1);
}
