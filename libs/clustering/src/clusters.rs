//! The answer: page clusters within topics, with names, intents, and for each keyword how sure its place is and why.

use crate::{
    intent::{self, Intent},
    keyword::{KeywordId, Thresholds},
    name::Names,
    number::{fixed, id, place, real, share},
    table::Table,
    tree::{Bond, Leaf, MergeTree, Neighbour, Partition},
};

/// What a cut answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// Largest first, then by name. Each keyword of the tree is in exactly one.
    pub clusters: Vec<Cluster>,
    /// Largest first, then by name. Each cluster is in exactly one.
    pub topics: Vec<Topic>,
}

/// The keywords that one page should answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The text of its most typical keyword; no two clusters of one answer have the same.
    pub name: String,
    /// The primary intent of most of its keywords.
    pub intent: Intent,
    /// Its topic's place in [`Clusters::topics`].
    pub topic: usize,
    /// The mean of its keywords' confidences.
    pub confidence: f64,
    /// Surest first, then by text.
    pub members: Vec<Member>,
}

/// The pages that belong together on a site.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// The text of its most typical keyword; no two topics of one answer have the same.
    pub name: String,
    /// Its clusters' places in [`Clusters::clusters`].
    pub clusters: Vec<usize>,
}

/// A keyword in its cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Which keyword.
    pub id: KeywordId,
    /// How sure its place is, 0 to 1: the similarity to the nearest keyword of its own cluster as a share of that and the similarity to
    /// the nearest one elsewhere. 0.5 is torn between two, 1 has no rival. A keyword alone is compared with the threshold.
    pub confidence: f64,
    /// What decided.
    pub evidence: Evidence,
}

/// Why a keyword is where it is, and which keyword it has in common with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing is near enough.
    Alone,
    /// A person put it together with this one.
    Person {
        /// The other keyword.
        with: KeywordId,
    },
    /// The two have the same text.
    SameText {
        /// The other keyword.
        with: KeywordId,
    },
    /// The search engine answers both with the same pages.
    SearchResults {
        /// The other keyword.
        with: KeywordId,
        /// How many of the first ten addresses they share.
        shared: u32,
    },
    /// The import file puts both on one page.
    Page {
        /// The other keyword.
        with: KeywordId,
    },
    /// The import file names the same parent keyword for both.
    Parent {
        /// The other keyword.
        with: KeywordId,
    },
    /// Both hold these words, in some form.
    Words {
        /// The other keyword.
        with: KeywordId,
        /// In the form and order of this keyword.
        words: Vec<String>,
    },
    /// The two are spelt alike without a word in common.
    Spelling {
        /// The other keyword.
        with: KeywordId,
    },
    /// It is near the cluster as a whole, and its own nearest keywords are elsewhere.
    Whole,
}

impl MergeTree {
    /// The clusters and topics at these thresholds; what is not a number from 0 to 1 counts as the nearest of them.
    ///
    /// A lower threshold only ever joins clusters, a higher one only splits them. Near linear in the number of keywords: a fraction of a
    /// second for two hundred thousand.
    pub fn cut(&self, thresholds: &Thresholds) -> Clusters {
        let page = fixed(thresholds.page.clamp(0.0, 1.0)).max(1);
        let partition = self.partition(page, fixed(thresholds.topic.clamp(0.0, 1.0)).max(1));
        Answer::new(self, &partition, page).clusters()
    }
}

struct Answer<'a> {
    tree: &'a MergeTree,
    partition: &'a Partition,
    names: Names<'a>,
    /// The page cluster of each keyword.
    page_of: Table<u32>,
    threshold: u32,
}

impl<'a> Answer<'a> {
    fn new(tree: &'a MergeTree, partition: &'a Partition, threshold: u32) -> Self {
        let mut page_of = Table::new(tree.len());
        for (page, members) in partition.pages.iter().enumerate() {
            for leaf in members {
                page_of.set(*leaf, id(page));
            }
        }
        let names = Names::new(tree);
        Self { tree, partition, names, page_of, threshold }
    }

    fn clusters(&self) -> Clusters {
        let mut numbered: Vec<(u32, Cluster)> = self
            .partition
            .pages
            .iter()
            .zip(&self.partition.topic_of)
            .map(|(page, topic)| (*topic, self.cluster(page)))
            .collect();
        numbered.sort_by(|(_, left), (_, right)| {
            order((left.members.len(), &left.name), (right.members.len(), &right.name))
        });
        unique(numbered.iter_mut().map(|(_, cluster)| &mut cluster.name));
        let topics = self.topics(&mut numbered);
        Clusters { clusters: numbered.into_iter().map(|(_, cluster)| cluster).collect(), topics }
    }

    fn topics(&self, clusters: &mut [(u32, Cluster)]) -> Vec<Topic> {
        let count = self.partition.topic_of.iter().max().map_or(0, |last| place(*last).saturating_add(1));
        let mut leaves: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (page, topic) in self.partition.pages.iter().zip(&self.partition.topic_of) {
            if let Some(list) = leaves.get_mut(place(*topic)) {
                list.extend(page);
            }
        }
        let mut sorted: Vec<(usize, String, u32)> =
            (0..).zip(&leaves).map(|(number, leaves)| (leaves.len(), self.name(leaves), number)).collect();
        sorted.sort_by(|left, right| order((left.0, &left.1), (right.0, &right.1)));
        let mut place_of = Table::new(count);
        for (at, (_, _, number)) in sorted.iter().enumerate() {
            place_of.set(*number, at);
        }
        let mut topics: Vec<Topic> =
            sorted.into_iter().map(|(_, name, _)| Topic { name, clusters: Vec::new() }).collect();
        unique(topics.iter_mut().map(|topic| &mut topic.name));
        for (at, (number, cluster)) in clusters.iter_mut().enumerate() {
            cluster.topic = place_of.get(*number);
            if let Some(topic) = topics.get_mut(cluster.topic) {
                topic.clusters.push(at);
            }
        }
        topics
    }

    fn cluster(&self, page: &[u32]) -> Cluster {
        let leaves = page.iter().filter_map(|leaf| Some((*leaf, self.tree.leaf(*leaf)?)));
        let mut members: Vec<Member> = leaves.map(|(number, leaf)| self.member(number, leaf, page.len())).collect();
        let confidence = members.iter().map(|member| member.confidence).sum::<f64>() / real(members.len().max(1));
        members.sort_by(|left, right| right.confidence.total_cmp(&left.confidence));
        let intent = intent::most(page.iter().filter_map(|leaf| self.tree.leaf(*leaf)).map(|leaf| leaf.intent));
        Cluster { name: self.name(page), intent, topic: 0, confidence, members }
    }

    fn name(&self, leaves: &[u32]) -> String {
        self.names
            .typical(leaves)
            .and_then(|leaf| self.tree.leaf(leaf))
            .map(|leaf| leaf.text.clone())
            .unwrap_or_default()
    }

    fn member(&self, number: u32, leaf: &Leaf, size: usize) -> Member {
        let page = self.page_of.get(number);
        let here = |near: &&Neighbour| self.page_of.get(near.leaf) == page;
        let inside = leaf.neighbours.iter().find(here);
        let outside = leaf.neighbours.iter().find(|near| !here(near)).map_or(0.0, |near| share(near.similarity));
        let near = inside.map_or(0.0, |near| share(near.similarity)).max(share(self.partition.met.get(number)));
        let own = if size > 1 { near } else { share(self.threshold) };
        let fixed = inside.is_some_and(|near| matches!(near.bond, Bond::Person | Bond::Equal));
        let confidence = if fixed { 1.0 } else { own / (own + outside) };
        let evidence = match inside {
            Some(near) => self.evidence(number, near),
            None if size > 1 => Evidence::Whole,
            None => Evidence::Alone,
        };
        Member { id: leaf.id, confidence, evidence }
    }

    fn evidence(&self, number: u32, near: &Neighbour) -> Evidence {
        let with = self.tree.leaf(near.leaf).map_or([0; 16], |leaf| leaf.id);
        match near.bond {
            Bond::Person => Evidence::Person { with },
            Bond::Equal => Evidence::SameText { with },
            Bond::Serp(shared) => Evidence::SearchResults { with, shared },
            Bond::Page => Evidence::Page { with },
            Bond::Parent => Evidence::Parent { with },
            Bond::Text => match self.names.common(number, near.leaf) {
                words if words.is_empty() => Evidence::Spelling { with },
                words => Evidence::Words { with, words },
            },
        }
    }
}

/// Larger first, then by name.
fn order(left: (usize, &String), right: (usize, &String)) -> std::cmp::Ordering {
    right.0.cmp(&left.0).then_with(|| left.1.cmp(right.1))
}

/// Numbers the second and later ones of equal names.
fn unique<'n>(names: impl Iterator<Item = &'n mut String>) {
    let mut names: Vec<&mut String> = names.collect();
    let mut taken: std::collections::HashSet<String> = names.iter().map(|name| (*name).clone()).collect();
    let mut seen = std::collections::HashSet::new();
    for name in &mut names {
        if seen.insert(name.clone()) {
            continue;
        }
        let numbered = (2..=u32::MAX).map(|number| format!("{name} ({number})")).find(|name| !taken.contains(name));
        **name = numbered.unwrap_or_default();
        taken.insert(name.clone());
    }
}
