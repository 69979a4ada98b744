//! From keywords to sparse vectors, in which a dot product is a similarity.
//!
//! Text counts half by stems and half by character 3- to 5-grams within words, each weighed by `(1 + ln tf) · idf` and brought to
//! length one (Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988). Evidence of the import file is
//! added as further dimensions, so that one dot product joins them all. That linearity matters: the average similarity of two
//! groups is the dot product of their mean vectors.

use std::collections::HashMap;

use crate::{
    evidence::Facts,
    hash::{self, Hashing},
    keyword::Keyword,
    number::{self, id, real},
    table::{Lists, Table},
    text,
};

/// One dimension of a vector and the weight there, in fixed point with 15 fractional bits, never 0.
///
/// Whole numbers make a dot product exact: neither its order nor its direction matters. A vector's squared length is at most 1.8, so that
/// products in 30 fractional bits add up within 32 bits.
pub(crate) type Weight = (u32, u32);

/// In a keyword of so few words the last one says what the thing is ("coffee table"), the others which one.
const SHORT: usize = 4;
const HEAD: f64 = 2.0;
/// What stands behind one of these describes the head before it: "shoes for women".
const PREPOSITIONS: &[&str] = &["for", "with", "without", "in", "near", "of", "on", "from", "to", "under", "at", "by"];

/// The vectors of all keywords and the evidence that they were made from.
#[derive(Debug)]
pub(crate) struct Features {
    pub(crate) vectors: Lists<Weight>,
    pub(crate) facts: Vec<Facts>,
    /// How many dimensions there are.
    pub(crate) dimensions: usize,
}

/// What one keyword holds, by hash: how often each stem and n-gram occurs, and the head's stem.
struct Counted {
    stems: Vec<(u64, u32)>,
    grams: Vec<(u64, u32)>,
    head: Option<u64>,
}

/// The vectors of keywords, in their order. Linear in the amount of text, at most 64 words of each.
pub(crate) fn extract(keywords: &[Keyword<'_>]) -> Features {
    let counted: Vec<Counted> = keywords.iter().map(|keyword| count(keyword.text)).collect();
    let facts: Vec<Facts> = keywords.iter().map(Facts::of).collect();
    let mut frequency: HashMap<u64, u32, Hashing> = HashMap::default();
    let dimensions = counted.iter().flat_map(|c| c.stems.iter().chain(&c.grams)).map(|(hash, _)| *hash);
    for hash in dimensions.chain(facts.iter().flat_map(|facts| facts.dimensions().map(|(hash, _)| hash))) {
        let seen = frequency.entry(hash).or_default();
        *seen = seen.saturating_add(1);
    }
    let mut space = Space { frequency, numbers: HashMap::default(), keywords: real(keywords.len()) };
    let mut vectors = Lists::new();
    for (counted, facts) in counted.iter().zip(&facts) {
        vectors.push(space.vector(counted, facts));
    }
    Features { vectors, facts, dimensions: space.numbers.len() }
}

fn count(text: &str) -> Counted {
    let words = text::words(&text::normalise(text));
    let stems: Vec<u64> = text::stems(&words).iter().map(|stem| hash::of("stem", stem)).collect();
    let bound = words.iter().position(|word| PREPOSITIONS.contains(&word.as_str())).filter(|at| *at > 0);
    let head = bound.unwrap_or(words.len()).checked_sub(1).filter(|_| words.len() <= SHORT);
    let head = head.and_then(|at| stems.get(at)).copied();
    let grams = words.iter().flat_map(|word| grams(word)).collect();
    Counted { stems: tally(stems), grams: tally(grams), head }
}

/// The hashes of a word's 3- to 5-grams, with a blank before and after the word.
fn grams(word: &str) -> Vec<u64> {
    let letters: Vec<char> = format!(" {word} ").chars().collect();
    (3..=5).flat_map(|width| letters.windows(width)).map(|gram| hash::of("gram", &String::from_iter(gram))).collect()
}

fn tally(mut hashes: Vec<u64>) -> Vec<(u64, u32)> {
    hashes.sort_unstable();
    hashes.chunk_by(|left, right| left == right).filter_map(|run| Some((*run.first()?, id(run.len())))).collect()
}

/// The dimensions that at least two keywords share; the others match nothing and only lengthen their own vector.
struct Space {
    frequency: HashMap<u64, u32, Hashing>,
    numbers: HashMap<u64, u32, Hashing>,
    keywords: f64,
}

impl Space {
    fn vector(&mut self, counted: &Counted, facts: &Facts) -> Vec<Weight> {
        let scale = facts.text_share() / 2.0;
        let mut vector = self.part(&counted.stems, scale, counted.head);
        vector.extend(self.part(&counted.grams, scale, None));
        vector
            .extend(facts.dimensions().filter_map(|(hash, weight)| Some((self.number(hash)?, number::weight(weight)))));
        vector.sort_unstable_by_key(|(dimension, _)| *dimension);
        vector
    }

    /// One kind of dimension, brought to the length of the root of `scale`.
    fn part(&mut self, counts: &[(u64, u32)], scale: f64, head: Option<u64>) -> Vec<Weight> {
        let weights: Vec<(u64, f64)> = counts
            .iter()
            .map(|(hash, count)| {
                let seen = f64::from(self.frequency.get(hash).copied().unwrap_or(1));
                let idf = ((1.0 + self.keywords) / (1.0 + seen)).ln() + 1.0;
                let emphasis = if head == Some(*hash) { HEAD } else { 1.0 };
                (*hash, (1.0 + f64::from(*count).ln()) * idf * emphasis)
            })
            .collect();
        let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
        let shared =
            |(hash, weight): (u64, f64)| Some((self.number(hash)?, number::weight(weight / length * scale.sqrt())));
        weights.into_iter().filter_map(shared).collect()
    }

    fn number(&mut self, hash: u64) -> Option<u32> {
        if self.frequency.get(&hash).is_none_or(|seen| *seen < 2) {
            return None;
        }
        let next = id(self.numbers.len());
        Some(*self.numbers.entry(hash).or_insert(next))
    }
}

/// The dot product of a vector that is spread over all dimensions with a sparse one, in 30 fractional bits.
#[inline]
pub(crate) fn dot(spread: &Table<u32>, sparse: &[Weight]) -> u32 {
    sparse
        .iter()
        .fold(0, |sum: u32, (dimension, weight)| sum.wrapping_add(spread.get(*dimension).wrapping_mul(*weight)))
}
