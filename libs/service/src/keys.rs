//! The public keys of access tokens, asked from auth.

use contracts::auth::v1::{self as pb, ListPublicKeysRequest, key_service_client::KeyServiceClient};
use rpc::{
    client::Channel,
    token::{Keys, PublicKey},
};

pub(crate) fn of_auth(auth: Channel) -> Keys {
    Keys::new(move || {
        let mut auth = KeyServiceClient::new(auth.clone());
        async move {
            let answer = auth.list_public_keys(ListPublicKeysRequest {}).await?.into_inner();
            Ok(answer.keys.into_iter().map(public_key).collect())
        }
    })
}

fn public_key(key: pb::PublicKey) -> PublicKey {
    let pb::PublicKey { key_id, public_key, not_after } = key;
    let not_after = not_after.as_ref().and_then(rpc::timestamp::read);
    PublicKey { key_id, bytes: public_key, not_after }
}
