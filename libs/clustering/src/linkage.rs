//! Average linkage on a sparse graph, by chains of nearest neighbours.
//!
//! The similarity of two clusters is the mean over all pairs of members, where a pair without an edge counts as zero. A chain goes
//! from a cluster to its nearest, to that one's nearest, and so on; where two are each other's nearest they are merged. Because
//! merging never brings a cluster nearer to a third (average linkage is reducible, also with forbidden pairs), this gives the
//! hierarchy that always merging the nearest pair gives (Benzécri 1982, Juan 1982; Murtagh, "A survey of recent advances in
//! hierarchical clustering algorithms", 1983).
//!
//! All sums are whole numbers, so they do not depend on the order of adding, and ties are ties.

use std::cmp::Ordering;

use crate::{
    neighbours::Near,
    number::{id, place},
    table::{Lists, Sets, Table},
};

/// Two clusters become one: each named by its smallest node; the merged one by the smaller of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) left: u32,
    pub(crate) right: u32,
    /// The average similarity in fixed point.
    pub(crate) similarity: u32,
}

/// A graph whose nodes are to be merged.
#[derive(Debug)]
pub(crate) struct Graph {
    /// The neighbours of each node; symmetric.
    pub(crate) edges: Lists<Near>,
    /// How many keywords each node stands for.
    pub(crate) sizes: Vec<u32>,
    /// Nodes that may not come together.
    pub(crate) apart: Vec<(u32, u32)>,
}

/// The merges with at least `floor` average similarity; a cluster's own merges come before those it takes part in.
///
/// In practice near linear in the number of edges; memory 16 bytes an edge and direction.
pub(crate) fn link(graph: &Graph, floor: u32) -> Vec<Pair> {
    let mut growth = Growth::new(graph, floor);
    let mut merges = Vec::new();
    for start in 0..id(graph.sizes.len()) {
        if growth.sets.find(start) == start {
            growth.follow(start, &mut merges);
        }
    }
    merges
}

struct Growth {
    /// Neighbours with the sum over all pairs; entries may name a cluster's former parts.
    edges: Vec<Vec<(u32, u64)>>,
    apart: Vec<Vec<u32>>,
    sizes: Table<u64>,
    sets: Sets,
    sums: Table<u64>,
    barred: Table<bool>,
    floor: u32,
}

impl Growth {
    fn new(graph: &Graph, floor: u32) -> Self {
        let nodes = graph.sizes.len();
        let mut sizes = Table::new(nodes);
        for (node, size) in graph.sizes.iter().enumerate() {
            sizes.set(id(node), u64::from(*size));
        }
        let weighed = |node: usize, list: &[Near]| {
            let size = sizes.get(id(node));
            list.iter().map(|(other, each)| (*other, u64::from(*each) * size * sizes.get(*other))).collect()
        };
        let edges = graph.edges.iter().enumerate().map(|(node, list)| weighed(node, list)).collect();
        let mut apart = vec![Vec::new(); nodes];
        for (left, right) in graph.apart.iter().flat_map(|(left, right)| [(*left, *right), (*right, *left)]) {
            if let Some(list) = apart.get_mut(place(left)) {
                list.push(right);
            }
        }
        let (sums, barred) = (Table::new(nodes), Table::new(nodes));
        Self { edges, apart, sizes, sets: Sets::new(nodes), sums, barred, floor }
    }

    /// Follows chains from one cluster until nothing is near enough to it.
    fn follow(&mut self, start: u32, merges: &mut Vec<Pair>) {
        let mut chain = vec![start];
        while let Some(tip) = chain.last().copied() {
            let before = chain.len().checked_sub(2).and_then(|at| chain.get(at)).copied();
            match self.nearest(tip, before) {
                None => {
                    chain.pop();
                }
                Some((near, similarity)) if Some(near) == before => {
                    chain.truncate(chain.len().saturating_sub(2));
                    merges.push(Pair { left: tip.min(near), right: tip.max(near), similarity });
                    self.merge(tip.min(near), tip.max(near));
                    if chain.is_empty() {
                        chain.push(tip.min(near));
                    }
                }
                Some((near, _)) => chain.push(near),
            }
        }
    }

    /// The nearest cluster that is near enough; among equally near ones the one that the chain came from, else the smallest.
    fn nearest(&mut self, node: u32, before: Option<u32>) -> Option<(u32, u32)> {
        let neighbours = self.compact(node);
        let barred = self.resolve_apart(node);
        for other in &barred {
            self.barred.set(*other, true);
        }
        let size = |other: u32| self.sizes.get(other);
        let nearer = |left: &(u32, u64), right: &(u32, u64)| {
            let crossed =
                (u128::from(left.1) * u128::from(size(right.0))).cmp(&(u128::from(right.1) * u128::from(size(left.0))));
            crossed.then_with(|| prefer(left.0, right.0, before))
        };
        let best = neighbours.iter().filter(|(other, _)| !self.barred.get(*other)).copied().max_by(nearer);
        for other in &barred {
            self.barred.set(*other, false);
        }
        self.put(node, neighbours, barred);
        let (near, sum) = best?;
        let similarity = u128::from(sum) / (u128::from(self.sizes.get(node)) * u128::from(self.sizes.get(near)).max(1));
        let similarity = u32::try_from(similarity).unwrap_or(u32::MAX);
        (similarity >= self.floor).then_some((near, similarity))
    }

    /// The neighbours of a cluster under their present names, each once.
    fn compact(&mut self, node: u32) -> Vec<(u32, u64)> {
        let mut list = self.edges.get_mut(place(node)).map(std::mem::take).unwrap_or_default();
        let mut touched = Vec::with_capacity(list.len());
        for (other, sum) in list.drain(..) {
            let root = self.sets.find(other);
            if root != node && self.sums.add(root, sum) == 0 {
                touched.push(root);
            }
        }
        list.extend(touched.iter().map(|other| (*other, self.sums.get(*other))));
        for other in touched {
            self.sums.set(other, 0);
        }
        list
    }

    fn resolve_apart(&mut self, node: u32) -> Vec<u32> {
        let mut list = self.apart.get_mut(place(node)).map(std::mem::take).unwrap_or_default();
        for other in &mut list {
            *other = self.sets.find(*other);
        }
        list.sort_unstable();
        list.dedup();
        list
    }

    fn put(&mut self, node: u32, neighbours: Vec<(u32, u64)>, barred: Vec<u32>) {
        if let Some(slot) = self.edges.get_mut(place(node)) {
            *slot = neighbours;
        }
        if let Some(slot) = self.apart.get_mut(place(node)) {
            *slot = barred;
        }
    }

    fn merge(&mut self, kept: u32, gone: u32) {
        self.sets.join(kept, gone);
        let size = self.sizes.get(gone);
        self.sizes.add(kept, size);
        let edges = self.edges.get_mut(place(gone)).map(std::mem::take).unwrap_or_default();
        if let Some(list) = self.edges.get_mut(place(kept)) {
            list.extend(edges);
        }
        let apart = self.apart.get_mut(place(gone)).map(std::mem::take).unwrap_or_default();
        if let Some(list) = self.apart.get_mut(place(kept)) {
            list.extend(apart);
        }
    }
}

fn prefer(left: u32, right: u32, before: Option<u32>) -> Ordering {
    let came = |other: u32| Some(other) == before;
    came(left).cmp(&came(right)).then(right.cmp(&left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::ONE;

    fn graph(nodes: u32, edges: &[(u32, u32, u32)], apart: &[(u32, u32)]) -> Graph {
        let mut lists = Lists::new();
        for node in 0..nodes {
            let near = |(left, right, similarity): &(u32, u32, u32)| match node {
                _ if node == *left => Some((*right, *similarity)),
                _ if node == *right => Some((*left, *similarity)),
                _ => None,
            };
            lists.push(edges.iter().filter_map(near).collect::<Vec<_>>());
        }
        Graph { edges: lists, sizes: vec![1; place(nodes)], apart: apart.to_vec() }
    }

    #[test]
    fn the_nearest_pair_merges_first_and_a_missing_edge_counts_as_zero() {
        let half = ONE / 2;
        let merges = link(&graph(3, &[(0, 1, half), (1, 2, ONE)], &[]), 1);
        let expected = [(1, 2, ONE), (0, 1, half / 2)];
        assert_eq!(merges.iter().map(|m| (m.left, m.right, m.similarity)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_apart_stays_apart_through_others() {
        let edges = [(0, 1, ONE), (1, 2, ONE), (0, 2, ONE)];
        let merges = link(&graph(3, &edges, &[(0, 2)]), 1);
        assert_eq!(merges.len(), 1);
        assert_eq!((merges[0].left, merges[0].right), (0, 1));
    }

    #[test]
    fn nothing_below_the_floor_is_merged() {
        assert!(link(&graph(2, &[(0, 1, 10)], &[]), 11).is_empty());
        assert_eq!(link(&graph(2, &[(0, 1, 11)], &[]), 11).len(), 1);
    }
}
