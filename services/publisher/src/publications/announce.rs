//! Telling others what became of a page: the services of the fleet by an event, the account's own systems by its webhooks.

use chrono::Utc;
use contracts::JsonEnum;
use contracts::publisher::v1::{PublicationChanged, PublicationState, WebhookEvent};
use db::AccountConn;
use rpc::{Result, timestamp};

use super::Publication;
use crate::webhooks;

/// In the transaction of the change.
pub(super) async fn changed(conn: &mut AccountConn, publication: &Publication) -> Result<()> {
    let event = PublicationChanged {
        publication_id: publication.id.to_string(),
        content_id: publication.content_id.to_string(),
        site_id: publication.site_id.to_string(),
        state: publication.state().json_name().unwrap_or_default().to_owned(),
        title: publication.title.clone(),
        primary_keyword: publication.primary_keyword.clone(),
        cluster_id: publication.cluster_id.map(|id| id.to_string()),
        url: publication.url.clone(),
        published_at: publication.published_at.map(timestamp::of),
        scheduled_for: publication.scheduled_for.map(timestamp::of),
        error_message: publication.error_message.clone(),
        changed_at: Some(timestamp::of(Utc::now())),
    };
    bus::push(conn, publication.id, &event).await?;
    match event_of(publication.state()) {
        Some(event) => webhooks::tell(conn, event, publication).await,
        None => Ok(()),
    }
}

fn event_of(state: PublicationState) -> Option<WebhookEvent> {
    match state {
        PublicationState::Scheduled => Some(WebhookEvent::PublicationScheduled),
        PublicationState::Published => Some(WebhookEvent::PublicationPublished),
        PublicationState::Drifted => Some(WebhookEvent::PublicationDrifted),
        PublicationState::Unpublished => Some(WebhookEvent::PublicationUnpublished),
        PublicationState::Failed => Some(WebhookEvent::PublicationFailed),
        PublicationState::Unspecified
        | PublicationState::New
        | PublicationState::Creating
        | PublicationState::Drafted
        | PublicationState::Cancelled => None,
    }
}
