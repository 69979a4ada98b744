//! A stream of bytes as it is: an export, a file.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use contracts::{Chunk, Decode};
use futures_util::StreamExt as _;
use futures_util::stream::{once, unfold};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use rpc::Error;
use tonic::Streaming;
use tracing::Span;

use crate::backends::Stream;
use crate::failure::Failure;

/// In the caller's own browser, never in a cache that others share.
const FOR_A_YEAR: &str = "private, max-age=31536000, immutable";

/// The first message is there already, so that what fails before it still has a status; what fails after it breaks the connection, so
/// that nobody takes half a file for a whole one.
pub(super) fn respond(stream: Stream, read: Decode<Chunk>, immutable: bool) -> Result<Response, Failure> {
    let Chunk { content_type, file_name, body } = read(&stream.first).map_err(Error::internal)?;
    let rest = Rest { messages: stream.rest, read, span: Span::current() };
    let rest = unfold(rest, async |mut rest| Some((rest.next().await?, rest)));
    let parts = once(async { Ok(body) }).chain(rest);
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::try_from(content_type).map_err(Error::internal)?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(if immutable { FOR_A_YEAR } else { "no-store" }));
    if !file_name.is_empty() {
        headers.insert(CONTENT_DISPOSITION, disposition(&file_name));
    }
    Ok(response)
}

struct Rest {
    messages: Streaming<Bytes>,
    read: Decode<Chunk>,
    span: Span,
}

impl Rest {
    /// The next part of the body. An error is the last: the connection ends there.
    async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        let part = match self.messages.message().await {
            Ok(message) => (self.read)(&message?).map(|chunk| chunk.body).map_err(Error::internal),
            Err(status) => Err(status.into()),
        };
        if let Err(error) = &part {
            self.span.in_scope(|| tracing::warn!(reason = error.reason(), error = %chain(error), "a file broke off"));
        }
        Some(part)
    }
}

fn chain(error: &Error) -> String {
    anyhow::Chain::new(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// RFC 6266: to be saved under this name; readers that know no UTF-8 get one in ASCII.
fn disposition(file_name: &str) -> HeaderValue {
    let plain: String =
        file_name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in file_name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            let _ = write!(exact, "%{byte:02X}"); // a String takes whatever is written
        }
    }
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}");
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_name_and_cannot_leave_the_header() {
        assert_eq!(disposition("keywords.csv"), "attachment; filename=\"keywords.csv\"; filename*=UTF-8''keywords.csv");
        let odd = disposition("über \"x\"\r\n.csv");
        assert_eq!(odd, "attachment; filename=\"_ber _x___.csv\"; filename*=UTF-8''%C3%BCber%20%22x%22%0D%0A.csv");
    }
}
