//! Who is near whom: the most similar nodes of each node, by an inverted index.
//!
//! The index lists for each dimension the nodes that have it, heaviest first. A search adds up the products of the common
//! dimensions, rarest first, takes the best candidates and computes their similarity in full. Two limits keep two hundred thousand
//! keywords affordable and leave small sets exact: a dimension lists its heaviest nodes only ("champion lists": Manning, Raghavan,
//! Schütze, "Introduction to Information Retrieval", 2008, section 7.1.3), and a search stops adding when its share of the work is
//! spent.

use std::{
    cmp::Reverse,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    features::{Weight, dot},
    number::{id, product},
    table::{Lists, Table},
};

/// A neighbour and the similarity in fixed point.
pub(crate) type Near = (u32, u32);

/// How many nodes before and after it an incomplete search tries too: nodes come in the order of their texts, and where all words are
/// frequent those beside a text begin like it.
const BESIDE: u32 = 16;

/// How much a search may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Neighbours that a node keeps.
    kept: usize,
    /// Candidates whose similarity is computed in full.
    candidates: usize,
    /// Nodes that a dimension lists.
    champions: usize,
    /// Products that a search adds up.
    products: usize,
}

impl Limits {
    /// All pairs for up to some hundred nodes; beyond that the work grows in proportion to their number.
    pub(crate) fn of(nodes: usize) -> Self {
        let each = |total: usize| total.checked_div(nodes).unwrap_or(total);
        let kept = each(400_000).max(40);
        Self {
            kept,
            candidates: kept.saturating_add(40),
            champions: each(10_000_000).max(500),
            products: each(100_000_000).max(6_000),
        }
    }

    /// Whether every node of so many is compared with every other.
    pub(crate) fn complete(self, nodes: usize) -> bool {
        self.kept >= nodes
    }
}

/// The nearest nodes of each node, in both directions: where one is among the neighbours of the other, both list each other.
///
/// `vectors` are the nodes', of `dimensions` dimensions. The result is the same for any number of threads.
pub(crate) fn neighbours(vectors: &Lists<Weight>, dimensions: usize, limits: Limits, threads: usize) -> Lists<Near> {
    let index = index(vectors, dimensions, limits.champions);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut search = Search::new(vectors, &index, dimensions, limits);
        let mut found = Vec::new();
        while let Some(node) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|node| *node < vectors.len()) {
            found.push((id(node), search.nearest(id(node))));
        }
        found
    };
    let parts = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut parts = work();
        for other in others {
            match other.join() {
                Ok(part) => parts.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        parts
    });
    both_ways(vectors.len(), parts)
}

fn index(vectors: &Lists<Weight>, dimensions: usize, champions: usize) -> Lists<Weight> {
    let mut postings: Vec<Vec<Weight>> = vec![Vec::new(); dimensions];
    for (node, vector) in vectors.iter().enumerate() {
        for (dimension, weight) in vector {
            if let Some(posting) = postings.get_mut(crate::number::place(*dimension)) {
                posting.push((id(node), *weight));
            }
        }
    }
    let mut index = Lists::new();
    for mut posting in postings {
        posting.sort_unstable_by_key(|near| rank(*near));
        posting.truncate(champions);
        index.push(posting);
    }
    index
}

/// The working memory of one thread.
struct Search<'a> {
    vectors: &'a Lists<Weight>,
    index: &'a Lists<Weight>,
    limits: Limits,
    spread: Table<u32>,
    scores: Table<u32>,
    touched: Vec<u32>,
    scored: Vec<Near>,
}

impl<'a> Search<'a> {
    fn new(vectors: &'a Lists<Weight>, index: &'a Lists<Weight>, dimensions: usize, limits: Limits) -> Self {
        let (spread, scores) = (Table::new(dimensions), Table::new(vectors.len()));
        Self { vectors, index, limits, spread, scores, touched: Vec::new(), scored: Vec::new() }
    }

    /// The nearest nodes of one, nearest first, equally near ones by their id.
    fn nearest(&mut self, node: u32) -> Vec<Near> {
        let exact = self.add_up(node);
        let mut scored = std::mem::take(&mut self.scored);
        for other in self.touched.drain(..) {
            let score = self.scores.take(other);
            if other != node {
                scored.push((other, score));
            }
        }
        let kept = if exact { self.limits.kept } else { self.limits.candidates };
        if scored.len() > kept {
            scored.select_nth_unstable_by_key(kept, |near| rank(*near));
            scored.truncate(kept);
        }
        if !exact {
            let beside =
                node.saturating_sub(BESIDE)..=node.saturating_add(BESIDE).min(id(self.vectors.len()).saturating_sub(1));
            scored.extend(beside.filter(|other| *other != node).map(|other| (other, 0)));
            self.recompute(node, &mut scored);
            scored.sort_unstable_by_key(|near| rank(*near));
            scored.dedup();
            scored.truncate(self.limits.kept);
        }
        let near = scored.drain(..).map(|(other, sum)| (other, product(sum))).filter(|(_, similarity)| *similarity > 0);
        let near = near.collect();
        self.scored = scored;
        near
    }

    /// Adds the products of common dimensions to the scores; true when none was left out.
    fn add_up(&mut self, node: u32) -> bool {
        let mut dimensions: Vec<Weight> = self.vectors.get(node).to_vec();
        dimensions.sort_unstable_by_key(|(dimension, _)| (self.index.get(*dimension).len(), *dimension));
        let (mut left, mut exact) = (self.limits.products, true);
        for (dimension, weight) in dimensions {
            let posting = self.index.get(dimension);
            if left == 0 {
                return false;
            }
            exact &= posting.len() < self.limits.champions;
            left = left.saturating_sub(posting.len());
            for (other, theirs) in posting {
                if self.scores.add(*other, weight.wrapping_mul(*theirs)) == 0 {
                    self.touched.push(*other);
                }
            }
        }
        exact
    }

    /// Replaces partial scores by the full ones.
    fn recompute(&mut self, node: u32, scored: &mut [Near]) {
        let vector = self.vectors.get(node);
        for (dimension, weight) in vector {
            self.spread.set(*dimension, *weight);
        }
        for (other, score) in scored {
            *score = dot(&self.spread, self.vectors.get(*other));
        }
        for (dimension, _) in vector {
            self.spread.set(*dimension, 0);
        }
    }
}

/// Sorts the nearest first, equally near ones by their id.
pub(crate) fn rank(near: Near) -> (Reverse<u32>, u32) {
    (Reverse(near.1), near.0)
}

fn both_ways(nodes: usize, found: Vec<(u32, Vec<Near>)>) -> Lists<Near> {
    let mut lists: Vec<Vec<Near>> = vec![Vec::new(); nodes];
    for (node, near) in found {
        for (other, similarity) in &near {
            if let Some(list) = lists.get_mut(crate::number::place(*other)) {
                list.push((node, *similarity));
            }
        }
        if let Some(list) = lists.get_mut(crate::number::place(node)) {
            list.extend(near);
        }
    }
    let mut result = Lists::new();
    for mut list in lists {
        list.sort_unstable();
        list.dedup();
        result.push(list);
    }
    result
}
