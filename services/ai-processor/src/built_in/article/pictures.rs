//! What the images of an article should show: subject, setting, composition, light, style.

use contracts::ai_processor::v1 as pb;

use super::voice::{Voice, seed};
use crate::built_in::ideas::reading;

/// An article has no more images beside the featured one.
const MOST: usize = 10;
const LONGEST_ALT: usize = 125;

const SETTINGS: &[&str] = &[
    "on a wooden table in a bright room",
    "in a tidy workspace with a plain background",
    "in everyday surroundings, as one would meet it at home or at work",
    "on a neutral surface with a few matching objects around it",
    "outdoors in calm surroundings",
];
const COMPOSITIONS: &[&str] = &[
    "seen from slightly above, with free space on one side",
    "close up, with one clear subject in the centre",
    "wide framing, the subject in the left third",
    "straight from above, neatly arranged",
    "at eye level, with a softly blurred background",
];
const LIGHT: &[&str] =
    &["soft daylight from the side", "warm morning light", "even, bright light", "late afternoon light"];
const STYLES: &[&str] =
    &["natural photograph", "clean editorial photograph", "plain flat illustration in a few calm colours"];

const NEVER: &str = "No text, no logos, no real persons.";

/// The prompts for the featured image and for `wanted` more, which stand before sections that are spread over the article.
pub(super) fn of(title: &str, keyword: &str, headings: &[String], wanted: i32) -> Vec<pb::ContentImage> {
    let topic = reading::keyword(keyword).topic.unwrap_or_else(|| keyword.trim().to_owned());
    let topic = if topic.is_empty() { title.trim().to_owned() } else { topic };
    let voice = Voice::new(topic, keyword, seed(&[title, keyword]));
    let featured = pb::ContentImage {
        slot: "featured".to_owned(),
        section: -1,
        purpose: "Shows at first sight what the page is about.".to_owned(),
        alt: alt(if title.trim().is_empty() { &voice.topic } else { title.trim() }),
        prompt: prompt(&voice, &voice.topic, 0),
    };
    let count = usize::try_from(wanted).unwrap_or_default().min(MOST).min(headings.len());
    let placed = (0..count).filter_map(|number| {
        let at = number * headings.len() / count.max(1);
        let heading = headings.get(at)?.trim();
        Some(pb::ContentImage {
            slot: "section".to_owned(),
            section: i32::try_from(at).ok()?,
            purpose: format!("Makes the section “{heading}” clearer."),
            alt: alt(heading),
            prompt: prompt(&voice, &format!("{}, for a section on “{heading}”", voice.topic), number + 1),
        })
    });
    std::iter::once(featured).chain(placed).collect()
}

fn prompt(voice: &Voice, subject: &str, number: usize) -> String {
    let pick = |of: &[&'static str], what: &str| {
        let at = (voice.turn(what, of.len()) + number) % of.len().max(1);
        of.get(at).copied().unwrap_or_default()
    };
    // One style for all images of an article.
    let style = voice.one(STYLES, "style");
    let (setting, composition, light) =
        (pick(SETTINGS, "setting"), pick(COMPOSITIONS, "composition"), pick(LIGHT, "light"));
    format!("{subject}, {setting}; {composition}; {light}; {style}. {NEVER}")
}

fn alt(text: &str) -> String {
    super::voice::first_upper(text).chars().take(LONGEST_ALT).collect::<String>().trim_end().to_owned()
}
