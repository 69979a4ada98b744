//! Outlines: the sections of a page. Half of them follow from its kind, the others from the keywords that it answers.

use std::collections::BTreeSet;

use super::Brief;
use super::angles::Angle;
use super::shape::{Kind, Shape};
use super::similar::content_words;
use super::words::{first_upper, is_plural, title_case};

/// A page has at most eight sections.
const MOST: usize = 8;
/// So many of them can come from keywords.
const FROM_KEYWORDS: usize = 3;

/// The sections of a page, in their order.
pub(super) fn of(angle: &Angle<'_>, brief: &Brief) -> Vec<String> {
    let (opening, closing) = frame(angle, brief);
    let mut sections: Vec<String> = Vec::with_capacity(MOST);
    let mut seen: Vec<BTreeSet<String>> = Vec::new();
    let from_keywords: Vec<String> =
        angle.keywords.iter().skip(1).filter_map(|(_, shape)| section(shape, angle)).collect();
    let room = MOST - opening.len() - closing.len();
    let limits = [usize::MAX, FROM_KEYWORDS.max(room.saturating_sub(1)).min(room), usize::MAX];
    for (part, limit) in [opening, from_keywords, closing].into_iter().zip(limits) {
        let mut taken = 0;
        for heading in part {
            let words = content_words(&heading);
            if taken < limit && !seen.contains(&words) {
                seen.push(words);
                sections.push(title_case(&heading));
                taken += 1;
            }
        }
    }
    sections
}

/// A section that answers one more keyword, where it says something that the page's subject does not.
fn section(shape: &Shape, angle: &Angle<'_>) -> Option<String> {
    let Shape { kind, subject, extra } = shape;
    let heading = match kind {
        Some(Kind::HowTo) => format!("how to {subject}"),
        Some(Kind::Question | Kind::Troubleshooting) if subject.contains(' ') => question(subject),
        Some(Kind::Comparison) => format!("{subject} vs. {extra}"),
        Some(Kind::BuyingGuide) if !extra.is_empty() => format!("the best choice for {extra}"),
        Some(Kind::BuyingGuide) => format!("the best {subject}"),
        Some(Kind::Cost) => format!("what {subject} cost{}", if is_plural(subject) { "" } else { "s" }),
        Some(Kind::Definition) => format!("what {} {subject}?", if is_plural(subject) { "are" } else { "is" }),
        Some(Kind::Review) => format!("{subject} in practice"),
        Some(Kind::Alternatives) => format!("alternatives to {subject}"),
        Some(Kind::Local) if !extra.is_empty() => format!("{subject} in {extra}"),
        Some(Kind::Local) => return None,
        Some(Kind::List) if subject.contains(extra.as_str()) => subject.clone(),
        Some(Kind::List) => format!("{subject} {extra}"),
        Some(Kind::Types) => format!("types of {subject}"),
        Some(Kind::Guide) if extra == "beginners" => format!("{subject} for beginners"),
        Some(Kind::Offer) => format!("where to get {subject}"),
        Some(Kind::Checklist) => format!("a checklist for {subject}"),
        // Two words that name the thing once more are no section.
        None if subject.split_whitespace().count() < 3 => return None,
        _ => subject.clone(),
    };
    let new = content_words(&heading);
    let known = content_words(&format!("{} {}", angle.subject, angle.extra));
    (!new.is_subset(&known)).then_some(heading)
}

fn question(subject: &str) -> String {
    const ASKING: &[&str] = &[
        "what", "why", "when", "where", "which", "who", "can", "does", "do", "is", "are", "should", "how", "will",
        "could",
    ];
    let asks = subject.split(' ').next().is_some_and(|first| ASKING.contains(&first.to_lowercase().as_str()));
    if asks { format!("{subject}?") } else { subject.to_owned() }
}

/// What every page of this kind opens and closes with.
fn frame(angle: &Angle<'_>, brief: &Brief) -> (Vec<String>, Vec<String>) {
    let (opening, mut closing) = sections(angle, brief);
    if let Some(site) =
        Some(&brief.site_name).filter(|site| !site.is_empty() && matches!(angle.kind, Kind::Offer | Kind::Local))
    {
        closing.push(format!("why {site}"));
    }
    (opening, closing)
}

fn sections(angle: &Angle<'_>, brief: &Brief) -> (Vec<String>, Vec<String>) {
    let Angle { kind, subject: s, extra, action, .. } = angle;
    let plural = is_plural(s);
    let (is, it, them) = if plural { ("are", "they", "them") } else { ("is", "it", "it") };
    let fits = if plural { "fit" } else { "fits" };
    let text = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    match kind {
        Kind::Definition => (
            vec![
                format!("{s} in one paragraph"),
                format!("how {it} work{}", if plural { "" } else { "s" }),
                format!("where {s} {is} used"),
            ],
            text(&["an example from practice", "what it is often confused with", "when it is worth a closer look"]),
        ),
        Kind::HowTo => (
            vec![
                format!("what you need to {s}"),
                "before you start: two checks that save work".to_owned(),
                format!("how to {s}, step by step"),
            ],
            vec![
                "mistakes that spoil the result".to_owned(),
                "how to tell that it worked".to_owned(),
                "when to leave it to a professional".to_owned(),
            ],
        ),
        Kind::Guide => (
            vec![
                format!("{s} in short: what it is about"),
                format!("who needs {s}, and for what"),
                "how to begin: the first three steps".to_owned(),
            ],
            vec![
                format!("what {s} cost{} in time and money", if plural { "" } else { "s" }),
                "mistakes at the start, and how to avoid them".to_owned(),
                "where to go from here".to_owned(),
            ],
        ),
        Kind::Question => (
            vec![
                "the short answer".to_owned(),
                "what the answer depends on".to_owned(),
                "how to work it out for your case".to_owned(),
            ],
            vec!["exceptions worth knowing".to_owned(), "what to do next".to_owned()],
        ),
        Kind::List => (
            vec![
                format!("how this list was made"),
                format!("{} for a quick start", picks(s, extra)),
                format!("{} for a small budget", picks(s, extra)),
            ],
            vec![
                format!("{} with the most effect", picks(s, extra)),
                "how to choose among them".to_owned(),
                "first steps with your pick".to_owned(),
            ],
        ),
        Kind::Comparison => (
            vec![format!("{s} and {extra} at a glance"), better(s), better(extra)],
            vec![
                "costs, now and later".to_owned(),
                format!("who should choose {s}"),
                format!("who should choose {extra}"),
            ],
        ),
        Kind::Alternatives => (
            vec![
                format!("why people look beyond {s}"),
                "what an alternative must be able to do".to_owned(),
                "the alternatives at a glance".to_owned(),
            ],
            vec![
                "which one fits whom".to_owned(),
                format!("what moving away from {s} takes"),
                "when it is better to stay".to_owned(),
            ],
        ),
        Kind::BuyingGuide => (
            vec![
                format!("what matters most in {s}"),
                format!("{s} at a glance: a comparison table"),
                format!("which {s} {fits} whom"),
            ],
            vec![
                "what you get at which price".to_owned(),
                format!("how to check {them} before you buy"),
                "the choice in three questions".to_owned(),
            ],
        ),
        Kind::Review => (
            vec![
                "the verdict in three sentences".to_owned(),
                format!("what {s} promise{}", if plural { "" } else { "s" }),
                "how it does in everyday use".to_owned(),
            ],
            vec![
                "strengths and weaknesses".to_owned(),
                "price, and what else it takes".to_owned(),
                format!("who should choose {s}, and who should not"),
            ],
        ),
        Kind::Cost => (
            vec![
                format!("what {s} cost{}: the short answer", if plural { "" } else { "s" }),
                "what drives the price".to_owned(),
                "low, middle, high: three sample budgets".to_owned(),
            ],
            vec![
                "costs that are easily overlooked".to_owned(),
                "where to save, and where not to".to_owned(),
                "how to compare offers".to_owned(),
            ],
        ),
        Kind::Troubleshooting => (
            vec![
                if extra.is_empty() { "check this first" } else { "the first five minutes" }.to_owned(),
                "the most likely causes, in order".to_owned(),
                "fixes that need no tools".to_owned(),
            ],
            vec![
                "fixes for the stubborn cases".to_owned(),
                "when to call for help".to_owned(),
                "how to keep it from coming back".to_owned(),
            ],
        ),
        Kind::Checklist => (
            vec![
                format!("how to use this checklist for {s}"),
                if *action { "what to prepare" } else { "before you decide" }.to_owned(),
                "the checklist".to_owned(),
            ],
            vec!["points that are often forgotten".to_owned(), "what can wait".to_owned(), "the last check".to_owned()],
        ),
        Kind::Mistakes => (
            vec![
                format!("why {s} go{} wrong so often", if plural { "" } else { "es" }),
                "mistakes before you start".to_owned(),
                "mistakes along the way".to_owned(),
            ],
            vec![
                "mistakes that cost the most".to_owned(),
                "how to put a mistake right".to_owned(),
                "a short list to keep at hand".to_owned(),
            ],
        ),
        Kind::Types => (
            vec![
                format!("types of {s} at a glance"),
                "what tells the types apart".to_owned(),
                "which type for which use".to_owned(),
            ],
            vec![
                "prices by type".to_owned(),
                "upkeep and lifetime by type".to_owned(),
                "how to decide between two types".to_owned(),
            ],
        ),
        Kind::Faq => (
            vec![
                format!("{s}: the basics in brief"),
                "questions before you begin".to_owned(),
                "questions about cost and time".to_owned(),
            ],
            vec![
                "questions when something goes wrong".to_owned(),
                "questions that experts ask".to_owned(),
                next_step(brief),
            ],
        ),
        Kind::Local => (
            vec![
                format!("{s}{}: what you can expect", place(extra)),
                "services and what they include".to_owned(),
                "prices, and how an offer is made".to_owned(),
            ],
            vec!["how soon, and at what hours".to_owned(), "questions to ask before you book".to_owned()],
        ),
        Kind::Offer => (
            vec![
                format!("{s} at a glance"),
                format!("which {s} {fits} you"),
                "prices, and what they include".to_owned(),
            ],
            vec!["delivery, returns and guarantee".to_owned(), next_step(brief)],
        ),
    }
}

fn better(thing: &str) -> String {
    format!("what {thing} {} better", if is_plural(thing) { "do" } else { "does" })
}

fn picks(s: &str, noun: &str) -> String {
    if s.contains(noun) || noun.is_empty() { noun.to_owned() } else { format!("{s} {noun}") }
}

fn place(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" in {place}") }
}

/// The account's goal for its readers.
fn next_step(brief: &Brief) -> String {
    if brief.goal.is_empty() || brief.goal.chars().count() > 50 {
        "your next step".to_owned()
    } else {
        format!("your next step: {}", brief.goal)
    }
}

/// Sections where the rules know no grammar: the keywords themselves.
pub(super) fn neutral(angle: &Angle<'_>) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for (keyword, _) in &angle.keywords {
        let heading = first_upper(keyword.text.trim());
        if !sections.iter().any(|other| other.to_lowercase() == heading.to_lowercase()) && sections.len() < MOST {
            sections.push(heading);
        }
    }
    sections
}
