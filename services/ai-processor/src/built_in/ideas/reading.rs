//! What a keyword says to those who write about it: what it is about, and how it stands inside of a sentence.

use super::shape::{Kind, names_a_service, read};
use super::words::{gerund, is_plural, listed, things, title_case as cased, without_article};

const ASKING: &str = "what why when where which who can could does do did is are should will would";

/// One keyword, as writers need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::built_in) struct Reading {
    /// What it is about, as it stands after a preposition; nothing where it is a question.
    pub(in crate::built_in) topic: Option<String>,
    /// Of something that one does, the thing: of `store espresso beans` the beans.
    pub(in crate::built_in) thing: Option<String>,
    /// The keyword as part of a sentence: `the best espresso beans`, or in quotation marks where no sentence could have it.
    pub(in crate::built_in) phrase: String,
    /// The two things that it compares.
    pub(in crate::built_in) sides: Option<[String; 2]>,
    /// Whether it is about something that one does.
    pub(in crate::built_in) action: bool,
    /// Whether it is about somebody who comes or whom one goes to.
    pub(in crate::built_in) service: bool,
}

pub(in crate::built_in) fn keyword(text: &str) -> Reading {
    let text = inside(text);
    let shape = read(&text);
    let sides = || Some([shape.subject.clone(), shape.extra.clone()]).filter(|[_, other]| !other.is_empty());
    let sides = if shape.kind == Some(Kind::Comparison) { sides() } else { None };
    let first = shape.subject.split(' ').next().unwrap_or_default().to_lowercase();
    let asks = listed(ASKING, &first) || first == "how";
    let topic = match (&sides, shape.kind) {
        (Some([one, other]), _) => Some(format!("{one} and {other}")),
        (None, Some(Kind::HowTo)) => Some(gerund(&shape.subject)),
        (None, _) if asks => None,
        (None, _) => Some(things(&shape.subject)),
    };
    let done = if shape.kind == Some(Kind::HowTo) { shape.subject.split_once(' ') } else { None };
    Reading {
        thing: done.map(|(_, thing)| without_article(thing).to_owned()),
        topic: topic.filter(|topic| !topic.trim().is_empty()),
        phrase: phrase(&text, shape.kind),
        sides,
        action: matches!(shape.kind, Some(Kind::HowTo | Kind::Mistakes)),
        service: names_a_service(&text),
    }
}

fn phrase(text: &str, kind: Option<Kind>) -> String {
    let lower = text.to_lowercase();
    let first = lower.split(' ').next().unwrap_or_default();
    match kind {
        Some(Kind::HowTo) if first == "how" => text.to_owned(),
        Some(Kind::BuyingGuide) if matches!(first, "best" | "top") => format!("the {text}"),
        Some(Kind::Question | Kind::Troubleshooting | Kind::Local | Kind::Offer | Kind::Review | Kind::Definition) => {
            format!("“{text}”")
        }
        _ if listed(ASKING, first) || first == "how" => format!("“{text}”"),
        None if is_plural(&things(text)) => things(text),
        _ => text.to_owned(),
    }
}

/// A phrase in the capitals of a title.
pub(in crate::built_in) fn title_case(phrase: &str) -> String {
    cased(phrase)
}

/// A phrase as it stands inside of a sentence.
pub(in crate::built_in) fn inside(phrase: &str) -> String {
    super::words::inside(phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_stands_in_a_sentence_as_a_person_would_put_it() {
        for (text, topic, phrase) in [
            ("how to store espresso beans", Some("storing espresso beans"), "how to store espresso beans"),
            ("best crm for small business", Some("crm"), "the best CRM for small business"),
            ("standing desk", Some("standing desks"), "standing desks"),
            ("drip coffee vs french press", Some("drip coffee and french press"), "drip coffee vs French press"),
            ("emergency plumber near me", Some("emergency plumbers"), "“emergency plumber near me”"),
            ("can you freeze espresso beans", None, "“can you freeze espresso beans”"),
            ("espresso machine repair cost", Some("espresso machine repair"), "espresso machine repair cost"),
        ] {
            let read = keyword(text);
            assert_eq!(
                (read.topic.map(|topic| topic.to_lowercase()).as_deref(), read.phrase.as_str()),
                (topic, phrase),
                "{text}"
            );
        }
    }
}
