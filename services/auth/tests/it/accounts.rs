//! The account of the caller, and all accounts for staff.

use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use contracts::rest::v1::Role;
use rpc::{Error, Kind};
use uuid::Uuid;

use crate::fixtures::mask;
use crate::harness::{Auth, PASSWORD, Person, refusal};

async fn account(auth: &Auth, person: &Person) -> pb::Account {
    auth.accounts().get_account(person.request(pb::GetAccountRequest {})).await.unwrap().into_inner()
}

async fn cancel(auth: &Auth, person: &Person, password: &str) -> Result<pb::Account, Error> {
    let request = pb::CancelAccountRequest { password: password.to_owned() };
    Ok(auth.accounts().cancel_account(person.request(request)).await?.into_inner())
}

async fn restore(auth: &Auth, person: &Person) -> Result<pb::Account, Error> {
    Ok(auth.accounts().restore_account(person.request(pb::RestoreAccountRequest {})).await?.into_inner())
}

async fn enter(auth: &Auth, person: &Person, account: Uuid) -> Result<Person, Error> {
    let request = pb::EnterAccountRequest { id: account.to_string() };
    Ok(Person(auth.accounts().enter_account(person.request(request)).await?.into_inner()))
}

async fn list(auth: &Auth, person: &Person, request: pb::ListAccountsRequest) -> Result<Vec<String>, Error> {
    let page = auth.accounts().list_accounts(person.request(request)).await?.into_inner();
    assert_eq!(usize::try_from(page.count).unwrap(), page.results.len());
    Ok(page.results.into_iter().map(|account| account.name).collect())
}

#[tokio::test]
async fn an_owner_renames_the_account_and_an_admin_does_not() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let admin = auth.add_user(&ada, "grace@example.com", "admin").await;
    let rename = |person: &Person| {
        person.request(pb::UpdateAccountRequest { update_mask: mask(&["name"]), name: "Looms".to_owned() })
    };
    let error = refusal(auth.accounts().update_account(rename(&admin)).await);
    assert_eq!((error.kind(), error.reason()), (Kind::PermissionDenied, "ROLE_TOO_LOW"));
    auth.accounts().update_account(rename(&ada)).await.unwrap();
    assert_eq!(account(&auth, &admin).await.name, "Looms");
}

#[tokio::test]
async fn cancelling_asks_for_the_password_makes_read_only_and_can_be_taken_back() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    auth.execute("UPDATE igny8_accounts SET status = 'active'").await;
    assert_eq!(cancel(&auth, &ada, "wrong password").await.unwrap_err().violations()[0].field, "password");

    let cancelled = cancel(&auth, &ada, PASSWORD).await.unwrap();
    assert_eq!(cancelled.status(), pb::AccountStatus::Cancelled);
    let days = (cancelled.deletes_at.unwrap().seconds - chrono::Utc::now().timestamp()) / (24 * 60 * 60);
    assert!((29..=30).contains(&days));
    assert_eq!(cancel(&auth, &ada, PASSWORD).await.unwrap_err().reason(), "ACCOUNT_NOT_CANCELLABLE");

    let token = auth.exchange(Credential::AccessToken(ada.token().to_owned())).await.unwrap();
    let ada = Person(pb::Tokens { access_token: Some(token), ..ada.0 });
    let rename = ada.request(pb::UpdateAccountRequest { update_mask: mask(&["name"]), name: "Looms".to_owned() });
    assert_eq!(refusal(auth.accounts().update_account(rename).await).reason(), "ACCOUNT_SUSPENDED");

    let restored = restore(&auth, &ada).await.unwrap();
    assert_eq!((restored.status(), restored.deletes_at), (pb::AccountStatus::Active, None));
    assert_eq!(restore(&auth, &ada).await.unwrap_err().reason(), "ACCOUNT_NOT_CANCELLED");
    let audited = auth.audited(ada.account()).await;
    assert!(audited.ends_with(&["account.cancelled".to_owned(), "account.restored".to_owned()]));
}

#[tokio::test]
async fn a_suspended_account_cannot_be_cancelled_and_restored_to_life() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    auth.execute("UPDATE igny8_accounts SET status = 'suspended'").await;
    assert_eq!(cancel(&auth, &ada, PASSWORD).await.unwrap_err().reason(), "ACCOUNT_NOT_CANCELLABLE");
    assert_eq!(restore(&auth, &ada).await.unwrap_err().reason(), "ACCOUNT_NOT_CANCELLED");
}

#[tokio::test]
async fn a_cancelled_account_is_erased_after_the_grace_with_all_that_is_in_it() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.sign_up("bob@example.com").await;
    cancel(&auth, &ada, PASSWORD).await.unwrap();
    auth::sweeper::sweep(&auth.app.db).await.unwrap();
    assert_eq!(account(&auth, &ada).await.status(), pb::AccountStatus::Cancelled);

    auth.execute("UPDATE igny8_accounts SET deletes_at = now() - interval '1 second' WHERE status = 'cancelled'").await;
    assert_eq!(restore(&auth, &ada).await.unwrap_err().reason(), "ACCOUNT_NOT_CANCELLED");
    auth::sweeper::sweep(&auth.app.db).await.unwrap();
    for table in ["igny8_users", "igny8_sessions", "igny8_refresh_tokens", "igny8_user_tokens", "igny8_mails"] {
        assert_eq!(
            auth.count(&format!("SELECT FROM {table} WHERE account_id = '{}'", ada.account())).await,
            0,
            "{table}"
        );
    }
    assert_eq!(auth.count(&format!("SELECT FROM igny8_accounts WHERE id = '{}'", ada.account())).await, 0);
    assert_eq!(account(&auth, &bob).await.status(), pb::AccountStatus::Trial);
    auth.sign_up("ada@example.com").await;
}

#[tokio::test]
async fn a_developer_enters_an_account_with_an_owners_rights_and_leaves_a_trace() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let developer = auth.developer().await;
    let inside = enter(&auth, &developer, ada.account()).await.unwrap();
    assert_eq!((inside.0.refresh_token.as_ref(), inside.0.user_id.as_ref()), (None, None));

    let me = auth.sessions().get_me(inside.request(pb::GetMeRequest {})).await.unwrap().into_inner();
    assert_eq!(me.account.clone().unwrap().id, ada.account().to_string());
    assert_eq!((me.role(), me.user, me.entered_by), (Role::Owner, None, Some(developer.user().to_string())));
    assert_eq!(auth.audited(ada.account()).await.last().unwrap(), "account.entered");
    let trace =
        format!("SELECT FROM igny8_audit_log WHERE action = 'account.entered' AND entered_by = '{}'", developer.user());
    assert_eq!(auth.count(&trace).await, 1);

    let rename = inside.request(pb::UpdateAccountRequest { update_mask: mask(&["name"]), name: "Looms".to_owned() });
    auth.accounts().update_account(rename).await.unwrap();
    let personal = inside.request(pb::UpdateMeRequest { update_mask: mask(&["name"]), name: "Ada".to_owned() });
    assert_eq!(refusal(auth.sessions().update_me(personal).await).reason(), "USER_REQUIRED");
    assert!(enter(&auth, &inside, ada.account()).await.is_err(), "no way from one account into the next");
}

#[tokio::test]
async fn an_entry_ends_with_the_session_of_whoever_entered() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let developer = auth.developer().await;
    let inside = enter(&auth, &developer, ada.account()).await.unwrap();
    let exchanged = async || auth.exchange(Credential::AccessToken(inside.token().to_owned())).await;
    assert_eq!(exchanged().await.unwrap(), inside.token());
    auth.sessions().sign_out(developer.request(pb::SignOutRequest {})).await.unwrap();
    assert_eq!(exchanged().await.unwrap_err().reason(), "SESSION_ENDED");
}

#[tokio::test]
async fn ordinary_people_neither_list_nor_enter_accounts() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.sign_up("bob@example.com").await;
    let error = enter(&auth, &ada, bob.account()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::PermissionDenied);
    let error = list(&auth, &ada, pb::ListAccountsRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::PermissionDenied);
}

#[tokio::test]
async fn staff_find_accounts_by_name_and_status() {
    let auth = Auth::start().await;
    let developer = auth.developer().await;
    let ada = auth.sign_up("ada@example.com").await;
    auth.execute(&format!(
        "UPDATE igny8_accounts SET name = '100% Looms', status = 'active' WHERE id = '{}'",
        ada.account()
    ))
    .await;
    let find = async |filter| {
        let request = pb::ListAccountsRequest { ordering: "-name".into(), filter: Some(filter), ..Default::default() };
        list(&auth, &developer, request).await.unwrap()
    };
    assert_eq!(find(pb::AccountFilter::default()).await, ["IGNY8", "Analytical Engines", "100% Looms"]);
    let search = |search: &str| pb::AccountFilter { search: search.to_owned(), ..pb::AccountFilter::default() };
    assert_eq!(find(search("0% l")).await, ["100% Looms"]);
    assert!(find(search("_")).await.is_empty());
    let on_trial = pb::AccountFilter { status: vec![pb::AccountStatus::Trial.into()], ..pb::AccountFilter::default() };
    assert_eq!(find(on_trial).await, ["Analytical Engines"]);
}

#[tokio::test]
async fn an_account_that_does_not_exist_cannot_be_entered() {
    let auth = Auth::start().await;
    let developer = auth.developer().await;
    assert_eq!(enter(&auth, &developer, Uuid::now_v7()).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn only_a_user_who_exists_becomes_a_developer() {
    let auth = Auth::start().await;
    let error = auth::accounts::grant_developer(&auth.app.db, "nobody@example.com").await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}
