use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::Kind;

struct Auth {
    signer: Signer,
    verifier: Verifier,
    fetches: Arc<AtomicUsize>,
}

/// One key, and how often it was asked for.
fn auth() -> Auth {
    let signer = Signer::new("key-1", &generate_pkcs8()).unwrap();
    let (public, fetches) = (signer.public_key().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&fetches);
    let keys = Keys::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let public = public.clone();
        async move { Ok(vec![public]) }
    });
    Auth { signer, verifier: Verifier::new(keys), fetches }
}

fn claims() -> Claims {
    Claims::new(Uuid::now_v7(), Uuid::now_v7(), Role::Editor)
}

async fn reason(auth: &Auth, token: &str) -> String {
    let error = auth.verifier.verify(token).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated, "{error:?}");
    error.reason().to_owned()
}

fn part(json: &serde_json::Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token whose claims were changed before auth's own key signed it.
fn signed(auth: &Auth, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut json = serde_json::to_value(claims()).unwrap();
    change(&mut json);
    encode(&auth.signer.header, &json, &auth.signer.key).unwrap()
}

#[tokio::test]
async fn what_was_signed_is_what_is_verified() {
    let auth = auth();
    let claims =
        Claims { sites: vec![Uuid::now_v7()], user: Some(Uuid::now_v7()), epoch: 7, read_only: true, ..claims() };
    let verified = auth.verifier.verify(&auth.signer.sign(&claims).unwrap()).await.unwrap();
    assert_eq!(*verified, claims);
    assert_eq!(verified.account().uuid(), claims.account);
    assert!(!format!("{verified:?}").contains("Bearer"), "the token is not printed");
}

#[tokio::test]
async fn another_algorithm_is_refused_even_with_our_public_key_as_its_secret() {
    let auth = auth();
    let claims = part(&serde_json::to_value(claims()).unwrap());
    for algorithm in ["HS256", "none", "None", "RS256", "ES256"] {
        let header = part(&serde_json::json!({"alg": algorithm, "typ": "JWT", "kid": "key-1"}));
        let text = format!("{header}.{claims}");
        let public = auth.signer.public_key().unwrap().bytes;
        let mac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public), text.as_bytes());
        for signature in [URL_SAFE_NO_PAD.encode(mac), String::new()] {
            assert_eq!(reason(&auth, &format!("{text}.{signature}")).await, "TOKEN_INVALID", "{algorithm}");
        }
    }
}

#[tokio::test]
async fn a_changed_signature_or_claim_is_refused() {
    let auth = auth();
    let token = auth.signer.sign(&claims()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[0] ^= 1;
    assert_eq!(reason(&auth, &format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))).await, "TOKEN_INVALID");

    let (header, _) = signed.split_once('.').unwrap();
    let other = part(&serde_json::to_value(claims()).unwrap());
    assert_eq!(reason(&auth, &format!("{header}.{other}.{signature}")).await, "TOKEN_INVALID");
}

#[tokio::test]
async fn a_token_for_somebody_else_or_from_somebody_else_is_refused() {
    let auth = auth();
    let other_audience = signed(&auth, |claims| claims["aud"] = "another-product".into());
    assert_eq!(reason(&auth, &other_audience).await, "TOKEN_INVALID");
    let other_issuer = signed(&auth, |claims| claims["iss"] = "another-product".into());
    assert_eq!(reason(&auth, &other_issuer).await, "TOKEN_INVALID");
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let auth = auth();
    let now = chrono::Utc::now().timestamp();
    let within_leeway = signed(&auth, |claims| claims["exp"] = (now - 20).into());
    assert!(auth.verifier.verify(&within_leeway).await.is_ok());
    let past_it = signed(&auth, |claims| claims["exp"] = (now - 40).into());
    assert_eq!(reason(&auth, &past_it).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn no_claim_may_be_missing() {
    let auth = auth();
    for claim in ["exp", "iat", "iss", "aud", "sub", "account", "role", "epoch"] {
        let token = signed(&auth, |claims| drop(claims.as_object_mut().unwrap().remove(claim)));
        assert_eq!(reason(&auth, &token).await, "TOKEN_INVALID", "{claim}");
    }
    let unknown_role = signed(&auth, |claims| claims["role"] = "emperor".into());
    assert_eq!(reason(&auth, &unknown_role).await, "TOKEN_INVALID");
}

#[tokio::test]
async fn what_is_no_token_at_all_is_refused() {
    let auth = auth();
    for text in ["", ".", "..", "a.b.c", "igny8_0123456789", "eyJhbGciOiJFZERTQSJ9.e30."] {
        assert_eq!(reason(&auth, text).await, "TOKEN_INVALID", "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_cost_auth_one_call_in_ten_seconds() {
    let auth = auth();
    let stranger = Signer::new("key-2", &generate_pkcs8()).unwrap().sign(&claims()).unwrap();
    for _ in 0..50 {
        assert_eq!(reason(&auth, &stranger).await, "TOKEN_INVALID");
    }
    assert_eq!(auth.fetches.load(Ordering::Relaxed), 1);
    assert!(auth.verifier.verify(&auth.signer.sign(&claims()).unwrap()).await.is_ok(), "the known key still works");

    tokio::time::advance(Duration::from_secs(10)).await;
    reason(&auth, &stranger).await;
    assert_eq!(auth.fetches.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_signed_out_because_auth_cannot_be_reached() {
    let signer = Signer::new("key-1", &generate_pkcs8()).unwrap();
    let (public, fetches) = (signer.public_key().unwrap(), Arc::new(AtomicUsize::new(0)));
    let keys = Keys::new(move || {
        let (public, is_first) = (public.clone(), fetches.fetch_add(1, Ordering::Relaxed) == 0);
        async move {
            if is_first { Err(Error::unavailable(anyhow::anyhow!("connection refused"))) } else { Ok(vec![public]) }
        }
    });
    let (verifier, token) = (Verifier::new(keys), signer.sign(&claims()).unwrap());
    for _ in 0..3 {
        assert_eq!(verifier.verify(&token).await.unwrap_err().kind(), Kind::Unavailable);
    }
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(verifier.verify(&token).await.is_ok());
}

#[tokio::test]
async fn a_retired_key_ends() {
    let signer = Signer::new("key-1", &generate_pkcs8()).unwrap();
    let ended = Some(chrono::Utc::now() - chrono::TimeDelta::seconds(60));
    let public = PublicKey { not_after: ended, ..signer.public_key().unwrap() };
    let keys = Keys::new(move || std::future::ready(Ok(vec![public.clone()])));
    let error = Verifier::new(keys).verify(&signer.sign(&claims()).unwrap()).await.unwrap_err();
    assert_eq!(error.reason(), "TOKEN_INVALID");
}

#[tokio::test]
async fn a_token_that_was_good_is_refused_when_its_time_is_over() {
    let auth = auth();
    let over = chrono::Utc::now().timestamp() - i64::try_from(LEEWAY_SECONDS).unwrap();
    let token = signed(&auth, |claims| claims["exp"] = (over + 2).into());
    auth.verifier.verify(&token).await.unwrap();
    auth.verifier.verify(&token).await.unwrap();
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert_eq!(reason(&auth, &token).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_token_that_was_good_says_nothing_of_a_similar_one() {
    let auth = auth();
    let token = auth.signer.sign(&claims()).unwrap();
    auth.verifier.verify(&token).await.unwrap();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let other = auth.signer.sign(&claims()).unwrap();
    let other = other.rsplit_once('.').unwrap().1;
    assert_ne!(signature, other);
    assert_eq!(reason(&auth, &format!("{head}.{other}")).await, "TOKEN_INVALID");
}
