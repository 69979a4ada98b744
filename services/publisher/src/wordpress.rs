//! A WordPress, spoken to over its REST API.
//!
//! [`discovery`] finds the API of an address, [`Site`] asks it, [`Fault`] says why there is no answer in words that a person can act on, and
//! [`doctor`] tells apart what looks alike from outside.

mod answer;
pub mod discovery;
pub mod doctor;
mod fault;
pub(crate) mod media;
pub(crate) mod posts;
mod root;
mod sentences;
pub(crate) mod seo;
pub(crate) mod terms;
mod verdict;
mod wire;
mod xml_rpc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

pub use answer::Answer;
pub use fault::{Class, Fault};
pub(crate) use media::Medium;
pub(crate) use posts::{Page, Post};
pub use root::Root;
pub use wire::Wire;

/// The API of a site, asked as one of its users. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    wire: Wire,
    root: Root,
    /// Marked as sensitive: it is not printed.
    authorization: HeaderValue,
}

impl Site {
    /// Asks nothing yet.
    pub fn new(wire: Wire, root: Root, username: &str, password: &SecretString) -> Self {
        let credentials = STANDARD.encode(format!("{username}:{}", password.expose_secret()));
        // Base64 is always a good value.
        let mut authorization =
            HeaderValue::try_from(format!("Basic {credentials}")).unwrap_or(HeaderValue::from_static(""));
        authorization.set_sensitive(true);
        Self { wire, root, authorization }
    }

    /// Where its API is.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Reads what is at a path as `/wp/v2/posts`.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, Fault> {
        self.send(Method::GET, path, query, None).await
    }

    /// Makes or changes something.
    pub async fn post(&self, path: &str, query: &[(&str, &str)], body: &Value) -> Result<Answer, Fault> {
        self.send(Method::POST, path, query, Some(body)).await
    }

    /// Deletes something; `force` in the query does it for good.
    pub async fn delete(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, Fault> {
        self.send(Method::DELETE, path, query, None).await
    }

    /// What can be done at a path, and with which fields.
    pub async fn options(&self, path: &str) -> Result<Answer, Fault> {
        self.send(Method::OPTIONS, path, &[], None).await
    }

    /// Uploads a file to the media library. WordPress refuses names that are not ASCII.
    pub async fn upload(&self, file_name: &str, content_type: &str, bytes: Bytes) -> Result<Answer, Fault> {
        let disposition = format!("attachment; filename=\"{file_name}\"");
        let request = self
            .request(Method::POST, "/wp/v2/media", &[])
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_DISPOSITION, disposition)
            .body(outbound::Body::from(bytes));
        self.answer(request).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Fault> {
        let request = self.request(method, path, query);
        let request = match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(outbound::Body::from(body.to_string())),
            None => request.body(outbound::Body::from("")),
        };
        self.answer(request).await
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(self.root.at(path, query).as_str())
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, self.authorization.clone())
    }

    async fn answer(&self, request: http::Result<Request<outbound::Body>>) -> Result<Answer, Fault> {
        let request = request.map_err(|_| Fault::before(Class::BadRequest, self.root.host()))?;
        let response = self.wire.send(request).await?;
        Answer::read(self.root.host(), &response)
    }
}
