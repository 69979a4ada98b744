//! The session cookie. A browser sends it back by itself and no script can read it.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use tonic::metadata::MetadataMap;

/// The prefix makes browsers insist on `Secure`, on `Path=/`, and on no `Domain`: no other host can set or see it.
const NAME: &str = "__Host-session";

/// The opaque value of the cookie, if the request carries one.
pub(crate) fn read(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value).filter(|value| !value.is_empty())
}

/// The `Set-Cookie` that a service asks for in the metadata of its answer. An empty session clears the cookie.
pub(crate) fn write(metadata: &MetadataMap) -> Option<HeaderValue> {
    let session = metadata.get(rpc::metadata::SESSION)?.to_str().ok()?;
    let given =
        metadata.get(rpc::metadata::SESSION_MAX_AGE).and_then(|seconds| seconds.to_str().ok()?.parse::<u32>().ok());
    let seconds = if session.is_empty() { 0 } else { given? };
    let cookie = format!("{NAME}={session}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, line.parse().unwrap());
        }
        read(&headers).map(str::to_owned)
    }

    fn answer(session: &str, max_age: &str) -> Option<String> {
        let mut metadata = MetadataMap::new();
        metadata.insert(rpc::metadata::SESSION, session.parse().unwrap());
        metadata.insert(rpc::metadata::SESSION_MAX_AGE, max_age.parse().unwrap());
        write(&metadata).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        assert_eq!(cookie(&["a=1; __Host-session=abc; b=2"]), Some("abc".to_owned()));
        assert_eq!(cookie(&["a=1", "__Host-session=abc=="]), Some("abc==".to_owned()));
        assert_eq!(cookie(&["a=1; session=abc"]), None);
        assert_eq!(cookie(&["__Host-session="]), None);
    }

    #[test]
    fn a_new_session_is_for_this_host_over_https_and_out_of_reach_of_scripts() {
        let expected = "__Host-session=abc; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax";
        assert_eq!(answer("abc", "3600").unwrap(), expected);
    }

    #[test]
    fn an_empty_session_clears_the_cookie() {
        assert!(answer("", "3600").unwrap().starts_with("__Host-session=; Path=/; Max-Age=0;"));
    }

    #[test]
    fn an_answer_without_a_session_sets_no_cookie() {
        assert_eq!(write(&MetadataMap::new()), None);
    }
}
