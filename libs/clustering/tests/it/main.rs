//! What a user of the library notices.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod cuts;
mod evidence;
mod links;
mod order;
mod stored;

use clustering::{Clusters, Keyword, KeywordId, Links, MergeTree, Settings, Thresholds, tree};

fn id(number: usize) -> KeywordId {
    u128::try_from(number).unwrap().to_be_bytes()
}

fn number(id: KeywordId) -> usize {
    usize::try_from(u128::from_be_bytes(id)).unwrap()
}

/// Keywords numbered by their place.
fn keywords<T: AsRef<str>>(texts: &[T]) -> Vec<Keyword<'_>> {
    texts
        .iter()
        .enumerate()
        .map(|(at, text)| Keyword { id: id(at), text: text.as_ref(), ..Keyword::default() })
        .collect()
}

fn grow(keywords: &[Keyword<'_>], links: &Links) -> MergeTree {
    tree(keywords, links, &Settings::default())
}

fn cluster<T: AsRef<str>>(texts: &[T]) -> Clusters {
    grow(&keywords(texts), &Links::default()).cut(&Thresholds::default())
}

/// The members of each cluster by number, in order.
fn members(answer: &Clusters) -> Vec<Vec<usize>> {
    let sorted = |cluster: &clustering::Cluster| {
        let mut numbers: Vec<usize> = cluster.members.iter().map(|member| number(member.id)).collect();
        numbers.sort_unstable();
        numbers
    };
    let mut all: Vec<Vec<usize>> = answer.clusters.iter().map(sorted).collect();
    all.sort_unstable();
    all
}

/// Short texts of a small vocabulary, so that they have something in common.
fn texts() -> impl proptest::strategy::Strategy<Value = Vec<String>> {
    let word = proptest::sample::select(vec![
        "running", "shoes", "coffee", "table", "tables", "best", "red", "кофе", "東京", "2024", "how to",
    ]);
    let text = proptest::collection::vec(word, 1..6);
    proptest::collection::vec(proptest::strategy::Strategy::prop_map(text, |words| words.join(" ")), 0..40)
}
