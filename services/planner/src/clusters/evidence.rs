//! Why a keyword is where it is, in the words that ai-processor uses too.

use std::borrow::Cow;

use clustering::Evidence;

/// The reason, for people.
pub(super) fn text(evidence: &Evidence) -> Cow<'static, str> {
    match evidence {
        Evidence::Alone => "nothing is near enough".into(),
        Evidence::Person { .. } => "moved by hand".into(),
        Evidence::SameText { .. } => "same text".into(),
        Evidence::SearchResults { shared, .. } => format!("shared results: {shared}").into(),
        Evidence::Page { .. } => "same page".into(),
        Evidence::Parent { .. } => "same parent keyword".into(),
        Evidence::Words { words, .. } => format!("words: {}", words.join(" ")).into(),
        Evidence::Spelling { .. } => "similar spelling".into(),
        Evidence::Whole => "near the cluster as a whole".into(),
    }
}
