//! Outlines: the sections of a page. Half of them follow from its kind, the others from the keywords that it answers.

use std::collections::BTreeSet;

use super::Brief;
use super::angles::Angle;
use super::shape::{Kind, Shape};
use super::similar::content_words;
use super::words::{first_upper, is_plural, listed, title_case};

/// A page has at most eight sections.
const MOST: usize = 8;
/// So many of them can come from keywords.
const FROM_KEYWORDS: usize = 3;

/// The sections that a page opens and closes with, by its kind. [`filled`] knows the words in braces.
const FRAMES: &[(Kind, [&str; 3], &[&str])] = &[
    (
        Kind::Definition,
        ["{s} in one paragraph", "how {it} work{-s}", "where {s} {is} used"],
        &["an example from practice", "what {it} {is} often confused with", "when {it} {is} worth a closer look"],
    ),
    (
        Kind::HowTo,
        ["what you need to {s}", "before you start: two checks that save work", "how to {s}, step by step"],
        &["mistakes that spoil the result", "how to tell that it worked", "when to leave it to a professional"],
    ),
    (
        Kind::Guide,
        ["{s} in short", "who needs {s}, and for what", "how to begin: the first three steps"],
        &[
            "what {s} cost{-s} in time and money",
            "mistakes at the start, and how to avoid them",
            "where to go from here",
        ],
    ),
    (
        Kind::Question,
        ["the short answer", "what the answer depends on", "how to work it out for your case"],
        &["exceptions worth knowing", "what to do next"],
    ),
    (
        Kind::List,
        ["how this list was made", "{picks} for a quick start", "{picks} for a small budget"],
        &["{picks} with the most effect", "how to choose among them", "first steps with your pick"],
    ),
    (
        Kind::Comparison,
        ["{s} and {x} at a glance", "what {s} {does} better", "what {x} {x does} better"],
        &["costs, now and later", "who should choose {s}", "who should choose {x}"],
    ),
    (
        Kind::Alternatives,
        ["why people look beyond {s}", "what an alternative must be able to do", "the alternatives at a glance"],
        &["which one fits whom", "what moving away from {s} takes", "when it is better to stay"],
    ),
    (
        Kind::BuyingGuide,
        ["what matters most in {s}", "{s} at a glance: a comparison table", "which {s} fit{-s} whom"],
        &["what you get at which price", "how to check {them} before you buy", "the choice in three questions"],
    ),
    (
        Kind::Review,
        ["the verdict in three sentences", "what {s} promise{-s}", "how {it} {does} in everyday use"],
        &[
            "strengths and weaknesses",
            "price, and what else {it} take{-s}",
            "who should choose {s}, and who should not",
        ],
    ),
    (
        Kind::Cost,
        ["what {s} cost{-s}: the short answer", "what drives the price", "low, middle, high: three sample budgets"],
        &["costs that are easily overlooked", "where to save, and where not to", "how to compare offers"],
    ),
    (
        Kind::Troubleshooting,
        ["{first}", "the most likely causes, in order", "fixes that need no tools"],
        &["fixes for the stubborn cases", "when to call for help", "how to keep it from coming back"],
    ),
    (
        Kind::Checklist,
        ["how to use this checklist for {s}", "what to prepare", "the checklist"],
        &["points that are often forgotten", "what can wait", "the last check"],
    ),
    (
        Kind::Mistakes,
        ["{wrong}", "mistakes before you start", "mistakes along the way"],
        &["mistakes that cost the most", "how to put a mistake right", "a short list to keep at hand"],
    ),
    (
        Kind::Types,
        ["types of {s} at a glance", "what tells the types apart", "which type for which use"],
        &["prices by type", "upkeep and lifetime by type", "how to decide between two types"],
    ),
    (
        Kind::Faq,
        ["{s}: the basics in brief", "questions before you begin", "questions about cost and time"],
        &["questions when something goes wrong", "questions that experts ask", "{next}"],
    ),
    (
        Kind::Local,
        ["{s}{place}: what you can expect", "services and what they include", "prices, and how an offer is made"],
        &["how soon, and at what hours", "questions to ask before you book"],
    ),
    (
        Kind::Offer,
        ["{s} at a glance", "which {s} fit{-s} you", "prices, and what they include"],
        &["delivery, returns and guarantee", "{next}"],
    ),
];

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
    const ASKING: &str = "what why when where which who can does do is are should how will could";
    let asks = subject.split(' ').next().is_some_and(|first| listed(ASKING, &first.to_lowercase()));
    if asks { format!("{subject}?") } else { subject.to_owned() }
}

/// What every page of this kind opens and closes with.
fn frame(angle: &Angle<'_>, brief: &Brief) -> (Vec<String>, Vec<String>) {
    let (opening, closing) = FRAMES
        .iter()
        .find(|(kind, ..)| *kind == angle.kind)
        .map_or((&[][..], &[][..]), |(_, opening, closing)| (opening, closing));
    let fill = |headings: &[&str]| headings.iter().map(|heading| filled(heading, angle, brief)).collect::<Vec<_>>();
    let mut closing = fill(closing);
    if !brief.site_name.is_empty() && matches!(angle.kind, Kind::Offer | Kind::Local) {
        closing.push(format!("why {}", brief.site_name));
    }
    (fill(opening), closing)
}

/// A heading with the words that this page has for `{s}`, its subject, `{x}`, the other thing that it is about, and verbs in their number.
fn filled(heading: &str, angle: &Angle<'_>, brief: &Brief) -> String {
    let Angle { subject, extra, action, .. } = angle;
    let words = if is_plural(subject) {
        [("{is}", "are"), ("{it}", "they"), ("{them}", "them"), ("{-s}", ""), ("{does}", "do")]
    } else {
        [("{is}", "is"), ("{it}", "it"), ("{them}", "it"), ("{-s}", "s"), ("{does}", "does")]
    };
    let picks = if subject.contains(extra.as_str()) { subject.clone() } else { format!("{subject} {extra}") };
    let wrong =
        if *action { format!("why {subject} goes wrong so often") } else { "where most people go wrong".to_owned() };
    let first = if extra.is_empty() { "check this first" } else { "the first five minutes" };
    let place = if extra.is_empty() { String::new() } else { format!(" in {extra}") };
    let next = match brief.goal.chars().count() {
        1..=50 => format!("your next step: {}", brief.goal),
        _ => "your next step".to_owned(),
    };
    let also =
        [("{wrong}", wrong.as_str()), ("{first}", first), ("{place}", &place), ("{next}", &next), ("{picks}", &picks)];
    let texts = [("{x does}", if is_plural(extra) { "do" } else { "does" }), ("{x}", extra), ("{s}", subject)];
    let all = words.into_iter().chain(also).chain(texts);
    all.fold(heading.to_owned(), |heading, (name, word)| heading.replace(name, word))
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
