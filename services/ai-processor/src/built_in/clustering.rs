//! Clustering by the library of that name, off the threads of the runtime.

use std::collections::HashMap;
use std::thread::available_parallelism;

use clustering::{Cluster, Clusters, Evidence, Intent, Keyword, KeywordId, Links, Settings, Thresholds};
use contracts::ai_processor::v1 as pb;
use contracts::progress::v1::Phase;
use prost::Message;
use tokio::sync::Semaphore;

use super::{Answer, broken, decode};
use crate::provider::{Failure, Task};
use crate::worker::Reporter;

/// 200,000 keywords take some 700 MB and all cores: two at once would gain nothing and need twice the memory.
static AT_ONCE: Semaphore = Semaphore::const_new(1);
/// More than this is more than a machine of ordinary size can hold.
const MOST: usize = 500_000;

pub(super) async fn run(task: Task, reporter: &Reporter) -> Result<Answer, Failure> {
    reporter.phase(Phase::Init, 2, "Reading the keywords.");
    let Task { input, units, .. } = task;
    let input: pb::ClusteringInput = decode(&input)?;
    if input.keywords.len() > MOST {
        let message = format!("At most {MOST} keywords can be clustered at once. Choose fewer.");
        return Err(Failure::Permanent { code: "TOO_MANY_KEYWORDS", message });
    }
    let _permit = AT_ONCE.acquire().await.map_err(|error| broken("clustering", &error))?;
    let reporter = reporter.clone();
    let work = tokio::task::spawn_blocking(move || cluster(&input, units, &reporter));
    work.await.map_err(|error| broken("clustering", &error))?
}

fn cluster(input: &pb::ClusteringInput, units: i64, reporter: &Reporter) -> Result<Answer, Failure> {
    let count = input.keywords.len();
    reporter.phase(Phase::Prep, 8, format!("Preparing {count} keywords."));
    let keywords = input.keywords.iter().map(keyword).collect::<Result<Vec<_>, _>>()?;
    let links = Links { must: pairs(&input.must)?, cannot: pairs(&input.cannot)? };
    reporter.phase(Phase::AiCall, 15, format!("Comparing {count} keywords with each other."));
    let settings =
        Settings { threads: available_parallelism().map_or(1, std::num::NonZero::get), ..Settings::default() };
    let tree = clustering::tree(&keywords, &links, &settings);
    reporter.phase(Phase::Parse, 75, "Cutting the keywords into pages and topics.");
    let answer = tree.cut(&thresholds(input));
    let merge_tree = tree.to_bytes();
    drop(tree);
    let result = result(&answer, &keywords, merge_tree);
    check(&result, &keywords)?;
    let (clusters, topics) = (answer.clusters.len(), answer.topics.len());
    reporter.phase(Phase::Save, 92, format!("Keeping {clusters} clusters in {topics} topics."));
    reporter.units_done(units);
    Ok(Answer {
        result: result.encode_to_vec(),
        units,
        request: format!("cluster {count} keywords, language {:?}", input.language),
        response: format!("{clusters} clusters in {topics} topics"),
    })
}

fn keyword(keyword: &pb::ClusteringKeyword) -> Result<Keyword<'_>, Failure> {
    Ok(Keyword {
        id: id(&keyword.id)?,
        text: &keyword.text,
        serp_urls: &keyword.serp_urls,
        page: Some(keyword.page.as_str()).filter(|page| !page.is_empty()),
        parent: Some(keyword.parent.as_str()).filter(|parent| !parent.is_empty()),
    })
}

fn pairs(pairs: &[pb::KeywordPair]) -> Result<Vec<(KeywordId, KeywordId)>, Failure> {
    pairs.iter().map(|pair| Ok((id(&pair.one)?, id(&pair.other)?))).collect()
}

fn id(bytes: &[u8]) -> Result<KeywordId, Failure> {
    KeywordId::try_from(bytes).map_err(|error| broken("a keyword's id", &error))
}

fn thresholds(input: &pb::ClusteringInput) -> Thresholds {
    let own = Thresholds::default();
    let page = input.page_threshold.unwrap_or(own.page);
    // A page of its own threshold keeps its topics at or below it.
    Thresholds { page, topic: input.topic_threshold.unwrap_or(own.topic).min(page) }
}

fn result(answer: &Clusters, keywords: &[Keyword<'_>], merge_tree: Vec<u8>) -> pb::ClusteringResult {
    let texts: HashMap<KeywordId, &str> = keywords.iter().map(|keyword| (keyword.id, keyword.text)).collect();
    let outcome = |cluster: &Cluster| pb::ClusterOutcome {
        name: cluster.name.clone(),
        topic: answer.topics.get(cluster.topic).map(|topic| topic.name.clone()).unwrap_or_default(),
        intents: intents_of(cluster, &texts),
        members: cluster.members.iter().map(|member| self::member(member, &texts)).collect(),
    };
    pb::ClusteringResult { clusters: answer.clusters.iter().map(outcome).collect(), merge_tree }
}

fn member(member: &clustering::Member, texts: &HashMap<KeywordId, &str>) -> pb::ClusterMember {
    let text = |id: &KeywordId| texts.get(id).copied().unwrap_or_default();
    let intents = clustering::intents(text(&member.id)).all;
    pb::ClusterMember {
        keyword_id: member.id.to_vec(),
        confidence: member.confidence,
        evidence: evidence(&member.evidence, text),
        intents: intents.into_iter().map(|intent| intent_name(intent).to_owned()).collect(),
    }
}

/// The cluster's own intent first, then those of at least a quarter of its keywords.
fn intents_of(cluster: &Cluster, texts: &HashMap<KeywordId, &str>) -> Vec<String> {
    let of_members = cluster.members.iter().filter_map(|member| texts.get(&member.id));
    let primary: Vec<Intent> = of_members.map(|text| clustering::intents(text).primary).collect();
    let frequent = |intent: Intent| primary.iter().filter(|other| **other == intent).count() * 4 >= primary.len();
    let all = [Intent::Informational, Intent::Commercial, Intent::Transactional, Intent::Navigational];
    let others = all.into_iter().filter(|intent| *intent != cluster.intent && frequent(*intent));
    std::iter::once(cluster.intent).chain(others).map(|intent| intent_name(intent).to_owned()).collect()
}

fn intent_name(intent: Intent) -> &'static str {
    match intent {
        Intent::Informational => "informational",
        Intent::Commercial => "commercial",
        Intent::Transactional => "transactional",
        Intent::Navigational => "navigational",
    }
}

/// Why a keyword is where it is, in a few words.
fn evidence<'t>(evidence: &Evidence, text: impl Fn(&KeywordId) -> &'t str) -> String {
    match evidence {
        Evidence::Alone => "nothing similar".to_owned(),
        Evidence::Person { with } => format!("put together by hand: {}", text(with)),
        Evidence::SameText { with } => format!("same text: {}", text(with)),
        Evidence::SearchResults { with, shared } => format!("shared results: {shared} with {}", text(with)),
        Evidence::Page { with } => format!("same page: {}", text(with)),
        Evidence::Parent { with } => format!("same parent keyword: {}", text(with)),
        Evidence::Words { words, .. } => format!("words: {}", words.join(" ")),
        Evidence::Spelling { with } => format!("similar spelling: {}", text(with)),
        Evidence::Whole => "near the cluster as a whole".to_owned(),
    }
}

/// Each keyword is in exactly one cluster, or the answer is not given out.
fn check(result: &pb::ClusteringResult, keywords: &[Keyword<'_>]) -> Result<(), Failure> {
    let mut asked: Vec<&[u8]> = keywords.iter().map(|keyword| keyword.id.as_slice()).collect();
    let members = result.clusters.iter().flat_map(|cluster| &cluster.members);
    let mut placed: Vec<&[u8]> = members.map(|member| member.keyword_id.as_slice()).collect();
    asked.sort_unstable();
    asked.dedup();
    placed.sort_unstable();
    if asked == placed { Ok(()) } else { Err(broken("clustering", &"a keyword is in no cluster, or in two")) }
}
