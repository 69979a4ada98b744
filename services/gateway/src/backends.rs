//! The services behind the gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use contracts::auth::v1::session_service_client::SessionServiceClient;
use contracts::auth::v1::{ExchangeRequest, ExchangeResponse};
use contracts::{METHODS, Method};
use futures_util::stream::unfold;
use rpc::client::{Channel, Context, Outgoing, client_streaming, server_streaming, unary};
use rpc::{Error, Kind, Peer};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::Streaming;
use tonic::metadata::MetadataMap;

const AUTH: &str = "auth";

/// How long a service may take to begin a stream. Its end has the deadline of the contract, which may be an hour.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// A channel to each service that has a method in REST.
///
/// What goes to a service beside a message is written from the verified caller and from what we saw of the client, never copied:
/// whatever a client sends under a name of ours (`x-igny8-…`) ends here.
#[derive(Debug)]
pub struct Backends(BTreeMap<&'static str, Channel>);

/// What goes along with a message.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// In whose name the call goes.
    pub context: Context,
    pub metadata: MetadataMap,
}

/// What of an upload is to be sent next.
#[derive(Debug)]
pub(crate) enum Upload {
    Message(Bytes),
    End,
}

/// An answer in several messages, of which the first is there already.
#[derive(Debug)]
pub(crate) struct Stream {
    pub first: Bytes,
    pub rest: Streaming<Bytes>,
}

impl Backends {
    /// Opens the channels, by the name of the service.
    pub fn new(open: impl Fn(&'static str) -> anyhow::Result<Channel>) -> anyhow::Result<Self> {
        let mut channels = BTreeMap::new();
        let served = METHODS.iter().filter(|method| method.rest.is_some()).flat_map(|method| method.owners);
        for service in served.copied().chain([AUTH]) {
            if !channels.contains_key(service) {
                let channel = open(service).with_context(|| format!("open a channel to {service}"))?;
                channels.insert(service, channel);
            }
        }
        Ok(Self(channels))
    }

    /// Calls a method with a message that is encoded already. The channel sets the deadline that the contract gives.
    pub(crate) async fn call(
        &self,
        method: &'static Method,
        envelope: Envelope,
        message: Bytes,
    ) -> Result<tonic::Response<Bytes>, Error> {
        let mut refusal = Refusal::default();
        for owner in method.owners {
            let channel = self.channel(owner)?.with(envelope.context.clone());
            match unary(&channel, method, envelope.metadata.clone(), message.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(status) => refusal.pass_on(status.into())?,
            }
        }
        Err(refusal.into())
    }

    /// Calls a method that answers a stream, and waits for its first message: what goes wrong before it has a status of its own.
    pub(crate) async fn stream(
        &self,
        method: &'static Method,
        envelope: Envelope,
        message: Bytes,
    ) -> Result<Stream, Error> {
        let mut refusal = Refusal::default();
        for owner in method.owners {
            let channel = self.channel(owner)?.with(envelope.context.clone());
            match begin(&channel, method, envelope.metadata.clone(), message.clone()).await {
                Ok(stream) => return Ok(stream),
                Err(error) => refusal.pass_on(error)?,
            }
        }
        Err(refusal.into())
    }

    /// Calls a method that takes a stream. It is whole when [`Upload::End`] comes; closed before, it is broken off.
    pub(crate) async fn upload(
        &self,
        method: &'static Method,
        envelope: Envelope,
        messages: mpsc::Receiver<Upload>,
    ) -> Result<tonic::Response<Bytes>, Error> {
        let owner = method.owners.first().copied().unwrap_or_default();
        let channel = self.channel(owner)?.with(envelope.context);
        let messages = unfold(Some(messages), async |messages| {
            let mut messages = messages?;
            match messages.recv().await {
                Some(Upload::Message(message)) => Some((Outgoing::Message(message), Some(messages))),
                Some(Upload::End) => None,
                None => Some((Outgoing::BreakOff, None)),
            }
        });
        Ok(client_streaming(&channel, method, envelope.metadata, messages).await?)
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

async fn begin(
    channel: &Channel,
    method: &'static Method,
    metadata: MetadataMap,
    message: Bytes,
) -> Result<Stream, Error> {
    let begun = timeout(FIRST_PATIENCE, async {
        let mut rest = server_streaming(channel, method, metadata, message).await?.into_inner();
        let first = rest.message().await?;
        let first = first.ok_or_else(|| Error::internal(anyhow!("{} ended without a message", method.path)))?;
        Ok(Stream { first, rest })
    });
    let late = |_| Error::deadline_exceeded(anyhow!("{} did not begin its stream in time", method.path));
    begun.await.map_err(late)?
}

/// Why the owners asked so far did not answer.
#[derive(Debug, Default)]
struct Refusal(Option<Error>);

impl Refusal {
    /// Lets the next owner be asked when this one does not have the thing, or is down while the next may have it. That one is down weighs
    /// more in the end than that the others do not know it.
    fn pass_on(&mut self, error: Error) -> Result<(), Error> {
        match (error.kind(), &self.0) {
            (Kind::NotFound, Some(_)) => {}
            (Kind::NotFound | Kind::Unavailable, _) => self.0 = Some(error),
            _ => return Err(error),
        }
        Ok(())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.0.unwrap_or_else(|| Self::internal(anyhow!("a method without owners")))
    }
}
