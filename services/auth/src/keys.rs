//! The keys that sign access tokens. Others learn the public halves and so can check a token without asking.

pub mod rotation;

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use contracts::auth::v1 as pb;
use contracts::auth::v1::key_service_server::KeyService;
use db::Db;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::token::{Claims, PublicKey, Signer, Verified, Verifier};
use rpc::{Error, Result, timestamp};
use seal::Place;
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_signing_keys::dsl;

#[derive(Debug)]
pub struct Keys(pub Arc<App>);

#[tonic::async_trait]
impl KeyService for Keys {
    async fn list_public_keys(
        &self,
        request: Request<pb::ListPublicKeysRequest>,
    ) -> Result<Response<pb::ListPublicKeysResponse>, Status> {
        rpc::open_internal(request)?;
        let keys = self.0.keys.public_keys().await?.into_iter().map(|key| pb::PublicKey {
            key_id: key.key_id,
            public_key: key.bytes,
            not_after: key.not_after.map(timestamp::of),
        });
        Ok(Response::new(pb::ListPublicKeysResponse { keys: keys.collect() }))
    }
}

/// Signs with the current key, and verifies with any of them.
pub struct Keyring {
    db: Db,
    seal: seal::Keyring,
    signer: ArcSwapOption<Signer>,
    public: rpc::token::Keys,
    verifier: Verifier,
}

impl Keyring {
    pub fn new(db: Db, seal: seal::Keyring) -> Self {
        let source = db.clone();
        let public = rpc::token::Keys::new(move || {
            let db = source.clone();
            async move { public_keys(&db).await }
        });
        Self { db, seal, signer: ArcSwapOption::empty(), verifier: Verifier::new(public.clone()), public }
    }

    pub async fn sign(&self, claims: &Claims) -> Result<String> {
        let signer = match self.signer.load_full() {
            Some(signer) => signer,
            None => self.rotate().await?, // the first token of this process
        };
        signer.sign(claims)
    }

    pub async fn verify(&self, token: &str) -> Result<Verified> {
        self.verifier.verify(token).await
    }

    /// For the access layer in front of this service, which must not ask itself over the network.
    pub fn public(&self) -> rpc::token::Keys {
        self.public.clone()
    }

    pub async fn public_keys(&self) -> Result<Vec<PublicKey>> {
        public_keys(&self.db).await
    }

    /// Moves the keys on where it is time, and signs with the current one from now on.
    pub async fn rotate(&self) -> Result<Arc<Signer>> {
        let (key_id, sealed) = self.db.system(async |conn| rotation::rotate(conn, &self.seal).await).await?;
        let pkcs8 = self.seal.open(&sealed, place(&key_id)).map_err(Error::internal)?;
        let signer = Arc::new(Signer::new(key_id, pkcs8.expose_secret())?);
        self.signer.store(Some(Arc::clone(&signer)));
        Ok(signer)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

async fn public_keys(db: &Db) -> Result<Vec<PublicKey>> {
    let rows = async |conn: &mut db::SystemConn| {
        let query =
            dsl::igny8_signing_keys.select((dsl::key_id, dsl::public_key, dsl::not_after)).order(dsl::created_at);
        Ok(query.load::<(String, Vec<u8>, _)>(conn).await?)
    };
    let keys = db.system(rows).await?.into_iter();
    Ok(keys.map(|(key_id, bytes, not_after)| PublicKey { key_id, bytes, not_after }).collect())
}

/// Where a private key is sealed. Its row is named by a thumbprint and not by a UUID, so one is made of it.
fn place(key_id: &str) -> Place<'static> {
    Place::of_installation("signing key", Uuid::new_v5(&Uuid::NAMESPACE_OID, key_id.as_bytes()))
}
