//! The tags of markup that [`clean`](crate::clean) wrote: attribute values stand in double quotes, and a quote in one is escaped.

/// A piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    /// From `<` to `>`.
    Tag(&'a str),
}

pub(crate) fn pieces(html: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if rest.starts_with('<') { tag_end(rest) } else { rest.find('<').unwrap_or(rest.len()) };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(if piece.starts_with('<') { Piece::Tag(piece) } else { Piece::Text(piece) })
    })
}

fn tag_end(html: &str) -> usize {
    let mut quoted = false;
    for (at, letter) in html.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => return at + 1,
            _ => {}
        }
    }
    html.len()
}

/// As `h2`, also for the end tag.
pub(crate) fn name(tag: &str) -> &str {
    let tag = tag.trim_start_matches(['<', '/']);
    tag.find(|letter: char| !letter.is_ascii_alphanumeric()).and_then(|end| tag.get(..end)).unwrap_or(tag)
}

/// The value between the quotes, and where it stands in the tag.
pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let mut from = 0;
    while let Some(rest) = tag.get(from..) {
        let open = from + rest.find('"')?;
        let close = open + 1 + tag.get(open + 1..)?.find('"')?;
        let key = tag.get(from..open)?.trim_end_matches('=').rsplit(|letter: char| letter.is_whitespace()).next()?;
        if key == name {
            return Some((open + 1, tag.get(open + 1..close)?));
        }
        from = close + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_in_a_quoted_value_does_not_end_the_tag() {
        let html = r#"<img alt="a > b" src="x">text<br>"#;
        let found: Vec<_> = pieces(html).collect();
        assert_eq!(found, [Piece::Tag(r#"<img alt="a > b" src="x">"#), Piece::Text("text"), Piece::Tag("<br>")]);
    }

    #[test]
    fn an_attribute_is_found_by_its_whole_name() {
        let tag = r#"<img data-src="no" alt="src=" src="yes">"#;
        assert_eq!(attribute(tag, "src").map(|(_, value)| value), Some("yes"));
        assert_eq!(attribute(tag, "width"), None);
        assert_eq!((name(tag), name("</h2>"), name("<br>")), ("img", "h2", "br"));
    }
}
