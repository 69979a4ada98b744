//! The parts of an article as they are asked for. No answer is longer than a number of words: it ends after the last of them, also in the middle of
//! a sentence or a list, and the next one goes on where it is told to.

use html::escape;

use super::draft::Draft;
use crate::built_in::broken;
use crate::provider::Failure;
use crate::provider::article::{Ask, Part, Reply};

/// As HTML, without the headings of sections.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    introduction: String,
    sections: Vec<String>,
    questions: String,
    conclusion: String,
}

impl Parts {
    pub(super) fn new(draft: &Draft) -> Self {
        let question =
            |(question, answer): &(String, String)| format!("<h3>{}</h3>\n<p>{answer}</p>", escape(question));
        Self {
            introduction: format!("<p>{}</p>", draft.intro.join(" ")),
            sections: draft.sections.iter().map(super::draft::Section::html).collect(),
            questions: draft.faq.iter().map(question).collect::<Vec<_>>().join("\n"),
            conclusion: format!("<p>{}</p>", draft.conclusion.join(" ")),
        }
    }

    /// What follows behind what is written of a part, at most so many words of it.
    pub(super) fn answer(&self, ask: &Ask, longest: usize) -> Result<Reply, Failure> {
        let whole = match ask.part {
            Part::Introduction => Some(&self.introduction),
            Part::Section { at, .. } => self.sections.get(at),
            Part::Questions => Some(&self.questions),
            Part::Conclusion => Some(&self.conclusion),
        };
        let rest = whole.and_then(|whole| whole.strip_prefix(ask.written.as_str()));
        let rest = rest.ok_or_else(|| broken("content", &format!("asked to go on behind {:?}", ask.written)))?;
        let html = first_words(rest, longest);
        Ok(Reply { html: html.to_owned(), cut_off: html.len() < rest.len() })
    }
}

/// The beginning of a text, up to the end of its word of this number.
fn first_words(html: &str, most: usize) -> &str {
    let (mut words, mut was_inside, mut in_tag) = (0, false, false);
    for (at, letter) in html.char_indices() {
        let inside = !in_tag && letter != '<' && !letter.is_whitespace();
        if was_inside && !inside {
            words += 1;
            if words == most {
                return html.get(..at).unwrap_or_default();
            }
        }
        was_inside = inside;
        in_tag = letter == '<' || (in_tag && letter != '>');
    }
    html
}
