//! An article as plain text.

use crate::scan::{Piece, name, pieces};

/// Tags inside a word or sentence: what stands on both sides belongs together.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "strong", "sub",
    "sup", "u",
];

/// The text of a cleaned article, with single spaces.
pub fn text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for piece in pieces(html) {
        match piece {
            Piece::Text(piece) => text.push_str(&unescape(piece)),
            Piece::Tag(tag) if INLINE.contains(&name(tag)) => {}
            Piece::Tag(_) => text.push(' '),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many words a cleaned article has. A word holds at least one letter or digit.
pub fn words(html: &str) -> usize {
    text(html).split(' ').filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// Text as markup: for putting a title or an address into an article.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The references that cleaned markup has.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", " ");
    text.replace("&amp;", "&")
}
