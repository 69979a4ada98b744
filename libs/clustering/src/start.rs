//! Where the hierarchy starts: the keywords that no threshold separates, and those that never come together.

use std::collections::HashMap;

use crate::{
    features::Features,
    keyword::{Keyword, KeywordId, Links},
    number::{FIXED, id, place},
    table::Sets,
    text,
    tree::{Bond, Neighbour},
};

/// The groups that the first round begins with.
#[derive(Debug)]
pub(crate) struct Start {
    /// The keywords of each group, in order; the groups by their first.
    pub(crate) groups: Vec<Vec<u32>>,
    /// Keywords that never come together.
    pub(crate) apart: Vec<(u32, u32)>,
    /// Which keywords have the same text: equal numbers for equal texts.
    texts: Vec<u32>,
}

impl Start {
    /// Why two keywords of one group are in it.
    pub(crate) fn mate(&self, leaf: u32, mate: u32) -> Neighbour {
        let text = |leaf: u32| self.texts.get(place(leaf));
        let bond = if text(leaf) == text(mate) { Bond::Equal } else { Bond::Person };
        Neighbour { leaf: mate, similarity: FIXED, bond }
    }
}

/// Groups keywords (in their order, each id once) by what people decided, and equal ones by their text and evidence.
pub(crate) fn start(keywords: &[Keyword<'_>], features: &Features, links: &Links) -> Start {
    let ids: HashMap<KeywordId, u32> = keywords.iter().enumerate().map(|(at, keyword)| (keyword.id, id(at))).collect();
    let known = |pairs: &[(KeywordId, KeywordId)]| {
        let pairs = pairs.iter().filter_map(|(left, right)| {
            let (left, right) = (*ids.get(left)?, *ids.get(right)?);
            (left != right).then_some((left.min(right), left.max(right)))
        });
        let mut pairs: Vec<(u32, u32)> = pairs.collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    };
    let (must, apart) = (known(&links.must), known(&links.cannot));
    let mut together = Together::new(keywords.len(), &apart);
    for (left, right) in must {
        together.join(left, right);
    }
    let mut texts = Vec::with_capacity(keywords.len());
    let mut first: HashMap<_, u32> = HashMap::with_capacity(keywords.len());
    let mut numbers: HashMap<String, u32> = HashMap::with_capacity(keywords.len());
    for (leaf, (keyword, facts)) in (0..).zip(keywords.iter().zip(&features.facts)) {
        let next = id(numbers.len());
        let text = *numbers.entry(text::normalise(keyword.text)).or_insert(next);
        texts.push(text);
        together.join(*first.entry((text, facts)).or_insert(leaf), leaf);
    }
    Start { groups: together.sets.groups(), apart, texts }
}

/// Sets that refuse to join what is to stay apart.
struct Together {
    sets: Sets,
    /// For each set with a forbidden neighbour, those neighbours.
    apart: HashMap<u32, Vec<u32>>,
}

impl Together {
    fn new(len: usize, pairs: &[(u32, u32)]) -> Self {
        let mut apart: HashMap<u32, Vec<u32>> = HashMap::new();
        for (left, right) in pairs {
            apart.entry(*left).or_default().push(*right);
            apart.entry(*right).or_default().push(*left);
        }
        Self { sets: Sets::new(len), apart }
    }

    fn join(&mut self, left: u32, right: u32) {
        let (left, right) = (self.sets.find(left), self.sets.find(right));
        if left == right || self.forbidden(left, right) || self.forbidden(right, left) {
            return;
        }
        self.sets.join(left, right);
        let gone = self.apart.remove(&left.max(right)).unwrap_or_default();
        if !gone.is_empty() {
            self.apart.entry(left.min(right)).or_default().extend(gone);
        }
    }

    fn forbidden(&mut self, left: u32, right: u32) -> bool {
        let Self { sets, apart } = self;
        apart.get(&left).is_some_and(|others| others.iter().any(|other| sets.find(*other) == right))
    }
}
