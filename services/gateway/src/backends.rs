//! The services behind the gateway.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use contracts::auth::v1::session_service_client::SessionServiceClient;
use contracts::auth::v1::{ExchangeRequest, ExchangeResponse};
use contracts::{METHODS, Method};
use rpc::client::{Channel, Context, unary};
use rpc::{Error, Peer};
use tonic::metadata::MetadataMap;

const AUTH: &str = "auth";

/// A channel to each service that has a method in REST.
///
/// What goes to a service beside a message is written from the verified caller and from what we saw of the client, never copied:
/// whatever a client sends under a name of ours (`x-igny8-…`) ends here.
#[derive(Debug)]
pub struct Backends(BTreeMap<&'static str, Channel>);

impl Backends {
    /// Opens the channels, by the name of the service.
    pub fn new(open: impl Fn(&'static str) -> anyhow::Result<Channel>) -> anyhow::Result<Self> {
        let mut channels = BTreeMap::new();
        let served =
            METHODS.iter().filter(|method| method.rest.is_some()).flat_map(|method| method.owners.iter().copied());
        for service in served.chain([AUTH]) {
            if !channels.contains_key(service) {
                let channel = open(service).with_context(|| format!("open a channel to {service}"))?;
                channels.insert(service, channel);
            }
        }
        Ok(Self(channels))
    }

    /// Calls a method with a message that is encoded already. The channel sets the deadline that the contract gives.
    pub async fn call(
        &self,
        method: &'static Method,
        context: Context,
        metadata: MetadataMap,
        message: Vec<u8>,
    ) -> Result<tonic::Response<Bytes>, Error> {
        let owner = method.owners.first().copied().unwrap_or_default();
        let channel = self.channel(owner)?.with(context);
        Ok(unary(&channel, method, metadata, message.into()).await?)
    }

    /// Asks auth to turn a credential into a fresh access token.
    pub async fn exchange(&self, request: ExchangeRequest, peer: &Peer) -> Result<ExchangeResponse, Error> {
        let mut client = SessionServiceClient::new(self.channel(AUTH)?.with(peer));
        Ok(client.exchange(request).await?.into_inner())
    }

    fn channel(&self, service: &str) -> Result<&Channel, Error> {
        self.0.get(service).ok_or_else(|| Error::internal(anyhow!("there is no channel to {service}")))
    }
}
