//! A tree as bytes.
//!
//! Layout, version 1: `IGCT`, the version, the vocabulary, the keywords (id, text, intent, words, neighbours), the merges of pages, then
//! those of topics when they differ, and eight bytes of FNV-1a over all before. Numbers are LEB128; heights are written as the step down from the one before.

use crate::{
    hash,
    intent::Intent,
    number::{FIXED, id, place},
    tree::{Bond, Join, Leaf, MergeTree, Neighbour, Word},
};

const MAGIC: &[u8] = b"IGCT";
const VERSION: u8 = 1;

/// Why bytes are no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// They do not begin like a tree.
    #[error("not a merge tree")]
    NotATree,
    /// Another version of this library wrote them: grow the tree anew.
    #[error("merge tree of version {0}, not {VERSION}")]
    Version(u8),
    /// They were changed or cut off.
    #[error("merge tree is damaged")]
    Content,
}

impl MergeTree {
    /// The tree as bytes for [`MergeTree::from_bytes`]: for short keywords about 110 each. Equal trees give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = [MAGIC, &[VERSION]].concat();
        count(&mut out, self.vocabulary.len());
        for word in &self.vocabulary {
            write_text(&mut out, &word.text);
            number(&mut out, word.stem);
        }
        count(&mut out, self.leaves.len());
        for leaf in &self.leaves {
            write_leaf(&mut out, leaf);
        }
        write_joins(&mut out, &self.pages);
        out.push(u8::from(self.topics.is_some()));
        if let Some(topics) = &self.topics {
            write_joins(&mut out, topics);
        }
        let sum = hash::bytes(out.iter().copied());
        out.extend(sum.to_be_bytes());
        out
    }

    /// The tree that [`MergeTree::to_bytes`] wrote. Any other bytes are an error, never a panic, and allocate no more than their own
    /// length suggests.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Damaged> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Damaged::NotATree)?;
        let (version, _) = rest.split_first().ok_or(Damaged::NotATree)?;
        if *version != VERSION {
            return Err(Damaged::Version(*version));
        }
        let (body, sum) = bytes.split_last_chunk::<8>().ok_or(Damaged::Content)?;
        if hash::bytes(body.iter().copied()).to_be_bytes() != *sum {
            return Err(Damaged::Content);
        }
        let content = body.get(MAGIC.len().saturating_add(1)..).unwrap_or_default();
        read(content).ok_or(Damaged::Content)
    }
}

fn read(content: &[u8]) -> Option<MergeTree> {
    let mut reader = Reader(content);
    let words = reader.count()?;
    let vocabulary = reader.list(words, |reader| Some(Word { text: reader.text()?, stem: reader.below(words)? }))?;
    let leaves = reader.count()?;
    let leaves = reader.list(leaves, |reader| reader.leaf(words, leaves))?;
    let pages = reader.joins(leaves.len())?;
    let topics = match reader.byte()? {
        0 => None,
        1 => Some(reader.joins(leaves.len())?),
        _ => return None,
    };
    reader.0.is_empty().then_some(MergeTree { vocabulary, leaves, pages, topics })
}

fn number(out: &mut Vec<u8>, mut number: u32) {
    loop {
        let [.., low] = number.to_be_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

fn count(out: &mut Vec<u8>, count: usize) {
    number(out, id(count));
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    count(out, text.len());
    out.extend(text.as_bytes());
}

fn write_leaf(out: &mut Vec<u8>, leaf: &Leaf) {
    out.extend(leaf.id);
    write_text(out, &leaf.text);
    out.push(match leaf.intent {
        Intent::Informational => 0,
        Intent::Commercial => 1,
        Intent::Transactional => 2,
        Intent::Navigational => 3,
    });
    count(out, leaf.words.len());
    for word in &leaf.words {
        number(out, *word);
    }
    count(out, leaf.neighbours.len());
    for neighbour in &leaf.neighbours {
        write_neighbour(out, *neighbour);
    }
}

fn write_neighbour(out: &mut Vec<u8>, neighbour: Neighbour) {
    number(out, neighbour.leaf);
    number(out, neighbour.similarity);
    let (kind, shared) = match neighbour.bond {
        Bond::Text => (0, None),
        Bond::Serp(shared) => (1, Some(shared)),
        Bond::Page => (2, None),
        Bond::Parent => (3, None),
        Bond::Equal => (4, None),
        Bond::Person => (5, None),
    };
    out.push(kind);
    if let Some(shared) = shared {
        number(out, shared);
    }
}

fn write_joins(out: &mut Vec<u8>, joins: &[Join]) {
    count(out, joins.len());
    let mut above = FIXED;
    for join in joins {
        number(out, join.left);
        number(out, join.right);
        number(out, above.saturating_sub(join.height));
        above = join.height;
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    /// How many items follow; each takes a byte at least.
    fn count(&mut self) -> Option<usize> {
        let count = place(self.number()?);
        (count <= self.0.len()).then_some(count)
    }

    fn list<T>(&mut self, count: usize, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..count).map(|_| item(self)).collect()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(str::from_utf8(text).ok()?.to_owned())
    }

    fn leaf(&mut self, words: usize, leaves: usize) -> Option<Leaf> {
        let (id, rest) = self.0.split_first_chunk::<16>()?;
        self.0 = rest;
        let text = self.text()?;
        let intent = match self.byte()? {
            0 => Intent::Informational,
            1 => Intent::Commercial,
            2 => Intent::Transactional,
            3 => Intent::Navigational,
            _ => return None,
        };
        let count = self.count()?;
        let words = self.list(count, |reader| reader.below(words))?;
        let count = self.count()?;
        let neighbours = self.list(count, |reader| reader.neighbour(leaves))?;
        Some(Leaf { id: *id, text, intent, words, neighbours })
    }

    fn below(&mut self, limit: usize) -> Option<u32> {
        self.number().filter(|number| place(*number) < limit)
    }

    fn neighbour(&mut self, leaves: usize) -> Option<Neighbour> {
        let (leaf, similarity) = (self.below(leaves)?, self.number()?);
        let bond = match self.byte()? {
            0 => Bond::Text,
            1 => Bond::Serp(self.number()?),
            2 => Bond::Page,
            3 => Bond::Parent,
            4 => Bond::Equal,
            5 => Bond::Person,
            _ => return None,
        };
        Some(Neighbour { leaf, similarity, bond })
    }

    fn joins(&mut self, leaves: usize) -> Option<Vec<Join>> {
        let joins = self.count()?;
        let mut above = FIXED;
        self.list(joins, |reader| {
            let (left, right) = (reader.below(leaves)?, reader.below(leaves)?);
            above = above.checked_sub(reader.number()?)?;
            Some(Join { left, right, height: above })
        })
    }
}
