//! The table of methods: who may call each, and how it looks in REST.

use std::time::Duration;

use crate::{
    Codec, METHODS, Message,
    rest::v1::{RatePolicy, Role, Scope, Shape},
};

/// One RPC.
#[derive(Debug)]
pub struct Method {
    /// As gRPC puts it on the wire: `/igny8.auth.v1.SiteService/GetSite`.
    pub path: &'static str,
    /// The services of the fleet that answer, as the registry names them: `auth`, `ai-processor`. There is at least one; where there are
    /// more, each answers for what it keeps, and they are asked in this order until one does not answer `NOT_FOUND`.
    pub owners: &'static [&'static str],
    /// The `operationId` of OpenAPI: `sites_list`. Unique.
    pub operation: &'static str,
    /// Who may call it.
    pub access: Access,
    /// How it looks in REST; `None` for a method between services.
    pub rest: Option<Rest>,
    /// The deadline of one call.
    pub timeout: Duration,
    /// The fields of the request.
    pub request: &'static Message,
    /// The fields of the response.
    pub response: &'static Message,
    /// Whether the answer is a stream of messages.
    pub server_streaming: bool,
    /// From JSON to protobuf and back.
    pub codec: Codec,
}

/// Who may call a method.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Anyone, through the gateway.
    Public,
    /// The named services only. Not in REST.
    Internal {
        /// Names as in the registry.
        callers: &'static [&'static str],
    },
    /// Whoever has an access token with enough in it.
    Token {
        /// The least role.
        min_role: Role,
        /// What the caller must be bound to.
        scope: Scope,
        /// Allowed in an account that is suspended or cancelled, though it writes.
        while_suspended: bool,
    },
}

/// How a method looks in REST.
#[derive(Debug)]
pub struct Rest {
    /// The HTTP method.
    pub verb: Verb,
    /// A template without a final slash: `/api/v1/auth/sites/{id}`. The names in braces are fields of the request.
    pub path: &'static str,
    /// Which part of the request is the HTTP body. What is in neither path nor body is in the query.
    pub body: Body,
    /// The form of the answer.
    pub shape: Shape,
    /// The status of success.
    pub status: u16,
    /// A second status of success, of an answer that says `dry_run`: see [`Json::dry_run`](crate::Json::dry_run).
    pub other_status: Option<u16>,
    /// Which limits it falls under.
    pub rate_policy: RatePolicy,
    /// Whether it takes an `Idempotency-Key`.
    pub idempotency_key: bool,
    /// Whether the body is multipart and its file streamed.
    pub upload: bool,
    /// Whether the answer never changes, so that browsers may keep it.
    pub immutable: bool,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// In capitals, as HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Which part of a request is the HTTP body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// Every field that is not in the path.
    All,
    /// The object in this field, by its JSON name.
    Field(&'static str),
}

/// The method behind a gRPC path such as `/igny8.auth.v1.SiteService/GetSite`.
pub fn method(path: &str) -> Option<&'static Method> {
    let index = METHODS.binary_search_by(|method| method.path.cmp(path)).ok()?;
    METHODS.get(index)
}
