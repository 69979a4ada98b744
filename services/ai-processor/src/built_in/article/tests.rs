use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::*;
use crate::provider::article::Part;

fn input(title: &str, keyword: &str, structure: &str, words: i32) -> pb::ContentInput {
    pb::ContentInput {
        language: "en".to_owned(),
        site_name: "Northside Roasters".to_owned(),
        site_facts: "We roast in small batches in Leeds. Every bag carries its roasting date.".to_owned(),
        sector_name: "coffee".to_owned(),
        title: title.to_owned(),
        content_type: "article".to_owned(),
        structure: structure.to_owned(),
        word_count: words,
        primary_keyword: keyword.to_owned(),
        secondary_keywords: vec!["fresh espresso beans".to_owned(), "dark roast coffee".to_owned()],
        cluster_name: "espresso beans".to_owned(),
        intents: vec!["informational".to_owned()],
        links: vec![pb::LinkTarget {
            url: "https://example.com/grinders?a=1&b=2".to_owned(),
            title: "Coffee Grinders".to_owned(),
            primary_keyword: "coffee grinders".to_owned(),
        }],
        images: 2,
        ..Default::default()
    }
}

fn brief() -> Brief {
    Brief {
        tone: "plain and friendly".to_owned(),
        reader: "people who make coffee at home".to_owned(),
        examples: vec!["Good espresso begins with a question, not with a machine.".to_owned()],
        goal: "order a sample of three beans".to_owned(),
        avoid: vec!["cheap".to_owned()],
    }
}

fn article(input: &pb::ContentInput, brief: &Brief) -> pb::ContentResult {
    in_answers(LONGEST_ANSWER, input, brief)
}

/// Asked for in answers of at most so many words.
fn in_answers(longest: usize, input: &pb::ContentInput, brief: &Brief) -> pb::ContentResult {
    let reporter = Reporter::new(Arc::default());
    let desk = Desk { reporter: &reporter, steps: None };
    assemble(desk, b"", plan(input, brief), longest).now_or_never().unwrap().unwrap()
}

/// The sentences of running text, without lists and tables.
fn sentences(article: &pb::ContentResult) -> Vec<String> {
    let text = html::text(&check::whole(article).replace("</p>", "\n</p>").replace("</h2>", "\n</h2>"));
    let ends = text.split_inclusive(['.', '?', '!', ':', '\n']).map(|sentence| sentence.trim().to_lowercase());
    ends.filter(|sentence| sentence.split_whitespace().count() > 4).collect()
}

fn read(article: &pb::ContentResult) -> String {
    let pb::ContentResult {
        title, meta_title, meta_description, slug, excerpt, claims, tags, categories, images, ..
    } = article;
    let images: Vec<String> =
        images.iter().map(|image| format!("{} | {} | {}", image.section, image.alt, image.prompt)).collect();
    format!(
        "{title}\n{meta_title}\n{meta_description}\n{slug}\n{excerpt}\n\n{}\n\n{claims:#?}\n{tags:?} {categories:?}\n{images:#?}",
        check::whole(article)
    )
}

#[test]
fn a_guide_to_a_task_is_a_draft_that_a_person_has_read() {
    let mut input =
        input("How to Store Espresso Beans So They Stay Fresh", "how to store espresso beans", "how_to", 900);
    input.outline = [
        "What You Need to Store Espresso Beans",
        "How to Store Espresso Beans, Step by Step",
        "Mistakes That Spoil the Result",
        "Dark Roast Coffee",
        "How to Tell That It Worked",
    ]
    .map(str::to_owned)
    .to_vec();
    insta::assert_snapshot!(read(&article(&input, &brief())));
}

#[test]
fn a_comparison_is_a_draft_that_a_person_has_read() {
    let input =
        input("Drip Coffee vs. French Press: Which One Suits You?", "drip coffee vs french press", "comparison", 1200);
    insta::assert_snapshot!(read(&article(&input, &Brief::default())));
}

#[test]
fn a_page_about_costs_is_a_draft_that_a_person_has_read() {
    let input = input("What Espresso Machine Repair Costs", "espresso machine repair cost", "cost", 600);
    insta::assert_snapshot!(read(&article(&input, &brief())));
}

#[test]
fn words_that_the_account_avoids_are_not_used() {
    let article = article(&input("Espresso Beans, Explained", "espresso beans", "guide", 3000), &brief());
    assert!(!html::text(&check::whole(&article)).to_lowercase().contains(" cheap "));
}

#[test]
fn a_long_section_comes_in_several_answers() {
    let parts = plan(&input("Espresso Beans, Explained", "espresso beans", "guide", 5000), &brief()).parts;
    let first = |at| {
        parts
            .answer(&Ask { part: Part::Section { at, heading: String::new() }, written: String::new() }, LONGEST_ANSWER)
            .unwrap()
    };
    let cut_off = (0..6).map(first).find(|reply| reply.cut_off).unwrap();
    let words = html::words(&cut_off.html);
    assert!(words <= LONGEST_ANSWER && words + 20 > LONGEST_ANSWER, "{words}");
}

#[test]
fn another_language_is_refused_with_what_to_do() {
    assert!(speaks("en").is_ok() && speaks("en-GB").is_ok() && speaks("").is_ok());
    let Err(Failure::Permanent { code, message }) = speaks("de") else { panic!("German was accepted") };
    assert_eq!(code, "LANGUAGE_NOT_SUPPORTED");
    assert!(message.contains("Set up an AI provider"), "{message}");
}

#[test]
fn a_task_without_any_name_is_refused_with_what_to_do() {
    let refused = named(&pb::ContentInput { title: " ".to_owned(), ..Default::default() }).unwrap_err();
    assert!(matches!(refused, Failure::Permanent { code: "TITLE_MISSING", .. }), "{refused:?}");
    assert!(named(&input("Espresso", "", "guide", 500)).is_ok());
}

#[test]
fn addresses_that_are_no_pages_are_not_linked_to() {
    let target =
        |url: &str| pb::LinkTarget { url: url.to_owned(), title: "<i>Beans</i>".to_owned(), ..Default::default() };
    let links = vec![target("javascript:alert(1)"), target("https://example.com/\"><script>alert(1)</script>")];
    let made =
        article(&pb::ContentInput { links, ..input("Espresso Beans", "espresso beans", "guide", 900) }, &brief());
    let whole = check::whole(&made);
    assert!(!whole.contains("javascript:") && !whole.contains("<script") && !whole.contains("<i>"), "{whole}");
}

#[test]
fn images_are_spread_over_the_sections_and_say_what_they_must_not_show() {
    let headings = ["One", "Two", "Three", "Four"].map(str::to_owned);
    let images = pictures::of("Espresso Beans", "espresso beans", &headings, 2);
    assert_eq!(images.iter().map(|image| image.section).collect::<Vec<_>>(), [-1, 0, 2]);
    assert!(
        images
            .iter()
            .all(|image| image.prompt.ends_with("No text, no logos, no real persons.")
                && image.alt.chars().count() <= 125)
    );
    assert_eq!(pictures::of("Espresso", "", &[], 5).len(), 1);
}

const STRUCTURES: [&str; 15] = [
    "definition",
    "how_to",
    "guide",
    "list",
    "comparison",
    "buying_guide",
    "review",
    "cost",
    "troubleshooting",
    "checklist",
    "faq",
    "local",
    "offer",
    "case_study",
    "",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn articles_are_as_long_as_wanted_repeat_nothing_and_link_only_to_what_was_given(
        words in 300..=5000,
        structure in prop::sample::select(STRUCTURES.to_vec()),
        keyword in "[a-z]{3,9}( [a-z]{2,9}){0,4}",
        outline in prop::collection::vec("[A-Z][a-z]{2,8}( [a-z]{2,9}){0,6}", 0..9),
        facts in "([A-Z][a-z]{3,8} [a-z]{3,8} [a-z]{4,8}\\. ){0,6}",
        marks in "[<>&\"'{}\\[\\]]{0,4}",
    ) {
        let mut input = input(&format!("{keyword} {marks}"), &keyword, structure, words);
        input.outline = outline;
        input.site_facts = facts;
        let made = article(&input, &brief());
        let wanted = wanted(&input);
        let count = html::words(&check::whole(&made));
        prop_assert_eq!(check::problem(&input, &made, wanted), None, "{} of {} words", count, wanted);
        let mut seen = BTreeSet::new();
        for sentence in sentences(&made) {
            prop_assert!(seen.insert(sentence.clone()), "twice: {}", sentence);
        }
        let whole = check::whole(&made);
        prop_assert_eq!(html::text(&html::clean(&whole)), html::text(&whole), "markup is lost when it is cleaned");
        prop_assert_eq!(&made, &article(&input, &brief()));
        prop_assert_eq!(&made, &in_answers(usize::MAX, &input, &brief()));
        prop_assert_eq!(&made, &in_answers(60, &input, &brief()));
    }
}
