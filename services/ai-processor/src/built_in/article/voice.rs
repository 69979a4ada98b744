//! The words of one article: what it is about, filled into sentences, and which of several wordings it takes.

use std::borrow::Cow;

use html::escape;

/// Spoken forms, for authors with a casual tone.
const SPOKEN: &[(&str, &str)] = &[
    ("does not ", "doesn't "),
    ("do not ", "don't "),
    ("is not ", "isn't "),
    ("are not ", "aren't "),
    ("cannot ", "can't "),
    ("will not ", "won't "),
];

/// Speaks of one subject. The same seed always takes the same wordings.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    /// As it stands inside of a sentence, after a preposition.
    pub(super) topic: String,
    /// The thing that the subject is about: of `storing espresso beans` the beans.
    pub(super) thing: String,
    /// As it was searched for.
    pub(super) keyword: String,
    /// The keyword as part of a sentence.
    pub(super) phrase: String,
    /// The two things that the article compares.
    pub(super) sides: Option<[String; 2]>,
    pub(super) seed: u64,
    /// Words that the account does not want to read.
    pub(super) avoid: Vec<String>,
    pub(super) casual: bool,
}

impl Voice {
    /// A voice without any likings.
    pub(super) fn new(topic: String, keyword: &str, seed: u64) -> Self {
        let keyword = keyword.to_owned();
        Self {
            thing: topic.clone(),
            topic,
            phrase: keyword.clone(),
            keyword,
            sides: None,
            seed,
            avoid: Vec::new(),
            casual: false,
        }
    }

    /// The same voice on another subject.
    pub(super) fn about(&self, topic: &str) -> Self {
        Self { topic: topic.to_owned(), thing: topic.to_owned(), ..self.clone() }
    }

    /// A sentence as text: `{s}` is the subject, `{t}` the thing that it is about, `{k}` the keyword as part of the sentence, `{q}` the keyword in quotation marks, `{a}` and
    /// `{b}` the sides of a comparison, `[one|two]` a choice of wordings.
    pub(super) fn text(&self, template: &str) -> String {
        let chosen = self.chosen(template);
        let spoken = if self.casual { spoken(&chosen) } else { chosen };
        let mut filled = String::with_capacity(spoken.len() + 32);
        let mut rest = spoken.as_str();
        while let Some((before, name, after)) = between(rest, '{', '}') {
            filled.push_str(before);
            filled.push_str(&self.word(name));
            rest = after;
        }
        filled.push_str(rest);
        first_upper(&filled)
    }

    fn word(&self, name: &str) -> Cow<'_, str> {
        let side = |at: usize| self.sides.as_ref().and_then(|sides| sides.get(at)).unwrap_or(&self.topic).as_str();
        match name {
            "k" => self.phrase.as_str().into(),
            "q" => format!("“{}”", self.keyword).into(),
            "t" => self.thing.as_str().into(),
            "a" => side(0).into(),
            "b" => side(1).into(),
            _ => self.topic.as_str().into(),
        }
    }

    /// A sentence as HTML.
    pub(super) fn html(&self, template: &str) -> String {
        escape(&self.text(template))
    }

    /// One of several templates.
    pub(super) fn one<'t>(&self, of: &[&'t str], what: &str) -> &'t str {
        of.get(self.turn(what, of.len())).copied().unwrap_or_default()
    }

    /// A number below `count` that belongs to `what` in this article.
    pub(super) fn turn(&self, what: &str, count: usize) -> usize {
        let hash =
            what.bytes().fold(self.seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let count = u64::try_from(count.max(1)).unwrap_or(1);
        usize::try_from((hash >> 17) % count).unwrap_or_default()
    }

    /// Whether a sentence has a word that the account does not want to read.
    pub(super) fn avoids(&self, sentence: &str) -> bool {
        if self.avoid.is_empty() {
            return false;
        }
        let sentence = spaced(sentence);
        self.avoid.iter().map(|word| spaced(word)).any(|word| !word.trim().is_empty() && sentence.contains(&word))
    }

    fn chosen(&self, template: &str) -> String {
        let mut chosen = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, wordings, after)) = between(rest, '[', ']') {
            chosen.push_str(before);
            let wordings: Vec<&str> = wordings.split('|').collect();
            chosen.push_str(self.one(&wordings, template));
            rest = after;
        }
        chosen.push_str(rest);
        chosen
    }
}

fn spoken(text: &str) -> String {
    SPOKEN.iter().fold(text.to_owned(), |text, (written, spoken)| text.replace(written, spoken))
}

fn between(text: &str, open: char, close: char) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(open)?;
    let (inner, after) = rest.split_once(close)?;
    Some((before, inner, after))
}

/// A text as lower-case words with one space around each.
fn spaced(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    format!(" {} ", words.map(str::to_lowercase).collect::<Vec<_>>().join(" "))
}

/// With a capital at the beginning, and otherwise as it is. A name as `iPhone` keeps its own.
pub(super) fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next();
    if letters.next().is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    first.map(|first| first.to_uppercase().chain(text.chars().skip(1)).collect()).unwrap_or_default()
}

/// Where the choices of an article begin (FNV-1a).
pub(super) fn seed(parts: &[&str]) -> u64 {
    parts
        .iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_filled_once_and_begin_with_a_capital() {
        let voice = Voice {
            topic: "{k} and [x]".to_owned(),
            thing: String::new(),
            keyword: "crm".to_owned(),
            phrase: "the best CRM".to_owned(),
            sides: None,
            seed: 7,
            avoid: vec!["cheap".to_owned()],
            casual: true,
        };
        assert_eq!(voice.text("{k} is not {s}, {q}"), "The best CRM isn't {k} and [x], “crm”");
        assert_eq!(first_upper("iPhone cases"), "iPhone cases");
        assert!(voice.avoids("Cheap, but good") && !voice.avoids("Cheaper"));
    }
}
