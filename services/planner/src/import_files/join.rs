//! The same keyword in several rows: joined, never summed.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use contracts::planner::v1::{ImportedKeyword, VolumeQuality};

/// Who a keyword is in its sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity(u64);

/// How often each keyword occurs. A few bytes for each keyword: a file of a million of them fits.
#[derive(Debug, Default)]
pub struct Occurrences {
    hasher: RandomState,
    counts: HashMap<Identity, u32>,
    rows: u64,
}

impl Occurrences {
    /// Counts a keyword.
    pub fn add(&mut self, keyword: &ImportedKeyword) -> Identity {
        let identity = self.identity(keyword);
        let count = self.counts.entry(identity).or_default();
        *count = count.saturating_add(1);
        self.rows += 1;
        identity
    }

    /// How many different keywords there are.
    pub fn keywords(&self) -> u64 {
        u64::try_from(self.counts.len()).unwrap_or(u64::MAX)
    }

    /// How many rows are about a keyword of an earlier row.
    pub fn joined(&self) -> u64 {
        self.rows - self.keywords()
    }

    fn identity(&self, keyword: &ImportedKeyword) -> Identity {
        Identity(self.hasher.hash_one((clustering::normalise(&keyword.keyword), &keyword.country)))
    }
}

/// Gives each keyword once, when its last row has come.
#[derive(Debug)]
pub struct Joiner {
    occurrences: Occurrences,
    waiting: HashMap<Identity, ImportedKeyword>,
}

impl Joiner {
    /// After all rows were counted, for the same rows again.
    pub fn new(occurrences: Occurrences) -> Self {
        Self { occurrences, waiting: HashMap::new() }
    }

    /// The keyword with all that its rows say, if this was the last of them.
    pub fn add(&mut self, keyword: ImportedKeyword) -> Option<ImportedKeyword> {
        let identity = self.occurrences.identity(&keyword);
        let left = self.occurrences.counts.get_mut(&identity)?;
        *left = left.saturating_sub(1);
        let last = *left == 0;
        let joined = match self.waiting.remove(&identity) {
            Some(mut earlier) => {
                absorb(&mut earlier, keyword);
                earlier
            }
            None => keyword,
        };
        if last {
            return Some(joined);
        }
        self.waiting.insert(identity, joined);
        None
    }
}

/// Takes from a later row what the keyword does not have. A better known volume replaces a worse one; of equal ones the first stays.
pub fn absorb(keyword: &mut ImportedKeyword, later: ImportedKeyword) {
    if rank(&later) > rank(keyword) {
        (keyword.volume, keyword.volume_quality) = (later.volume, later.volume_quality);
    }
    keyword.difficulty = keyword.difficulty.or(later.difficulty);
    keyword.cpc = keyword.cpc.or(later.cpc);
    keyword.competition = keyword.competition.or(later.competition);
    keyword.page = keyword.page.take().or(later.page);
    keyword.topic = keyword.topic.take().or(later.topic);
    keyword.parent_keyword = keyword.parent_keyword.take().or(later.parent_keyword);
    if keyword.trend.is_empty() {
        keyword.trend = later.trend;
    }
    if keyword.intents.is_empty() {
        keyword.intents = later.intents;
    }
    if keyword.serp_urls.is_empty() {
        keyword.serp_urls = later.serp_urls;
    }
    let new: Vec<String> = later.tags.into_iter().filter(|tag| !keyword.tags.contains(tag)).collect();
    keyword.tags.extend(new);
    keyword.tags.truncate(50);
}

/// Exact beats estimate beats impressions beats nothing.
fn rank(keyword: &ImportedKeyword) -> u8 {
    match (keyword.volume, keyword.volume_quality()) {
        (None, _) => 0,
        (_, VolumeQuality::Impressions) => 1,
        (_, VolumeQuality::Estimate) => 2,
        (_, VolumeQuality::Exact | VolumeQuality::Unspecified) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(keyword: &str, volume: Option<i64>, quality: VolumeQuality) -> ImportedKeyword {
        let volume_quality = volume.map(|_| quality.into());
        ImportedKeyword { keyword: keyword.to_owned(), volume, volume_quality, ..ImportedKeyword::default() }
    }

    fn join(rows: &[ImportedKeyword]) -> Vec<ImportedKeyword> {
        let mut occurrences = Occurrences::default();
        for row in rows {
            occurrences.add(row);
        }
        let mut joiner = Joiner::new(occurrences);
        rows.iter().cloned().filter_map(|row| joiner.add(row)).collect()
    }

    #[test]
    fn exact_beats_estimate_beats_impressions_beats_nothing_and_nothing_is_summed() {
        use VolumeQuality::{Estimate, Exact, Impressions};
        let rows = [
            row("Shoes", None, Exact),
            row("shoes ", Some(900), Impressions),
            row("SHOES", Some(500), Estimate),
            row("shoes", Some(720), Exact),
            row("shoes", Some(10), Exact),
            row("boots", Some(1), Impressions),
        ];
        let joined = join(&rows);
        assert_eq!(
            joined.iter().map(|row| (row.keyword.as_str(), row.volume)).collect::<Vec<_>>(),
            [("Shoes", Some(720)), ("boots", Some(1))]
        );
    }

    #[test]
    fn a_keyword_in_two_countries_is_two() {
        let us = ImportedKeyword { country: "US".to_owned(), ..row("shoes", Some(1), VolumeQuality::Exact) };
        let gb = ImportedKeyword { country: "GB".to_owned(), ..us.clone() };
        assert_eq!(join(&[us, gb]).len(), 2);
    }

    #[test]
    fn what_one_row_lacks_comes_from_another() {
        let first = ImportedKeyword { tags: vec!["a".to_owned()], ..row("shoes", None, VolumeQuality::Exact) };
        let second = ImportedKeyword {
            difficulty: Some(7),
            page: Some("https://a.com".to_owned()),
            tags: vec!["a".to_owned(), "b".to_owned()],
            ..row("shoes", None, VolumeQuality::Exact)
        };
        let joined = join(&[first, second]).remove(0);
        assert_eq!((joined.difficulty, joined.page.as_deref(), joined.tags.len()), (Some(7), Some("https://a.com"), 2));
    }
}
