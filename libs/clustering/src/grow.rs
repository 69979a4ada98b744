//! From keywords to the merge tree.

use std::{num::NonZero, thread};

use crate::{
    features::{self, Features, Weight},
    intent,
    keyword::{Keyword, KeywordId, Links, Settings},
    linkage::{self, Graph, Pair},
    neighbours::{self, Limits, Near},
    number::{FIXED, fixed, id, place},
    start::{Start, start},
    table::{Lists, Sets, Table},
    text,
    tree::{Bond, Join, Leaf, MergeTree, Neighbour},
    vocabulary::Vocabulary,
};

/// Where a large set stops to look again: between the clusters of a round all similarities are computed anew from their mean
/// vectors, and edges that were left out of the graph stop counting as zero.
const ROUNDS: &[f64] = &[0.30, 0.16, 0.09];
/// Neighbours that the tree remembers of each keyword.
const REMEMBERED: usize = 6;

/// Groups keywords into a hierarchy, from which [`MergeTree::cut`] takes pages and topics.
///
/// The result depends on the keywords, the links and the floor, never on the order of either or on the number of threads: keywords
/// are first put in the order of their normalised text and id, and all ties follow it. A keyword whose id occurred before in that
/// order is left out. Links hold at every threshold; see [`Links`].
///
/// Up to about six hundred keywords every pair is compared; beyond that each keyword meets its nearest neighbours, and time and
/// memory grow in proportion to the number of keywords: about 3.5 kB each at the peak. Keywords to be kept apart grow the hierarchy a
/// second time, for the topics.
pub fn tree(keywords: &[Keyword<'_>], links: &Links, settings: &Settings) -> MergeTree {
    let keywords = in_order(keywords);
    let features = features::extract(&keywords);
    let start = start(&keywords, &features, links);
    let floor = fixed(settings.floor).max(1);
    let threads = match settings.threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        given => given,
    };
    let grower = Grower { features: &features, floor, threads };
    let vectors = grower.means(&start.groups);
    let edges = grower.edges(&vectors);
    drop(vectors);
    let mut vocabulary = Vocabulary::default();
    let leaves = leaves(&keywords, &features, &start, &edges, &mut vocabulary);
    let topics = (!start.apart.is_empty()).then(|| grower.grow(&start.groups, edges.clone(), &[]));
    let pages = grower.grow(&start.groups, edges, &start.apart);
    MergeTree { vocabulary: vocabulary.words, leaves, pages, topics }
}

fn in_order<'a>(keywords: &[Keyword<'a>]) -> Vec<Keyword<'a>> {
    let mut ordered: Vec<(String, Keyword<'a>)> = keywords.iter().map(|k| (text::normalise(k.text), *k)).collect();
    ordered.sort_unstable_by(|(text, keyword), (other_text, other)| {
        let evidence = |k: &Keyword<'a>| (k.text, k.serp_urls, k.page, k.parent);
        (text, keyword.id).cmp(&(other_text, other.id)).then_with(|| evidence(keyword).cmp(&evidence(other)))
    });
    let mut seen = std::collections::HashSet::<KeywordId>::with_capacity(ordered.len());
    ordered.into_iter().map(|(_, keyword)| keyword).filter(|keyword| seen.insert(keyword.id)).collect()
}

struct Grower<'a> {
    features: &'a Features,
    floor: u32,
    threads: usize,
}

/// The clusters between two rounds.
struct Clusters {
    /// The keywords of each, in order; the clusters by their first.
    members: Vec<Vec<u32>>,
    /// The height of each cluster's last merge; a later one is not higher.
    heights: Vec<u32>,
}

impl Grower<'_> {
    fn edges(&self, vectors: &Lists<Weight>) -> Lists<Near> {
        neighbours::neighbours(vectors, self.features.dimensions, Limits::of(vectors.len()), self.threads)
    }

    fn grow(&self, groups: &[Vec<u32>], mut edges: Lists<Near>, apart: &[(u32, u32)]) -> Vec<Join> {
        let mut joins = fixed_joins(groups);
        let mut clusters = Clusters { members: groups.to_vec(), heights: vec![FIXED; groups.len()] };
        for floor in ROUNDS.iter().map(|floor| fixed(*floor)).filter(|floor| *floor > self.floor).chain([self.floor]) {
            let nodes = clusters.members.len();
            let complete = Limits::of(nodes).complete(nodes);
            let floor = if complete { self.floor } else { floor };
            let graph = self.graph(&clusters, edges, apart);
            clusters = clusters.joined(&linkage::link(&graph, floor), &mut joins);
            if complete || floor == self.floor {
                break;
            }
            edges = self.edges(&self.means(&clusters.members));
        }
        joins.sort_by_key(|join| std::cmp::Reverse(join.height));
        joins
    }

    fn graph(&self, clusters: &Clusters, edges: Lists<Near>, apart: &[(u32, u32)]) -> Graph {
        let apart = between(&clusters.members, self.features.facts.len(), apart);
        let sizes = clusters.members.iter().map(|members| id(members.len())).collect();
        Graph { edges, sizes, apart }
    }

    /// The mean vector of each group; the dot product of two is the average similarity of their pairs.
    fn means(&self, groups: &[Vec<u32>]) -> Lists<Weight> {
        let mut sums = Table::<u64>::new(self.features.dimensions);
        let mut vectors = Lists::new();
        for group in groups {
            if let [only] = group.as_slice() {
                vectors.push(self.features.vectors.get(*only).iter().copied());
                continue;
            }
            let mut touched = Vec::new();
            for (dimension, weight) in group.iter().flat_map(|leaf| self.features.vectors.get(*leaf)) {
                if sums.add(*dimension, u64::from(*weight)) == 0 {
                    touched.push(*dimension);
                }
            }
            touched.sort_unstable();
            let size = u64::from(id(group.len()));
            let mean = |dimension: u32| u32::try_from((sums.get(dimension) + size / 2) / size).unwrap_or(u32::MAX);
            vectors
                .push(touched.iter().map(|dimension| (*dimension, mean(*dimension))).filter(|(_, weight)| *weight > 0));
            for dimension in touched {
                sums.set(dimension, 0);
            }
        }
        vectors
    }
}

impl Clusters {
    /// The clusters after a round's merges, which are written down too.
    fn joined(self, pairs: &[Pair], joins: &mut Vec<Join>) -> Self {
        let mut sets = Sets::new(self.members.len());
        let mut heights = Table::from(self.heights);
        let members = |node: u32| self.members.get(place(node)).map(Vec::as_slice).unwrap_or_default();
        let first = |node: u32| members(node).first().copied().unwrap_or(0);
        for pair in pairs {
            let height = pair.similarity.min(heights.get(pair.left)).min(heights.get(pair.right));
            heights.set(pair.left, height);
            sets.join(pair.left, pair.right);
            joins.push(Join { left: first(pair.left), right: first(pair.right), height });
        }
        let groups = sets.groups();
        let merged = |group: &Vec<u32>| {
            let mut leaves: Vec<u32> = group.iter().flat_map(|node| members(*node)).copied().collect();
            leaves.sort_unstable();
            leaves
        };
        let height = |group: &Vec<u32>| group.first().map_or(FIXED, |node| heights.get(*node));
        Self { members: groups.iter().map(merged).collect(), heights: groups.iter().map(height).collect() }
    }
}

fn fixed_joins(groups: &[Vec<u32>]) -> Vec<Join> {
    let joined = |group: &Vec<u32>| {
        let left = group.first().copied().unwrap_or(0);
        group.iter().skip(1).map(|right| Join { left, right: *right, height: FIXED }).collect::<Vec<_>>()
    };
    groups.iter().flat_map(joined).collect()
}

/// Pairs of keywords as pairs of the groups that hold them.
fn between(groups: &[Vec<u32>], leaves: usize, pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let group_of = group_of(groups, leaves);
    pairs.iter().map(|(left, right)| (group_of.get(*left), group_of.get(*right))).collect()
}

fn group_of(groups: &[Vec<u32>], leaves: usize) -> Table<u32> {
    let mut table = Table::new(leaves);
    for (group, members) in groups.iter().enumerate() {
        for member in members {
            table.set(*member, id(group));
        }
    }
    table
}

fn leaves(
    keywords: &[Keyword<'_>],
    features: &Features,
    start: &Start,
    edges: &Lists<Near>,
    vocabulary: &mut Vocabulary,
) -> Vec<Leaf> {
    let group_of = group_of(&start.groups, keywords.len());
    let leaf = |(at, keyword): (usize, &Keyword<'_>)| {
        let group = group_of.get(id(at));
        let mates = start.groups.get(place(group)).map(Vec::as_slice).unwrap_or_default();
        let mut neighbours: Vec<Neighbour> = mates
            .iter()
            .filter(|mate| place(**mate) != at)
            .take(REMEMBERED)
            .map(|mate| start.mate(id(at), *mate))
            .collect();
        let mut near = edges.get(group).to_vec();
        near.sort_unstable_by_key(|near| neighbours::rank(*near));
        for (other, similarity) in near.into_iter().take(REMEMBERED) {
            let first = start.groups.get(place(other)).and_then(|members| members.first()).copied().unwrap_or(0);
            let (mine, theirs) = (features.facts.get(at), features.facts.get(place(first)));
            let bond = match (mine, theirs) {
                (Some(mine), Some(theirs)) => mine.deciding(theirs, crate::number::share(similarity)),
                _ => Bond::Text,
            };
            neighbours.push(Neighbour { leaf: first, similarity, bond });
        }
        let words = text::words(&text::normalise(keyword.text));
        let (text, intent) = (text::collapse(keyword.text), intent::primary(&words));
        Leaf { id: keyword.id, text, intent, words: vocabulary.numbers(words), neighbours }
    };
    keywords.iter().enumerate().map(leaf).collect()
}
