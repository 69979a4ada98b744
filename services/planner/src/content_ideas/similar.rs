//! How much alike two titles are: pure functions over words.
//!
//! The measure is the share of common trigrams of characters (G. Kondrak, "N-gram similarity and distance", 2005, in the form of Jaccard's
//! index) over the words that carry meaning, in their alphabetical order: "How to clean coffee machines in 2026" and "Cleaning a coffee machine"
//! are about the same.

use std::collections::{BTreeSet, HashMap, HashSet};

/// From here on two titles would compete for the same searches.
pub(super) const ALIKE: f64 = 0.55;

/// Words that a title may have or not without being about something else.
const EMPTY: &str = "a an and are as at be by can do does for from get how i in into is it its my of on or our should that the their them these \
    this to using use we what when where which who why will with you your guide complete ultimate best top tips ideas";

/// A title as it is compared.
#[derive(Debug, Clone)]
pub(super) struct Title {
    words: BTreeSet<String>,
    trigrams: HashSet<[char; 3]>,
    keyword: String,
}

impl Title {
    /// Of a title and the keyword that its article is to be found by.
    pub(super) fn new(title: &str, keyword: &str) -> Self {
        let words = words(title);
        let trigrams = words.iter().flat_map(|word| trigrams(word)).collect();
        Self { words, trigrams, keyword: clustering::normalise(keyword) }
    }

    /// Whether both are to be found by the same keyword.
    pub(super) fn same_keyword(&self, other: &Self) -> bool {
        !self.keyword.is_empty() && self.keyword == other.keyword
    }

    /// 0 to 1.
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        let common = self.trigrams.intersection(&other.trigrams).count();
        let all = self.trigrams.len().saturating_add(other.trigrams.len()).saturating_sub(common);
        if all == 0 {
            return 0.0;
        }
        count(common) / count(all)
    }
}

/// Titles by the beginnings of their words, so that one is compared only with those that it may resemble.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_stem: HashMap<String, Vec<usize>>,
    by_keyword: HashMap<String, Vec<usize>>,
}

impl Index {
    pub(super) fn add(&mut self, at: usize, title: &Title) {
        for word in &title.words {
            self.by_stem.entry(stem(word)).or_default().push(at);
        }
        if !title.keyword.is_empty() {
            self.by_keyword.entry(title.keyword.clone()).or_default().push(at);
        }
    }

    pub(super) fn near(&self, title: &Title) -> BTreeSet<usize> {
        let by_word = title.words.iter().filter_map(|word| self.by_stem.get(&stem(word))).flatten();
        by_word.chain(self.by_keyword.get(&title.keyword).into_iter().flatten()).copied().collect()
    }
}

fn words(title: &str) -> BTreeSet<String> {
    let normalised = clustering::normalise(title);
    let all = normalised.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    let year = |word: &str| word.len() == 4 && word.starts_with("20") && word.bytes().all(|byte| byte.is_ascii_digit());
    let telling = all.clone().filter(|word| !year(word) && !EMPTY.split(' ').any(|empty| empty == *word));
    let telling: BTreeSet<String> = telling.map(str::to_owned).collect();
    if telling.is_empty() { all.map(str::to_owned).collect() } else { telling }
}

fn trigrams(word: &str) -> Vec<[char; 3]> {
    let padded: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
    padded.windows(3).filter_map(|window| <[char; 3]>::try_from(window).ok()).collect()
}

fn stem(word: &str) -> String {
    word.chars().take(4).collect()
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(one: &str, other: &str) -> f64 {
        Title::new(one, "").similarity(&Title::new(other, ""))
    }

    #[test]
    fn titles_about_the_same_are_alike() {
        assert!(similarity("How to Clean a Coffee Machine", "Cleaning Coffee Machines: A Complete Guide") >= ALIKE);
        assert!(similarity("Best Running Shoes for Flat Feet in 2026", "Running shoes for flat feet") > 0.99);
    }

    #[test]
    fn titles_about_something_else_are_not() {
        assert!(similarity("How to Clean a Coffee Machine", "How to Choose a Coffee Grinder") < ALIKE);
        assert!(similarity("Best Running Shoes for Flat Feet", "Best Running Watches") < ALIKE);
        assert!(similarity("", "Anything").abs() < f64::EPSILON);
    }

    #[test]
    fn a_keyword_is_the_same_however_it_is_written() {
        assert!(Title::new("One", "Coffee  Machine").same_keyword(&Title::new("Two", "coffee machine")));
        assert!(!Title::new("One", "").same_keyword(&Title::new("Two", "")));
    }

    #[test]
    fn an_index_leaves_out_what_shares_no_word() {
        let mut index = Index::default();
        index.add(0, &Title::new("Clean coffee machines", ""));
        index.add(1, &Title::new("Choose running shoes", ""));
        index.add(2, &Title::new("Something", "descale"));
        assert_eq!(index.near(&Title::new("Coffee for runners", "descale")), BTreeSet::from([0, 1, 2]));
        assert_eq!(index.near(&Title::new("Coffee", "")), BTreeSet::from([0]));
    }
}
