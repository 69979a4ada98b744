//! From draft to approved, and back.

use contracts::writer::v1 as pb;
use contracts::writer::v1::{ContentDecision, ContentStatus};

use crate::harness::{Place, Writer};

async fn decide(
    writer: &Writer,
    place: &Place,
    id: &str,
    decision: ContentDecision,
) -> Result<pb::Content, rpc::Error> {
    let request = pb::DecideContentRequest { id: id.to_owned() };
    let reject = pb::RejectContentRequest { id: id.to_owned(), note: "Name the oven's heat.".to_owned() };
    let mut client = writer.contents();
    let decided = match decision {
        ContentDecision::Submit => client.submit_content(place.owner.request(request)).await?,
        ContentDecision::Approve => client.approve_content(place.owner.request(request)).await?,
        _ => client.reject_content(place.owner.request(reject)).await?,
    };
    Ok(decided.into_inner())
}

#[tokio::test]
async fn an_article_is_submitted_rejected_with_a_note_and_approved() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let id = writer.write(&place, "Rye Bread").await.id;
    let submitted = decide(&writer, &place, &id, ContentDecision::Submit).await.unwrap();
    assert_eq!(submitted.status(), ContentStatus::Review);
    let rejected = decide(&writer, &place, &id, ContentDecision::Reject).await.unwrap();
    assert_eq!((rejected.status(), rejected.review_note()), (ContentStatus::Draft, "Name the oven's heat."));
    for _ in 0..2 {
        let approved = decide(&writer, &place, &id, ContentDecision::Approve).await.unwrap();
        assert_eq!((approved.status(), approved.review_note, approved.revision), (ContentStatus::Approved, None, 1));
    }
    let told = writer.told("writer.content.changed").await;
    let statuses: Vec<_> = told.iter().map(|event| event["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["draft", "review", "draft", "approved"]);
}

#[tokio::test]
async fn a_live_article_is_not_sent_back() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let id = writer.write(&place, "Rye Bread").await.id;
    writer.execute("UPDATE igny8_content SET status = 'published'").await;
    let refused = decide(&writer, &place, &id, ContentDecision::Reject).await.unwrap_err();
    assert_eq!(refused.reason(), "CONTENT_STATUS");
    assert!(refused.message().contains("Take its page down first"), "{}", refused.message());
}

#[tokio::test]
async fn many_are_decided_as_far_as_their_status_allows() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    for title in ["Rye Bread", "Oat Bread", "Live Bread"] {
        writer.write(&place, title).await;
    }
    writer.execute("UPDATE igny8_content SET status = 'published' WHERE title = 'Live Bread'").await;
    let selection = pb::ContentSelection { filter: Some(pb::ContentFilter::default()), ..Default::default() };
    let request =
        pb::BulkDecideContentsRequest { selection: Some(selection), decision: ContentDecision::Approve.into() };
    let decided = writer.contents().bulk_decide_contents(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!((decided.count, decided.skipped), (2, 1));
    assert_eq!(writer.number("SELECT count(*) FROM igny8_content WHERE status = 'approved'").await, 2);
}
