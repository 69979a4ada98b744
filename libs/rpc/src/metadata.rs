//! The names of what travels beside a message.

/// `Bearer <access token>`.
pub const AUTHORIZATION: &str = "authorization";
/// One id for everything that follows from one request to the gateway.
pub const REQUEST_ID: &str = "x-request-id";
/// The address of the client that called the gateway.
pub const ADDRESS: &str = "x-igny8-address";
/// What the client of the gateway calls itself.
pub const USER_AGENT: &str = "x-igny8-user-agent";
/// The account that an internal call is about.
pub const ACCOUNT: &str = "x-igny8-account";
/// The client's key for a request that must not happen twice.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// In an answer: the session that the gateway makes a cookie of. Empty clears it.
pub const SESSION: &str = "x-igny8-session";
/// In an answer: the seconds that the session's cookie lives.
pub const SESSION_MAX_AGE: &str = "x-igny8-session-max-age";
/// How long the caller waits, as gRPC writes it (`10S`, `250m`).
pub const TIMEOUT: &str = "grpc-timeout";
