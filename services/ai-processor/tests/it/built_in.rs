//! The built-in provider, as planner uses it: a job in, a result out, a row in the request log.

use contracts::ai_processor::v1 as pb;
use contracts::progress::v1::TaskState;
use contracts::rest::v1::Role;
use prost::Message;
use testkit::{Actor, internal};
use uuid::Uuid;

use crate::author_profiles::create;
use crate::harness::{Processor, request};
use crate::sites::site;
use crate::strategies::{strategies, strategy};

/// The last state of a job that was just submitted, and its result.
async fn done(processor: &Processor, account: Uuid, job: pb::SubmitJobRequest) -> (TaskState, Vec<u8>) {
    let job_id = job.job_id.clone();
    processor.submit(account, job).await.unwrap();
    let watch = pb::WatchJobRequest { job_id: job_id.clone() };
    let mut progress = processor.jobs().watch_job(internal(account, watch)).await.unwrap().into_inner();
    let mut last = TaskState::Unspecified;
    while let Some(progress) = progress.message().await.unwrap() {
        last = progress.state();
    }
    let mut result = Vec::new();
    if last == TaskState::Succeeded {
        let read = pb::ReadJobResultRequest { job_id };
        let mut pieces = processor.jobs().read_job_result(internal(account, read)).await.unwrap().into_inner();
        while let Some(piece) = pieces.message().await.unwrap() {
            result.extend(piece.body);
        }
    }
    (last, result)
}

fn clustering(texts: &[&str]) -> pb::SubmitJobRequest {
    let keyword = |(at, text): (u8, &&str)| pb::ClusteringKeyword {
        id: [at; 16].to_vec(),
        text: (*text).to_owned(),
        ..Default::default()
    };
    let keywords = (0..).zip(texts).map(keyword).collect();
    let input = pb::ClusteringInput { language: "en".to_owned(), keywords, ..Default::default() };
    pb::SubmitJobRequest { input: input.encode_to_vec(), ..request() }
}

#[tokio::test(flavor = "multi_thread")]
async fn keywords_become_clusters_with_reasons_and_a_tree_to_cut_again() {
    let processor = Processor::working().await;
    let texts = ["running shoes", "shoes for running", "best running shoes", "coffee table", "small coffee tables"];
    let account = Uuid::now_v7();
    let (state, result) = done(&processor, account, clustering(&texts)).await;
    assert_eq!(state, TaskState::Succeeded);
    let result = pb::ClusteringResult::decode(result.as_slice()).unwrap();
    let names: Vec<&str> = result.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, ["running shoes", "coffee table"]);
    let member = &result.clusters[0].members[0];
    assert!((0.0..=1.0).contains(&member.confidence) && !member.evidence.is_empty(), "{member:?}");
    assert_eq!(clustering::MergeTree::from_bytes(&result.merge_tree).unwrap().len(), texts.len());
    assert_eq!(processor.texts("SELECT response_excerpt FROM igny8_ai_request_logs").await, ["2 clusters in 2 topics"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_languages_and_the_same_words_in_any_order_cluster_the_same() {
    let processor = Processor::working().await;
    let texts =
        ["laufschuhe damen", "damen laufschuhe", "ランニングシューズ", "ランニング シューズ メンズ", "кофейный столик"];
    let account = Uuid::now_v7();
    let (_, one) = done(&processor, account, clustering(&texts)).await;
    let (_, other) = done(&processor, account, clustering(&texts)).await;
    assert_eq!(one, other);
    let result = pb::ClusteringResult::decode(one.as_slice()).unwrap();
    let german = result.clusters.iter().find(|cluster| cluster.name.contains("laufschuhe")).unwrap();
    assert_eq!(german.members.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn ideas_follow_the_strategy_of_the_sector_and_the_default_author_profile() {
    let processor = Processor::working().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    let site = site(&processor, admin.account()).await;
    create(&processor, &admin, "Ada").await;
    let input = |sector: Option<Uuid>| {
        let keyword = |(at, text): (usize, &str)| pb::IdeaKeyword {
            keyword_id: format!("k{at}"),
            text: text.to_owned(),
            volume: None,
        };
        let texts = ["best espresso beans", "how to store espresso beans", "espresso beans price"];
        let cluster = pb::IdeaCluster {
            cluster_id: Uuid::nil().to_string(),
            name: "espresso beans".to_owned(),
            intents: vec!["commercial".to_owned()],
            keywords: texts.into_iter().enumerate().map(keyword).collect(),
            existing_titles: Vec::new(),
        };
        let input = pb::IdeasInput {
            language: "en".to_owned(),
            sector_id: sector.map(|id| id.to_string()),
            clusters: vec![cluster],
            ideas_per_cluster: 2,
            ..Default::default()
        };
        let (action, input) = (pb::JobAction::Ideas.into(), input.encode_to_vec());
        pb::SubmitJobRequest { action, input, units: 2, ..request() }
    };
    let (_, result) = done(&processor, admin.account(), input(None)).await;
    let ideas = pb::IdeasResult::decode(result.as_slice()).unwrap().ideas;
    assert_eq!(ideas[0].structure, "buying_guide");
    assert!(ideas[0].description.contains("owners of small workshops"), "{}", ideas[0].description);

    strategies(&processor).create_strategy(admin.request(strategy(&site))).await.unwrap();
    let (_, result) = done(&processor, admin.account(), input(Some(site.sector))).await;
    let ideas = pb::IdeasResult::decode(result.as_slice()).unwrap().ideas;
    assert_eq!((ideas[0].structure.as_str(), ideas[0].word_count), ("how_to", 900));
    assert!(
        ideas.iter().all(|idea| !idea.title.contains("Best") && idea.description.contains("order a sample")),
        "{ideas:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_fails_for_good_and_is_logged() {
    let processor = Processor::working().await;
    let job = pb::SubmitJobRequest { input: b"\xff\xff\xff".to_vec(), ..request() };
    let (state, _) = done(&processor, Uuid::now_v7(), job).await;
    assert_eq!(state, TaskState::Failed);
    let logged = "SELECT error_code || ' ' || outcome FROM igny8_ai_request_logs";
    assert_eq!(processor.texts(logged).await, ["INPUT_DAMAGED failed"]);
}

fn content(language: &str) -> pb::SubmitJobRequest {
    let input = pb::ContentInput {
        language: language.to_owned(),
        site_name: "Northside Roasters".to_owned(),
        title: "How to Store Espresso Beans".to_owned(),
        content_type: "article".to_owned(),
        structure: "how_to".to_owned(),
        word_count: 800,
        primary_keyword: "how to store espresso beans".to_owned(),
        links: vec![pb::LinkTarget {
            url: "https://example.com/grinders".to_owned(),
            title: "Coffee Grinders".to_owned(),
            ..Default::default()
        }],
        images: 1,
        ..Default::default()
    };
    pb::SubmitJobRequest {
        action: pb::JobAction::Content.into(),
        input: input.encode_to_vec(),
        units: 800,
        ..request()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_becomes_an_article_for_the_reader_of_the_author_profile() {
    let processor = Processor::working().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    create(&processor, &admin, "Ada").await;
    let (state, result) = done(&processor, admin.account(), content("en")).await;
    assert_eq!(state, TaskState::Succeeded);
    let article = pb::ContentResult::decode(result.as_slice()).unwrap();
    assert!(article.intro_html.contains("owners of small workshops"), "{}", article.intro_html);
    assert!(article.built_in_draft && article.sections.len() > 2 && article.images.len() == 2, "{article:?}");
    let linked = "<a href=\"https://example.com/grinders\">Coffee Grinders</a>";
    assert!(article.sections.iter().any(|section| section.html.contains(linked)), "{article:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_in_another_language_fails_for_good_and_costs_nothing() {
    let processor = Processor::working().await;
    let account = Uuid::now_v7();
    let job = content("de");
    let job_id = job.job_id.clone();
    let (state, _) = done(&processor, account, job).await;
    assert_eq!(state, TaskState::Failed);
    let ask = pb::GetJobStatesRequest { job_ids: vec![job_id] };
    let states = processor.jobs().get_job_states(internal(account, ask)).await.unwrap().into_inner().jobs;
    assert_eq!((states[0].charge, states[0].error_code.as_deref()), (Some(0), Some("LANGUAGE_NOT_SUPPORTED")));
    let message = states[0].error_message.as_deref().unwrap_or_default();
    assert!(message.contains("Set up an AI provider"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_and_pictures_are_made_for_an_article() {
    let processor = Processor::working().await;
    let account = Uuid::now_v7();
    let input = pb::ImagePromptsInput {
        title: "How to Store Espresso Beans".to_owned(),
        primary_keyword: "how to store espresso beans".to_owned(),
        headings: vec!["What You Need".to_owned(), "Step by Step".to_owned()],
        images: 1,
        ..Default::default()
    };
    let job = pb::SubmitJobRequest {
        action: pb::JobAction::ImagePrompts.into(),
        input: input.encode_to_vec(),
        units: 2,
        ..request()
    };
    let (_, result) = done(&processor, account, job).await;
    let images = pb::ImagePromptsResult::decode(result.as_slice()).unwrap().images;
    assert_eq!(images.iter().map(|image| image.slot.as_str()).collect::<Vec<_>>(), ["featured", "section"]);

    let input = pb::ImageInput {
        prompt: images[0].prompt.clone(),
        title: "How to Store Espresso Beans".to_owned(),
        width: 1200,
        height: 630,
        format: "webp".to_owned(),
        ..Default::default()
    };
    let job = pb::SubmitJobRequest {
        action: pb::JobAction::Image.into(),
        queue: pb::JobClass::Image.into(),
        input: input.encode_to_vec(),
        ..request()
    };
    let (_, result) = done(&processor, account, job).await;
    let image = pb::ImageResult::decode(result.as_slice()).unwrap();
    assert_eq!((image.content_type.as_str(), image.width, image.height), ("image/webp", 1200, 630));
    assert_eq!((image.body.get(..4), image.body.get(8..12)), (Some(&b"RIFF"[..]), Some(&b"WEBP"[..])));
}
