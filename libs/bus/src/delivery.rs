use rpc::AccountId;
use uuid::Uuid;

use crate::envelope::Envelope;

/// An event that has arrived.
#[derive(Debug, Clone)]
pub struct Delivery<M> {
    /// The event.
    pub message: M,
    envelope: Envelope,
}

impl<M> Delivery<M> {
    pub(crate) fn new(envelope: Envelope, message: M) -> Self {
        Self { message, envelope }
    }

    /// The account that it is about.
    pub fn account(&self) -> AccountId {
        self.envelope.account
    }

    /// The same in every delivery of this event.
    pub fn id(&self) -> Uuid {
        self.envelope.id
    }

    /// The trace in which it was sent. The span of the handler continues it already.
    pub fn traceparent(&self) -> Option<&str> {
        self.envelope.traceparent.as_deref()
    }
}
