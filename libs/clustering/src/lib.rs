//! Keyword clustering: from a list of keywords to pages and topics, with names, intents, and a reason for each keyword's place.
//!
//! [`tree`] compares the keywords and grows a hierarchy once; [`MergeTree::cut`] takes the clusters of any threshold from it at once.
//! The tree is stored with [`MergeTree::to_bytes`]; a new threshold needs the stored bytes only. [`match_clusters`] gives the clusters of
//! a new run the ids of those that they continue, and [`Links`] holds what people decided by moving keywords.
//!
//! Everything is a pure function: no files, no clock, no randomness. The same keywords in any order give the same tree.
//!
//! ```
//! use clustering::{Keyword, Links, MergeTree, Settings, Thresholds, tree};
//!
//! let texts = ["running shoes", "shoes for running", "best running shoes", "coffee table", "small coffee tables"];
//! let keywords: Vec<_> = (0..).zip(texts).map(|(n, text)| Keyword { id: [n; 16], text, ..Keyword::default() }).collect();
//! let bytes = tree(&keywords, &Links::default(), &Settings::default()).to_bytes();
//!
//! let answer = MergeTree::from_bytes(&bytes)?.cut(&Thresholds::default());
//! let names: Vec<_> = answer.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
//! assert_eq!(names, ["running shoes", "coffee table"]);
//! # Ok::<(), clustering::Damaged>(())
//! ```

#![warn(missing_docs)]

mod clusters;
mod codec;
mod evidence;
mod features;
mod grow;
mod hash;
mod intent;
mod keyword;
mod linkage;
mod matching;
mod name;
mod neighbours;
mod number;
mod start;
mod stem;
mod table;
mod text;
mod tree;
mod vocabulary;

pub use self::{
    clusters::{Cluster, Clusters, Evidence, Member, Topic},
    codec::Damaged,
    grow::tree,
    intent::{Intent, Intents, intents},
    keyword::{Keyword, KeywordId, Links, Settings, Thresholds},
    matching::{ClusterId, Previous, match_clusters},
    text::normalise,
    tree::MergeTree,
};
