//! Secrets stay out of debug output, and so out of logs.

use contracts::auth::v1::{ExchangeRequest, SignInRequest, Tokens, exchange_request::Credential};

#[test]
fn debug_output_hides_secrets_and_shows_the_rest() {
    let request =
        SignInRequest { email: "ada@example.com".to_owned(), password: "correct horse".to_owned(), cookie: true };
    let text = format!("{request:?}");
    assert_eq!(text, r#"SignInRequest { email: "ada@example.com", password: (hidden), cookie: true }"#);
}

#[test]
fn debug_output_tells_whether_there_is_a_secret() {
    let text = format!("{:?}", Tokens { access_token: Some("a.b.c".to_owned()), ..Tokens::default() });
    assert!(text.contains("access_token: (hidden)") && text.contains("refresh_token: (empty)"), "{text}");
}

#[test]
fn debug_output_hides_the_secret_of_a_oneof() {
    let credential = Credential::ApiKey("igny8_secret".to_owned());
    let text = format!("{credential:?} {:?}", ExchangeRequest { credential: Some(credential.clone()) });
    assert!(!text.contains("igny8_secret"), "{text}");
}
