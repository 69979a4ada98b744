//! The answers of the API: the JSON that the contract's code wrote, put into its envelope without being read again.

use contracts::{Json, PageInfo};
use url::{Url, form_urlencoded};

/// `{"success": true, "data": {…}, "message": null}`
pub(super) fn envelope(json: &Json) -> Vec<u8> {
    [br#"{"success":true,"data":"#.as_slice(), &json.bytes, br#","message":null}"#].concat()
}

/// `{"success": true, "next": …, "previous": …, "results": […], "count": …, "count_is_exact": …}`
pub(super) fn page(json: &Json, links: &Links) -> Vec<u8> {
    let link = |url: &Option<String>| serde_json::Value::from(url.clone()).to_string();
    let head = format!(r#"{{"success":true,"next":{},"previous":{},"#, link(&links.next), link(&links.previous));
    let fields = json.bytes.strip_prefix(b"{").unwrap_or(&json.bytes);
    [head.as_bytes(), fields].concat()
}

/// The addresses of the pages before and after.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Links {
    next: Option<String>,
    previous: Option<String>,
}

/// Which page was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub page: i64,
    pub page_size: i64,
}

impl Asked {
    const PAGE_SIZE: i64 = 50;
    /// Of a request that asks for no page.
    pub(super) const NOTHING: Self = Self { page: 1, page_size: Self::PAGE_SIZE };

    /// From a decoded list request.
    pub(super) fn of(request: &serde_json::Value) -> Self {
        let number = |name| request.get(name).and_then(serde_json::Value::as_i64);
        Self { page: number("page").unwrap_or(1), page_size: number("page_size").unwrap_or(Self::PAGE_SIZE) }
    }
}

impl Links {
    /// The links of a page. The address comes from the setting and never from the `Host` header, which is the client's to choose;
    /// the other parameters of the query stay as they are.
    pub(super) fn new(public_url: &Url, path: &str, query: &str, asked: Asked, info: PageInfo) -> Self {
        let to = |page: i64| {
            let mut url = public_url.clone();
            url.set_path(&format!("{}{}/", public_url.path().trim_end_matches('/'), path.trim_end_matches('/')));
            let kept = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "page");
            url.query_pairs_mut().clear().extend_pairs(kept).append_pair("page", &page.to_string());
            url.to_string()
        };
        let rows = i64::try_from(info.rows).unwrap_or(i64::MAX);
        let before = asked.page.saturating_sub(1).saturating_mul(asked.page_size);
        // An estimate cannot say that this was the last row; a page that is not full can.
        let more = if info.exact { before.saturating_add(rows) < info.count } else { rows >= asked.page_size };
        Self {
            next: (more && rows > 0).then(|| to(asked.page.saturating_add(1))),
            previous: (asked.page > 1).then(|| to(asked.page.saturating_sub(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(query: &str, page: i64, info: PageInfo) -> Links {
        let url = Url::parse("https://igny8.example").unwrap();
        Links::new(&url, "/api/v1/auth/sites", query, Asked { page, page_size: 2 }, info)
    }

    fn counted(count: i64, rows: usize) -> PageInfo {
        PageInfo { count, exact: true, rows }
    }

    #[test]
    fn a_page_in_the_middle_links_both_ways_and_keeps_the_query() {
        let links = links("search=a%26b&page=2&page_size=2&status=a&status=b", 2, counted(5, 2));
        let expected = "https://igny8.example/api/v1/auth/sites/?search=a%26b&page_size=2&status=a&status=b&page=";
        assert_eq!(links.next.unwrap(), format!("{expected}3"));
        assert_eq!(links.previous.unwrap(), format!("{expected}1"));
    }

    #[test]
    fn the_first_and_only_page_links_nowhere() {
        assert_eq!(links("", 1, counted(2, 2)), Links { next: None, previous: None });
        assert_eq!(links("", 1, counted(0, 0)), Links { next: None, previous: None });
    }

    #[test]
    fn a_page_past_the_end_links_back_only() {
        let links = links("", 9, counted(5, 0));
        assert_eq!(links.next, None);
        assert!(links.previous.unwrap().ends_with("?page=8"));
    }

    #[test]
    fn with_an_estimated_count_a_full_page_may_have_a_next_one() {
        let estimated = |rows| PageInfo { count: 2, exact: false, rows };
        assert!(links("", 3, estimated(2)).next.is_some());
        assert!(links("", 3, estimated(1)).next.is_none());
    }

    #[test]
    fn the_envelopes_hold_the_json_as_it_is() {
        let json = |bytes: &str| Json { dry_run: false, bytes: bytes.into(), page: None };
        let one = envelope(&json(r#"{"id":"7"}"#));
        assert_eq!(String::from_utf8(one).unwrap(), r#"{"success":true,"data":{"id":"7"},"message":null}"#);
        let links = Links { next: Some("https://x/?page=2".to_owned()), previous: None };
        let page = page(&json(r#"{"results":[],"count":0,"count_is_exact":true}"#), &links);
        assert_eq!(
            String::from_utf8(page).unwrap(),
            r#"{"success":true,"next":"https://x/?page=2","previous":null,"results":[],"count":0,"count_is_exact":true}"#
        );
    }
}
