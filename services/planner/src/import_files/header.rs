//! Where the header of a table is, and what its columns are called.

use csv::StringRecord;

/// Exports put titles and dates above their header, but never more than this.
pub(super) const SEARCHED_ROWS: usize = 40;

const KEYWORD: &[&str] = &[
    "keyword",
    "keywords",
    "top queries",
    "query",
    "queries",
    "search term",
    "search terms",
    "search query",
    "search keyword",
    "keyphrase",
    "key phrase",
    "phrase",
];

/// A column's name as the tables of formats have it: lower case, single spaces, no underscores, no currency behind it.
pub(super) fn plain(name: &str) -> String {
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '"' | '\'' | '*'));
    let words = name.to_lowercase().replace('_', " ");
    let plain = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match plain.split_once(" (") {
        Some((before, unit)) if unit.len() == 4 && unit.ends_with(')') => before.to_owned(),
        _ => plain,
    }
}

/// Whether a column of this plain name holds keywords.
pub(super) fn is_keyword(plain: &str) -> bool {
    KEYWORD.contains(&plain)
}

/// Whether the row is a header: it names a keyword column.
pub(super) fn is_header(record: &StringRecord) -> bool {
    record.iter().any(|cell| cell.len() <= 40 && is_keyword(&plain(cell)))
}

/// The names of the columns as a person sees them: what stands there, with a number where it stands there twice.
pub(super) fn names(record: &StringRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    for (index, cell) in record.iter().enumerate() {
        let cell = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let cell: String =
            if cell.is_empty() { format!("Column {}", index + 1) } else { cell.chars().take(200).collect() };
        let twins = record.iter().take(index).filter(|earlier| plain(earlier) == plain(&cell)).count();
        names.push(if twins == 0 { cell } else { format!("{cell} ({})", twins + 1) });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_a_keyword_column() {
        assert!(is_header(&StringRecord::from(vec!["#", " KEYWORD "])));
        assert!(is_header(&StringRecord::from(vec!["Top queries", "Clicks"])));
        assert!(!is_header(&StringRecord::from(vec!["Keyword Stats 2025-06-01 at 10_00_00"])));
        assert!(!is_header(&StringRecord::from(vec!["Parent Keyword", "Keyword difficulty"])));
    }

    #[test]
    fn names_are_compared_without_case_and_currency() {
        assert_eq!(plain(" CPC (USD)"), "cpc");
        assert_eq!(plain("serp_urls"), "serp urls");
        assert_eq!(plain("Top of page bid (low range)"), "top of page bid (low range)");
    }

    #[test]
    fn columns_of_the_same_name_are_told_apart() {
        let record = StringRecord::from(vec!["keyword", "", "URL", "url"]);
        assert_eq!(names(&record), ["keyword", "Column 2", "URL", "url (2)"]);
    }
}
