//! Changing and resetting passwords, and confirming addresses.

use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use rpc::{Error, Kind};
use testkit::anonymous;

use crate::harness::{Auth, PASSWORD, Person, refusal};

const NEW: &str = "a wholly new password";

async fn change(auth: &Auth, person: &Person, current: &str) -> Result<(), Error> {
    let request = pb::ChangePasswordRequest { current_password: current.to_owned(), new_password: NEW.to_owned() };
    auth.passwords().change_password(person.request(request)).await?;
    Ok(())
}

async fn request_reset(auth: &Auth, email: &str) {
    let request = pb::RequestPasswordResetRequest { email: email.to_owned() };
    auth.passwords().request_password_reset(anonymous(request)).await.unwrap();
}

async fn reset(auth: &Auth, token: &str) -> Result<(), Error> {
    let request = pb::ResetPasswordRequest { token: token.to_owned(), new_password: NEW.to_owned() };
    auth.passwords().reset_password(anonymous(request)).await?;
    Ok(())
}

async fn verify(auth: &Auth, token: &str) -> Result<(), Error> {
    auth.passwords().verify_email(anonymous(pb::VerifyEmailRequest { token: token.to_owned() })).await?;
    Ok(())
}

async fn is_verified(auth: &Auth, person: &Person) -> bool {
    let me = auth.sessions().get_me(person.request(pb::GetMeRequest {})).await.unwrap().into_inner();
    me.user.unwrap().email_verified
}

async fn refreshes(auth: &Auth, person: &Person) -> bool {
    let request = pb::RefreshRequest { refresh_token: person.refresh_token() };
    auth.sessions().refresh(anonymous(request)).await.is_ok()
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions_and_keeps_this_one() {
    let auth = Auth::start().await;
    let here = auth.sign_up("ada@example.com").await;
    let there = auth.sign_in("ada@example.com").await;
    change(&auth, &here, PASSWORD).await.unwrap();
    assert!(!refreshes(&auth, &there).await);
    let before = Credential::AccessToken(here.token().to_owned());
    assert_eq!(auth.exchange(before).await.unwrap_err().reason(), "TOKEN_REVOKED");
    assert!(refreshes(&auth, &here).await);
    assert!(auth.try_sign_in("ada@example.com", PASSWORD).await.is_err());
    assert!(auth.try_sign_in("ada@example.com", NEW).await.is_ok());
    assert!(auth.audited(here.account()).await.contains(&"password.changed".to_owned()));
    assert!(auth.mails().await.iter().any(|mail| mail.contains("Subject: Your password was changed")));
}

#[tokio::test]
async fn the_current_password_must_be_right_and_cannot_be_guessed_here_either() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    for _ in 0..5 {
        let error = change(&auth, &ada, "wrong password").await.unwrap_err();
        assert_eq!((error.kind(), error.violations()[0].field.as_str()), (Kind::InvalidArgument, "current_password"));
    }
    assert_eq!(change(&auth, &ada, PASSWORD).await.unwrap_err().reason(), "TOO_MANY_ATTEMPTS");
    assert!(auth.try_sign_in("ada@example.com", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_reset_link_works_once_ends_every_session_and_opens_a_blocked_address() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    for _ in 0..5 {
        auth.try_sign_in("ada@example.com", "wrong password").await.unwrap_err();
    }
    auth.execute("DELETE FROM igny8_sign_in_attempts WHERE subject <> sha256('email ada@example.com')").await;
    assert_eq!(auth.try_sign_in("ada@example.com", PASSWORD).await.unwrap_err().reason(), "TOO_MANY_ATTEMPTS");

    request_reset(&auth, "Ada@example.com").await;
    let token = auth.awaited_link("ada@example.com", "reset-password").await;
    reset(&auth, &token).await.unwrap();
    assert!(!refreshes(&auth, &ada).await);
    let ada = auth.try_sign_in("ada@example.com", NEW).await.unwrap();
    assert!(is_verified(&auth, &ada).await, "whoever opened the link can read the mailbox");
    let again = reset(&auth, &token).await.unwrap_err();
    assert_eq!((again.kind(), again.reason()), (Kind::FailedPrecondition, "LINK_INVALID"));
}

#[tokio::test]
async fn of_two_uses_of_a_reset_link_at_once_one_wins() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    request_reset(&auth, "ada@example.com").await;
    let token = auth.awaited_link("ada@example.com", "reset-password").await;
    let (one, other) = tokio::join!(reset(&auth, &token), reset(&auth, &token));
    assert!(one.is_ok() != other.is_ok());
}

#[tokio::test]
async fn a_reset_link_ends_after_an_hour() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    request_reset(&auth, "ada@example.com").await;
    let token = auth.awaited_link("ada@example.com", "reset-password").await;
    auth.execute("UPDATE igny8_user_tokens SET expires_at = expires_at - interval '1 hour'").await;
    assert_eq!(reset(&auth, &token).await.unwrap_err().reason(), "LINK_INVALID");
    auth.execute("UPDATE igny8_user_tokens SET expires_at = expires_at + interval '1 hour'").await;
    assert!(reset(&auth, &token).await.is_ok());
}

#[tokio::test]
async fn asking_for_a_reset_answers_the_same_for_addresses_that_do_not_exist() {
    let auth = Auth::start().await;
    request_reset(&auth, "nobody@example.com").await;
    assert!(auth.mails().await.is_empty());
}

#[tokio::test]
async fn nobody_is_flooded_with_reset_mails() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    for _ in 0..3 {
        request_reset(&auth, "ada@example.com").await;
        auth.awaited_link("ada@example.com", "reset-password").await;
    }
    let resets = auth.mails().await.iter().filter(|mail| mail.contains("/reset-password?")).count();
    assert_eq!(resets, 1);
}

#[tokio::test]
async fn an_address_is_confirmed_by_its_link() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    assert!(!is_verified(&auth, &ada).await);
    let token = auth.link("ada@example.com", "verify-email").await.unwrap();
    verify(&auth, &token).await.unwrap();
    assert!(is_verified(&auth, &ada).await);
    assert_eq!(verify(&auth, &token).await.unwrap_err().reason(), "LINK_INVALID");
    let resend = refusal(auth.passwords().resend_verification(ada.request(pb::ResendVerificationRequest {})).await);
    assert_eq!(resend.reason(), "EMAIL_ALREADY_VERIFIED");
}

#[tokio::test]
async fn a_link_of_one_kind_does_not_work_as_another() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let token = auth.link("ada@example.com", "verify-email").await.unwrap();
    assert_eq!(reset(&auth, &token).await.unwrap_err().reason(), "LINK_INVALID");
}

#[tokio::test]
async fn a_verification_that_is_sent_again_replaces_the_earlier_one() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let earlier = auth.link("ada@example.com", "verify-email").await.unwrap();
    let resend = async || auth.passwords().resend_verification(ada.request(pb::ResendVerificationRequest {})).await;
    let too_soon = refusal(resend().await);
    assert_eq!((too_soon.reason(), too_soon.retry_after().is_some()), ("MAIL_JUST_SENT", true));

    auth.execute("UPDATE igny8_user_tokens SET created_at = created_at - interval '2 minutes'").await;
    resend().await.unwrap();
    let newer = auth.link("ada@example.com", "verify-email").await.unwrap();
    assert_eq!(verify(&auth, &earlier).await.unwrap_err().reason(), "LINK_INVALID");
    verify(&auth, &newer).await.unwrap();
}

#[tokio::test]
async fn a_password_hashed_with_other_parameters_is_hashed_again_at_sign_in() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let outdated = weak_hash();
    auth.execute(&format!("UPDATE igny8_users SET password_hash = '{outdated}'")).await;
    auth.sign_in("ada@example.com").await;
    let today = "SELECT FROM igny8_users WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
    assert_eq!(auth.count(today).await, 1);
    auth.sign_in("ada@example.com").await;
}

fn weak_hash() -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
    weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
}
