//! An article as every provider writes it: the outline first, then each part by itself, and whatever was cut off is gone on with until it is
//! whole.
//!
//! A provider has a longest answer. What stops there is kept up to its last whole word, and the next answer goes on behind that, so that no word
//! is lost; an answer that begins with what was there before is joined without saying it twice.

use contracts::ai_processor::v1 as pb;
use contracts::progress::v1::Phase;
use prost::Message;
use sha2::{Digest, Sha256};

use super::Failure;
use crate::worker::{Reporter, Steps};

/// A part that is not whole after so many answers will never be.
const MOST_ANSWERS: usize = 24;
/// Fewer words than these may well stand in a text twice.
const ECHO: usize = 5;
/// Of the progress: where the outline is asked for, and how much the parts take.
const BEGIN: usize = 10;
const PARTS: usize = 70;

/// What is asked of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub part: Part,
    /// What there is of the part: the answer goes on right behind it. Empty at first.
    pub written: String,
}

/// A part of an article. All of them are HTML, without the heading of the part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Introduction,
    /// By its place among the sections, from 0.
    Section {
        at: usize,
        heading: String,
    },
    /// Each question of the outline as `<h3>`, and its answer behind it.
    Questions,
    Conclusion,
}

/// One answer of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub html: String,
    /// Whether it ends because it reached the provider's longest answer.
    pub cut_off: bool,
}

/// Where a job says how far it is, and keeps what was answered.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    pub reporter: &'a Reporter,
    /// None for a provider that costs nothing: the next attempt asks it again.
    pub steps: Option<&'a Steps>,
}

/// Has an article written: `outline` answers all of it but its texts, `ask` one part of it. `input` is what both work on.
///
/// With steps, what was answered before is not asked for again, also by another attempt. A part that never ends, or is empty, fails for good.
pub async fn write<Answer: Future<Output = Result<Reply, Failure>>>(
    desk: Desk<'_>,
    input: &[u8],
    outline: impl Future<Output = Result<pb::ContentResult, Failure>>,
    ask: impl Fn(Ask) -> Answer,
) -> Result<pb::ContentResult, Failure> {
    desk.reporter.phase(Phase::AiCall, percent(0, 1), "Making the outline.");
    let mut answers = Answers { desk, input: Sha256::digest(input).into(), count: 0 };
    let outline = answers.next("outline", async { Ok(outline.await?.encode_to_vec()) }).await?;
    let mut article = pb::ContentResult::decode(outline.as_slice()).map_err(|error| unreadable(&error))?;
    let parts = parts(&article);
    for (done, part) in parts.iter().enumerate() {
        let place = (percent(done, parts.len()), part.says(article.sections.len()));
        let html = whole(&mut answers, part, place, &ask).await?;
        match part {
            Part::Introduction => article.intro_html = html,
            Part::Section { at, .. } => {
                if let Some(section) = article.sections.get_mut(*at) {
                    section.html = html;
                }
            }
            Part::Questions => article.faq = questions(&html),
            Part::Conclusion => article.conclusion_html = html,
        }
    }
    desk.reporter.phase(Phase::AiCall, percent(1, 1), "All sections are written.");
    Ok(article)
}

fn parts(outline: &pb::ContentResult) -> Vec<Part> {
    let section = |(at, section): (usize, &pb::ContentSection)| Part::Section { at, heading: section.heading.clone() };
    let sections = outline.sections.iter().enumerate().map(section);
    let questions = (!outline.faq.is_empty()).then_some(Part::Questions);
    [Part::Introduction].into_iter().chain(sections).chain(questions).chain([Part::Conclusion]).collect()
}

/// The answers of one job in their order.
struct Answers<'a> {
    desk: Desk<'a>,
    input: [u8; 32],
    count: i32,
}

impl Answers<'_> {
    /// The next one: of an earlier attempt that asked the same, or of `work`.
    async fn next(
        &mut self,
        asked: &str,
        work: impl Future<Output = Result<Vec<u8>, Failure>>,
    ) -> Result<Vec<u8>, Failure> {
        let step = self.count;
        self.count += 1;
        let Some(steps) = self.desk.steps else { return work.await };
        let hash = Sha256::new().chain_update(self.input).chain_update(asked).finalize();
        steps.run(step, hash.into(), work).await
    }
}

/// All of one part, at this place of the progress.
async fn whole<Answer: Future<Output = Result<Reply, Failure>>>(
    answers: &mut Answers<'_>,
    part: &Part,
    (percent, says): (u8, String),
    ask: &impl Fn(Ask) -> Answer,
) -> Result<String, Failure> {
    let mut written = String::new();
    for answer in 1..=MOST_ANSWERS {
        let says = if answer == 1 { says.clone() } else { format!("{says} (answer {answer})") };
        answers.desk.reporter.phase(Phase::AiCall, percent, says);
        let asked = format!("{part:?} {written}");
        let work = ask(Ask { part: part.clone(), written: written.clone() });
        let Reply { html, cut_off } = Reply::kept(answers.next(&asked, async { Ok(work.await?.keep()) }).await?)?;
        written.push_str(html.get(echo(&written, &html)..).unwrap_or_default());
        if cut_off {
            written.truncate(last_word(&written));
            continue;
        }
        if html::words(&written) == 0 {
            return Err(failed("ANSWER_EMPTY", &format!("The provider wrote nothing for {}.", part.named())));
        }
        return Ok(if is_balanced(&written) { written } else { html::clean(&written) });
    }
    Err(failed("ANSWER_ENDLESS", &format!("The provider did not come to an end with {}.", part.named())))
}

impl Part {
    fn says(&self, sections: usize) -> String {
        match self {
            Self::Introduction => "Writing the introduction.".to_owned(),
            Self::Section { at, heading } => format!("Writing section {} of {sections}: {heading}", at + 1),
            Self::Questions => "Answering the questions.".to_owned(),
            Self::Conclusion => "Writing the conclusion.".to_owned(),
        }
    }

    fn named(&self) -> String {
        match self {
            Self::Introduction => "the introduction".to_owned(),
            Self::Section { heading, .. } => format!("the section “{heading}”"),
            Self::Questions => "the questions".to_owned(),
            Self::Conclusion => "the conclusion".to_owned(),
        }
    }
}

/// As a step keeps it: the text, and behind it whether it was cut off.
impl Reply {
    fn keep(self) -> Vec<u8> {
        let mut bytes = self.html.into_bytes();
        bytes.push(u8::from(self.cut_off));
        bytes
    }

    fn kept(mut bytes: Vec<u8>) -> Result<Self, Failure> {
        let cut_off = bytes.pop() == Some(1);
        let html = String::from_utf8(bytes).map_err(|error| unreadable(&error))?;
        Ok(Self { html, cut_off })
    }
}

/// How much of an answer's beginning is the end of what is written.
fn echo(written: &str, answer: &str) -> usize {
    let ends = answer.char_indices().filter(|(_, letter)| letter.is_whitespace() || *letter == '>');
    let mut ends = ends.map(|(at, letter)| at + letter.len_utf8());
    let repeats = |start: &str| written.ends_with(start) && html::words(start) >= ECHO;
    ends.rfind(|end| answer.get(..*end).is_some_and(repeats)).unwrap_or_default()
}

/// Where the last word, or the last tag, ends that is certainly whole.
fn last_word(html: &str) -> usize {
    let whole = match html.rfind('<') {
        Some(tag) if !html.get(tag..).is_some_and(|rest| rest.contains('>')) => html.get(..tag).unwrap_or_default(),
        _ => html,
    };
    let end = whole.char_indices().rev().find(|(_, letter)| letter.is_whitespace() || *letter == '>');
    end.map_or(0, |(at, letter)| at + letter.len_utf8())
}

/// Whether every element that is opened is closed, in the right order.
fn is_balanced(html: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for tag in html.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or_default();
        let name = inside.trim_start_matches('/');
        let element = name.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
        if inside.starts_with('/') {
            if open.pop() != Some(element) {
                return false;
            }
        } else if !matches!(element, "br" | "hr" | "img") {
            open.push(element);
        }
    }
    open.is_empty()
}

/// The questions with their answers, as they stand in the part.
fn questions(html: &str) -> Vec<pb::ContentQuestion> {
    let pairs = html.split("<h3>").skip(1).filter_map(|pair| pair.split_once("</h3>"));
    let question = |(question, answer): (&str, &str)| pb::ContentQuestion {
        question: html::text(question),
        answer_html: answer.trim().to_owned(),
    };
    pairs.map(question).collect()
}

fn percent(done: usize, of: usize) -> u8 {
    u8::try_from(BEGIN + PARTS * done / of.max(1)).unwrap_or(u8::MAX)
}

fn failed(code: &'static str, what: &str) -> Failure {
    Failure::Permanent { code, message: format!("{what} Start it again with fewer words, or choose another model.") }
}

fn unreadable(error: &dyn std::fmt::Display) -> Failure {
    tracing::error!(%error, "a kept answer of a provider cannot be read");
    Failure::Permanent {
        code: "ANSWER_DAMAGED",
        message: "An answer of the provider cannot be read. Start it again.".to_owned(),
    }
}

#[cfg(test)]
mod tests;
