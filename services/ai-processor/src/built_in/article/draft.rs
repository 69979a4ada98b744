//! An article, from its outline to its last sentence.

use std::collections::BTreeSet;

use contracts::ai_processor::v1 as pb;

use super::bank::{self, Paragraph, Theme};
use super::frame;
use super::kinds::Kind;
use super::pieces;
use super::voice::Voice;
use super::weave;
use crate::built_in::ideas::reading;

/// No article has more sections.
const MOST_SECTIONS: usize = 18;
/// There is no use in a paragraph of fewer words.
const SHORTEST: usize = 24;
/// A sentence may go so many words beyond what is wanted.
const SLACK: usize = 8;

/// What the account wants of the article: from the author profile and the strategy of the sector.
#[derive(Debug, Clone, Default)]
pub(super) struct Brief {
    pub(super) tone: String,
    pub(super) reader: String,
    /// Sentences in the author's style.
    pub(super) examples: Vec<String>,
    pub(super) goal: String,
    pub(super) avoid: Vec<String>,
}

/// What an article is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'o> {
    pub(super) input: &'o pb::ContentInput,
    pub(super) brief: &'o Brief,
    pub(super) voice: &'o Voice,
    /// The kinds of its subject, the most particular first.
    pub(super) kinds: &'o [Kind],
    /// Words.
    pub(super) wanted: usize,
}

/// All sentences are HTML, but headings and questions are text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) intro: Vec<String>,
    pub(super) sections: Vec<Section>,
    pub(super) faq: Vec<(String, String)>,
    pub(super) conclusion: Vec<String>,
    /// What the site says of itself, as far as it is quoted; text.
    pub(super) quoted: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) heading: String,
    theme: &'static str,
    /// What it is about, where that is not the subject of the article.
    topic: Option<String>,
    blocks: Vec<Block>,
    /// Its last paragraph, whatever is added before.
    closing: Vec<String>,
    /// Of all of it.
    words: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    /// Sentences.
    Paragraph(Vec<String>),
    /// A list or a table, as it stands.
    Piece(String),
}

impl Section {
    fn new(heading: String, theme: &'static str) -> Self {
        Self {
            words: html::words(&html::escape(&heading)),
            heading,
            theme,
            topic: None,
            blocks: Vec::new(),
            closing: Vec::new(),
        }
    }

    pub(super) fn paragraph(&mut self, sentences: Vec<String>) {
        if !sentences.is_empty() {
            self.words += words(&sentences);
            self.blocks.push(Block::Paragraph(sentences));
        }
    }

    pub(super) fn close(&mut self, sentences: Vec<String>) {
        self.words += words(&sentences);
        self.closing = sentences;
    }

    /// Ends the last paragraph with a sentence.
    pub(super) fn sentence(&mut self, sentence: String) {
        match self.blocks.last_mut() {
            Some(Block::Paragraph(sentences)) => {
                self.words += html::words(&sentence);
                sentences.push(sentence);
            }
            _ => self.paragraph(vec![sentence]),
        }
    }

    fn piece(&mut self, html: String) {
        self.words += html::words(&html);
        self.blocks.push(Block::Piece(html));
    }

    pub(super) fn html(&self) -> String {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Paragraph(sentences) => format!("<p>{}</p>", sentences.join(" ")),
            Block::Piece(html) => html.clone(),
        });
        let closing = Some(format!("<p>{}</p>", self.closing.join(" "))).filter(|_| !self.closing.is_empty());
        blocks.chain(closing).collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn words(sentences: &[String]) -> usize {
    sentences.iter().map(|sentence| html::words(sentence)).sum()
}

impl Draft {
    pub(super) fn words(&self) -> usize {
        let faq: usize = self.faq.iter().map(|(question, answer)| html::words(question) + html::words(answer)).sum();
        let sections: usize = self.sections.iter().map(|section| section.words).sum();
        // The heading of the questions has three.
        words(&self.intro) + sections + faq + 3 + words(&self.conclusion)
    }
}

/// Writes the article.
pub(super) fn write(order: &Order<'_>) -> Draft {
    let Order { input, brief, voice, kinds, wanted } = *order;
    let mut draft = Draft {
        intro: frame::intro(input, brief, voice, wanted),
        sections: outlined(order),
        faq: frame::questions(kinds, voice, wanted),
        conclusion: frame::conclusion(brief, voice, wanted),
        quoted: Vec::new(),
    };
    open(&mut draft, order);
    let piece = pieces::of(&input.structure, kinds);
    let laid_out = piece.map(|piece| (piece, voice.html(piece.lead), piece.html(wanted < 500)));
    let reserved = laid_out.as_ref().map_or(0, |(_, lead, html)| html::words(lead) + html::words(html));
    let mut used = BTreeSet::new();
    let room = wanted.saturating_sub(draft.words() + reserved);
    let each = room * 7 / 10 / draft.sections.len().max(1);
    for at in 0..draft.sections.len() {
        add(&mut draft, at, order, each.clamp(SHORTEST, 70), &mut used);
    }
    weave::all(&mut draft, &Order { wanted: wanted.saturating_sub(reserved), ..*order });
    if let Some((piece, lead, html)) = laid_out {
        place(&mut draft, &piece.places, lead, html);
    }
    fill(&mut draft, order, &mut used);
    draft.sections.retain(|section| !section.blocks.is_empty());
    draft
}

/// The sections that the idea proposed, as many as the length carries, or those that its structure usually has.
fn outlined(order: &Order<'_>) -> Vec<Section> {
    let Order { input, voice, wanted, .. } = *order;
    let room = (wanted / 140).clamp(2, 9);
    let usual = bank::usual(&input.structure);
    let mut seen = BTreeSet::new();
    let proposed = input.outline.iter().map(|heading| heading.trim()).filter(|heading| !heading.is_empty());
    let proposed = proposed.filter(|heading| seen.insert(heading.to_lowercase()));
    let mut free = usual.iter().copied().cycle();
    let sections: Vec<Section> = proposed
        .filter(|heading| !voice.avoids(heading))
        .take(room)
        .filter_map(|heading| {
            let asked = bank::asked_by(heading, &format!("{} {}", voice.keyword, voice.topic));
            let topic = if asked.is_none() { topic(heading) } else { None };
            Some(Section { topic, ..Section::new(heading.to_owned(), asked.or_else(|| free.next())?) })
        })
        .collect();
    if !sections.is_empty() {
        return sections;
    }
    let general = bank::of(Kind::General);
    usual.iter().filter_map(|name| general.theme(name)).take(room).map(|theme| own(theme, order)).collect()
}

/// What a heading is about that is no more than a name.
fn topic(heading: &str) -> Option<String> {
    let name = heading.split_whitespace().count() <= 5 && !heading.contains([',', ':', ';', '?']);
    reading::keyword(&lowered(heading)).topic.filter(|_| name)
}

/// A heading without the capitals of a title; words with other capitals keep them.
fn lowered(heading: &str) -> String {
    let plain = |word: &&str| word.chars().skip(1).all(|letter| !letter.is_uppercase());
    let words = heading.split_whitespace().map(|word| if plain(&word) { word.to_lowercase() } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ").trim_end_matches(['?', '!', '.', ':']).to_owned()
}

fn own(theme: &'static Theme, order: &Order<'_>) -> Section {
    Section::new(reading::title_case(&order.voice.text(theme.heading)), theme.name)
}

/// The first section names the keyword; those whose heading no theme knows say what they are about.
fn open(draft: &mut Draft, order: &Order<'_>) {
    let Order { input, voice, .. } = *order;
    for (at, section) in draft.sections.iter_mut().enumerate() {
        let sentence = match &section.topic {
            _ if at == 0 => frame::first_section(&input.structure, voice),
            Some(topic) => frame::section(&voice.about(topic), at),
            None => continue,
        };
        section.paragraph(vec![sentence]);
    }
}

/// Puts the piece of the structure under the heading that asks for it, else into the second section.
fn place(draft: &mut Draft, places: &[&str], lead: String, html: String) {
    let asks = |needle: &str| draft.sections.iter().position(|section| section.heading.to_lowercase().contains(needle));
    let at = places.iter().find_map(|needle| asks(needle)).unwrap_or(1);
    let at = at.min(draft.sections.len().saturating_sub(1));
    if let Some(section) = draft.sections.get_mut(at) {
        section.paragraph(vec![lead]);
        section.piece(html);
    }
}

/// The paragraphs that are in the article, by their first sentences.
type Used = BTreeSet<&'static str>;

/// The paragraph that a section goes on with: of the most particular kind that has one left, and of those the one that is nearest to the heading.
fn next(section: &Section, order: &Order<'_>, room: usize, used: &Used) -> Option<&'static Paragraph> {
    let Order { voice, kinds, .. } = *order;
    let own = bank::stems(&format!("{} {}", voice.topic, voice.keyword));
    let heading: BTreeSet<String> = bank::stems(&section.heading).difference(&own).cloned().collect();
    kinds.iter().find_map(|kind| {
        let paragraphs = &bank::of(*kind).theme(section.theme)?.paragraphs;
        let first = voice.turn(section.theme, paragraphs.len());
        let turned = paragraphs.iter().cycle().skip(first).take(paragraphs.len());
        let fresh = |sentence: &&str| !used.contains(sentence);
        let left: Vec<&Paragraph> = turned.filter(|paragraph| paragraph.sentences.first().is_some_and(fresh)).collect();
        // What need not be cut comes first. Of those that are equally near `max_by_key` takes the last.
        left.into_iter().rev().max_by_key(|paragraph| (paragraph.words <= room + SLACK, paragraph.nearness(&heading)))
    })
}

/// Adds the next paragraph of a section's theme, cut to `room` words but at least one sentence. Says whether there was one.
fn add(draft: &mut Draft, at: usize, order: &Order<'_>, room: usize, used: &mut Used) -> bool {
    let Some(section) = draft.sections.get_mut(at) else { return false };
    let Some(paragraph) = next(section, order, room, used) else { return false };
    used.extend(paragraph.sentences.first());
    let voice = section.topic.as_deref().map(|topic| order.voice.about(topic));
    let voice = voice.as_ref().unwrap_or(order.voice);
    let mut sentences: Vec<String> = Vec::new();
    let mut taken = 0;
    for sentence in paragraph.sentences.iter().map(|template| voice.html(template)) {
        let length = html::words(&sentence);
        let full = sentences.len() > 1 && taken + length > room + SLACK;
        // What follows leans on what is left out.
        if full || voice.avoids(&sentence) {
            break;
        }
        taken += length;
        sentences.push(sentence);
    }
    section.paragraph(sentences);
    true
}

/// Goes round the sections until the length is reached; when their themes are exhausted, opens another one.
fn fill(draft: &mut Draft, order: &Order<'_>, used: &mut Used) {
    loop {
        let mut added = false;
        for at in 0..draft.sections.len() {
            let room = order.wanted.saturating_sub(draft.words());
            if room < SHORTEST {
                return;
            }
            added |= add(draft, at, order, room, used);
        }
        if !added && !extend(draft, order) {
            return;
        }
    }
}

/// A further section on what the article has not spoken of yet.
fn extend(draft: &mut Draft, order: &Order<'_>) -> bool {
    let general = bank::of(Kind::General);
    let usual = bank::usual(&order.input.structure).iter().filter_map(|name| general.theme(name));
    let fresh = |theme: &&'static Theme| draft.sections.iter().all(|section| section.theme != theme.name);
    let theme = usual.chain(general.themes.iter()).find(fresh);
    match theme.filter(|_| draft.sections.len() < MOST_SECTIONS) {
        Some(theme) => {
            draft.sections.push(own(theme, order));
            true
        }
        None => false,
    }
}
