//! What may stay: the markup of an article that WordPress keeps for an author without special rights.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use crate::images;
use crate::text::{escape, text};

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// Beside those that need no attribute.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "title"]),
    ("abbr", &["title"]),
    ("img", &["src", "alt", "width", "height"]),
    ("ol", &["start"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan", "scope"]),
];

const SCHEMES: &[&str] = &["http", "https", "mailto", "tel", images::SCHEME];

/// Before markup that does not settle is kept as its text.
const PASSES: usize = 8;

static POLICY: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let attributes: HashMap<_, HashSet<_>> =
        ATTRIBUTES.iter().map(|(tag, names)| (*tag, names.iter().copied().collect())).collect();
    let mut policy = Builder::empty();
    policy
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(["script", "style", "template", "noscript"].into())
        .tag_attributes(attributes)
        .url_schemes(SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener"))
        .attribute_filter(|tag, attribute, value| match (tag, attribute) {
            // A picture from elsewhere would tell its owner who reads the draft.
            ("img", "src") => images::id(value).map(|_| Cow::Borrowed(value)),
            ("a", "href") => (!starts_with_scheme(value, images::SCHEME)).then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    policy
});

fn starts_with_scheme(url: &str, scheme: &str) -> bool {
    url.trim_start().get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Safe markup with the text of `html`.
///
/// Scripts, styles and templates go with their content; other elements that are not in the policy go and leave theirs. A first-level heading
/// becomes one of the second level, because the page's title is the first. Links lead to `http`, `https`, `mailto`, `tel` or a path. Pictures
/// are only those of our own store ([`IMAGE_SCHEME`](crate::IMAGE_SCHEME)); others go. Cleaning twice changes nothing.
pub fn clean(html: &str) -> String {
    let mut cleaned = pass(html);
    // Tags nested as no writer nests them are laid out anew by every parser that reads them. What is stored has settled.
    for _ in 0..PASSES {
        let again = pass(&cleaned);
        if again == cleaned {
            return cleaned;
        }
        cleaned = again;
    }
    escape(&text(&cleaned))
}

fn pass(html: &str) -> String {
    let cleaned = POLICY.clean(html).to_string();
    images::without_strays(&demote(cleaned))
}

/// In cleaned markup a heading has no attributes, and what looks like a tag in text or in an attribute is harmless to change.
fn demote(html: String) -> String {
    if html.contains("<h1>") { html.replace("<h1>", "<h2>").replace("</h1>", "</h2>") } else { html }
}
