//! Articles by rules: an outline, paragraphs from a bank of general advice, what the site and its author say of themselves.
//!
//! [`kinds`] tells what kind of subject it is, [`bank`] holds what can be said of each kind, [`pieces`] what a structure asks for, [`frame`]
//! what stands around the sections, [`weave`] brings in what only this site has, [`draft`] puts them together by length, [`meta`] and
//! [`pictures`] add the rest, [`parts`] answers with one part after the other, and [`check`] reads the result as an editor would. The rules state no figures, names or sources: they have none,
//! and so they say what a person must add.

mod bank;
mod check;
mod draft;
mod frame;
mod kinds;
mod meta;
mod parts;
mod pictures;
mod pieces;
mod voice;
mod weave;

use contracts::ai_processor::v1 as pb;
use contracts::progress::v1::Phase;
use prost::Message;
use uuid::Uuid;

use self::draft::{Brief, Draft, Order};
use self::kinds::Kind;
use self::parts::Parts;
use self::voice::Voice;
use super::ideas::reading;
use super::{Answer, broken, decode};
use crate::App;
use crate::author_profiles::{self, AuthorProfile};
use crate::provider::article::{Ask, Desk};
use crate::provider::{self, Failure, Task};
use crate::strategies::{self, Strategy};
use crate::worker::Reporter;

const SHORTEST: i32 = 300;
const LONGEST: i32 = 5000;
/// In words. Longer parts come in several answers, as from any provider.
const LONGEST_ANSWER: usize = 220;
/// In words: what is longer is a sentence and cannot stand in one.
const LONGEST_TOPIC: usize = 8;
const CASUAL: &[&str] = &["friendly", "warm", "casual", "cheerful", "conversational", "relaxed", "informal", "playful"];

impl Brief {
    fn new(strategy: Option<Strategy>, profile: Option<AuthorProfile>) -> Self {
        let of_profile = profile.map(|profile| (profile.tone, profile.reader, profile.examples));
        let (tone, reader, examples) = of_profile.unwrap_or_default();
        let of_strategy = strategy.map(|strategy| (strategy.audience, strategy.goal, strategy.avoid));
        let (audience, goal, avoid) = of_strategy.unwrap_or_default();
        let reader = if reader.trim().is_empty() { audience } else { reader };
        Self { tone, reader, examples, goal, avoid }
    }
}

pub(super) async fn run(app: &App, task: Task, desk: Desk<'_>) -> Result<Answer, Failure> {
    desk.reporter.phase(Phase::Init, 5, "Reading the task.");
    let input: pb::ContentInput = decode(&task.input)?;
    speaks(&input.language)?;
    named(&input)?;
    let brief = brief(app, &task, &input).await?;
    let (wanted, title) = (wanted(&input), input.title.clone());
    let plan = tokio::task::spawn_blocking(move || (plan(&input, &brief), input));
    let (plan, input) = plan.await.map_err(|error| broken("content", &error))?;
    let article = assemble(desk, &task.input, plan, LONGEST_ANSWER).await?;
    desk.reporter.phase(Phase::Parse, 85, "Checking the article.");
    let check = tokio::task::spawn_blocking(move || match check::problem(&input, &article, wanted) {
        Some(problem) => Err(broken("content", &format!("{problem}: {:?}", article.title))),
        None => Ok((html::words(&check::whole(&article)), article)),
    });
    let (words, article) = check.await.map_err(|error| broken("content", &error))??;
    desk.reporter.phase(Phase::Save, 92, format!("Keeping {words} words."));
    let units = i64::try_from(words).unwrap_or(i64::MAX).min(task.units);
    desk.reporter.units_done(units);
    Ok(Answer {
        result: article.encode_to_vec(),
        units,
        request: format!("write {wanted} words: {title}"),
        response: format!("{words} words in {} sections", article.sections.len()),
    })
}

/// Asks for the article of a plan part by part, in answers of at most so many words.
async fn assemble(desk: Desk<'_>, input: &[u8], plan: Plan, longest: usize) -> Result<pb::ContentResult, Failure> {
    let Plan { outline, parts } = plan;
    let ask = |ask: Ask| std::future::ready(parts.answer(&ask, longest));
    provider::article::write(desk, input, async { Ok(outline) }, ask).await
}

/// The prompts for the images of an article that has none yet.
pub(super) fn image_prompts(task: &Task, reporter: &Reporter) -> Result<Answer, Failure> {
    reporter.phase(Phase::Init, 5, "Reading the article.");
    let input: pb::ImagePromptsInput = decode(&task.input)?;
    let images = pictures::of(&input.title, &input.primary_keyword, &input.headings, input.images);
    let count = images.len();
    reporter.phase(Phase::Save, 92, format!("Keeping {count} prompts."));
    let units = i64::try_from(count).unwrap_or(i64::MAX).min(task.units);
    reporter.units_done(units);
    Ok(Answer {
        result: pb::ImagePromptsResult { images }.encode_to_vec(),
        units,
        request: format!("prompts for {} images besides the featured one", input.images),
        response: format!("{count} prompts"),
    })
}

/// The rules are English. Nothing said: the language of most sites.
fn speaks(language: &str) -> Result<(), Failure> {
    if language.is_empty() || language.to_lowercase().starts_with("en") {
        return Ok(());
    }
    Err(Failure::Permanent {
        code: "LANGUAGE_NOT_SUPPORTED",
        message: "The built-in writer only knows English. Set up an AI provider for articles in this language, or write this one by \
                  hand. Nothing was charged."
            .to_owned(),
    })
}

fn named(input: &pb::ContentInput) -> Result<(), Failure> {
    if !keyword(input).is_empty() {
        return Ok(());
    }
    let message =
        "An article needs a title or a primary keyword. Give the task one of them and start again.".to_owned();
    Err(Failure::Permanent { code: "TITLE_MISSING", message })
}

async fn brief(app: &App, task: &Task, input: &pb::ContentInput) -> Result<Brief, Failure> {
    let id = |text: &Option<String>| text.as_deref().and_then(|id| Uuid::try_parse(id).ok());
    let (sector, profile) = (id(&input.sector_id), id(&input.author_profile_id));
    let read = app.db.account(task.account, async |conn| {
        let strategy = match sector {
            Some(sector) => strategies::of_sector(conn, sector).await?,
            None => None,
        };
        Ok((strategy, author_profiles::chosen(conn, profile).await?))
    });
    let (strategy, profile) = read.await.map_err(|error| {
        tracing::warn!(error = ?error, "could not read the strategy of a job");
        Failure::Transient {
            code: "DATABASE_UNAVAILABLE",
            message: "Our database did not answer. The job is tried again.".to_owned(),
            retry_after: None,
        }
    })?;
    Ok(Brief::new(strategy, profile))
}

fn wanted(input: &pb::ContentInput) -> usize {
    usize::try_from(input.word_count.clamp(SHORTEST, LONGEST)).unwrap_or_default()
}

/// What the rules decide of an article before they are asked for its parts: how long each is depends on all others.
#[derive(Debug, Clone)]
struct Plan {
    /// The article without its texts.
    outline: pb::ContentResult,
    parts: Parts,
}

fn plan(input: &pb::ContentInput, brief: &Brief) -> Plan {
    let read = reading::keyword(keyword(input));
    let of_keyword = kinds::Reading { sides: read.sides.is_some(), action: read.action, service: read.service };
    let mut kinds = kinds::of(&[keyword(input)], &input.structure, of_keyword);
    // The cluster only counts where the keyword tells nothing, and has a word in common with it.
    let near = !bank::stems(keyword(input)).is_disjoint(&bank::stems(&input.cluster_name));
    if near && !kinds.iter().any(|kind| !matches!(kind, Kind::Versus | Kind::Task | Kind::General)) {
        kinds = kinds::of(&[keyword(input), &input.cluster_name], &input.structure, of_keyword);
    }
    let voice = voice(input, brief, read);
    let draft = draft::write(&Order { input, brief, voice: &voice, kinds: &kinds, wanted: wanted(input) });
    Plan { outline: outline(input, &voice, &draft), parts: Parts::new(&draft) }
}

/// What the article is found by; the first part of its title where no keyword is named.
fn keyword(input: &pb::ContentInput) -> &str {
    let title = input.title.split([':', '–', '?']).next().unwrap_or_default();
    let keyword = [input.primary_keyword.as_str(), title, &input.title].into_iter().map(str::trim);
    keyword.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

fn voice(input: &pb::ContentInput, brief: &Brief, read: reading::Reading) -> Voice {
    let keyword = reading::inside(keyword(input));
    let tone = brief.tone.to_lowercase();
    // Places are searched for without a preposition: a title says better who is meant.
    let head = if input.structure == "local" { input.title.split(':').next().unwrap_or_default() } else { "" };
    let named = reading::keyword(&head.to_lowercase());
    let topic = if named.service { named.topic } else { None };
    let short = |topic: &String| topic.split_whitespace().count() <= LONGEST_TOPIC;
    let topic = topic.or(read.topic).filter(short);
    let topic = topic.or_else(|| reading::keyword(&input.cluster_name).topic.filter(short));
    // A phrase that lost a word of the keyword, as a plural may, is quoted as it was searched for.
    let phrase = if meta::holds(&read.phrase, &keyword) { read.phrase } else { format!("“{keyword}”") };
    let topic = topic.unwrap_or_else(|| "this subject".to_owned());
    Voice {
        thing: read.thing.unwrap_or_else(|| topic.clone()),
        topic,
        phrase,
        sides: read.sides,
        seed: voice::seed(&[&input.title, &keyword, &input.site_name]),
        keyword,
        avoid: brief.avoid.clone(),
        casual: CASUAL.iter().any(|word| tone.contains(word)),
    }
}

/// The article without its texts, and with all that stands around it on the web.
fn outline(input: &pb::ContentInput, voice: &Voice, draft: &Draft) -> pb::ContentResult {
    let title = meta::title(&input.title, &voice.keyword);
    let headings: Vec<String> = draft.sections.iter().map(|section| section.heading.clone()).collect();
    let images = pictures::of(&title, &voice.keyword, &headings, input.images);
    let section = |heading| pb::ContentSection { heading, html: String::new() };
    let question = |(question, _): &(String, String)| pb::ContentQuestion {
        question: question.clone(),
        answer_html: String::new(),
    };
    pb::ContentResult {
        meta_title: meta::meta_title(&title, &voice.keyword),
        meta_description: meta::meta_description(voice, &input.structure),
        slug: meta::slug(&voice.keyword),
        excerpt: meta::excerpt(draft),
        intro_html: String::new(),
        sections: headings.into_iter().map(section).collect(),
        faq: draft.faq.iter().map(question).collect(),
        conclusion_html: String::new(),
        images,
        claims: meta::claims(draft, input, voice),
        tags: meta::tags(input, voice),
        categories: meta::categories(input),
        built_in_draft: true,
        title,
    }
}

#[cfg(test)]
mod tests;
