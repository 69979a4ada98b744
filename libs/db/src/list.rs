//! What every list request has in common.

/// The rows that a list request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many rows, at most 500.
    pub limit: i64,
    /// How many rows come before them.
    pub offset: i64,
}

impl Page {
    /// Page `page`, counted from 1, of pages with `page_size` rows; the first page and 50 rows unless given. Values outside what the
    /// contracts allow are moved to the nearest that is.
    pub fn of(page: Option<i32>, page_size: Option<i32>) -> Self {
        let limit = i64::from(page_size.unwrap_or(50).clamp(1, 500));
        let before = i64::from(page.unwrap_or(1).max(1)) - 1;
        Self { limit, offset: before * limit }
    }
}

/// The keys of an `ordering` (`-volume,keyword`) and whether each descends.
pub fn order_keys(ordering: &str) -> impl Iterator<Item = (&str, bool)> {
    ordering.split(',').map(str::trim).filter(|key| !key.is_empty()).map(|key| match key.strip_prefix('-') {
        Some(key) => (key, true),
        None => (key, false),
    })
}

/// The pattern with which `ILIKE` finds `search` as it is written, anywhere in a text.
pub fn contains_pattern(search: &str) -> String {
    let mut pattern = String::with_capacity(search.len() + 2);
    pattern.push('%');
    for character in search.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_from_one() {
        assert_eq!(Page::of(None, None), Page { limit: 50, offset: 0 });
        assert_eq!(Page::of(Some(3), Some(25)), Page { limit: 25, offset: 50 });
        assert_eq!(Page::of(Some(-1), Some(9000)), Page { limit: 500, offset: 0 });
        assert_eq!(Page::of(Some(i32::MAX), Some(500)).offset, (i64::from(i32::MAX) - 1) * 500);
    }

    #[test]
    fn an_ordering_names_keys_and_directions() {
        assert_eq!(order_keys("-volume,keyword").collect::<Vec<_>>(), [("volume", true), ("keyword", false)]);
        assert_eq!(order_keys("").count(), 0);
    }

    #[test]
    fn a_search_has_no_wildcards() {
        assert_eq!(contains_pattern(r"100%_a\b"), r"%100\%\_a\\b%");
    }
}
