//! What stands around the sections: the introduction, their first sentences, the questions, the end.

use contracts::ai_processor::v1 as pb;
use html::escape;

use super::bank;
use super::draft::Brief;
use super::kinds::Kind;
use super::voice::Voice;

const INFORM: &[&str] = &[
    "There is no shortage of opinions on {s}, and most of them leave out the part that decides whether they apply to you.",
    "Look into {s} for ten minutes and you will find advice that contradicts itself.",
    "Questions about {s} tend to come up just when there is little time to look into them.",
    "Much of what is said about {s} is true somewhere and misleading everywhere else.",
];
const DECIDE: &[&str] = &[
    "Whoever compares {s} is usually close to a decision and wants to make it with a clear head.",
    "With {s}, the hard part is not finding options but telling which of them deserve your attention.",
    "Choosing once and choosing well: that is what most people want from an hour of reading about {s}.",
];
const ACT: &[&str] = &[
    "You are looking for {s} because you are ready to act, so this page comes straight to the point.",
    "A search for {s} should end with a good decision and not with a dozen open tabs.",
    "If you need {s}, a few clear facts are more useful than many promises.",
];

/// The first sentences of the first section, which name the keyword, by structure.
const FIRST: &[(&str, &[&str])] = &[
    (
        "how_to",
        &[
            "The short version of {k}: get everything ready first, work in a fixed order, and check the result before you tidy up.",
            "Most of the effort in {k} goes into preparation, which is why it comes first here.",
        ],
    ),
    (
        "comparison",
        &[
            "The question of {k} is less about which is better than about which suits the way you will use it.",
            "With {k}, the right choice follows from your most frequent case, so settle that one first.",
        ],
    ),
    (
        "buying_guide",
        &[
            "Any search for {k} gets easier once you know which use matters most to you.",
            "There is no single answer to the question of {k}, but there is a short list of points that decide it.",
        ],
    ),
    ("list", &["The most useful way to look at {k} is by what each entry asks of you in time, money and skill."]),
    (
        "review",
        &["Readers of {k} want to know two things: what it does well, and whether its weaknesses would bother them."],
    ),
    (
        "cost",
        &[
            "There is no single figure for {k}, because every offer contains something different.",
            "A useful answer to the question of {k} consists of several parts, and the price at the start is only the first.",
        ],
    ),
    ("troubleshooting", &["If your question is {q}, start with the checks that cost nothing and change nothing."]),
    (
        "definition",
        &[
            "People who look up {k} usually want three things: a plain explanation, an example, and the border to what sounds similar.",
        ],
    ),
    ("checklist", &["A list helps with {k} because it remembers what is forgotten under pressure."]),
    ("faq", &["The questions around {k} tend to be the same few, so they are answered here in one place."]),
    ("local", &["If you are looking for {q}, three things decide: who comes, how soon, and what it will cost."]),
    ("offer", &["If you are looking for {q}, settle what you need before you compare what is offered."]),
    (
        "",
        &[
            "When it comes to {k}, a few basics explain most of what follows.",
            "Nearly everything about {k} becomes easier once the basics are clear.",
        ],
    ),
];

/// The first sentences of sections whose heading tells only what they are about; `{s}` is that.
const SECTIONS: &[&str] = &[
    "People who look into the subject often ask about {s} in the same breath.",
    "{s} deserves a section of its own, because the general advice only goes half of the way here.",
    "One point is easily passed over: {s}.",
    "Sooner or later the question of {s} comes up.",
    "A closer look at {s} pays off before you go on.",
    "That leads to {s}.",
];

const ENDS: &[&str] = &[
    "You now have what you need to go on: a purpose, an order and a way to check the result.",
    "None of this is difficult once it is taken one piece at a time.",
    "Good decisions about {s} do not have to be complicated; they have to fit your own case.",
    "Take from this page what fits your case and leave the rest.",
];
const ENDS_LATER: &[&str] = &[
    "Begin with the smallest step that tells you something new, and let the result show you the next one.",
    "Keep your notes, look at them again after a month, and adjust what has not proved itself.",
    "If one question is left open, write it down and ask somebody who knows your situation.",
];

fn purpose(structure: &str) -> &'static str {
    match structure {
        "how_to" => "This guide covers {k} from the preparation to the last check.",
        "comparison" => {
            "This comparison of {s} shows by which criteria to judge, and what you give up with each choice."
        }
        "list" => "This list is sorted so that you can find the entry that fits you without reading all of it.",
        "buying_guide" => "This buying guide shows what to look for, what to ask and where money is well spent.",
        "review" => "This page names the points on which a fair verdict depends, for and against.",
        "cost" => {
            "This page explains what makes up the cost, which part of it you can influence, and how to compare offers."
        }
        "troubleshooting" => "This page goes through the likely causes, from the simplest to the rarest.",
        "checklist" => "This checklist helps you to forget nothing, before, during and after.",
        "definition" => "This page explains the term, places it among its neighbours and shows where it matters.",
        "faq" => "This page collects the questions that come up most often, with short and honest answers.",
        "local" => "This page tells you what to expect on the spot, what to ask and how to compare offers.",
        "offer" => "This page says what to look at before you decide, and what to settle beforehand.",
        "case_study" => "This page shows how to go about {s} from the first look to the final review.",
        _ => "This guide gives you an overview, from the first question to a plan of your own.",
    }
}

pub(super) fn intro(input: &pb::ContentInput, brief: &Brief, voice: &Voice, wanted: usize) -> Vec<String> {
    let asks = |intent: &str| input.intents.iter().any(|other| other == intent);
    let openings = match () {
        () if asks("transactional") || matches!(input.structure.as_str(), "local" | "offer") => ACT,
        () if asks("commercial") || matches!(input.structure.as_str(), "comparison" | "buying_guide") => DECIDE,
        () => INFORM,
    };
    let mut sentences = vec![voice.html(voice.one(openings, "opening")), voice.html(purpose(&input.structure))];
    let reader = brief.reader.trim().trim_end_matches('.');
    if (1..=14).contains(&reader.split_whitespace().count()) && !voice.avoids(reader) {
        sentences.push(escape(&format!("It is written for {reader}.")));
    }
    if wanted >= 600 {
        if voice.casual {
            sentences.push("Take your time, and skip whatever you know already.".to_owned());
        }
        sentences.push("Where the right answer depends on your case, you will read what it depends on.".to_owned());
    }
    sentences.retain(|sentence| !voice.avoids(sentence));
    sentences
}

pub(super) fn first_section(structure: &str, voice: &Voice) -> String {
    let of = |name: &str| FIRST.iter().find(|(other, _)| *other == name).map(|(_, sentences)| *sentences);
    voice.html(voice.one(of(structure).or_else(|| of("")).unwrap_or_default(), "first"))
}

/// The first sentence of the section that stands at `at`, by what it is about.
pub(super) fn section(voice: &Voice, at: usize) -> String {
    voice.html(SECTIONS.get(at % SECTIONS.len()).copied().unwrap_or_default())
}

/// Three to five questions, by the length of the article: those of the kind of subject first.
pub(super) fn questions(kinds: &[Kind], voice: &Voice, wanted: usize) -> Vec<(String, String)> {
    let count = match wanted {
        ..900 => 3,
        900..2000 => 4,
        _ => 5,
    };
    let of_kind = |kind: &Kind| {
        let all = &bank::of(*kind).questions;
        let first = voice.turn("questions", all.len());
        // No kind answers all of them.
        all.iter().cycle().skip(first).take(all.len().min(if *kind == Kind::General { 9 } else { 2 }))
    };
    let short = |answer: &str| if wanted < 450 { first_sentence(answer).to_owned() } else { answer.to_owned() };
    let filled =
        kinds.iter().flat_map(of_kind).map(|(question, answer)| (voice.text(question), voice.html(&short(answer))));
    filled.filter(|(question, answer)| !voice.avoids(question) && !voice.avoids(answer)).take(count).collect()
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|end| text.get(..=end)).unwrap_or(text)
}

pub(super) fn conclusion(brief: &Brief, voice: &Voice, wanted: usize) -> Vec<String> {
    let mut sentences = vec![voice.html(voice.one(ENDS, "end"))];
    if wanted >= 450 {
        sentences.push(voice.html(voice.one(ENDS_LATER, "later")));
    }
    let goal = brief.goal.trim().trim_end_matches('.');
    if (1..=16).contains(&goal.split_whitespace().count()) && !voice.avoids(goal) {
        sentences.push(escape(&format!("The next step: {goal}.")));
    }
    sentences
}
