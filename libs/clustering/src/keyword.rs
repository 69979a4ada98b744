//! What goes in: keywords with the evidence of their import file, and what people decided.

/// The bytes of a keyword's UUID.
pub type KeywordId = [u8; 16];

/// One keyword. Borrowed: two hundred thousand of them come out of a database row by row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keyword<'a> {
    /// Who it is. A second keyword with the same id is ignored.
    pub id: KeywordId,
    /// The text as a person wrote it.
    pub text: &'a str,
    /// The addresses of the first search results, best first; ten are used. Empty: unknown.
    pub serp_urls: &'a [String],
    /// The page that the import file puts it on, as its address or name.
    pub page: Option<&'a str>,
    /// The parent keyword that the import file names.
    pub parent: Option<&'a str>,
}

/// What people decided by moving keywords. Pairs with an unknown id are ignored; the order of pairs and within a pair means nothing.
///
/// Where the two contradict each other, "apart" wins: the pairs of `must` are taken in the order of their ids, and one that would
/// bring together what `cannot` keeps apart is left out.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Together at every threshold.
    pub must: Vec<(KeywordId, KeywordId)>,
    /// Never in one cluster. They may share a topic.
    pub cannot: Vec<(KeywordId, KeywordId)>,
}

/// How a tree is grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Below this average similarity (0 to 1) no merge is tried, so no cut can go lower.
    pub floor: f64,
    /// How many threads look for neighbours; the result does not depend on it. 0: one for each core.
    pub threads: usize,
}

/// Where the tree is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Average similarity (0 to 1) from which keywords belong on one page.
    pub page: f64,
    /// Average similarity from which pages belong to one topic; at most `page`.
    pub topic: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { floor: 0.04, threads: 0 }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { page: 0.16, topic: 0.08 }
    }
}
