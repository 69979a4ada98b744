//! Who calls: people, programs and services, with tokens that served services trust.

use std::sync::LazyLock;

use anyhow::Context as _;
use contracts::rest::v1::Role;
use rpc::token::{Claims, Keys, PublicKey, Signer, generate_pkcs8};
use tonic::{Request, metadata::AsciiMetadataKey};
use uuid::Uuid;

use crate::or_fail;

/// A bearer of an access token.
#[derive(Debug, Clone)]
pub struct Actor {
    /// What its token says.
    pub claims: Claims,
}

impl Actor {
    /// A person with this role, new to the account, who may see all its sites.
    pub fn new(account: Uuid, role: Role) -> Self {
        let user = Uuid::now_v7();
        let claims = Claims { user: Some(user), session: Some(Uuid::now_v7()), ..Claims::new(user, account, role) };
        Self { claims }
    }

    /// A program with an API key.
    pub fn program(account: Uuid, role: Role, api_key: Uuid) -> Self {
        Self { claims: Claims { api_key: Some(api_key), ..Claims::new(api_key, account, role) } }
    }

    /// The same person under this id.
    pub fn user(mut self, user: Uuid) -> Self {
        self.claims.sub = user.to_string();
        self.claims.user = Some(user);
        self
    }

    /// Restricted to these sites.
    pub fn sites(mut self, sites: impl IntoIterator<Item = Uuid>) -> Self {
        self.claims.sites = sites.into_iter().collect();
        self
    }

    /// With this session in its token.
    pub fn session(mut self, session: Uuid) -> Self {
        self.claims.session = Some(session);
        self
    }

    /// Belonging to the system account.
    pub fn system(mut self) -> Self {
        self.claims.system = true;
        self
    }

    /// In a suspended account.
    pub fn read_only(mut self) -> Self {
        self.claims.read_only = true;
        self
    }

    /// Entered by this member of staff.
    pub fn entered_by(mut self, staff: Uuid) -> Self {
        self.claims.act = Some(staff);
        self
    }

    /// The account in which it acts.
    pub fn account(&self) -> Uuid {
        self.claims.account
    }

    /// An access token, signed with the key of [`public_key`].
    ///
    /// # Panics
    /// The claims cannot be signed.
    pub fn token(&self) -> String {
        or_fail(SIGNER.sign(&self.claims).context("could not sign a test token"))
    }

    /// A request in its name, as the gateway makes it.
    pub fn request<T>(&self, message: T) -> Request<T> {
        metadata(anonymous(message), rpc::metadata::AUTHORIZATION, &format!("Bearer {}", self.token()))
    }
}

/// A request of nobody in particular, as the gateway makes it.
pub fn anonymous<T>(message: T) -> Request<T> {
    let request = metadata(Request::new(message), rpc::metadata::REQUEST_ID, &Uuid::now_v7().to_string());
    let request = metadata(request, rpc::metadata::ADDRESS, "192.0.2.1");
    metadata(request, rpc::metadata::USER_AGENT, "testkit")
}

/// A request of another service about an account. Send it over a channel of a service that the contract allows.
pub fn internal<T>(account: Uuid, message: T) -> Request<T> {
    metadata(anonymous(message), rpc::metadata::ACCOUNT, &account.to_string())
}

/// The request with one more piece of metadata, for example an `idempotency-key`.
///
/// # Panics
/// The name or the value cannot be metadata.
pub fn metadata<T>(mut request: Request<T>, name: &'static str, value: &str) -> Request<T> {
    let value = or_fail(value.parse().with_context(|| format!("{value:?} cannot be the value of {name}")));
    request.metadata_mut().insert(AsciiMetadataKey::from_static(name), value);
    request
}

/// The key that verifies the tokens of actors, for a service that has others too.
///
/// # Panics
/// The key cannot be made.
pub fn public_key() -> PublicKey {
    or_fail(SIGNER.public_key().context("could not make the test key"))
}

/// The key of [`public_key`] alone.
pub fn trusted_keys() -> Keys {
    Keys::new(async || Ok(vec![public_key()]))
}

static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| or_fail(Signer::new("testkit", &generate_pkcs8()).context("could not make the test key")));
