//! What only this site has: its facts, its other keywords, its pages, a sentence of its author.

use std::collections::BTreeSet;

use contracts::ai_processor::v1 as pb;
use html::escape;

use super::bank::stems;
use super::draft::{Draft, Order};
use super::voice::first_upper;
use crate::built_in::ideas::reading;

const MOST_LINKS: usize = 5;
const MOST_KEYWORDS: usize = 6;

const KEYWORDS: [&str; MOST_KEYWORDS] = [
    "Many readers who look into this also ask about {x}.",
    "If {x} is closer to what you need, keep the same questions in mind and note where your case differs.",
    "The same way of thinking helps with {x}.",
    "For {x}, the order of the questions stays the same while the details may change.",
    "Keep {x} in mind as well, because the two subjects often meet in practice.",
    "A related point is {x}, to which much of this can be carried over.",
];

const LINKS: [&str; MOST_LINKS] = [
    "You may also want to read our page on {a}.",
    "A neighbouring subject with a page of its own is {a}.",
    "If your question is really about {a}, start there.",
    "There is more on {a} on a separate page.",
    "We have also written about {a}.",
];

/// Weaves in what there is, as far as the length allows.
pub(super) fn all(draft: &mut Draft, order: &Order<'_>) {
    example(draft, order);
    facts(draft, order);
    let mut taken = BTreeSet::new();
    for (sentence, about) in links(order).into_iter().chain(keywords(draft, order)) {
        add(draft, order, sentence, &about, &mut taken);
    }
}

/// Ends a paragraph of the section that is nearest to what a sentence is about; each section gets one before any gets two.
fn add(draft: &mut Draft, order: &Order<'_>, sentence: String, about: &str, taken: &mut BTreeSet<usize>) {
    if draft.words() + html::words(&sentence) > order.wanted || draft.sections.is_empty() {
        return;
    }
    if taken.len() >= draft.sections.len() {
        taken.clear();
    }
    let about = stems(about);
    let near = |at: usize| {
        let text = draft.sections.get(at).map(|section| html::text(&section.html())).unwrap_or_default();
        stems(&text).intersection(&about).count()
    };
    let free = (0..draft.sections.len()).filter(|at| !taken.contains(at));
    // The first one introduces the subject: it stays free as long as another one is as near.
    let Some(at) = free.rev().max_by_key(|at| (near(*at), *at > 0)) else { return };
    taken.insert(at);
    if let Some(section) = draft.sections.get_mut(at) {
        section.sentence(sentence);
    }
}

/// A sentence of the author that speaks of this subject closes the introduction.
fn example(draft: &mut Draft, order: &Order<'_>) {
    let Order { brief, voice, wanted, .. } = *order;
    let about = stems(&format!("{} {}", voice.topic, voice.keyword));
    let fits = |example: &&String| !voice.avoids(example) && !stems(example).is_disjoint(&about);
    let Some(example) = brief.examples.iter().find(fits) else { return };
    let sentence = ended(example);
    if draft.words() + html::words(&sentence) <= wanted {
        draft.intro.push(escape(&sentence));
    }
}

fn ended(sentence: &str) -> String {
    let sentence = sentence.trim();
    if sentence.ends_with(['.', '!', '?', '”', '"']) { sentence.to_owned() } else { format!("{sentence}.") }
}

/// Says what the site says of itself at the end of the section that is about it, else of the last one. An eighth of the article at the most: it is
/// no brochure.
fn facts(draft: &mut Draft, order: &Order<'_>) {
    let Order { input, voice, wanted, .. } = *order;
    let mut room = wanted.saturating_sub(draft.words()).min(wanted / 8);
    let mut quoted = Vec::new();
    let mut seen = BTreeSet::new();
    for fact in sentences(&input.site_facts).into_iter().filter(|fact| !voice.avoids(fact)) {
        // The words that introduce the first one.
        let length = html::words(&escape(&fact)) + if quoted.is_empty() { 10 } else { 0 };
        if length <= room && seen.insert(fact.to_lowercase()) {
            room -= length;
            quoted.push(fact);
        }
    }
    let who = input.site_name.trim();
    let own = |heading: &str| !who.is_empty() && heading.to_lowercase().contains(&who.to_lowercase());
    let last = draft.sections.len().saturating_sub(1);
    let at = draft.sections.iter().position(|section| own(&section.heading)).unwrap_or(last);
    let (Some(section), false) = (draft.sections.get_mut(at), quoted.is_empty()) else { return };
    section.close(said(who, &quoted).iter().map(|sentence| escape(sentence)).collect());
    draft.quoted = quoted;
}

/// Sentences in the first person continue in the site's own voice, others are quoted.
fn said(who: &str, facts: &[String]) -> Vec<String> {
    let Some((first, rest)) = facts.split_first() else { return Vec::new() };
    let ours = |fact: &str| fact.strip_prefix("We ").map(|fact| format!("we {fact}"));
    match (ours(first), who) {
        (Some(first), "") => std::iter::once(first_upper(&first)).chain(rest.iter().cloned()).collect(),
        (Some(first), who) => std::iter::once(format!("At {who}, {first}")).chain(rest.iter().cloned()).collect(),
        (None, who) => {
            let who = if who.is_empty() { "this site" } else { who };
            vec![format!("A word about {who}, in its own words:"), format!("“{}”", facts.join(" "))]
        }
    }
}

/// A text by its sentences. A full stop ends one where a capital follows.
fn sentences(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for line in text.lines().map(|line| line.trim().trim_start_matches(['-', '*', '•']).trim()) {
        let mut sentence: Vec<&str> = Vec::new();
        let mut words = line.split_whitespace().peekable();
        while let Some(word) = words.next() {
            sentence.push(word);
            let next_opens = words.peek().is_none_or(|next| next.starts_with(char::is_uppercase));
            // Short words before a full stop are abbreviations more often than ends.
            if word.ends_with(['.', '!', '?']) && next_opens && word.chars().count() > 3 {
                all.push(sentence.join(" "));
                sentence.clear();
            }
        }
        if !sentence.is_empty() {
            all.push(ended(&sentence.join(" ")));
        }
    }
    all
}

/// Sentences that link to the pages given, with what they are about.
fn links(order: &Order<'_>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let safe = |link: &&pb::LinkTarget| link.url.starts_with("https://") || link.url.starts_with("http://");
    let named = order.input.links.iter().filter(safe).filter_map(|link| {
        let names = [link.primary_keyword.trim(), link.title.trim()];
        let name = names.into_iter().find(|name| !name.is_empty())?;
        Some((link.url.as_str(), reading::inside(name)))
    });
    let fresh = named.filter(|(url, _)| seen.insert(*url));
    let most = (order.wanted / 150).clamp(1, MOST_LINKS);
    let linked = |((url, name), template): ((&str, String), &&str)| {
        let anchor = format!("<a href=\"{}\">{}</a>", escape(url), escape(&name));
        (template.replace("{a}", &anchor), name)
    };
    fresh.take(most).zip(&LINKS).map(linked).collect()
}

/// Sentences with the secondary keywords that the article does not have yet.
fn keywords(draft: &Draft, order: &Order<'_>) -> Vec<(String, String)> {
    let Order { input, voice, wanted, .. } = *order;
    let headings: Vec<String> = draft.sections.iter().map(|section| section.heading.to_lowercase()).collect();
    let mut seen = BTreeSet::from([voice.keyword.to_lowercase()]);
    let all = input.secondary_keywords.iter().map(|keyword| keyword.trim()).filter(|keyword| !keyword.is_empty());
    let fresh = all.filter(|keyword| {
        let lower = keyword.to_lowercase();
        !headings.iter().any(|heading| heading.contains(&lower)) && seen.insert(lower) && !voice.avoids(keyword)
    });
    let most = (wanted / 250).clamp(1, MOST_KEYWORDS);
    let named = |(keyword, template): (&str, &&str)| {
        let phrase = reading::keyword(keyword).phrase;
        (first_upper(&escape(&template.replace("{x}", &phrase))), keyword.to_owned())
    };
    fresh.take(most).zip(&KEYWORDS).map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_by_sentences_and_lines() {
        assert_eq!(
            sentences("We roast in Leeds, e.g. on Mondays. No minimum order\n- Open since 2011."),
            ["We roast in Leeds, e.g. on Mondays.", "No minimum order.", "Open since 2011."]
        );
    }

    #[test]
    fn what_a_site_says_in_the_first_person_continues_in_its_voice() {
        let facts = ["We roast in Leeds.".to_owned(), "Open since 2011.".to_owned()];
        assert_eq!(said("Northside", &facts), ["At Northside, we roast in Leeds.", "Open since 2011."]);
        assert_eq!(said("Northside", &facts[1..]), ["A word about Northside, in its own words:", "“Open since 2011.”"]);
    }
}
