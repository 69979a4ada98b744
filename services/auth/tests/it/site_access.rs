//! Grants of sites to users.

use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use contracts::rest::v1::Role;
use rpc::{Error, Kind};

use crate::fixtures::{actor, create_site, delete_site, get_site, id, site_access, undo};
use crate::harness::{Auth, Person, refusal};

async fn grant(auth: &Auth, by: &Person, user: &Person, site: &pb::Site) -> Result<pb::SiteAccess, Error> {
    let (user_id, site_id) = (user.user().to_string(), site.id.clone());
    let request = by.request(pb::CreateSiteAccessRequest { user_id, site_id });
    Ok(site_access(auth).create_site_access(request).await?.into_inner())
}

async fn list(auth: &Auth, by: &Person, filter: pb::SiteAccessFilter) -> Vec<pb::SiteAccess> {
    let request = pb::ListSiteAccessRequest { filter: Some(filter), ..pb::ListSiteAccessRequest::default() };
    let page = site_access(auth).list_site_access(by.request(request)).await.unwrap().into_inner();
    assert_eq!(usize::try_from(page.count), Ok(page.results.len()));
    page.results
}

/// With the token that the gateway gets for the one it was shown.
async fn renewed(auth: &Auth, person: &Person) -> Person {
    let access_token = auth.exchange(Credential::AccessToken(person.token().to_owned())).await.unwrap();
    Person(pb::Tokens { access_token: Some(access_token), ..person.0.clone() })
}

#[tokio::test]
async fn an_editor_sees_a_site_from_the_grant_to_its_end() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "editor").await;
    assert_eq!(get_site(&auth, &bob, &site.id).await.unwrap_err().kind(), Kind::NotFound);

    let access = grant(&auth, &ada, &bob, &site).await.unwrap();
    assert_eq!((id(&access.user_id), access.site_id.as_str()), (bob.user(), site.id.as_str()));
    let bob = renewed(&auth, &bob).await;
    assert_eq!(get_site(&auth, &bob, &site.id).await.unwrap(), site);

    let request = pb::DeleteSiteAccessRequest { id: access.id.clone() };
    site_access(&auth).delete_site_access(ada.request(request.clone())).await.unwrap();
    let bob = renewed(&auth, &bob).await;
    assert_eq!(get_site(&auth, &bob, &site.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(refusal(site_access(&auth).delete_site_access(ada.request(request)).await).kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_site_is_granted_once() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "editor").await;
    grant(&auth, &ada, &bob, &site).await.unwrap();
    let again = grant(&auth, &ada, &bob, &site).await.unwrap_err();
    assert_eq!((again.kind(), again.reason()), (Kind::AlreadyExists, "ACCESS_ALREADY_GRANTED"));
}

#[tokio::test]
async fn nothing_of_another_account_is_granted() {
    let auth = Auth::start().await;
    let (ada, bob) = (auth.sign_up("ada@example.com").await, auth.sign_up("bob@example.com").await);
    let (mine, theirs) =
        (create_site(&auth, &ada, "a.example.com").await, create_site(&auth, &bob, "b.example.com").await);
    let audited = auth.audited(ada.account()).await;

    let user = grant(&auth, &ada, &bob, &mine).await.unwrap_err();
    assert_eq!((user.kind(), user.violations()[0].field.as_str()), (Kind::InvalidArgument, "user_id"));
    let site = grant(&auth, &ada, &ada, &theirs).await.unwrap_err();
    assert_eq!((site.kind(), site.violations()[0].field.as_str()), (Kind::InvalidArgument, "site_id"));
    assert_eq!(auth.count("SELECT FROM igny8_site_user_access").await, 0);
    assert_eq!(auth.audited(ada.account()).await, audited);
}

#[tokio::test]
async fn the_database_itself_keeps_a_grant_inside_its_account() {
    let auth = Auth::start().await;
    let (ada, bob) = (auth.sign_up("ada@example.com").await, auth.sign_up("bob@example.com").await);
    let mine = create_site(&auth, &ada, "a.example.com").await;
    let (account, user, site) = (ada.account(), bob.user(), id(&mine.id));
    let insert = format!(
        "INSERT INTO igny8_site_user_access (account_id, id, user_id, site_id)
         VALUES ('{account}', gen_random_uuid(), '{user}', '{site}')"
    );
    let refused = auth.database.superuser().await.execute(&insert, &[]).await.unwrap_err();
    let constraint = refused.as_db_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("igny8_site_user_access_user_id_fkey"));
}

#[tokio::test]
async fn grants_are_listed_by_user_and_site_while_both_live() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let (one, two) =
        (create_site(&auth, &ada, "one.example.com").await, create_site(&auth, &ada, "two.example.com").await);
    let bob = auth.add_user(&ada, "bob@example.com", "editor").await;
    let eve = auth.add_user(&ada, "eve@example.com", "viewer").await;
    let first = grant(&auth, &ada, &bob, &one).await.unwrap();
    let second = grant(&auth, &ada, &bob, &two).await.unwrap();
    let third = grant(&auth, &ada, &eve, &two).await.unwrap();

    let all = pb::SiteAccessFilter::default;
    assert_eq!(list(&auth, &ada, all()).await, [first.clone(), second.clone(), third.clone()]);
    let of_bob = pb::SiteAccessFilter { user_id: Some(bob.user().to_string()), ..all() };
    assert_eq!(list(&auth, &ada, of_bob).await, [first.clone(), second.clone()]);
    let of_two = pb::SiteAccessFilter { site_id: Some(two.id.clone()), ..all() };
    assert_eq!(list(&auth, &ada, of_two).await, [second.clone(), third.clone()]);

    let deleted = delete_site(&auth, &ada, &two).await;
    assert_eq!(list(&auth, &ada, all()).await, std::slice::from_ref(&first));
    undo(&auth, &ada, &deleted).await.unwrap();
    assert_eq!(list(&auth, &ada, all()).await, [first, second, third]);
}

#[tokio::test]
async fn editors_grant_nothing() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let request = pb::CreateSiteAccessRequest { user_id: ada.user().to_string(), site_id: site.id };
    let refused = site_access(&auth).create_site_access(actor(&ada, Role::Editor).request(request)).await;
    assert_eq!(refusal(refused).reason(), "ROLE_TOO_LOW");
}
