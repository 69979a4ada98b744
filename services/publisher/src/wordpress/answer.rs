//! What comes back: an answer, or the fault that it shows. Sites put notices before the JSON, cut it off, or send pages instead.

use std::time::Duration;

use bytes::Bytes;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, Response};
use serde_json::Value;
use url::Url;

use super::fault::{Class, Fault};

/// How many beginnings of JSON are tried before the answer counts as unreadable.
const BEGINNINGS: usize = 50;

/// A good answer of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// How many there are in all, of a list.
    pub total: Option<i64>,
}

impl Answer {
    pub(super) fn read(host: &str, response: &Response<Bytes>) -> Result<Self, Fault> {
        let status = response.status();
        let body = json(response.body());
        match body {
            Some(body) if status.is_success() => {
                let total = header(response.headers(), "x-wp-total").and_then(|total| total.parse().ok());
                Ok(Self { status: status.as_u16(), body, total })
            }
            body => Err(fault(host, response, body.as_ref())),
        }
    }
}

/// The value in a body, whatever notices stand before it. It begins on a line of its own or behind a tag, so that what is left of an answer
/// that was cut off is never taken for the whole.
pub(super) fn json(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}').trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    if text.starts_with(['{', '[']) {
        return None;
    }
    let beginnings = text.match_indices(['{', '[']).take(BEGINNINGS);
    let beginnings = beginnings.filter_map(|(at, _)| text.split_at_checked(at));
    let beginnings = beginnings.filter(|(before, _)| before.trim_end_matches([' ', '\t', '\r']).ends_with(['\n', '>']));
    beginnings.map(|(_, rest)| rest).find_map(|rest| serde_json::from_str(rest).ok())
}

/// What an answer that is not a good one means.
pub(super) fn fault(host: &str, response: &Response<Bytes>, body: Option<&Value>) -> Fault {
    let status = response.status().as_u16();
    let code = body.and_then(|body| body.get("code")?.as_str()).unwrap_or_default();
    let class = class(status, code, body.is_some(), response);
    let fault = if is_ambiguous(status, class) { Fault::ambiguous(class, host) } else { Fault::before(class, host) };
    fault.with(|parts| {
        parts.status = Some(status);
        parts.code = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
        parts.term = body.and_then(|body| body.get("data")?.get("term_id")?.as_i64());
        parts.retry_after = header(response.headers(), RETRY_AFTER.as_str())
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs);
        if class == Class::Moved {
            let target = Url::parse(&target(response)).ok();
            target.as_ref().and_then(Url::host_str).unwrap_or("another address").clone_into(&mut parts.detail);
        }
    })
}

fn class(status: u16, code: &str, is_json: bool, response: &Response<Bytes>) -> Class {
    let page = || response.body().trim_ascii_start().starts_with(b"<");
    match status {
        200..300 if page() => Class::Page,
        200..300 => Class::BrokenAnswer,
        300..400 if target(response).contains("wp-login.php") => Class::SignInWall,
        300..400 => Class::Moved,
        400 | 409 | 412 | 422 => Class::BadRequest,
        401 | 403 if !is_json => Class::Firewall,
        401 if is_of_wordpress(code) => Class::Unauthorized,
        403 if is_of_wordpress(code) => Class::Forbidden,
        401 | 403 => Class::RestDisabled,
        404 if code.is_empty() || code == "rest_no_route" => Class::NoRoute,
        404 | 410 => Class::Gone,
        413 => Class::TooLarge,
        429 => Class::Throttled,
        400..500 => Class::Firewall,
        500 if code == "rest_upload_sideload_error" => Class::UploadRefused,
        503 if header(response.headers(), RETRY_AFTER.as_str()).is_some() => Class::Maintenance,
        _ => Class::SiteError,
    }
}

/// Codes that WordPress itself has for who may not; plugins that switch the API off have their own.
fn is_of_wordpress(code: &str) -> bool {
    let prefixes = ["rest_cannot_", "rest_forbidden", "rest_user_cannot_", "rest_not_logged_in", "rest_cookie_"];
    let others = ["incorrect_password", "invalid_username", "invalid_email", "application_passwords_disabled"];
    prefixes.iter().any(|prefix| code.starts_with(prefix)) || others.contains(&code)
}

fn is_ambiguous(status: u16, class: Class) -> bool {
    match class {
        Class::UploadRefused => false,
        Class::Page | Class::BrokenAnswer => true,
        _ => status >= 500,
    }
}

fn target(response: &Response<Bytes>) -> String {
    header(response.headers(), LOCATION.as_str()).unwrap_or_default().to_owned()
}

pub(super) fn header<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(Bytes::from(body.to_owned())).unwrap()
    }

    fn fault_of(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
        Answer::read("example.com", &response(status, headers, body)).unwrap_err()
    }

    #[test]
    fn notices_before_the_answer_are_passed_over() {
        let body = "\n<br />\n<b>Warning</b>: array[0] of {closure} in <b>/plugin.php</b><br />\n{\"id\": 7}\n";
        let answer = Answer::read("example.com", &response(200, &[("x-wp-total", "12")], body)).unwrap();
        assert_eq!((answer.body, answer.total), (json!({"id": 7}), Some(12)));
    }

    #[test]
    fn an_answer_that_breaks_off_may_have_had_its_effect() {
        let fault = fault_of(201, &[], "{\"id\": 7, \"tit");
        assert_eq!((fault.class(), fault.is_ambiguous()), (Class::BrokenAnswer, true));
        let fault = fault_of(502, &[], "<html><h1>502 Bad Gateway</h1></html>");
        assert_eq!((fault.class(), fault.is_ambiguous()), (Class::SiteError, true));
    }

    #[test]
    fn what_is_left_of_an_answer_is_not_the_answer() {
        for cut in ["{\"id\": 7, \"tags\": [1, 2]", "<b>Notice</b>\n{\"id\": 7, \"meta\": {\"a\": 1}"] {
            assert_eq!(json(cut.as_bytes()), None, "{cut}");
        }
    }

    #[test]
    fn a_refused_upload_is_final_though_its_status_says_otherwise() {
        let fault = fault_of(500, &[], r#"{"code":"rest_upload_sideload_error","message":"…","data":{"status":500}}"#);
        assert_eq!((fault.class(), fault.had_no_effect()), (Class::UploadRefused, true));
    }

    #[test]
    fn a_term_that_is_there_already_is_named() {
        let fault = fault_of(400, &[], r#"{"code":"term_exists","data":{"status":400,"term_id":5}}"#);
        assert_eq!((fault.code(), fault.term_id()), ("term_exists", Some(5)));
    }

    #[test]
    fn a_site_says_how_long_to_wait() {
        let fault = fault_of(429, &[("retry-after", "3")], "Too many requests");
        assert_eq!((fault.class(), fault.retry_after()), (Class::Throttled, Some(Duration::from_secs(3))));
        assert!(fault.fix().contains("3 seconds"));
        let fault = fault_of(503, &[("retry-after", "600")], "Briefly unavailable");
        assert_eq!(fault.class(), Class::Maintenance);
    }

    #[test]
    fn nothing_that_a_site_writes_is_repeated() {
        let fault = fault_of(403, &[], r#"{"code":"<b>secret</b>","message":"token=123"}"#);
        assert_eq!(fault.class(), Class::RestDisabled);
        assert!(!fault.what().contains("token") && !fault.code().contains('<'));
    }
}
