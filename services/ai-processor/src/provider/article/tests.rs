use std::cell::RefCell;
use std::future::ready;
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::*;

const LIST: &str = "<p>Take these with you &amp; check them twice:</p>\n<ul><li><strong>Water.</strong> Two bottles, one of them full</li>\
                    <li>A map of the <em>northern</em> part</li><li>Bread</li></ul>\n<p>That is all.</p>";
const TABLE: &str = "<table><thead><tr><th>Size</th><th>Price</th></tr></thead><tbody><tr><td>Small one</td><td>2 €</td></tr>\
                     <tr><td>Large</td><td>4 €</td></tr></tbody></table>";
const FAQ: &str =
    "<h3>Is it far?</h3>\n<p>An hour on foot, “perhaps” two.</p>\n<h3>What if it rains?</h3>\n<p>Then you get wet.</p>";

fn outline(headings: &[&str], questions: &[&str]) -> pb::ContentResult {
    let section = |heading: &&str| pb::ContentSection { heading: (*heading).to_owned(), html: String::new() };
    let question =
        |question: &&str| pb::ContentQuestion { question: (*question).to_owned(), answer_html: String::new() };
    pb::ContentResult {
        title: "A Day Out".to_owned(),
        sections: headings.iter().map(section).collect(),
        faq: questions.iter().map(question).collect(),
        ..pb::ContentResult::default()
    }
}

/// An article of one section, of a provider that costs nothing and answers at once.
fn written(ask: impl Fn(Ask) -> Reply) -> Result<pb::ContentResult, Failure> {
    let reporter = Reporter::new(Arc::default());
    let outline = outline(&["What to Pack"], &["Is it far?", "What if it rains?"]);
    let desk = Desk { reporter: &reporter, steps: None };
    write(desk, b"", async { Ok(outline) }, |asked| ready(Ok(ask(asked)))).now_or_never().unwrap()
}

fn text_of(part: &Part, section: &'static str) -> &'static str {
    match part {
        Part::Introduction => "<p>Off we go.</p>",
        Part::Section { .. } => section,
        Part::Questions => FAQ,
        Part::Conclusion => "<p>Home again.</p>",
    }
}

fn whole(html: &str) -> Reply {
    Reply { html: html.to_owned(), cut_off: false }
}

fn cut_off(html: &str) -> Reply {
    Reply { html: html.to_owned(), cut_off: true }
}

/// At most so many letters, wherever that ends.
fn at_most(letters: usize, text: &str, written: &str) -> Reply {
    let rest = text.strip_prefix(written).expect("asked to go on where nothing stopped");
    match rest.char_indices().nth(letters) {
        Some((end, _)) => cut_off(&rest[..end]),
        None => whole(rest),
    }
}

#[test]
fn wherever_an_answer_is_cut_off_no_word_is_lost_or_repeated() {
    for section in [LIST, TABLE] {
        for letters in 30..section.len() {
            let article = written(|ask| at_most(letters, text_of(&ask.part, section), &ask.written)).unwrap();
            assert_eq!(article.sections[0].html, section, "{letters} letters in an answer");
            let answers: Vec<_> =
                article.faq.iter().map(|faq| (faq.question.as_str(), faq.answer_html.as_str())).collect();
            let expected = [
                ("Is it far?", "<p>An hour on foot, “perhaps” two.</p>"),
                ("What if it rains?", "<p>Then you get wet.</p>"),
            ];
            assert_eq!(answers, expected, "{letters} letters in an answer");
        }
    }
}

#[test]
fn a_provider_that_says_its_last_words_again_is_not_quoted_twice() {
    let article = written(|ask| match (&ask.part, ask.written.as_str()) {
        (Part::Section { .. }, "") => cut_off("<p>It rained.</p><ul><li>Two bottles of cold clear water</li><li>Bre"),
        (Part::Section { .. }, _) => whole("<ul><li>Two bottles of cold clear water</li><li>Bread</li></ul>"),
        (part, _) => whole(text_of(part, "")),
    });
    let section = &article.unwrap().sections[0].html;
    assert_eq!(section, "<p>It rained.</p><ul><li>Two bottles of cold clear water</li><li>Bread</li></ul>");
}

#[test]
fn a_provider_that_never_ends_is_refused_and_so_is_one_that_says_nothing() {
    let asked = RefCell::new(0);
    let endless = written(|ask| {
        *asked.borrow_mut() += 1;
        if matches!(ask.part, Part::Section { .. }) { cut_off("and on and ") } else { whole(text_of(&ask.part, "")) }
    });
    let Err(Failure::Permanent { code, message }) = endless else { panic!("it was taken") };
    assert_eq!((code, *asked.borrow()), ("ANSWER_ENDLESS", 1 + MOST_ANSWERS));
    assert!(message.contains("“What to Pack”") && message.contains("fewer words"), "{message}");

    let silent =
        written(|ask| if ask.part == Part::Conclusion { whole("<p></p>") } else { whole(text_of(&ask.part, LIST)) });
    assert!(matches!(silent, Err(Failure::Permanent { code: "ANSWER_EMPTY", .. })), "{silent:?}");
}

#[test]
fn what_a_provider_leaves_open_is_closed() {
    let article = written(|ask| whole(text_of(&ask.part, "<ul><li>Water</li><li>Bread"))).unwrap();
    assert_eq!(article.sections[0].html, "<ul><li>Water</li><li>Bread</li></ul>");
}

#[test]
fn people_see_which_section_is_written() {
    let reporter = Reporter::new(Arc::default());
    let seen = RefCell::new(Vec::new());
    let ask = |ask: Ask| {
        let report = reporter.report();
        assert_eq!(report.phase, Phase::AiCall);
        seen.borrow_mut().push((report.percent, report.message));
        at_most(90, text_of(&ask.part, LIST), &ask.written)
    };
    let outline = outline(&["What to Pack", "The Way"], &[]);
    let desk = Desk { reporter: &reporter, steps: None };
    write(desk, b"", async { Ok(outline) }, |asked| ready(Ok(ask(asked)))).now_or_never().unwrap().unwrap();
    let seen = seen.into_inner();
    let messages: Vec<&str> = seen.iter().map(|(_, message)| message.as_str()).collect();
    assert_eq!(
        messages[..3],
        [
            "Writing the introduction.",
            "Writing section 1 of 2: What to Pack",
            "Writing section 1 of 2: What to Pack (answer 2)"
        ]
    );
    assert!(
        messages.contains(&"Writing section 2 of 2: The Way") && messages.ends_with(&["Writing the conclusion."]),
        "{messages:?}"
    );
    assert!(seen.is_sorted_by_key(|(percent, _)| *percent) && seen[0].0 < seen[1].0, "{seen:?}");
}
