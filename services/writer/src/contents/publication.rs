//! What the publisher tells of an article's page.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::publisher::v1::{PublicationChanged, PublicationState};
use contracts::writer::v1::ContentStatus;
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};

use super::{Content, owned_by, write};
use crate::schema::igny8_content;

/// What becomes of an article by it.
#[expect(clippy::option_option, reason = "diesel's form: None leaves a value, Some(None) clears it")]
#[derive(Debug, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = igny8_content)]
struct Page {
    status: Option<Stored<ContentStatus>>,
    url: Option<Option<String>>,
    scheduled_for: Option<Option<DateTime<Utc>>>,
    published_at: Option<Option<DateTime<Utc>>>,
    publish_error: Option<Option<String>>,
}

/// Takes the state of a page over. An event that is older than one that was heard changes nothing.
pub async fn changed(conn: &mut AccountConn, event: &PublicationChanged) -> Result<()> {
    let id = rpc::id("content_id", &event.content_id)?;
    let at = timestamp::optional("changed_at", event.changed_at.as_ref())?.unwrap_or_default();
    let row = igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq(id)).for_update();
    let found = row.select((Content::as_select(), igny8_content::publication_changed_at)).first(conn).await;
    let found: Option<(Content, Option<DateTime<Utc>>)> = found.optional()?;
    let Some((content, heard)) = found else { return Ok(()) };
    if heard.is_some_and(|heard| heard >= at) {
        return Ok(());
    }
    let page = read(event, content.status.0)?;
    let content: Content = diesel::update(igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq(id)))
        .set((page, igny8_content::publication_changed_at.eq(at), igny8_content::updated_at.eq(now)))
        .returning(Content::as_returning())
        .get_result(conn)
        .await?;
    write::tell(conn, &content).await
}

fn read(event: &PublicationChanged, before: ContentStatus) -> Result<Page> {
    let unknown = || Error::internal(anyhow::anyhow!("a page is {:?}, which nobody knows", event.state));
    let state = PublicationState::from_json_name(&event.state).ok_or_else(unknown)?;
    let none = Page { status: None, url: None, scheduled_for: None, published_at: None, publish_error: None };
    // What waited for its time and will not go live may be published anew.
    let given_up = (before == ContentStatus::Scheduled).then_some(Stored(ContentStatus::Approved));
    Ok(match state {
        PublicationState::Scheduled => Page {
            status: (before != ContentStatus::Published).then_some(Stored(ContentStatus::Scheduled)),
            scheduled_for: Some(timestamp::optional("scheduled_for", event.scheduled_for.as_ref())?),
            publish_error: Some(None),
            ..none
        },
        PublicationState::Published | PublicationState::Drifted => Page {
            status: Some(Stored(ContentStatus::Published)),
            url: Some(event.url.clone()),
            scheduled_for: Some(None),
            published_at: Some(timestamp::optional("published_at", event.published_at.as_ref())?),
            publish_error: Some(None),
        },
        PublicationState::Unpublished => Page {
            status: Some(Stored(ContentStatus::Unpublished)),
            url: Some(None),
            scheduled_for: Some(None),
            publish_error: Some(None),
            ..none
        },
        PublicationState::Failed => Page {
            status: given_up,
            scheduled_for: Some(None),
            publish_error: Some(event.error_message.clone()),
            ..none
        },
        PublicationState::Cancelled => Page { status: given_up, scheduled_for: Some(None), ..none },
        _ => Page { publish_error: Some(None), ..none },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: &str, before: ContentStatus) -> Option<ContentStatus> {
        let event = PublicationChanged { state: state.to_owned(), ..PublicationChanged::default() };
        read(&event, before).unwrap().status.map(|status| status.0)
    }

    #[test]
    fn a_failure_takes_nothing_down_and_gives_back_what_only_waited() {
        use ContentStatus::{Approved, Published, Scheduled, Unpublished};
        assert_eq!(status("published", Scheduled), Some(Published));
        assert_eq!(status("drifted", Published), Some(Published));
        assert_eq!(status("failed", Scheduled), Some(Approved));
        assert_eq!((status("failed", Published), status("failed", Approved)), (None, None));
        assert_eq!(status("cancelled", Scheduled), Some(Approved));
        assert_eq!(status("unpublished", Published), Some(Unpublished));
        assert_eq!(status("creating", Approved), None);
        assert!(
            read(&PublicationChanged { state: "?".to_owned(), ..PublicationChanged::default() }, Approved).is_err()
        );
    }
}
