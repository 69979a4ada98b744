//! What an import file knows about a keyword beside its text, and what it is worth.
//!
//! Search results are the strongest sign there is that one page can answer two keywords: the search engine answers them with the
//! same ones. Between two keywords with search results the share of common addresses counts 0.6 and the text 0.4. An equal page
//! adds 0.5 and an equal parent keyword 0.3, whether or not there are search results.

use crate::{
    hash,
    keyword::Keyword,
    number::{id, real},
    text,
    tree::Bond,
};

const SERP: f64 = 0.6;
const PAGE: f64 = 0.5;
const PARENT: f64 = 0.3;
const TOP: usize = 10;
/// A list shorter than this counts as this long: one common address of one proves little.
const FEWEST: usize = 5;

/// The evidence of one keyword, as hashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Facts {
    urls: Vec<u64>,
    page: Option<u64>,
    parent: Option<u64>,
}

impl Facts {
    pub(crate) fn of(keyword: &Keyword<'_>) -> Self {
        let addresses = keyword.serp_urls.iter().map(|url| address(url)).filter(|url| !url.is_empty());
        let mut urls: Vec<u64> = addresses.take(TOP).map(|url| hash::of("serp", &url)).collect();
        urls.sort_unstable();
        urls.dedup();
        let page = keyword.page.map(address).filter(|page| !page.is_empty());
        let parent = keyword.parent.map(text::normalise).filter(|parent| !parent.is_empty());
        Self {
            urls,
            page: page.map(|page| hash::of("page", &page)),
            parent: parent.map(|parent| hash::of("parent", &parent)),
        }
    }

    /// The part of the similarity that text may have: squared length of its vector.
    pub(crate) fn text_share(&self) -> f64 {
        if self.urls.is_empty() { 1.0 } else { 1.0 - SERP }
    }

    /// The evidence as weights in dimensions of its own.
    pub(crate) fn dimensions(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        let each = (SERP / self.listed()).sqrt();
        let urls = self.urls.iter().map(move |url| (*url, each));
        urls.chain(self.page.map(|page| (page, PAGE.sqrt()))).chain(self.parent.map(|parent| (parent, PARENT.sqrt())))
    }

    /// How many search results two keywords share.
    pub(crate) fn shared_urls(&self, other: &Self) -> usize {
        self.urls.iter().filter(|url| other.urls.binary_search(url).is_ok()).count()
    }

    /// What contributed most to a similarity of two keywords.
    pub(crate) fn deciding(&self, other: &Self, similarity: f64) -> Bond {
        let shared = self.shared_urls(other);
        let serp = real(shared) * SERP / (self.listed() * other.listed()).sqrt();
        let page = if self.page.is_some() && self.page == other.page { PAGE } else { 0.0 };
        let parent = if self.parent.is_some() && self.parent == other.parent { PARENT } else { 0.0 };
        let text = similarity - serp - page - parent;
        let parts = [(Bond::Serp(id(shared)), serp), (Bond::Page, page), (Bond::Parent, parent)];
        parts.into_iter().fold((Bond::Text, text), |best, part| if part.1 > best.1 { part } else { best }).0
    }

    fn listed(&self) -> f64 {
        real(self.urls.len().max(FEWEST))
    }
}

/// An address in the form in which equal pages are equal: no scheme, `www.`, fragment or last slash, all in lower case.
fn address(url: &str) -> String {
    let url = text::normalise_case(url);
    let url = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let url = url.strip_prefix("www.").unwrap_or(url);
    url.split('#').next().unwrap_or(url).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(urls: &[&str], page: Option<&str>) -> Facts {
        let serp_urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
        Facts::of(&Keyword { serp_urls: &serp_urls, page, ..Keyword::default() })
    }

    fn product(left: &Facts, right: &Facts) -> f64 {
        let right: Vec<_> = right.dimensions().collect();
        let find = |hash| right.iter().find(|(other, _)| *other == hash).map_or(0.0, |(_, weight)| *weight);
        left.dimensions().map(|(hash, weight)| weight * find(hash)).sum()
    }

    #[test]
    fn addresses_of_one_page_are_equal() {
        assert_eq!(address("https://www.Example.com/shoes/#top"), address("http://example.com/shoes"));
        assert_ne!(address("https://example.com/shoes?size=4"), address("https://example.com/shoes"));
    }

    #[test]
    fn ten_common_results_outweigh_all_that_text_may_have() {
        let urls: Vec<String> = (0..10).map(|n| format!("https://example.com/{n}")).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let (left, right) = (facts(&urls, None), facts(&urls, None));
        assert!((product(&left, &right) - SERP).abs() < 1e-9);
        assert!(left.text_share() < SERP);
        assert_eq!(left.deciding(&right, 0.9), Bond::Serp(10));
    }

    #[test]
    fn one_common_result_of_one_proves_little() {
        assert!(product(&facts(&["a.example"], None), &facts(&["a.example"], None)) < 0.13);
    }

    #[test]
    fn an_equal_page_counts_and_two_unknown_pages_do_not() {
        assert_eq!(facts(&[], Some("/shoes")).deciding(&facts(&[], Some("/shoes/")), 0.6), Bond::Page);
        assert_eq!(facts(&[], None).deciding(&facts(&[], None), 0.6), Bond::Text);
    }
}
