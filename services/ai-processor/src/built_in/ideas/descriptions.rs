//! Descriptions: the reader, the question, the angle, in two or three sentences.

use super::Brief;
use super::angles::Angle;
use super::shape::Kind;
use super::similar::content_words;
use super::words::{first_upper, inside, is_plural, things, title_case, without_article};

/// What an idea says of itself.
pub(super) fn of(angle: &Angle<'_>, brief: &Brief) -> String {
    let mut sentences = vec![format!("{} {}", question(angle, brief), promise(angle))];
    sentences.extend(fact(angle, brief));
    if !brief.goal.is_empty() {
        sentences.push(format!("It leads to the next step: {}.", brief.goal.trim().trim_end_matches('.')));
    }
    sentences.join(" ")
}

/// Who asks what.
fn question(angle: &Angle<'_>, brief: &Brief) -> String {
    let s = inside(without_article(&angle.subject));
    let wish = match angle.kind {
        Kind::Definition => format!("have met the term {s} and want to understand it without jargon"),
        Kind::HowTo => format!("want to {} and need a method that they can follow at once", inside(&angle.subject)),
        Kind::Guide => format!("want an overview of {s} before they go into details"),
        Kind::List if angle.subject.contains(&angle.extra) => {
            format!("look for {s} and want a selection in place of an endless list")
        }
        Kind::List => format!("look for {s} {} and want a selection in place of an endless list", angle.extra),
        Kind::Comparison => format!("hesitate between {} and {}", side(&angle.subject), side(&angle.extra)),
        Kind::Alternatives => format!("know {s} and want to see what else there is"),
        Kind::BuyingGuide if angle.extra.is_empty() => format!("want to choose {s} and do not know yet by what"),
        Kind::BuyingGuide => format!("need {s} for {} and want to choose well", inside(&angle.extra)),
        Kind::Review => format!("are close to deciding for {s} and look for an honest judgement"),
        Kind::Cost => format!("plan a budget and ask what {s} really cost{}", if is_plural(&s) { "" } else { "s" }),
        Kind::Troubleshooting if angle.extra == "what to do" => format!("have a {s} and must act now"),
        Kind::Troubleshooting => format!("have a problem now: “{s}”"),
        Kind::Checklist => format!("do not want to forget anything about {s}"),
        Kind::Mistakes if angle.action => format!("want to avoid what goes wrong when {s}"),
        Kind::Mistakes => format!("want to learn from what others got wrong with {s}"),
        Kind::Types => format!("see many kinds of {s} and cannot tell them apart"),
        Kind::Faq => format!("have single questions about {s} and want short answers"),
        Kind::Question => format!("ask “{s}?”"),
        Kind::Local if angle.extra.is_empty() => format!("look for {} close by, and soon", things(&s)),
        Kind::Local => format!("look for {} in {}", things(&s), title_case(&angle.extra)),
        Kind::Offer => format!("are ready to get {s} and compare offers"),
    };
    match brief.audience.trim().trim_end_matches('.') {
        "" => format!("Readers {wish}."),
        audience => format!("For {audience}: they {wish}."),
    }
}

/// One side of a comparison. A single word is mostly a name.
fn side(side: &str) -> String {
    let side = without_article(side);
    if side.contains(' ') { inside(side) } else { title_case(side) }
}

/// What makes the page worth reading.
fn promise(angle: &Angle<'_>) -> &'static str {
    match angle.kind {
        Kind::Definition => {
            "One clear definition comes first, then an example, and what the term is often confused with."
        }
        Kind::HowTo => {
            "Steps in their order, with what is needed for each, how to tell that it worked, and what spoils the result."
        }
        Kind::Guide => "From the first decision to the first result, with what to leave out at the beginning.",
        Kind::List => "Each entry says for whom it is and what it takes, so that the reader ends with one pick.",
        Kind::Comparison => "Side by side where they differ, and a clear recommendation for each sort of reader.",
        Kind::Alternatives => "Sorted by the reason for moving, with what each one lacks.",
        Kind::BuyingGuide => {
            "First the few criteria that decide, then the choices that meet them, with a table to compare."
        }
        Kind::Review => {
            "The verdict comes first; strengths and weaknesses follow from everyday use, not from the data sheet."
        }
        Kind::Cost => {
            "A range at once, then what moves the price, sample budgets, and costs that are easily overlooked."
        }
        Kind::Troubleshooting => "Causes in the order of their likelihood, each with a check and a fix.",
        Kind::Checklist => "A list to copy, in the order of the work, with the points that are forgotten most often.",
        Kind::Mistakes => "Each mistake with how to notice it, what it costs, and how to put it right.",
        Kind::Types => "What really tells the types apart, and which one fits which use and budget.",
        Kind::Faq => "Each answer stands for itself and is short enough to be shown by a search engine.",
        Kind::Question => "The answer is in the first paragraph; what it depends on comes after it.",
        Kind::Local => "Services, prices and how to book on one page, with the questions that people ask on the phone.",
        Kind::Offer => "What there is, what it costs and what happens after the order, without detours.",
    }
}

/// A fact of the site that belongs here: for an offer any, elsewhere one that shares a word with the subject.
fn fact(angle: &Angle<'_>, brief: &Brief) -> Option<String> {
    let about = content_words(&format!("{} {}", angle.subject, angle.extra));
    let facts = brief.facts.split_inclusive(['.', '\n', '!']).map(str::trim).filter(|fact| fact.chars().count() > 3);
    let facts: Vec<&str> = facts.collect();
    let fitting = facts.iter().find(|fact| !content_words(fact).is_disjoint(&about));
    let offers = matches!(angle.kind, Kind::Offer | Kind::Local);
    let fact = fitting.or_else(|| facts.first().filter(|_| offers))?.trim_end_matches(['.', '!']);
    let fact: String =
        if fact.chars().count() > 160 { fact.chars().take(159).chain(['…']).collect() } else { fact.to_owned() };
    Some(format!("To be used: “{}”.", first_upper(&fact)))
}

/// A description where the rules know no grammar.
pub(super) fn neutral(angle: &Angle<'_>, brief: &Brief) -> String {
    let keywords: Vec<&str> = angle.keywords.iter().map(|(keyword, _)| keyword.text.trim()).take(5).collect();
    [keywords.join(", "), brief.audience.clone(), brief.goal.clone()]
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .collect::<Vec<_>>()
        .join(". ")
}
