//! Signing up, in and out.

use contracts::auth::v1 as pb;
use contracts::rest::v1::Role;
use prost_types::FieldMask;
use rpc::{Error, Kind};
use testkit::anonymous;
use tonic::Request;
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use crate::harness::{Auth, PASSWORD, Person, refusal, sign_up_request};

async fn me(auth: &Auth, person: &Person) -> Result<pb::Me, Error> {
    Ok(auth.sessions().get_me(person.request(pb::GetMeRequest {})).await?.into_inner())
}

async fn refresh(auth: &Auth, token: String) -> Result<Person, Error> {
    Ok(Person(auth.sessions().refresh(anonymous(pb::RefreshRequest { refresh_token: token })).await?.into_inner()))
}

async fn sessions_of(auth: &Auth, person: &Person) -> Vec<pb::Session> {
    let request = person.request(pb::ListSessionsRequest::default());
    auth.sessions().list_sessions(request).await.unwrap().into_inner().results
}

fn cookie_of(metadata: &MetadataMap) -> (String, i64) {
    let text = |name| metadata.get(name).unwrap().to_str().unwrap().to_owned();
    (text("x-igny8-session"), text("x-igny8-session-max-age").parse().unwrap())
}

#[tokio::test]
async fn somebody_signs_up_signs_in_and_is_known() {
    let auth = Auth::start().await;
    let site = pb::SiteInput {
        name: "Engines".to_owned(),
        domain: "engines.example.com".to_owned(),
        sectors: vec![pb::SectorInput { name: "Looms".to_owned(), ..pb::SectorInput::default() }],
        ..pb::SiteInput::default()
    };
    let request = pb::SignUpRequest { site: Some(site), ..sign_up_request() };
    let ada = Person(auth.sessions().sign_up(anonymous(request)).await.unwrap().into_inner());
    assert_eq!(ada.0.expires_in, 15 * 60);

    let again = auth.sign_in("ada@example.com").await;
    let me = me(&auth, &again).await.unwrap();
    let account = me.account.clone().unwrap();
    assert_eq!((account.id.parse(), account.name.as_str()), (Ok(ada.account()), "Analytical Engines"));
    assert_eq!(account.status(), pb::AccountStatus::Trial);
    let user = me.user.clone().unwrap();
    assert_eq!((user.name.as_str(), user.email.as_str()), ("Ada Lovelace", "ada@example.com"));
    assert!(!user.email_verified);
    assert_eq!((me.role(), me.entered_by.as_ref()), (Role::Owner, None));
    assert!(me.permissions.contains(&"auth.admin".to_owned()));
    assert_eq!((me.sites[0].domain.as_str(), me.sites[0].sectors[0].name.as_str()), ("engines.example.com", "Looms"));
    let audited = auth.audited(ada.account()).await;
    assert_eq!(audited, ["account.created", "site.created", "session.signed_in", "session.signed_in"]);
}

#[tokio::test]
async fn a_site_that_cannot_be_made_leaves_no_account_behind() {
    let auth = Auth::start().await;
    let site = pb::SiteInput {
        name: "Engines".to_owned(),
        domain: "engines.example.com".to_owned(),
        industry_id: Some(Uuid::now_v7().to_string()),
        sectors: vec![pb::SectorInput { name: "Looms".to_owned(), ..pb::SectorInput::default() }],
        ..pb::SiteInput::default()
    };
    let request = pb::SignUpRequest { site: Some(site), ..sign_up_request() };
    let error = refusal(auth.sessions().sign_up(anonymous(request)).await);
    assert_eq!(error.kind(), Kind::InvalidArgument);
    assert_eq!(auth.count("SELECT FROM igny8_accounts WHERE NOT system").await, 0);
    assert!(auth.mails().await.is_empty());
}

#[tokio::test]
async fn an_address_signs_up_once_in_whatever_case() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    for email in ["ada@example.com", "ADA@Example.com"] {
        let request = pb::SignUpRequest { email: email.to_owned(), ..sign_up_request() };
        let error = refusal(auth.sessions().sign_up(anonymous(request)).await);
        assert_eq!((error.kind(), error.reason()), (Kind::AlreadyExists, "EMAIL_TAKEN"));
        assert_eq!(error.violations()[0].field, "email");
    }
    assert!(auth.try_sign_in(" Ada@EXAMPLE.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let wrong = auth.try_sign_in("ada@example.com", "wrong password").await.unwrap_err();
    let unknown = auth.try_sign_in("nobody@example.com", PASSWORD).await.unwrap_err();
    auth.execute("UPDATE igny8_users SET active = false").await;
    let inactive = auth.try_sign_in("ada@example.com", PASSWORD).await.unwrap_err();
    for error in [&wrong, &unknown, &inactive] {
        assert_eq!((error.kind(), error.reason()), (Kind::Unauthenticated, "SIGN_IN_FAILED"));
        assert_eq!(error.message(), wrong.message());
    }
    for _ in 0..100 {
        if auth.audited(ada.account()).await.iter().filter(|action| *action == "session.sign_in_failed").count() == 2 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the failures were not recorded");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_session() {
    let auth = Auth::start().await;
    let first = auth.sign_up("ada@example.com").await;
    let second = refresh(&auth, first.refresh_token()).await.unwrap();
    assert_ne!(first.refresh_token(), second.refresh_token());
    assert!(me(&auth, &second).await.is_ok());

    let error = refresh(&auth, first.refresh_token()).await.unwrap_err();
    assert_eq!((error.kind(), error.reason()), (Kind::Unauthenticated, "REFRESH_TOKEN_REUSED"));
    let error = refresh(&auth, second.refresh_token()).await.unwrap_err();
    assert_eq!(error.reason(), "SESSION_ENDED");
    assert!(auth.audited(first.account()).await.contains(&"session.token_reused".to_owned()));
}

#[tokio::test]
async fn of_two_uses_of_a_refresh_token_at_once_exactly_one_wins() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let (one, other) = tokio::join!(refresh(&auth, ada.refresh_token()), refresh(&auth, ada.refresh_token()));
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(lost.unwrap_err().reason(), "REFRESH_TOKEN_REUSED");
    let error = refresh(&auth, won.unwrap().refresh_token()).await.unwrap_err();
    assert_eq!(error.reason(), "SESSION_ENDED");
}

#[tokio::test]
async fn a_refresh_token_that_never_was_is_refused() {
    let auth = Auth::start().await;
    let error = refresh(&auth, "rt_unknown".to_owned()).await.unwrap_err();
    assert_eq!((error.kind(), error.reason()), (Kind::Unauthenticated, "SESSION_ENDED"));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_cookie() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let answer = auth.sessions().sign_out(ada.request(pb::SignOutRequest {})).await.unwrap();
    assert_eq!(cookie_of(answer.metadata()), (String::new(), 0));
    assert_eq!(refresh(&auth, ada.refresh_token()).await.unwrap_err().reason(), "SESSION_ENDED");
}

#[tokio::test]
async fn a_browser_gets_a_cookie_in_place_of_tokens() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let request = pb::SignInRequest { email: "ada@example.com".into(), password: PASSWORD.into(), cookie: true };
    let answer = auth.sessions().sign_in(anonymous(request)).await.unwrap();
    let (cookie, max_age) = cookie_of(answer.metadata());
    assert!(cookie.starts_with("st_"));
    assert_eq!(max_age, 30 * 24 * 60 * 60);
    let tokens = answer.into_inner();
    assert_eq!((tokens.access_token, tokens.refresh_token), (None, None));

    let request = pb::SignUpRequest { email: "bob@example.com".into(), cookie: true, ..sign_up_request() };
    let answer = auth.sessions().sign_up(anonymous(request)).await.unwrap();
    assert_ne!(cookie_of(answer.metadata()).0, cookie);
}

#[tokio::test]
async fn a_person_sees_their_devices_and_ends_one() {
    let auth = Auth::start().await;
    let here = auth.sign_up("ada@example.com").await;
    let there = auth.sign_in("ada@example.com").await;
    let sessions = sessions_of(&auth, &here).await;
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session.user_agent == "testkit"));
    let (current, others): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| session.current);
    assert_eq!((current.len(), others.len()), (1, 1));

    let delete = || pb::DeleteSessionRequest { id: others[0].id.clone() };
    auth.sessions().delete_session(here.request(delete())).await.unwrap();
    assert_eq!(refresh(&auth, there.refresh_token()).await.unwrap_err().reason(), "SESSION_ENDED");
    assert_eq!(sessions_of(&auth, &here).await.len(), 1);
    let again = refusal(auth.sessions().delete_session(here.request(delete())).await);
    assert_eq!(again.kind(), Kind::NotFound);
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let colleague = auth.add_user(&ada, "grace@example.com", "admin").await;
    let stranger = auth.sign_up("eve@example.com").await;
    let id = sessions_of(&auth, &ada).await.remove(0).id;
    for other in [colleague, stranger] {
        let request = other.request(pb::DeleteSessionRequest { id: id.clone() });
        assert_eq!(refusal(auth.sessions().delete_session(request).await).kind(), Kind::NotFound);
    }
    assert!(refresh(&auth, ada.refresh_token()).await.is_ok());
}

#[tokio::test]
async fn a_person_changes_their_own_name_and_only_when_the_mask_says_so() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let update = |paths: &[&str]| {
        let update_mask = Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
        ada.request(pb::UpdateMeRequest { update_mask, name: "Countess Ada".to_owned() })
    };
    let name = |me: pb::Me| me.user.unwrap().name;
    let unchanged = auth.sessions().update_me(update(&[])).await.unwrap().into_inner();
    assert_eq!(name(unchanged), "Ada Lovelace");
    let changed = auth.sessions().update_me(update(&["name"])).await.unwrap().into_inner();
    assert_eq!(name(changed), "Countess Ada");
}

#[tokio::test]
async fn an_editor_sees_the_sites_granted_and_no_other() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    for (name, id) in [("One", Uuid::from_u128(1)), ("Two", Uuid::from_u128(2))] {
        auth.execute(&format!(
            "WITH site AS (INSERT INTO igny8_sites (account_id, id, name, domain)
                 VALUES ('{0}', '{id}', '{name}', '{name}.example.com') RETURNING account_id, id)
             INSERT INTO igny8_sectors (account_id, id, site_id, name, slot) SELECT account_id, id, id, 'Sector', 1 FROM site",
            ada.account()
        ))
        .await;
    }
    let editor = auth.add_user(&ada, "grace@example.com", "editor").await;
    assert!(me(&auth, &editor).await.unwrap().sites.is_empty());

    auth.execute(&format!(
        "INSERT INTO igny8_site_user_access (account_id, id, user_id, site_id) VALUES ('{}', '{2}', '{1}', '{2}')",
        ada.account(),
        editor.user(),
        Uuid::from_u128(2)
    ))
    .await;
    let editor = auth.sign_in("grace@example.com").await;
    let sites = me(&auth, &editor).await.unwrap().sites;
    assert_eq!(sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>(), ["Two"]);
    assert_eq!(me(&auth, &ada).await.unwrap().sites.len(), 2);
}

#[tokio::test]
async fn a_token_of_an_unknown_key_is_refused() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let signer = rpc::token::Signer::new("stranger", &rpc::token::generate_pkcs8()).unwrap();
    let token = signer.sign(&rpc::token::Claims::new(Uuid::now_v7(), Uuid::now_v7(), Role::Owner)).unwrap();
    let request: Request<_> =
        testkit::metadata(anonymous(pb::GetMeRequest {}), "authorization", &format!("Bearer {token}"));
    assert_eq!(refusal(auth.sessions().get_me(request).await).reason(), "TOKEN_INVALID");
}
