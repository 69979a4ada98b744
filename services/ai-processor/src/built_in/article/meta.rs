//! What stands around an article on the web: its title, its address, its description, its tags, and what a person has to check in it.

use std::collections::BTreeSet;

use contracts::ai_processor::v1 as pb;

use super::draft::Draft;
use super::voice::{Voice, first_upper};
use crate::built_in::ideas::reading::title_case;

pub(super) const LONGEST_META_TITLE: usize = 60;
pub(super) const LONGEST_META_DESCRIPTION: usize = 155;
const LONGEST_SLUG: usize = 75;
const MOST_TAGS: usize = 6;

/// The title as it was approved; where it lacks the keyword, with the keyword before it.
pub(super) fn title(title: &str, keyword: &str) -> String {
    let title = title.trim();
    if title.is_empty() {
        title_case(keyword)
    } else if holds(title, keyword) {
        title.to_owned()
    } else {
        format!("{}: {title}", title_case(keyword))
    }
}

/// Whether a text has all words of a keyword, in any order; endings may differ.
pub(super) fn holds(text: &str, keyword: &str) -> bool {
    let (text, keyword) = (stems(text), stems(keyword));
    keyword.is_subset(&text)
}

fn stems(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    // By way of capitals: what `ß` and `İ` become in a title is what they are compared by.
    words.map(|word| word.to_uppercase().to_lowercase().trim_end_matches('s').to_owned()).collect()
}

pub(super) fn meta_title(title: &str, keyword: &str) -> String {
    let short = |text: &str| text.chars().count() <= LONGEST_META_TITLE;
    let parts = title.split_once(": ").into_iter().flat_map(|(before, after)| [before, after]);
    let known = [title].into_iter().chain(parts).find(|part| short(part) && holds(part, keyword));
    known.map_or_else(|| cut(&title_case(keyword), LONGEST_META_TITLE), first_upper)
}

pub(super) fn meta_description(voice: &Voice, structure: &str) -> String {
    let says = match structure {
        "how_to" => "what you need, the steps in their order, and the mistakes that are easy to avoid.",
        "comparison" | "buying_guide" => {
            "the criteria that matter, the questions to ask, and how to choose with a clear head."
        }
        "cost" => "what makes up the price, what you can influence, and how to compare offers.",
        "troubleshooting" => "the likely causes, simple checks, and when to call for help.",
        "checklist" => "everything to prepare, to check and to remember, in one list.",
        "review" => "strengths, weaknesses and the points that a fair verdict has to weigh.",
        "local" | "offer" => "what to expect, what to ask, and what to settle before you decide.",
        _ => "a clear overview with the points that matter, common mistakes and honest answers.",
    };
    let all = format!("{}: {says}", first_upper(&voice.keyword));
    if all.chars().count() <= LONGEST_META_DESCRIPTION { all } else { cut(&all, LONGEST_META_DESCRIPTION) }
}

/// The whole words that fit.
fn cut(text: &str, longest: usize) -> String {
    let mut taken = String::new();
    for word in text.split_whitespace() {
        if taken.chars().count() + 1 + word.chars().count() > longest {
            break;
        }
        if !taken.is_empty() {
            taken.push(' ');
        }
        taken.push_str(word);
    }
    if taken.is_empty() {
        text.chars().take(longest).collect()
    } else {
        taken.trim_end_matches([',', ':', ';']).to_owned()
    }
}

/// The keyword as the last part of an address.
pub(super) fn slug(keyword: &str) -> String {
    let mut slug = String::new();
    for part in keyword.to_lowercase().split(|character: char| !character.is_ascii_alphanumeric()) {
        if part.is_empty() || slug.len() + 1 + part.len() > LONGEST_SLUG {
            continue;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(part);
    }
    if slug.is_empty() { "article".to_owned() } else { slug }
}

/// The beginning of the introduction, as text.
pub(super) fn excerpt(draft: &Draft) -> String {
    html::text(&draft.intro.iter().take(2).cloned().collect::<Vec<_>>().join(" ")).trim().to_owned()
}

pub(super) fn tags(input: &pb::ContentInput, voice: &Voice) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = [voice.topic.as_str()].into_iter().chain(input.secondary_keywords.iter().map(|keyword| keyword.trim()));
    let fresh = all.filter(|tag| !tag.is_empty() && tag.chars().count() <= 60 && seen.insert(tag.to_lowercase()));
    fresh.take(MOST_TAGS).map(str::to_owned).collect()
}

pub(super) fn categories(input: &pb::ContentInput) -> Vec<String> {
    let names = [input.sector_name.trim(), input.cluster_name.trim()];
    names.into_iter().find(|name| !name.is_empty()).map(title_case).into_iter().collect()
}

/// What a person has to check. The rules state no figures: what is missing is named, so that it can be added.
pub(super) fn claims(draft: &Draft, input: &pb::ContentInput, voice: &Voice) -> Vec<String> {
    let topic = &voice.topic;
    let mut claims: Vec<String> =
        draft.quoted.iter().map(|fact| format!("The site says: “{fact}” Is this still true?")).collect();
    claims.push(format!(
        "The advice is general. Does all of it hold for {topic}, and which examples of your own can you add?"
    ));
    let missing = match input.structure.as_str() {
        "cost" => "No prices are named. Add those that you can prove, with their date.",
        "comparison" | "buying_guide" => {
            "The table has criteria but no options. Add those that you know from your own experience."
        }
        "how_to" => "The steps name no materials or settings. Add those that you use yourself.",
        "troubleshooting" => "The causes are the usual ones. Add those that you meet most often, and safety notes.",
        "local" => "No place, hours or prices are named. Add yours.",
        "review" | "case_study" => "No test results are named. Add your own, and say how you got them.",
        _ => "No figures or sources are named. Add those that you have checked.",
    };
    claims.push(missing.to_owned());
    if let Some(number) = promised(&input.title) {
        claims.push(format!("The title promises {number} entries. Does the list have them?"));
    }
    claims
}

/// The number of things that a title promises.
fn promised(title: &str) -> Option<u32> {
    title.split_whitespace().find_map(|word| word.parse().ok()).filter(|number| (3..100).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_keeps_its_words_and_gets_the_keyword_where_it_lacks_it() {
        assert_eq!(title("The Best Espresso Beans", "best espresso bean"), "The Best Espresso Beans");
        assert_eq!(title("What You Pay", "espresso beans price"), "Espresso Beans Price: What You Pay");
    }

    #[test]
    fn addresses_and_titles_for_search_results_are_short_and_whole() {
        assert_eq!(slug("Best CRM (2024) – für Büros!"), "best-crm-2024-f-r-b-ros");
        assert_eq!(slug("ランニング"), "article");
        let long = "How to Store Espresso Beans: Jars, Bags and the Freezer in a Comparison of Everything";
        assert_eq!(meta_title(long, "how to store espresso beans"), "How to Store Espresso Beans");
    }
}
