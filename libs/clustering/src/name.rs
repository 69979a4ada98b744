//! Names: the most typical keyword of a cluster, and the words that two keywords share.

use crate::{
    number::{place, real},
    table::{Lists, Table},
    tree::MergeTree,
};

/// Longer texts, in bytes, are left out as names where a shorter one is there.
const LONG: usize = 80;

/// What naming knows of each keyword.
pub(crate) struct Names<'a> {
    tree: &'a MergeTree,
    /// The stems of each keyword, each once, in order.
    stems: Lists<u32>,
    /// By stem: how telling it is.
    weights: Table<f64>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(tree: &'a MergeTree) -> Self {
        let mut seen = Table::<u32>::new(tree.vocabulary.len());
        let mut stems = Lists::new();
        let mut distinct = Vec::new();
        for leaf in &tree.leaves {
            distinct
                .extend(leaf.words.iter().filter_map(|word| tree.vocabulary.get(place(*word))).map(|word| word.stem));
            distinct.sort_unstable();
            distinct.dedup();
            for stem in &distinct {
                seen.add(*stem, 1);
            }
            stems.push(distinct.drain(..));
        }
        let all = real(tree.leaves.len());
        let weight = |seen: u32| ((1.0 + all) / (1.0 + f64::from(seen))).ln() + 1.0;
        Self { tree, stems, weights: Table::from(seen.iter().map(weight).collect::<Vec<_>>()) }
    }

    /// The keyword that says what most of them have in common and little else: the cosine of its stems with the sum of those that
    /// more than half of them hold, or of all where there is none. A short text wins over a long one, and the first of equals.
    pub(crate) fn typical(&self, leaves: &[u32]) -> Option<u32> {
        if let [only] = leaves {
            return Some(*only);
        }
        let mut all: Vec<u32> = leaves.iter().flat_map(|leaf| self.stems.get(*leaf)).copied().collect();
        all.sort_unstable();
        let counts = all.chunk_by(|left, right| left == right).filter_map(|run| Some((*run.first()?, run.len())));
        let mut counts: Vec<(u32, usize)> = counts.collect();
        if counts.iter().any(|(_, count)| is_most(*count, leaves)) {
            counts.retain(|(_, count)| is_most(*count, leaves));
        }
        let sums: Vec<(u32, f64)> =
            counts.into_iter().map(|(stem, count)| (stem, real(count) * self.weights.get(stem))).collect();
        let scored = leaves.iter().map(|leaf| (self.is_short(*leaf), self.cosine(*leaf, &sums), *leaf));
        let best = scored.max_by(|(short, score, leaf), (other_short, other_score, other)| {
            short.cmp(other_short).then(score.total_cmp(other_score)).then(other.cmp(leaf))
        });
        best.map(|(_, _, leaf)| leaf)
    }

    /// The cosine of a keyword's stems with a sum, up to the length of the sum.
    fn cosine(&self, leaf: u32, sums: &[(u32, f64)]) -> f64 {
        let (mut product, mut square) = (0.0, 0.0);
        for stem in self.stems.get(leaf) {
            let weight = self.weights.get(*stem);
            let sum = sums.binary_search_by_key(stem, |(stem, _)| *stem).ok().and_then(|at| sums.get(at));
            product += weight * sum.map_or(0.0, |(_, sum)| *sum);
            square += weight * weight;
        }
        if square > 0.0 { product / square.sqrt() } else { 0.0 }
    }

    fn is_short(&self, leaf: u32) -> bool {
        self.tree.leaf(leaf).is_some_and(|leaf| leaf.text.len() <= LONG)
    }

    /// The words of one keyword that the other has too, in some form.
    pub(crate) fn common(&self, leaf: u32, other: u32) -> Vec<String> {
        let theirs = self.stems.get(other);
        let mut mine: Vec<u32> = Vec::new();
        let mut common = Vec::new();
        let words = self.tree.leaf(leaf).map(|leaf| leaf.words.as_slice()).unwrap_or_default();
        for word in words.iter().filter_map(|word| self.tree.vocabulary.get(place(*word))) {
            if theirs.binary_search(&word.stem).is_ok() && !mine.contains(&word.stem) {
                mine.push(word.stem);
                common.push(word.text.clone());
            }
        }
        common
    }
}

fn is_most(count: usize, leaves: &[u32]) -> bool {
    count > leaves.len() / 2
}
