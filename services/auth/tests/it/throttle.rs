//! Guessing passwords gets slow.

use contracts::auth::v1 as pb;
use rpc::metadata::ADDRESS;
use rpc::{Error, Kind};
use testkit::{anonymous, metadata};

use crate::harness::{Auth, PASSWORD};

async fn sign_in_from(auth: &Auth, address: &str, email: &str, password: &str) -> Result<(), Error> {
    let request = pb::SignInRequest { email: email.to_owned(), password: password.to_owned(), cookie: false };
    auth.sessions().sign_in(metadata(anonymous(request), ADDRESS, address)).await?;
    Ok(())
}

/// Lets the wait of everybody pass.
async fn wait(auth: &Auth) {
    auth.execute("UPDATE igny8_sign_in_attempts SET blocked_until = blocked_until - interval '1 hour'").await;
}

async fn fail_five_times(auth: &Auth) {
    for n in 0..5 {
        let error = sign_in_from(auth, &format!("192.0.2.{n}"), "ada@example.com", "wrong password").await.unwrap_err();
        assert_eq!(error.reason(), "SIGN_IN_FAILED");
    }
}

#[tokio::test]
async fn after_five_failures_even_the_right_password_waits_and_longer_each_time() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    fail_five_times(&auth).await;
    let mut waits = Vec::new();
    for _ in 0..3 {
        let error = sign_in_from(&auth, "192.0.2.99", "ADA@example.com", PASSWORD).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (Kind::Exhausted, "TOO_MANY_ATTEMPTS"));
        waits.push(error.retry_after().unwrap());
        wait(&auth).await;
        let error = sign_in_from(&auth, "192.0.2.99", "ada@example.com", "wrong password").await.unwrap_err();
        assert_eq!(error.reason(), "SIGN_IN_FAILED");
    }
    assert!(waits.is_sorted() && waits[0] < waits[2], "{waits:?}");
}

#[tokio::test]
async fn a_success_clears_the_count_of_its_address() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    fail_five_times(&auth).await;
    wait(&auth).await;
    assert!(sign_in_from(&auth, "192.0.2.98", "ada@example.com", PASSWORD).await.is_ok());
    for _ in 0..4 {
        let error = sign_in_from(&auth, "192.0.2.97", "ada@example.com", "wrong password").await.unwrap_err();
        assert_eq!(error.reason(), "SIGN_IN_FAILED");
    }
}

#[tokio::test]
async fn addresses_that_do_not_exist_are_slowed_down_alike() {
    let auth = Auth::start().await;
    fail_five_times(&auth).await;
    let error = sign_in_from(&auth, "192.0.2.99", "ada@example.com", PASSWORD).await.unwrap_err();
    assert_eq!(error.reason(), "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_place_that_tries_many_addresses_is_slowed_down_and_a_success_does_not_buy_it_free() {
    let auth = Auth::start().await;
    auth.sign_up("eve@example.com").await;
    for n in 0..20 {
        let email = format!("victim{n}@example.com");
        sign_in_from(&auth, "192.0.2.66", &email, "wrong password").await.unwrap_err();
    }
    let blocked = async || sign_in_from(&auth, "192.0.2.66", "eve@example.com", PASSWORD).await;
    assert_eq!(blocked().await.unwrap_err().reason(), "TOO_MANY_ATTEMPTS");
    assert!(sign_in_from(&auth, "192.0.2.67", "eve@example.com", PASSWORD).await.is_ok());
    wait(&auth).await;
    assert!(blocked().await.is_ok());
    sign_in_from(&auth, "192.0.2.66", "victim99@example.com", "wrong password").await.unwrap_err();
    assert_eq!(blocked().await.unwrap_err().reason(), "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn the_count_survives_a_restart() {
    let mut auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    fail_five_times(&auth).await;
    auth.restart().await;
    let error = sign_in_from(&auth, "192.0.2.99", "ada@example.com", PASSWORD).await.unwrap_err();
    assert_eq!(error.reason(), "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn of_many_guesses_at_the_end_of_a_wait_one_is_let_through() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    fail_five_times(&auth).await;
    wait(&auth).await;
    let guess = |n: u8| {
        let auth = &auth;
        async move { sign_in_from(auth, &format!("198.51.100.{n}"), "ada@example.com", "wrong password").await.unwrap_err() }
    };
    let (a, b, c, d) = tokio::join!(guess(1), guess(2), guess(3), guess(4));
    let let_through = [a, b, c, d].iter().filter(|error| error.reason() == "SIGN_IN_FAILED").count();
    assert_eq!(let_through, 1);
}

#[tokio::test]
async fn an_hour_of_quiet_is_a_new_beginning() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    fail_five_times(&auth).await;
    wait(&auth).await;
    auth.execute("UPDATE igny8_sign_in_attempts SET updated_at = updated_at - interval '2 hours'").await;
    for _ in 0..2 {
        let error = sign_in_from(&auth, "192.0.2.99", "ada@example.com", "wrong password").await.unwrap_err();
        assert_eq!(error.reason(), "SIGN_IN_FAILED");
    }
}
