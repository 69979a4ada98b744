//! Two states of a page, and where they differ.

use contracts::publisher::v1::PublicationDifference;

use crate::wordpress::Page;

/// Characters shown of a difference.
const SHOWN: usize = 160;

/// Characters shown before the place where two texts part.
const BEFORE: usize = 40;

/// What the site answered to what was sent. Fields that were not sent are the site's own.
pub(super) fn refused(sent: &Page, found: &Page) -> Vec<PublicationDifference> {
    let mut differences = texts(sent, found, false);
    differences.extend(references(sent, found, false));
    differences
}

/// What became of a page that was written: every field counts.
pub(super) fn drifted(written: &Page, found: &Page) -> Vec<PublicationDifference> {
    let mut differences = texts(written, found, true);
    differences.extend(references(written, found, true));
    differences
}

fn texts(sent: &Page, found: &Page, all: bool) -> Vec<PublicationDifference> {
    let mut differences = Vec::new();
    let mut compare = |field: &str, sent: &str, found: &str, plain: bool| {
        let same = if plain { html::text(sent) == html::text(found) } else { lines(sent) == lines(found) };
        if !same && (all || !sent.is_empty()) {
            differences.push(difference(field, sent, found));
        }
    };
    compare("status", &sent.status, &found.status, false);
    compare("slug", &sent.slug, &found.slug, false);
    // WordPress keeps references to characters in titles for users who may not write all markup.
    compare("title", &sent.title, &found.title, true);
    compare("content", &sent.content, &found.content, false);
    compare("excerpt", &sent.excerpt, &found.excerpt, true);
    for (key, value) in &sent.meta {
        compare(key, value, found.meta.get(key).map_or("", String::as_str), true);
    }
    differences
}

fn references(sent: &Page, found: &Page, all: bool) -> Vec<PublicationDifference> {
    let mut differences = Vec::new();
    if sent.featured_media != found.featured_media && (all || sent.featured_media > 0) {
        let (sent, found) = (sent.featured_media.to_string(), found.featured_media.to_string());
        differences.push(difference("featured_image", &sent, &found));
    }
    let lists = [("categories", &sent.categories, &found.categories), ("tags", &sent.tags, &found.tags)];
    for (field, sent, found) in lists {
        if sorted(sent) != sorted(found) && (all || !sent.is_empty()) {
            differences.push(difference(field, &joined(sent), &joined(found)));
        }
    }
    differences
}

fn sorted(ids: &[i64]) -> Vec<i64> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn joined(ids: &[i64]) -> String {
    sorted(ids).iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Editors end lines as they like.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

fn difference(field: &str, sent: &str, found: &str) -> PublicationDifference {
    let same = sent.chars().zip(found.chars()).take_while(|(one, other)| one == other).count();
    let shown = |text: &str| text.chars().skip(same.saturating_sub(BEFORE)).take(SHOWN).collect();
    PublicationDifference { field: field.to_owned(), sent: shown(sent), found: shown(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page {
            status: "publish".into(),
            slug: "rye".into(),
            title: "Rye & spelt".into(),
            content: "<p>one</p>\n<p>two</p>".into(),
            tags: vec![2, 1],
            ..Page::default()
        }
    }

    fn fields(differences: &[PublicationDifference]) -> Vec<&str> {
        differences.iter().map(|difference| difference.field.as_str()).collect()
    }

    #[test]
    fn what_the_site_spells_otherwise_is_no_difference() {
        let found = Page {
            title: "Rye &amp; spelt".into(),
            content: "<p>one</p>\r\n<p>two</p>\n".into(),
            tags: vec![1, 2],
            categories: vec![1],
            ..page()
        };
        assert_eq!(fields(&refused(&page(), &found)), [""; 0]);
        assert_eq!(fields(&drifted(&page(), &found)), ["categories"]);
    }

    #[test]
    fn what_the_site_ignored_is_listed() {
        let sent = Page { featured_media: 9, meta: [("seo".to_owned(), "x".to_owned())].into(), ..page() };
        let found = Page { slug: "rye-2".into(), tags: vec![1], ..page() };
        let differences = refused(&sent, &found);
        assert_eq!(fields(&differences), ["slug", "seo", "featured_image", "tags"]);
        assert_eq!((differences[3].sent.as_str(), differences[3].found.as_str()), ("1, 2", "1"));
    }

    #[test]
    fn a_long_text_is_shown_where_it_differs() {
        let long = "word ".repeat(500);
        let found = Page { content: format!("{long}theirs"), ..page() };
        let sent = Page { content: format!("{long}ours"), ..page() };
        let differences = drifted(&sent, &found);
        assert!(differences[0].sent.ends_with("word ours") && differences[0].sent.len() < 100);
        assert!(differences[0].found.ends_with("word theirs"));
    }
}
