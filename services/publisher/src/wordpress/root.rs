//! Where the API of a site is.

use url::Url;

/// The address of the API: `https://example.com/wp-json/`, or with plain permalinks `https://example.com/index.php?rest_route=/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(Url);

impl Root {
    /// An address that discovery found.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// What [`as_str`](Self::as_str) gave.
    pub fn parse(text: &str) -> Option<Self> {
        Url::parse(text).ok().filter(Url::has_host).map(Self)
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether paths go into the query.
    pub fn is_plain(&self) -> bool {
        self.0.query_pairs().any(|(name, _)| name == ROUTE)
    }

    /// The address of the WordPress that it belongs to, with a slash in the end.
    pub fn site(&self) -> Url {
        let mut url = self.0.clone();
        url.set_query(None);
        let path = url.path().to_owned();
        let end = ["index.php", "wp-json"].iter().filter_map(|inside| path.find(inside)).min();
        url.set_path(end.and_then(|end| path.get(..end)).unwrap_or(&path));
        url
    }

    /// The address of a path as `/wp/v2/posts`.
    pub fn at(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        let kept: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        url.set_query(None);
        if !self.is_plain() {
            let base = url.path().trim_end_matches('/').to_owned();
            url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        }
        let route =
            |(name, value): (String, String)| if name == ROUTE { (name, path.to_owned()) } else { (name, value) };
        let kept = kept.into_iter().map(route);
        let given = query.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let all: Vec<_> = kept.chain(given).collect();
        if !all.is_empty() {
            url.query_pairs_mut().extend_pairs(all);
        }
        url
    }
}

const ROUTE: &str = "rest_route";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(root: &str, path: &str, query: &[(&str, &str)]) -> String {
        Root::parse(root).unwrap().at(path, query).to_string()
    }

    #[test]
    fn a_path_goes_behind_a_readable_root_and_into_the_query_of_a_plain_one() {
        let query = [("search", "igny8:1&2"), ("status", "any")];
        assert_eq!(
            at("https://example.com/blog/wp-json/", "/wp/v2/posts", &query),
            "https://example.com/blog/wp-json/wp/v2/posts?search=igny8%3A1%262&status=any"
        );
        assert_eq!(
            at("https://example.com/index.php?rest_route=/", "/wp/v2/posts", &query),
            "https://example.com/index.php?rest_route=%2Fwp%2Fv2%2Fposts&search=igny8%3A1%262&status=any"
        );
    }

    #[test]
    fn a_root_belongs_to_a_site() {
        for root in ["https://example.com/blog/wp-json/", "https://example.com/blog/index.php?rest_route=/"] {
            assert_eq!(Root::parse(root).unwrap().site().as_str(), "https://example.com/blog/");
        }
        let almost = Root::parse("https://example.com/index.php/wp-json/").unwrap();
        assert_eq!(almost.site().as_str(), "https://example.com/");
    }

    #[test]
    fn what_else_is_in_the_query_of_a_root_stays() {
        assert_eq!(
            at("https://example.com/?lang=en&rest_route=/", "/", &[]),
            "https://example.com/?lang=en&rest_route=%2F"
        );
        assert_eq!(at("https://example.com/wp-json/", "/", &[]), "https://example.com/wp-json/");
    }
}
