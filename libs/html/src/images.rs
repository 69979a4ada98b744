//! Pictures in an article: it names them by id, and whoever shows the article says where they are.

use uuid::Uuid;

use crate::scan::{Piece, attribute, name, pieces};
use crate::text::escape;

/// What the source of a stored picture begins with: `igny8-image:0190…`.
pub const IMAGE_SCHEME: &str = "igny8-image:";

pub(crate) const SCHEME: &str = "igny8-image";

pub(crate) fn id(source: &str) -> Option<Uuid> {
    Uuid::try_parse(source.strip_prefix(IMAGE_SCHEME)?).ok()
}

/// The pictures of a cleaned article, in their order.
pub fn images(html: &str) -> Vec<Uuid> {
    pieces(html)
        .filter_map(|piece| match piece {
            Piece::Tag(tag) if name(tag) == "img" => id(attribute(tag, "src")?.1),
            _ => None,
        })
        .collect()
}

/// A cleaned article with the address of each picture; one without an address goes.
///
/// What comes out is for showing, not for cleaning again: that would take the pictures away.
pub fn rewrite_images(html: &str, address: impl Fn(Uuid) -> Option<String>) -> String {
    each_image(html, |tag| {
        let (at, source) = attribute(tag, "src")?;
        let address = address(id(source)?)?;
        Some(format!("{}{}{}", tag.get(..at)?, escape(&address), tag.get(at + source.len()..)?))
    })
}

/// Without the pictures that lost their source.
pub(crate) fn without_strays(html: &str) -> String {
    each_image(html, |tag| attribute(tag, "src").map(|_| tag.to_owned()))
}

fn each_image(html: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut changed = String::with_capacity(html.len());
    for piece in pieces(html) {
        match piece {
            Piece::Tag(tag) if name(tag) == "img" => changed.push_str(&change(tag).unwrap_or_default()),
            Piece::Tag(piece) | Piece::Text(piece) => changed.push_str(piece),
        }
    }
    changed
}
