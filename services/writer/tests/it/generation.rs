//! Having articles written and images made: what is asked for, and what is done with the results. The way through billing and ai-processor
//! is that of the fleet's own tests.

use contracts::ai_processor::v1::{
    ContentImage, ContentResult, ContentSection, ImagePromptsResult, ImageResult, JobReceipt,
};
use contracts::writer::v1 as pb;
use contracts::writer::v1::generation_service_client::GenerationServiceClient;
use contracts::writer::v1::{ImageSlot, ImageState, TaskSelection, TaskStatus};
use futures_util::future::join_all;
use jobs::{Figures, JobRequest, Outcome};
use prost::Message;
use rpc::client::Channel;
use rpc::{AccountId, Kind};
use testkit::internal;
use uuid::Uuid;

use crate::harness::{Place, Writer, nowhere, refusal};
use crate::neighbours::Neighbour;
use crate::pictures::png;

fn generation(writer: &Writer) -> GenerationServiceClient<Channel> {
    GenerationServiceClient::new(writer.channel())
}

/// A writer with a real billing, where a new account has credits, and without ai-processor.
async fn with_billing() -> (Writer, Neighbour) {
    let billing = Neighbour::billing().await;
    let writer = Writer::start_with(&nowhere("auth"), &billing.target(), &nowhere("ai-processor")).await;
    (writer, billing)
}

fn articles(tasks: &[&pb::Task], dry_run: bool) -> pb::AutoGenerateContentRequest {
    let ids = tasks.iter().map(|task| task.id.clone()).collect();
    pb::AutoGenerateContentRequest { tasks: Some(TaskSelection { ids, ..Default::default() }), dry_run }
}

fn pictures(content: &str, dry_run: bool) -> pb::AutoGenerateImagesRequest {
    pb::AutoGenerateImagesRequest { content_ids: vec![content.to_owned()], dry_run, ..Default::default() }
}

/// Notes a request as one whose job has ended well, and applies this result to it.
async fn apply(writer: &Writer, place: &Place, action: &str, target: &str, result: &impl Message) -> Figures {
    let (account, id) = (place.owner.account(), Uuid::now_v7());
    writer
        .execute(&format!(
            "INSERT INTO igny8_job_requests (account_id, id, site_id, action, step, actor_id, req_hash, target_id, exclusive, params,
                 units, input_sha256, credits, charge, next_at, deadline_at)
             VALUES ('{account}', '{id}', '{}', '{action}', 'finished', '{account}', '', '{target}', true, '{{}}', 1, '', 9, 7,
                 now(), now())",
            place.site
        ))
        .await;
    let receipt =
        JobReceipt { provider: "built-in".into(), model: "rules".into(), tokens_out: 5, ..Default::default() };
    let outcome = Outcome { body: result.encode_to_vec(), receipt };
    let actions = writer::generation::actions(&writer.app.db, &writer.app.files);
    let apply = actions.iter().find(|known| known.spec().name == action).unwrap();
    let account = AccountId::of_message(account);
    let request = writer.app.db.account(account, async |conn| JobRequest::find(conn, id).await).await.unwrap().unwrap();
    apply.prepare(account, &request, &outcome).await.unwrap();
    let applied = writer.app.db.account(account, async |conn| {
        let figures = apply.apply(conn, &request, outcome).await?;
        let end = format!("UPDATE igny8_job_requests SET step = 'applied', ended_at = now() WHERE id = '{id}'");
        diesel_async::RunQueryDsl::execute(diesel::sql_query(end), conn).await?;
        Ok(figures)
    });
    applied.await.unwrap()
}

fn written() -> ContentResult {
    let image = |slot: &str, section| ContentImage {
        slot: slot.into(),
        section,
        alt: format!("{slot} loaf"),
        prompt: "A loaf on a board".into(),
        ..Default::default()
    };
    ContentResult {
        title: "Rye Bread at Home".into(),
        meta_title: "Rye Bread".into(),
        slug: "rye-bread-at-home".into(),
        intro_html: "<p>Intro.</p><script>steal()</script>".into(),
        sections: vec![ContentSection { heading: "Flour".into(), html: "<p>Take rye flour.</p>".into() }],
        images: vec![image("featured", -1), image("section", 0)],
        claims: vec!["Rye has less gluten.".into()],
        tags: vec!["rye".into()],
        built_in_draft: true,
        ..Default::default()
    }
}

async fn images(writer: &Writer, place: &Place, content: &str) -> Vec<pb::Image> {
    let filter = pb::ImageFilter { content_id: Some(content.to_owned()), ..Default::default() };
    let request = pb::ListImagesRequest { filter: Some(filter), ..Default::default() };
    writer.images().list_images(place.owner.request(request)).await.unwrap().into_inner().results
}

#[tokio::test]
async fn an_article_is_stored_with_its_receipt_and_the_places_of_its_images() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    let figures = apply(&writer, &place, "auto_generate_content", &task.id, &written()).await;

    let task = writer.get_task(&place, &task.id).await.unwrap();
    assert_eq!((task.status(), task.content_id()), (TaskStatus::Written, figures["content_id"].as_str()));
    let content = writer.get(&place, task.content_id()).await.unwrap();
    assert_eq!((content.revision, content.title.as_str(), content.built_in_draft), (1, "Rye Bread at Home", true));
    assert_eq!((content.claims.len(), content.tags.len()), (1, 1));
    let images = images(&writer, &place, &content.id).await;
    let slots: Vec<_> = images.iter().map(|image| (image.slot(), image.state())).collect();
    assert_eq!(slots, [(ImageSlot::Featured, ImageState::Pending), (ImageSlot::Section, ImageState::Pending)]);
    let (html, section) = (content.html(), &images[1].id);
    assert!(html.contains(&format!("igny8-image:{section}")) && !html.contains("script"), "{html}");

    let request = pb::GetContentRevisionRequest { id: content.id.clone(), number: "1".into() };
    let revision = writer.contents().get_content_revision(place.owner.request(request)).await.unwrap().into_inner();
    let receipt = revision.receipt.unwrap();
    assert_eq!((receipt.model.as_str(), receipt.tokens_out, receipt.credits), ("rules", 5, 7));
    let told = writer.told("writer.content.changed").await;
    assert_eq!((told.len(), told[0]["images_ready"].as_bool()), (1, Some(false)));
}

#[tokio::test]
async fn pictures_are_stored_and_the_last_one_is_told_of() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    let content = apply(&writer, &place, "auto_generate_content", &task.id, &written()).await["content_id"].clone();
    for (at, image) in images(&writer, &place, &content).await.into_iter().enumerate() {
        let result = ImageResult { body: png(1200, 630, &[u8::try_from(at).unwrap()]), ..Default::default() };
        apply(&writer, &place, "auto_generate_images", &image.id, &result).await;
        let image = writer.get_image(&place.owner, &image.id).await.unwrap();
        let picture = image.picture.clone().unwrap();
        assert_eq!((image.state(), picture.receipt.unwrap().credits), (ImageState::Generated, 7));
    }
    let ready: Vec<_> = writer.told("writer.content.changed").await;
    let ready: Vec<_> = ready.iter().map(|told| told["images_ready"].as_bool().unwrap()).collect();
    assert_eq!(ready, [false, true]);
}

#[tokio::test]
async fn an_article_without_images_gets_a_featured_one_whose_picture_follows() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let content = writer.write(&place, "Rye Bread").await;
    let featured = ContentImage { slot: "featured".into(), alt: "A loaf".into(), ..Default::default() };
    let result = ImagePromptsResult { images: vec![featured] };
    apply(&writer, &place, "describe_images", &content.id, &result).await;
    let images = images(&writer, &place, &content.id).await;
    assert_eq!((images.len(), images[0].slot(), images[0].alt.as_str()), (1, ImageSlot::Featured, "A loaf"));
    let ordered =
        "SELECT target_id::text FROM igny8_job_requests WHERE action = 'auto_generate_images' AND step = 'new'";
    assert_eq!(writer.texts(ordered).await, [images[0].id.clone()]);
}

#[tokio::test]
async fn a_dry_run_tells_the_price_and_starts_nothing() {
    let (writer, _billing) = with_billing().await;
    let place = writer.place().await;
    let (one, other) = (writer.task(&place, "Rye Bread").await, writer.task(&place, "Spelt Bread").await);
    let asked = place.owner.request(articles(&[&one, &other], true));
    let quote = generation(&writer).auto_generate_content(asked).await.unwrap().into_inner();
    let (words, price) = (i64::from(one.word_count), (i64::from(one.word_count) + 199) / 200);
    assert!(quote.dry_run && quote.started.is_empty());
    let quote = quote.quote.unwrap();
    assert_eq!((quote.rows, quote.credits, quote.enough), (2 * words, 2 * price, true));

    let content = writer.write(&place, "Rolls").await;
    let asked = place.owner.request(pictures(&content.id, true));
    let quote = generation(&writer).auto_generate_images(asked).await.unwrap().into_inner().quote.unwrap();
    assert_eq!(quote.credits, 3, "one for the description and two for the picture");
    assert_eq!(writer.number("SELECT count(*) FROM igny8_job_requests").await, 0);
}

#[tokio::test]
async fn nothing_is_begun_while_the_processor_is_away_and_the_task_waits_again() {
    let (writer, _billing) = with_billing().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    for _ in 0..2 {
        let request = place.owner.request(articles(&[&task], false));
        let request = testkit::metadata(request, rpc::metadata::IDEMPOTENCY_KEY, "once");
        assert_eq!(refusal(generation(&writer).auto_generate_content(request).await).kind(), Kind::Unavailable);
        let task = writer.get_task(&place, &task.id).await.unwrap();
        assert_eq!((task.status(), task.error_message().is_empty()), (TaskStatus::Queued, false));
    }
    let steps = writer.texts("SELECT step FROM igny8_job_requests").await;
    assert_eq!(steps, ["abandoned", "abandoned"]);
}

/// The pieces that were begun by the same request, sent many times at once: whoever comes too early is told to come again.
async fn at_once(writer: &Writer, place: &Place, tasks: &[&pb::Task]) -> Vec<Vec<String>> {
    let one = async || loop {
        let request = place.owner.request(articles(tasks, false));
        let request = testkit::metadata(request, rpc::metadata::IDEMPOTENCY_KEY, "once");
        match generation(writer).auto_generate_content(request).await {
            Ok(work) => return work.into_inner().started.into_iter().map(|piece| piece.task_id).collect(),
            Err(status) => {
                let refused = rpc::Error::from(status);
                assert_eq!(
                    (refused.kind(), refused.reason()),
                    (Kind::Aborted, "IDEMPOTENCY_IN_PROGRESS"),
                    "{refused:?}"
                );
            }
        }
    };
    join_all((0..24).map(|_| one())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_begins_each_piece_once() {
    let (billing, ai) = (Neighbour::billing().await, Neighbour::ai_processor().await);
    let writer = Writer::start_with(&nowhere("auth"), &billing.target(), &ai.target()).await;
    for _ in 0..5 {
        let place = writer.place().await;
        let (one, other) = (writer.task(&place, "Rye Bread").await, writer.task(&place, "Spelt Bread").await);
        let answers = at_once(&writer, &place, &[&one, &other]).await;
        assert_eq!(answers[0].len(), 2);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        let account = place.owner.account();
        let requests = format!("SELECT count(*) FROM igny8_job_requests WHERE account_id = '{account}'");
        assert_eq!(writer.number(&requests).await, 2);
    }
    let jobs: i64 =
        ai.database.superuser().await.query_one("SELECT count(*) FROM igny8_jobs", &[]).await.unwrap().get(0);
    assert_eq!(jobs, 10);
}

#[tokio::test]
async fn what_costs_more_than_there_is_is_refused_with_the_price() {
    let (writer, billing) = with_billing().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    let asked = place.owner.request(articles(&[&task], true));
    generation(&writer).auto_generate_content(asked).await.unwrap();
    billing
        .database
        .superuser()
        .await
        .batch_execute("UPDATE igny8_prices SET credits = 1000, units = 1")
        .await
        .unwrap();
    let asked = place.owner.request(articles(&[&task], false));
    let refused = refusal(generation(&writer).auto_generate_content(asked).await);
    assert_eq!(refused.reason(), "INSUFFICIENT_CREDITS");
    assert_eq!(writer.get_task(&place, &task.id).await.unwrap().status(), TaskStatus::Queued);
}

#[tokio::test]
async fn automation_keeps_within_its_budget() {
    let (writer, _billing) = with_billing().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    let start = pb::StartContentRequest {
        job_id: Uuid::now_v7().to_string(),
        task_id: task.id.clone(),
        max_credits: Some(1),
        ..Default::default()
    };
    let request = internal(place.owner.account(), start);
    let refused = refusal(writer.publishing("planner").start_content(request).await);
    assert_eq!(refused.reason(), "OVER_BUDGET");
    assert_eq!(writer.get_task(&place, &task.id).await.unwrap().status(), TaskStatus::Queued);

    let content = writer.write(&place, "Rolls").await;
    let image = writer.image(&place, &content.id, ImageSlot::Featured).await;
    let start = pb::StartImagesRequest {
        job_id: Uuid::now_v7().to_string(),
        content_id: content.id,
        max_credits: Some(1),
        ..Default::default()
    };
    let request = internal(place.owner.account(), start);
    assert_eq!(refusal(writer.publishing("planner").start_images(request).await).reason(), "OVER_BUDGET");
    assert_eq!(writer.get_image(&place.owner, &image.id).await.unwrap().state(), ImageState::Failed);
}

#[tokio::test]
async fn images_that_are_there_are_nothing_to_start_again() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let content = writer.write(&place, "Rolls").await;
    let image = writer.image(&place, &content.id, ImageSlot::Featured).await;
    let (job, account) = (Uuid::now_v7(), place.owner.account());
    writer.upload(&place, &image.id, &png(8, 8, b"")).await.unwrap();
    let start = pb::StartImagesRequest {
        job_id: job.to_string(),
        content_id: content.id.clone(),
        max_credits: Some(10),
        ..Default::default()
    };
    let request = internal(account, start);
    let started = writer.publishing("planner").start_images(request).await.unwrap().into_inner();
    assert_eq!(started.credits, 0);
    let asked = place.owner.request(pictures(&content.id, false));
    assert_eq!(refusal(generation(&writer).auto_generate_images(asked).await).reason(), "NOTHING_TO_MAKE");
}

#[tokio::test]
async fn a_task_that_does_not_wait_is_left_out() {
    let (writer, _billing) = with_billing().await;
    let place = writer.place().await;
    let (task, written_task) = (writer.task(&place, "Rolls").await, writer.task(&place, "Rye Bread").await);
    apply(&writer, &place, "auto_generate_content", &written_task.id, &written()).await;
    let asked = place.owner.request(articles(&[&task, &written_task], true));
    let quote = generation(&writer).auto_generate_content(asked).await.unwrap().into_inner();
    assert_eq!((quote.left_out.len(), &quote.left_out[0].object_id), (1, &written_task.id));
    assert_eq!(quote.left_out[0].reason, "TASK_STATUS");
    let asked = place.owner.request(articles(&[&written_task], false));
    assert_eq!(refusal(generation(&writer).auto_generate_content(asked).await).reason(), "NOTHING_TO_WRITE");
}
