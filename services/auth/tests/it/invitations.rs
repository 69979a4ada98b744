//! Invitations, from the mail to the first sign-in.

use contracts::auth::v1 as pb;
use contracts::auth::v1::invitation_service_client::InvitationServiceClient;
use contracts::rest::v1::Role;
use futures_util::future::join_all;
use rpc::client::Channel;
use rpc::metadata::IDEMPOTENCY_KEY;
use rpc::{Error, Kind};
use testkit::{anonymous, metadata};
use uuid::Uuid;

use crate::fixtures::{actor, create_site, delete_site, get_site, users, wrong_fields};
use crate::harness::{Auth, PASSWORD, Person, refusal};

fn client(auth: &Auth) -> InvitationServiceClient<Channel> {
    InvitationServiceClient::new(auth.channel())
}

/// An owner whose address is verified.
async fn owner(auth: &Auth) -> Person {
    let ada = auth.sign_up("ada@example.com").await;
    auth.execute("UPDATE igny8_users SET email_verified_at = now()").await;
    ada
}

fn invitation(email: &str, role: Role, sites: &[&pb::Site]) -> pb::CreateInvitationRequest {
    let site_ids = sites.iter().map(|site| site.id.clone()).collect();
    pb::CreateInvitationRequest { email: email.to_owned(), role: role.into(), site_ids }
}

async fn invite(auth: &Auth, by: &Person, request: pb::CreateInvitationRequest) -> Result<pb::Invitation, Error> {
    Ok(client(auth).create_invitation(by.request(request)).await?.into_inner())
}

async fn accept(auth: &Auth, token: &str) -> Result<Person, Error> {
    let request = pb::AcceptInvitationRequest {
        token: token.to_owned(),
        name: "Bob".to_owned(),
        password: PASSWORD.to_owned(),
        cookie: false,
    };
    Ok(Person(client(auth).accept_invitation(anonymous(request)).await?.into_inner()))
}

async fn open(auth: &Auth, by: &Person) -> Vec<pb::Invitation> {
    let page = client(auth).list_invitations(by.request(pb::ListInvitationsRequest::default())).await;
    page.unwrap().into_inner().results
}

async fn token(auth: &Auth, email: &str) -> String {
    auth.link(email, "accept-invitation").await.unwrap()
}

#[tokio::test]
async fn who_is_invited_comes_in_with_the_role_and_sites_of_the_invitation() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    let site = create_site(&auth, &ada, "example.com").await;
    let other = create_site(&auth, &ada, "example.org").await;
    let sent = invite(&auth, &ada, invitation("Bob@Example.com", Role::Editor, &[&site])).await.unwrap();
    assert_eq!((sent.email.as_str(), sent.role()), ("bob@example.com", Role::Editor));
    assert_eq!(sent.invited_by, ada.user().to_string());
    assert_eq!(sent.expires_at.unwrap().seconds - sent.created_at.unwrap().seconds, 7 * 24 * 3600);
    assert_eq!(open(&auth, &ada).await, [sent]);

    let token = token(&auth, "bob@example.com").await;
    let bob = accept(&auth, &token).await.unwrap();
    assert_eq!(bob.account(), ada.account());
    let get = pb::GetUserRequest { id: bob.user().to_string() };
    let user = users(&auth).get_user(ada.request(get)).await.unwrap().into_inner();
    assert_eq!((user.name.as_str(), user.role(), user.email_verified), ("Bob", Role::Editor, true));
    assert_eq!(get_site(&auth, &bob, &site.id).await.unwrap(), site);
    assert_eq!(get_site(&auth, &bob, &other.id).await.unwrap_err().kind(), Kind::NotFound);
    auth.sign_in("bob@example.com").await;

    assert_eq!(open(&auth, &ada).await, []);
    let again = accept(&auth, &token).await.unwrap_err();
    assert_eq!((again.kind(), again.reason()), (Kind::FailedPrecondition, "INVITATION_INVALID"));
    let audited = auth.audited(ada.account()).await;
    for action in ["invitation.created", "invitation.accepted", "user.created"] {
        assert_eq!(audited.iter().filter(|&other| other == action).count(), 1, "{action}");
    }
}

#[tokio::test]
async fn an_invitation_makes_one_user_however_often_it_is_accepted_at_once() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    invite(&auth, &ada, invitation("bob@example.com", Role::Viewer, &[])).await.unwrap();
    let token = token(&auth, "bob@example.com").await;
    let accepted = join_all((0..4).map(|_| accept(&auth, &token))).await;
    let refused: Vec<_> = accepted.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.iter().map(Error::reason).collect::<Vec<_>>(), ["INVITATION_INVALID"; 3]);
    assert_eq!(auth.count("SELECT FROM igny8_users WHERE email = 'bob@example.com'").await, 1);
}

#[tokio::test]
async fn an_invitation_ends_after_seven_days_or_when_it_is_taken_back() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    invite(&auth, &ada, invitation("bob@example.com", Role::Viewer, &[])).await.unwrap();
    let expired = token(&auth, "bob@example.com").await;
    auth.execute("UPDATE igny8_invitations SET expires_at = now() - interval '1 second'").await;
    assert_eq!(accept(&auth, &expired).await.unwrap_err().reason(), "INVITATION_INVALID");
    assert_eq!(open(&auth, &ada).await, []);

    let sent = invite(&auth, &ada, invitation("bob@example.com", Role::Viewer, &[])).await.unwrap();
    let taken_back = token(&auth, "bob@example.com").await;
    assert_ne!(taken_back, expired);
    let delete = pb::DeleteInvitationRequest { id: sent.id };
    client(&auth).delete_invitation(ada.request(delete.clone())).await.unwrap();
    assert_eq!(accept(&auth, &taken_back).await.unwrap_err().reason(), "INVITATION_INVALID");
    assert_eq!(refusal(client(&auth).delete_invitation(ada.request(delete)).await).kind(), Kind::NotFound);
    assert_eq!(accept(&auth, "no-such-token").await.unwrap_err().reason(), "INVITATION_INVALID");
}

#[tokio::test]
async fn nobody_comes_into_an_account_that_is_read_only() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    invite(&auth, &ada, invitation("bob@example.com", Role::Viewer, &[])).await.unwrap();
    let token = token(&auth, "bob@example.com").await;
    auth.execute("UPDATE igny8_accounts SET status = 'suspended' WHERE NOT system").await;
    let refused = accept(&auth, &token).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::PermissionDenied, "ACCOUNT_SUSPENDED"));
    auth.execute("UPDATE igny8_accounts SET status = 'active' WHERE NOT system").await;
    accept(&auth, &token).await.unwrap();
}

#[tokio::test]
async fn an_address_is_invited_once_and_belongs_to_one_user() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    invite(&auth, &ada, invitation("bob@example.com", Role::Viewer, &[])).await.unwrap();
    let twice = invite(&auth, &ada, invitation("BOB@example.com", Role::Editor, &[])).await.unwrap_err();
    assert_eq!((twice.kind(), twice.reason()), (Kind::AlreadyExists, "INVITATION_EXISTS"));
    let mine = invite(&auth, &ada, invitation("ada@example.com", Role::Editor, &[])).await.unwrap_err();
    assert_eq!((mine.kind(), mine.reason()), (Kind::AlreadyExists, "EMAIL_TAKEN"));

    auth.sign_up("bob@example.com").await;
    let taken = accept(&auth, &token(&auth, "bob@example.com").await).await.unwrap_err();
    assert_eq!((taken.kind(), taken.reason()), (Kind::AlreadyExists, "EMAIL_TAKEN"));
    assert_eq!(open(&auth, &ada).await.len(), 1, "a refused acceptance uses nothing up");
}

#[tokio::test]
async fn only_who_confirmed_their_own_address_invites() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let refused = invite(&auth, &ada, invitation("bob@example.com", Role::Viewer, &[])).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "EMAIL_NOT_VERIFIED"));
    let program = testkit::Actor::program(ada.account(), Role::Admin, Uuid::now_v7());
    let by_program = program.request(invitation("bob@example.com", Role::Viewer, &[]));
    assert_eq!(refusal(client(&auth).create_invitation(by_program).await).kind(), Kind::PermissionDenied);
    assert_eq!(auth.count("SELECT FROM igny8_invitations").await, 0);
    assert_eq!(auth.count("SELECT FROM igny8_mails WHERE recipient = 'bob@example.com'").await, 0);
}

#[tokio::test]
async fn an_invitation_gives_what_its_sender_may_give() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    let site = create_site(&auth, &ada, "example.com").await;
    let gone = create_site(&auth, &ada, "example.org").await;
    delete_site(&auth, &ada, &gone).await;
    let admin = actor(&ada, Role::Admin).user(ada.user());
    let too_high = admin.request(invitation("bob@example.com", Role::Owner, &[]));
    assert_eq!(refusal(client(&auth).create_invitation(too_high).await).reason(), "ROLE_NOT_GRANTABLE");
    let developer = invite(&auth, &ada, invitation("bob@example.com", Role::Developer, &[])).await.unwrap_err();
    assert_eq!(developer.reason(), "ROLE_NOT_GRANTABLE");
    let unknown = ada.request(invitation("bob@example.com", Role::Editor, &[&site, &gone]));
    assert_eq!(wrong_fields(client(&auth).create_invitation(unknown).await), ["site_ids.1"]);
    let needless = ada.request(invitation("bob@example.com", Role::Admin, &[&site]));
    assert_eq!(wrong_fields(client(&auth).create_invitation(needless).await), ["site_ids"]);
}

#[tokio::test]
async fn a_site_that_went_in_the_meantime_is_left_out() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    let (stays, goes) =
        (create_site(&auth, &ada, "a.example.com").await, create_site(&auth, &ada, "b.example.com").await);
    invite(&auth, &ada, invitation("bob@example.com", Role::Viewer, &[&stays, &goes])).await.unwrap();
    delete_site(&auth, &ada, &goes).await;
    let bob = accept(&auth, &token(&auth, "bob@example.com").await).await.unwrap();
    assert_eq!(get_site(&auth, &bob, &stays.id).await.unwrap(), stays);
    assert_eq!(auth.count("SELECT FROM igny8_site_user_access").await, 1);
}

#[tokio::test]
async fn a_repeated_request_with_a_key_sends_one_mail() {
    let auth = Auth::start().await;
    let ada = owner(&auth).await;
    let request = |email| metadata(ada.request(invitation(email, Role::Viewer, &[])), IDEMPOTENCY_KEY, "key-1");
    let first = client(&auth).create_invitation(request("bob@example.com")).await.unwrap().into_inner();
    let second = client(&auth).create_invitation(request("bob@example.com")).await.unwrap().into_inner();
    assert_eq!(first, second);
    let mails = auth.mails().await;
    assert_eq!(mails.iter().filter(|mail| mail.contains("To: bob@example.com\n")).count(), 1);
    let other = refusal(client(&auth).create_invitation(request("eve@example.com")).await);
    assert_eq!(other.reason(), "IDEMPOTENCY_MISMATCH");
}
