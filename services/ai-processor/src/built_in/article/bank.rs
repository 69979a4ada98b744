//! What can be said: paragraphs by theme, for any subject and for kinds of subjects.
//!
//! Each file of `bank/` is one kind. A theme begins with `# name | heading`; paragraphs are parted by empty lines and have one sentence in each
//! line. A line `? question | answer` is for the questions at the end of an article.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::kinds::Kind;

/// Paragraphs that answer one kind of question.
#[derive(Debug, Default)]
pub(super) struct Theme {
    pub(super) name: &'static str,
    /// For a section that no outline named.
    pub(super) heading: &'static str,
    pub(super) paragraphs: Vec<Paragraph>,
}

#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) sentences: Vec<&'static str>,
    /// The beginnings of its words.
    stems: BTreeSet<String>,
    /// About as many as it will have.
    pub(super) words: usize,
}

impl Paragraph {
    fn push(&mut self, sentence: &'static str) {
        self.stems.extend(stems(sentence));
        self.words += words(sentence).len();
        self.sentences.push(sentence);
    }

    /// How many of the telling words of a heading it speaks of.
    pub(super) fn nearness(&self, heading: &BTreeSet<String>) -> usize {
        heading.intersection(&self.stems).count()
    }
}

#[derive(Debug, Default)]
pub(super) struct Bank {
    pub(super) themes: Vec<Theme>,
    /// Questions with their answers.
    pub(super) questions: Vec<(&'static str, &'static str)>,
}

impl Bank {
    pub(super) fn theme(&self, name: &str) -> Option<&Theme> {
        self.themes.iter().find(|theme| theme.name == name)
    }
}

static BANKS: LazyLock<Vec<(Kind, Bank)>> =
    LazyLock::new(|| Kind::ALL.into_iter().map(|kind| (kind, read(source(kind)))).collect());

fn source(kind: Kind) -> &'static str {
    match kind {
        Kind::Versus => include_str!("bank/versus.txt"),
        Kind::Task => include_str!("bank/task.txt"),
        Kind::Service => include_str!("bank/service.txt"),
        Kind::Software => include_str!("bank/software.txt"),
        Kind::Food => include_str!("bank/food.txt"),
        Kind::Body => include_str!("bank/body.txt"),
        Kind::Money => include_str!("bank/money.txt"),
        Kind::Product => include_str!("bank/product.txt"),
        Kind::General => include_str!("bank/general.txt"),
    }
}

fn read(text: &'static str) -> Bank {
    let mut bank = Bank::default();
    let mut begun = false;
    for line in text.lines().map(str::trim) {
        if let Some((name, heading)) = line.strip_prefix("# ").and_then(|line| line.split_once(" | ")) {
            bank.themes.push(Theme { name, heading, paragraphs: Vec::new() });
            begun = false;
        } else if let Some(question) = line.strip_prefix("? ").and_then(|line| line.split_once(" | ")) {
            bank.questions.push(question);
        } else if line.is_empty() {
            begun = false;
        } else if let Some(theme) = bank.themes.last_mut() {
            if !begun {
                theme.paragraphs.push(Paragraph::default());
            }
            if let Some(paragraph) = theme.paragraphs.last_mut() {
                paragraph.push(line);
            }
            begun = true;
        }
    }
    bank
}

/// What is said of a kind of subjects.
pub(super) fn of(kind: Kind) -> &'static Bank {
    static NONE: Bank = Bank { themes: Vec::new(), questions: Vec::new() };
    BANKS.iter().find(|(other, _)| *other == kind).map_or(&NONE, |(_, bank)| bank)
}

/// Themes by what headings say. A phrase of several words stands anywhere; a word matches from its beginning, one of up to four letters as a
/// whole or in its plural. The first line that matches counts.
const HEADINGS: &[(&str, &[&str])] = &[
    ("mistakes", &["mistake", "pitfall", "goes wrong so", "go wrong", "often forgotten", "overlook", "spoil"]),
    ("compare", &["compare", "comparison", "at a glance", "vs", "differ", "confused", "alternatives", "apart"]),
    ("cost", &["cost", "price", "budget", "money", "pay", "fee", "where to save", "cheap"]),
    ("care", &["coming back", "upkeep", "lifetime", "maint", "keep it", "stay"]),
    ("help", &["professional", "call for help", "expert"]),
    ("problems", &["fix", "problem", "trouble", "fail", "cause", "stubborn", "error", "goes wrong", "not working"]),
    ("start", &["what you need", "begin", "prepare", "before you", "quick start", "at the start", "use this", "first"]),
    ("check", &["check", "tell that", "worked", "test"]),
    ("steps", &["step by step", "steps", "checklist", "how to", "moving away", "along the way"]),
    ("people", &["who", "whom", "fit", "suit", "which use"]),
    ("quality", &["quality", "strength", "verdict", "promise", "guarantee", "everyday", "better", "effect", "best"]),
    ("choose", &["choose", "choice", "which", "pick", "matter", "decide", "must be able", "services", "list", "why"]),
    ("care", &["care", "store", "clean", "wash", "last"]),
    ("time", &["how soon", "how long", "time", "hours", "often", "wait", "delivery", "can wait"]),
    ("plan", &["plan", "next", "go from here", "practice"]),
    (
        "cases",
        &["depend", "exception", "case", "answer", "question", "when", "can", "should", "is", "are", "do", "does"],
    ),
    ("basics", &["what", "basics", "in short", "paragraph", "mean", "where", "how"]),
];

const ASKING: &[&str] = &["what", "when", "where", "which", "does", "should"];

/// The theme that a heading asks for, where its words tell. The words of the subject tell nothing.
pub(super) fn asked_by(heading: &str, subject: &str) -> Option<&'static str> {
    let subject = words(subject);
    let all = words(heading);
    // Small words are part of what is asked.
    let named = |word: &&String| word.len() > 3 && !ASKING.contains(&word.as_str()) && subject.contains(word);
    let telling: Vec<&str> = all.iter().filter(|word| !named(word)).map(String::as_str).collect();
    let telling = format!(" {} ", telling.join(" "));
    let asks = |needle: &&str| {
        match needle.len() {
            _ if needle.contains(' ') => telling.contains(&format!(" {needle} ")),
            // The plural of a short word, but no longer word that begins with it.
            ..=4 => [" ", "s ", "es "].iter().any(|end| telling.contains(&format!(" {needle}{end}"))),
            _ => telling.contains(&format!(" {needle}")),
        }
    };
    HEADINGS.iter().find(|(_, needles)| needles.iter().any(asks)).map(|(name, _)| *name)
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The beginnings of the words that tell something.
pub(super) fn stems(text: &str) -> BTreeSet<String> {
    let long = words(text).into_iter().filter(|word| word.chars().count() > 3);
    long.map(|word| word.chars().take(5).collect()).collect()
}

/// The themes of a page that brings no outline, in their order, by the JSON name of ContentStructure.
pub(super) fn usual(structure: &str) -> &'static [&'static str] {
    match structure {
        "how_to" => &["start", "steps", "mistakes", "check", "care", "help"],
        "comparison" => &["compare", "people", "cost", "quality", "choose"],
        "buying_guide" | "list" => &["choose", "compare", "quality", "cost", "people", "mistakes"],
        "review" => &["quality", "people", "cost", "compare", "check"],
        "cost" => &["cost", "cases", "compare", "mistakes", "help"],
        "troubleshooting" => &["check", "problems", "mistakes", "help", "care"],
        "checklist" => &["start", "steps", "check", "mistakes"],
        "local" | "offer" => &["choose", "cost", "quality", "time", "help"],
        "case_study" => &["plan", "steps", "check", "mistakes"],
        "faq" => &["basics", "start", "cost", "problems", "quality", "plan"],
        _ => &["basics", "start", "choose", "cost", "mistakes", "plan"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sentence_stands_in_the_banks_twice() {
        let mut seen = BTreeSet::new();
        for (kind, bank) in BANKS.iter() {
            assert!(!bank.themes.is_empty(), "{kind:?}");
            let answers = bank.questions.iter().flat_map(|(question, answer)| [question, answer]);
            let paragraphs = bank.themes.iter().flat_map(|theme| &theme.paragraphs);
            for sentence in paragraphs.flat_map(|paragraph| &paragraph.sentences).chain(answers) {
                assert!(seen.insert(sentence.to_lowercase()), "{kind:?}: {sentence}");
            }
        }
    }

    #[test]
    fn every_theme_that_is_named_is_one_that_something_can_be_said_of() {
        let structures = [
            "how_to",
            "comparison",
            "list",
            "review",
            "cost",
            "troubleshooting",
            "checklist",
            "local",
            "case_study",
            "faq",
            "",
        ];
        let usual = structures.iter().flat_map(|structure| usual(structure));
        let general = of(Kind::General);
        for name in HEADINGS.iter().map(|(name, _)| name).chain(usual) {
            assert!(general.theme(name).is_some_and(|theme| theme.paragraphs.len() > 3), "{name}");
        }
        for (kind, bank) in BANKS.iter() {
            let names: BTreeSet<&str> = bank.themes.iter().map(|theme| theme.name).collect();
            assert_eq!(names.len(), bank.themes.len(), "{kind:?} has a theme twice");
            assert!(bank.themes.iter().all(|theme| general.theme(theme.name).is_some()), "{kind:?}");
        }
        assert!(general.questions.len() > 5);
    }

    #[test]
    fn headings_say_what_they_ask_for() {
        let subject = "how to store espresso beans cost";
        for (heading, theme) in [
            ("What Drives the Price", Some("cost")),
            ("What You Need to Store Espresso Beans", Some("start")),
            ("How to Store Espresso Beans, Step by Step", Some("steps")),
            ("Mistakes That Spoil the Result", Some("mistakes")),
            ("Espresso Beans and Filter Beans at a Glance", Some("compare")),
            ("Before You Start: Two Checks That Save Work", Some("start")),
            ("How to Tell That It Worked", Some("check")),
            ("When to Leave It to a Professional", Some("help")),
            ("Where to Save, and Where Not To", Some("cost")),
            ("Fixes That Need No Tools", Some("problems")),
            ("How to Keep It from Coming Back", Some("care")),
            ("Who Should Choose Drip Coffee", Some("people")),
            ("Can You Freeze Espresso Beans?", Some("cases")),
            ("Arabica", None),
        ] {
            assert_eq!(asked_by(heading, subject), theme, "{heading}");
        }
    }
}
