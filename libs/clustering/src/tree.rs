//! The stored hierarchy, and what a threshold makes of it.

use crate::{
    intent::Intent,
    keyword::KeywordId,
    number::{id, place},
    table::{Sets, Table},
};

/// The hierarchy of one run: what [`crate::tree`] grows, [`MergeTree::to_bytes`] stores and [`MergeTree::cut`] answers from.
///
/// About 300 bytes of memory a keyword; stored about 110.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergeTree {
    /// The words of all keywords.
    pub(crate) vocabulary: Vec<Word>,
    /// The keywords, in the order of their normalised text and id.
    pub(crate) leaves: Vec<Leaf>,
    /// The merges that respect what is to stay apart, highest first.
    pub(crate) pages: Vec<Join>,
    /// The merges without regard to that, when there is a difference: a moved keyword stays within its topic.
    pub(crate) topics: Option<Vec<Join>>,
}

/// One keyword of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) id: KeywordId,
    /// As a person wrote it, without superfluous blanks.
    pub(crate) text: String,
    /// Its primary intent.
    pub(crate) intent: Intent,
    /// Its words, in their order, as places in the vocabulary.
    pub(crate) words: Vec<u32>,
    /// A few of the most similar keywords: those that are never separated, then the others, nearest first.
    pub(crate) neighbours: Vec<Neighbour>,
}

/// A word in one of its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// The number of its stem: the place of the first word with that stem.
    pub(crate) stem: u32,
}

/// A keyword near another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neighbour {
    pub(crate) leaf: u32,
    /// In fixed point.
    pub(crate) similarity: u32,
    pub(crate) bond: Bond,
}

/// What most makes two keywords belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bond {
    Text,
    /// So many common search results.
    Serp(u32),
    Page,
    Parent,
    /// The same text.
    Equal,
    /// A person's move.
    Person,
}

/// The clusters of two keywords become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Join {
    pub(crate) left: u32,
    pub(crate) right: u32,
    /// The similarity at which it happens, in fixed point.
    pub(crate) height: u32,
}

/// A cut: who is with whom, and at which height each keyword first met another.
pub(crate) struct Partition {
    /// The page clusters, by their first keyword.
    pub(crate) pages: Vec<Vec<u32>>,
    /// For each page cluster its topic; topics are numbered by their first keyword.
    pub(crate) topic_of: Vec<u32>,
    /// In fixed point; 0 for a keyword alone.
    pub(crate) met: Table<u32>,
}

impl MergeTree {
    /// How many keywords the tree holds.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether the tree holds no keyword.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// Near linear in the number of keywords.
    pub(crate) fn partition(&self, page: u32, topic: u32) -> Partition {
        let mut sets = Sets::new(self.leaves.len());
        let mut met = Table::new(self.leaves.len());
        for join in self.pages.iter().take_while(|join| join.height >= page) {
            for leaf in [join.left, join.right] {
                if met.get(leaf) == 0 {
                    met.set(leaf, join.height);
                }
            }
            sets.join(join.left, join.right);
        }
        let pages = sets.groups();
        let merges = self.topics.as_ref().unwrap_or(&self.pages);
        for join in merges.iter().take_while(|join| join.height >= topic.min(page)) {
            sets.join(join.left, join.right);
        }
        let mut topics = Table::new(self.leaves.len());
        for (number, group) in sets.groups().iter().enumerate() {
            for leaf in group {
                topics.set(*leaf, id(number));
            }
        }
        let topic_of = pages.iter().map(|group| group.first().map_or(0, |leaf| topics.get(*leaf))).collect();
        Partition { pages, topic_of, met }
    }

    pub(crate) fn leaf(&self, leaf: u32) -> Option<&Leaf> {
        self.leaves.get(place(leaf))
    }
}
