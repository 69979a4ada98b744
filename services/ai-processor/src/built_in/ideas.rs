//! Ideas by rules: from what the keywords of a cluster ask for to pages with a title, an outline and a length.
//!
//! [`shape`] reads a keyword, [`angles`] finds the pages of a cluster, [`titles`], [`outlines`] and [`descriptions`] write them out, and
//! [`similar`] keeps a page from being promised twice. The rules are English; keywords of other languages become pages that are made of the
//! keywords themselves.

mod angles;
mod descriptions;
mod outlines;
pub(super) mod reading;
mod shape;
mod similar;
mod titles;
mod words;

use std::collections::BTreeSet;

use clustering::normalise;
use contracts::JsonEnum;
use contracts::ai_processor::v1 as pb;
use contracts::planner::v1::{ContentStructure, ContentType};
use contracts::progress::v1::Phase;
use prost::Message;
use uuid::Uuid;

use self::angles::Angle;
use self::shape::Kind;
use super::{Answer, broken, decode};
use crate::App;
use crate::author_profiles::{self, AuthorProfile};
use crate::provider::{Failure, Task};
use crate::strategies::{self, Strategy};
use crate::worker::Reporter;

/// A cluster has ten ideas at the most: after that they repeat each other.
const MOST: usize = 10;
const LONGEST_TITLE: usize = 120;
const LONGEST_DESCRIPTION: usize = 1500;

/// What the account wants of all ideas: from the strategy of the sector, the default author profile and the site.
#[derive(Debug, Clone, Default)]
struct Brief {
    language: String,
    site_name: String,
    facts: String,
    audience: String,
    goal: String,
    /// Structures that are wanted most, the first first.
    structures: Vec<String>,
    /// Words that no title may have.
    avoid: Vec<String>,
    word_count: Option<i32>,
}

impl Brief {
    fn new(input: &pb::IdeasInput, strategy: Option<Strategy>, profile: Option<AuthorProfile>) -> Self {
        let reader = profile.map(|profile| profile.reader).unwrap_or_default();
        let brief = Self {
            language: input.language.clone(),
            site_name: input.site_name.trim().to_owned(),
            facts: input.site_facts.clone(),
            audience: reader,
            ..Self::default()
        };
        let Some(strategy) = strategy else { return brief };
        let Strategy { audience, goal, structures, avoid, word_count, .. } = strategy;
        Self { audience, goal, structures, avoid, word_count, ..brief }
    }

    /// The audience where it is short enough for a title.
    fn short_audience(&self) -> Option<&str> {
        let audience = self.audience.trim().trim_end_matches('.');
        let short = !audience.is_empty() && audience.split_whitespace().count() <= 3 && audience.chars().count() <= 24;
        short.then_some(audience)
    }

    /// Whether the rules know the language. Nothing said: that of most sites.
    fn is_english(&self) -> bool {
        self.language.is_empty() || self.language.to_lowercase().starts_with("en")
    }

    fn avoids(&self, title: &str) -> bool {
        let title = format!(" {} ", normalise(title).replace(|character: char| !character.is_alphanumeric(), " "));
        self.avoid.iter().any(|word| {
            let word = normalise(word).replace(|character: char| !character.is_alphanumeric(), " ");
            !word.trim().is_empty() && title.contains(&format!(" {} ", word.trim()))
        })
    }
}

pub(super) async fn run(app: &App, task: Task, reporter: &Reporter) -> Result<Answer, Failure> {
    reporter.phase(Phase::Init, 5, "Reading the clusters.");
    let input: pb::IdeasInput = decode(&task.input)?;
    let brief = brief(app, &task, &input).await?;
    let (clusters, reports) = (input.clusters.len(), reporter.clone());
    reporter.phase(Phase::Prep, 15, format!("Preparing {clusters} clusters."));
    let work = tokio::task::spawn_blocking(move || {
        reports.phase(Phase::AiCall, 30, format!("Making ideas for {clusters} clusters."));
        let made = ideas(&input, &brief);
        reports.phase(Phase::Parse, 80, format!("Checking {} ideas.", made.len()));
        check(&input, &made).map(|()| (made, input.ideas_per_cluster))
    });
    let (made, each) = work.await.map_err(|error| broken("ideas", &error))??;
    let count = made.len();
    reporter.phase(Phase::Save, 92, format!("Keeping {count} ideas."));
    let units = done(task.units, count, clusters * wanted(each));
    reporter.units_done(units);
    Ok(Answer {
        result: pb::IdeasResult { ideas: made }.encode_to_vec(),
        units,
        request: format!("make {each} ideas for each of {clusters} clusters"),
        response: format!("{count} ideas"),
    })
}

/// What was quoted for all that was wanted, as far as it came about.
fn done(units: i64, made: usize, wanted: usize) -> i64 {
    let [made, wanted] = [made, wanted.max(1)].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let done = units.saturating_mul(made).saturating_add(wanted - 1) / wanted;
    done.min(units)
}

async fn brief(app: &App, task: &Task, input: &pb::IdeasInput) -> Result<Brief, Failure> {
    let sector = input.sector_id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
    let read = app.db.account(task.account, async |conn| {
        let strategy = match sector {
            Some(sector) => strategies::of_sector(conn, sector).await?,
            None => None,
        };
        Ok((strategy, author_profiles::default(conn).await?))
    });
    let (strategy, profile) = read.await.map_err(|error| {
        tracing::warn!(error = ?error, "could not read the strategy of a job");
        Failure::Transient {
            code: "DATABASE_UNAVAILABLE",
            message: "Our database did not answer. The job is tried again.".to_owned(),
            retry_after: None,
        }
    })?;
    Ok(Brief::new(input, strategy, profile))
}

fn wanted(each: i32) -> usize {
    usize::try_from(each).unwrap_or_default().clamp(1, MOST)
}

/// The ideas for all clusters, as many for each as are wanted and as its keywords carry.
fn ideas(input: &pb::IdeasInput, brief: &Brief) -> Vec<pb::IdeaOutcome> {
    let mut taken = BTreeSet::new();
    let mut ideas = Vec::new();
    for cluster in &input.clusters {
        ideas.extend(of_cluster(cluster, brief, wanted(input.ideas_per_cluster), &mut taken));
    }
    ideas
}

/// `taken` holds the titles of all clusters of this run.
fn of_cluster(
    cluster: &pb::IdeaCluster,
    brief: &Brief,
    wanted: usize,
    taken: &mut BTreeSet<String>,
) -> Vec<pb::IdeaOutcome> {
    let mut promised = cluster.existing_titles.clone();
    let mut chosen: Vec<(String, Angle<'_>)> = Vec::new();
    let mut left: Vec<Angle<'_>> = Vec::new();
    for angle in angles::of_cluster(cluster, brief) {
        // Further pages of a language whose words the rules do not know would only repeat the keyword.
        let possible = chosen.len() < wanted && (brief.is_english() || !angle.derived);
        let title = if possible { title(cluster, &angle, brief, &promised, taken) } else { None };
        let Some(title) = title else {
            left.push(angle);
            continue;
        };
        taken.insert(normalise(&title));
        promised.push(title.clone());
        chosen.push((title, angle));
    }
    // The pages together answer the whole cluster: what has no page of its own goes to the first one.
    if let Some((_, lead)) = chosen.first_mut() {
        let keywords = left.into_iter().filter(|angle| !angle.derived).flat_map(|angle| angle.keywords);
        lead.keywords.extend(keywords);
    }
    chosen.into_iter().map(|(title, angle)| idea(cluster, title, &angle, brief)).collect()
}

/// The first title of an angle that nothing else promises.
fn title(
    cluster: &pb::IdeaCluster,
    angle: &Angle<'_>,
    brief: &Brief,
    promised: &[String],
    taken: &BTreeSet<String>,
) -> Option<String> {
    let seed = seed(&cluster.cluster_id, angle.kind);
    let titles = if brief.is_english() { titles::of(angle, brief, seed) } else { titles::neutral(angle) };
    titles.into_iter().find(|title| {
        title.chars().count() <= LONGEST_TITLE
            && !brief.avoids(title)
            && !taken.contains(&normalise(title))
            && !promised.iter().any(|other| similar::same_promise(title, other))
    })
}

/// Turns the choice of words, the same way each time (FNV-1a).
fn seed(cluster: &str, kind: Kind) -> u64 {
    let bytes = cluster.bytes().chain(kind.structure().bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)) >> 17
}

fn idea(cluster: &pb::IdeaCluster, title: String, angle: &Angle<'_>, brief: &Brief) -> pb::IdeaOutcome {
    let english = brief.is_english();
    pb::IdeaOutcome {
        cluster_id: cluster.cluster_id.clone(),
        title,
        description: if english { descriptions::of(angle, brief) } else { descriptions::neutral(angle, brief) },
        content_type: content_type(angle).json_name().unwrap_or_default().to_owned(),
        structure: angle.kind.structure().to_owned(),
        primary_keyword: angle.primary.clone(),
        keyword_ids: angle.keywords.iter().map(|(keyword, _)| keyword.keyword_id.clone()).collect(),
        outline: if english { outlines::of(angle, brief) } else { outlines::neutral(angle) },
        word_count: word_count(angle, brief),
    }
}

fn content_type(angle: &Angle<'_>) -> ContentType {
    match angle.kind {
        Kind::Offer if words::is_plural(&angle.subject) => ContentType::CategoryPage,
        Kind::Offer | Kind::Local => ContentType::LandingPage,
        _ => ContentType::Article,
    }
}

/// What the kind of page needs, and more for each keyword that it answers; the strategy's own figure for articles, where it has one.
fn word_count(angle: &Angle<'_>, brief: &Brief) -> i32 {
    let base = match angle.kind {
        Kind::Offer | Kind::Local => 700,
        Kind::Checklist | Kind::Question | Kind::Definition => 1000,
        Kind::Cost | Kind::Troubleshooting | Kind::Faq => 1200,
        Kind::HowTo | Kind::Review | Kind::Mistakes => 1400,
        Kind::Comparison | Kind::Alternatives | Kind::List | Kind::Types => 1600,
        Kind::Guide | Kind::BuyingGuide => 2000,
    };
    let keywords = i32::try_from(angle.keywords.len()).unwrap_or(i32::MAX);
    let more = keywords.saturating_sub(3).clamp(0, 8) * 100;
    match brief.word_count {
        Some(own) if content_type(angle) == ContentType::Article => own,
        _ => base + more,
    }
}

/// What is given out has all its parts, names only what there is, and repeats nothing.
fn check(input: &pb::IdeasInput, ideas: &[pb::IdeaOutcome]) -> Result<(), Failure> {
    let mut titles: BTreeSet<String> =
        input.clusters.iter().flat_map(|cluster| &cluster.existing_titles).map(|title| normalise(title)).collect();
    for idea in ideas {
        let cluster = input.clusters.iter().find(|cluster| cluster.cluster_id == idea.cluster_id);
        let keyword = |id: &String| {
            cluster.is_some_and(|cluster| cluster.keywords.iter().any(|keyword| keyword.keyword_id == *id))
        };
        let problem = if !idea.keyword_ids.iter().all(keyword) || idea.keyword_ids.is_empty() {
            "keywords of another cluster, or none"
        } else if !(1..=LONGEST_TITLE).contains(&idea.title.trim().chars().count()) {
            "a title that is empty or too long"
        } else if !(1..=LONGEST_DESCRIPTION).contains(&idea.description.chars().count()) {
            "a description that is empty or too long"
        } else if idea.outline.is_empty() || idea.primary_keyword.is_empty() || idea.word_count < 300 {
            "no outline, primary keyword or length"
        } else if ContentStructure::from_json_name(&idea.structure).is_none()
            || ContentType::from_json_name(&idea.content_type).is_none()
        {
            "an unknown structure or content type"
        } else if !titles.insert(normalise(&idea.title)) {
            "a title twice"
        } else {
            continue;
        };
        return Err(broken("ideas", &format!("{problem}: {:?}", idea.title)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
