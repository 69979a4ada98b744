//! Revisions: who changed an article and why, and that nobody undoes another's change without knowing.

use contracts::rest::v1::Role;
use contracts::writer::v1 as pb;
use contracts::writer::v1::ContentStatus;
use rpc::Kind;

use crate::harness::{Place, Writer, wrong_fields};

fn change(id: &str, revision: i64, html: &str) -> pb::UpdateContentRequest {
    pb::UpdateContentRequest { id: id.to_owned(), revision, html: html.to_owned(), ..Default::default() }
}

async fn revision(writer: &Writer, place: &Place, id: &str, number: &str) -> Result<pb::ContentRevision, rpc::Error> {
    let request = pb::GetContentRevisionRequest { id: id.to_owned(), number: number.to_owned() };
    Ok(writer.contents().get_content_revision(place.owner.request(request)).await?.into_inner())
}

#[tokio::test]
async fn each_change_is_a_revision_with_its_author_and_reason() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let edit =
        pb::UpdateContentRequest { change_reason: "Shorter.".to_owned(), ..change(&article.id, 1, "<p>Short</p>") };
    let edited = writer.edit(&place, &["revision", "html", "change_reason"], edit).await.unwrap();
    assert_eq!((edited.revision, edited.word_count, edited.title), (2, 1, article.title));

    let request = pb::ListContentRevisionsRequest { id: article.id.clone(), ..Default::default() };
    let list = writer.contents().list_content_revisions(place.owner.request(request)).await.unwrap().into_inner();
    let reasons: Vec<_> =
        list.results.iter().map(|revision| (revision.number, revision.change_reason.as_str())).collect();
    assert_eq!((list.count, reasons), (2, vec![(2, "Shorter."), (1, "Written by hand.")]));
    assert!(list.results.iter().all(|revision| revision.user_id.is_some() && revision.html.is_none()));
    assert_eq!(revision(&writer, &place, &article.id, "1").await.unwrap().html(), "<p>Three short words</p>");
    for missing in ["3", "0", "first"] {
        let refused = revision(&writer, &place, &article.id, missing).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::NotFound, "{missing}");
    }
}

#[tokio::test]
async fn a_change_of_an_old_revision_is_refused() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let mask = ["revision", "html"];
    writer.edit(&place, &mask, change(&article.id, 1, "<p>Mine</p>")).await.unwrap();
    let late = writer.edit(&place, &mask, change(&article.id, 1, "<p>Yours</p>")).await.unwrap_err();
    assert_eq!((late.kind(), late.reason()), (Kind::Aborted, "STALE_REVISION"));
    assert!(late.message().contains("revision 1") && late.message().contains("revision 2"), "{}", late.message());
    let blind = writer.edit(&place, &["html"], change(&article.id, 2, "<p>Yours</p>")).await.unwrap_err();
    assert_eq!(wrong_fields(&blind), ["revision"]);
    assert_eq!(writer.get(&place, &article.id).await.unwrap().html(), "<p>Mine</p>");
}

#[tokio::test]
async fn of_two_changes_at_once_one_wins_and_the_other_is_told() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let mask = ["revision", "html"];
    let (one, other) = tokio::join!(
        writer.edit(&place, &mask, change(&article.id, 1, "<p>One</p>")),
        writer.edit(&place, &mask, change(&article.id, 1, "<p>Other</p>")),
    );
    let refused = [one, other].into_iter().filter_map(Result::err).map(|error| error.reason().to_owned());
    assert_eq!(refused.collect::<Vec<_>>(), ["STALE_REVISION"]);
    assert_eq!(writer.number("SELECT count(*) FROM igny8_content_revisions").await, 2);
}

#[tokio::test]
async fn what_stays_the_same_is_no_revision() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let same = change(&article.id, 1, "<p>Three short words</p><script>gone</script>");
    assert_eq!(writer.edit(&place, &["revision", "html"], same).await.unwrap().revision, 1);
    assert_eq!(writer.told("writer.content.changed").await.len(), 1);
}

#[tokio::test]
async fn an_earlier_revision_becomes_the_newest_one_and_none_is_lost() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    writer.edit(&place, &["revision", "html"], change(&article.id, 1, "<p>Worse</p>")).await.unwrap();
    let restore = async |number: &str| {
        let request = pb::RestoreContentRevisionRequest { id: article.id.clone(), number: number.to_owned() };
        Ok::<_, rpc::Error>(
            writer.contents().restore_content_revision(place.owner.request(request)).await?.into_inner(),
        )
    };
    let restored = restore("1").await.unwrap();
    assert_eq!((restored.revision, restored.html()), (3, "<p>Three short words</p>"));
    assert_eq!(revision(&writer, &place, &article.id, "2").await.unwrap().html(), "<p>Worse</p>");
    assert_eq!(revision(&writer, &place, &article.id, "3").await.unwrap().change_reason, "Revision 1 restored.");
    assert_eq!(restore("3").await.unwrap().revision, 3);
    assert_eq!(restore("9").await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn an_approved_article_that_is_changed_is_reviewed_again() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let request = pb::DecideContentRequest { id: article.id.clone() };
    writer.contents().approve_content(place.owner.request(request)).await.unwrap();
    let edited = writer.edit(&place, &["revision", "html"], change(&article.id, 1, "<p>New</p>")).await.unwrap();
    assert_eq!(edited.status(), ContentStatus::Review);
    let viewer = Place { owner: testkit::Actor::new(place.owner.account(), Role::Viewer).sites([place.site]), ..place };
    let refused = writer.edit(&viewer, &["revision", "html"], change(&article.id, 2, "<p>Mine</p>")).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::PermissionDenied);
}
