//! Whether two titles promise the same page.

use std::collections::BTreeSet;

use super::words::listed;

/// What a title can say without saying what the page is about.
const FILLING: &str = "a an the and or of for to in on with your you it its is are do does at by they them that this what which who when \
    how without not one ones right way usual guide complete practical step steps explained plain explanation clear \
    answer know need start before works work matter matters worth trying make makes difference fits fit essentials \
    understanding look good there from ultimate everything compared";

/// The words of a title that say what the page is about, and the first word of a question, which says what of it.
pub(super) fn content_words(title: &str) -> BTreeSet<String> {
    let lower = clustering::normalise(title);
    let words: Vec<&str> =
        lower.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let asking =
        words.first().filter(|first| matches!(**first, "how" | "what" | "why" | "when" | "where" | "who" | "which"));
    let content = words.iter().filter(|word| !listed(FILLING, word) && word.parse::<u32>().is_err());
    asking.map(|first| format!("{first} …")).into_iter().chain(content.map(|word| stem(word).to_owned())).collect()
}

fn stem(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with('s') => stem,
        _ => word,
    }
}

/// Three quarters of their words in common.
pub(super) fn same_promise(one: &str, other: &str) -> bool {
    let (one, other) = (content_words(one), content_words(other));
    let common = one.intersection(&other).count();
    let all = one.len() + other.len() - common;
    all > 0 && common * 4 >= all * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_page_in_other_words_is_noticed() {
        assert!(same_promise(
            "How to Clean White Sneakers the Right Way",
            "How to clean white sneakers: a step-by-step guide"
        ));
        assert!(same_promise("9 Mistakes to Avoid With a CRM", "7 mistakes to avoid with CRM"));
        assert!(same_promise("Laufschuhe für Damen", "laufschuhe für damen!"));
    }

    #[test]
    fn another_question_about_the_same_thing_is_another_page() {
        for (one, other) in [
            ("How to Choose the Right CRM", "CRM Cost: What to Budget For"),
            ("What Is a CRM? A Plain Explanation", "Best CRM: What to Look For"),
            ("Best Running Shoes for Flat Feet", "Best Running Shoes for Wide Feet"),
        ] {
            assert!(!same_promise(one, other), "{one} / {other}");
        }
    }
}
