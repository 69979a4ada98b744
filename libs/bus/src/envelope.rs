//! What travels beside the body of an event.

use anyhow::{Context as _, Result};
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, LongString};
use rpc::AccountId;
use uuid::Uuid;

const ACCOUNT: &str = "x-igny8-account";
const TRACEPARENT: &str = "traceparent";
const PERSISTENT: u8 = 2;
const TRANSIENT: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) account: AccountId,
    pub(crate) id: Uuid,
    /// Its name, as `auth.site.changed`.
    pub(crate) event: String,
    pub(crate) traceparent: Option<String>,
}

impl Envelope {
    pub(crate) fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert(ACCOUNT.into(), text(&self.account.to_string()));
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT.into(), text(traceparent));
        }
        properties(self.id, true)
            .with_type(self.event.as_str().into())
            .with_content_type("application/json".into())
            .with_headers(headers)
    }

    /// Fails on a message that no relay of the fleet has sent.
    pub(crate) fn read(delivery: &Delivery) -> Result<Self> {
        let properties = &delivery.properties;
        let id = properties.message_id().as_ref().context("it has no message id")?;
        let event = properties.kind().as_ref().context("it has no type")?;
        let account = header(properties, ACCOUNT).context("it names no account")?;
        let account = Uuid::try_parse(&account).context("its account is not an id")?;
        Ok(Self {
            account: AccountId::of_message(account),
            id: Uuid::try_parse(id.as_str()).context("its message id is not one of ours")?,
            event: event.as_str().to_owned(),
            traceparent: header(properties, TRACEPARENT),
        })
    }
}

/// Those of a message without an envelope.
pub(crate) fn properties(id: Uuid, persistent: bool) -> BasicProperties {
    let mode = if persistent { PERSISTENT } else { TRANSIENT };
    BasicProperties::default().with_message_id(id.to_string().into()).with_delivery_mode(mode)
}

fn header(properties: &BasicProperties, name: &str) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        _ => None,
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}
