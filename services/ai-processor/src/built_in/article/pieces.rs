//! What a page has because of its structure: the steps, the table, the list that its readers expect.
//!
//! A piece of `pieces.txt` begins with `# structure kind | layout | places | lead`; the kind may be missing. Its rows follow, one in each line.

use std::sync::LazyLock;

use html::escape;

use super::kinds::Kind;

/// How a piece is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Layout {
    Steps,
    Points,
    /// With the titles of its columns.
    Table(Vec<&'static str>),
}

#[derive(Debug)]
pub(super) struct Piece {
    structure: &'static str,
    /// The name of the kind that it is for; empty for any.
    kind: &'static str,
    layout: Layout,
    /// Beginnings of words of headings that it belongs under, the best first.
    pub(super) places: Vec<&'static str>,
    /// The sentence before it.
    pub(super) lead: &'static str,
    rows: Vec<Vec<&'static str>>,
}

const SHORT_TABLE: usize = 3;

static PIECES: LazyLock<Vec<Piece>> = LazyLock::new(|| {
    let blocks = include_str!("pieces.txt").split("\n\n");
    blocks.filter_map(|block| read(block.trim())).collect()
});

fn read(block: &'static str) -> Option<Piece> {
    let (head, rows) = block.strip_prefix("# ")?.split_once('\n')?;
    let [page, layout, places, lead] = <[&str; 4]>::try_from(cells(head)).ok()?;
    let (structure, kind) = page.split_once(' ').unwrap_or((page, ""));
    let layout = match layout.split_once(' ') {
        Some(("table", columns)) => Layout::Table(columns.split(", ").collect()),
        _ if layout == "steps" => Layout::Steps,
        _ => Layout::Points,
    };
    Some(Piece {
        structure,
        kind,
        layout,
        places: places.split(", ").collect(),
        lead,
        rows: rows.lines().map(cells).collect(),
    })
}

fn cells(line: &'static str) -> Vec<&'static str> {
    line.split(" | ").map(str::trim).collect()
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Task => "task",
        Kind::Service => "service",
        Kind::Software => "software",
        Kind::Food => "food",
        Kind::Product => "product",
        Kind::Versus | Kind::Body | Kind::Money | Kind::General => "",
    }
}

/// The piece of a structure, by the JSON name of ContentStructure: the one for the kind of the subject where there is one.
pub(super) fn of(structure: &str, kinds: &[Kind]) -> Option<&'static Piece> {
    let structure = match structure {
        "buying_guide" => "comparison",
        "faq" => "local",
        other => other,
    };
    let structure = if PIECES.iter().any(|piece| piece.structure == structure) { structure } else { "guide" };
    let of_kind = |name: &str| PIECES.iter().find(|piece| piece.structure == structure && piece.kind == name);
    // What is stored is no task with tools, though it is done by hand.
    let first = kinds.iter().filter(|kind| **kind == Kind::Food).chain(kinds);
    first.map(|kind| name(*kind)).filter(|name| !name.is_empty()).find_map(of_kind).or_else(|| of_kind(""))
}

impl Piece {
    /// As HTML. The short form has what leads, or the first rows of a table.
    pub(super) fn html(&self, short: bool) -> String {
        let table = matches!(self.layout, Layout::Table(_));
        let rows = self.rows.iter().take(if short && table { SHORT_TABLE } else { usize::MAX });
        let items = |tag: &str| {
            let items = rows.clone().map(|row| {
                let (lead, text) =
                    row.split_first().map_or(("", String::new()), |(lead, rest)| (*lead, rest.join(" ")));
                let (lead, text) = (escape(lead), escape(&text));
                if short { format!("<li>{lead}</li>") } else { format!("<li><strong>{lead}</strong> {text}</li>") }
            });
            format!("<{tag}>{}</{tag}>", items.collect::<String>())
        };
        match &self.layout {
            Layout::Steps => items("ol"),
            Layout::Points => items("ul"),
            Layout::Table(columns) => {
                let line = |cells: &[&str], tag: &str| {
                    let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
                    format!("<tr>{}</tr>", cells.collect::<String>())
                };
                let body: String = rows.map(|row| line(row, "td")).collect();
                format!("<table><thead>{}</thead><tbody>{body}</tbody></table>", line(columns, "th"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_read_and_every_row_fits_its_layout() {
        assert_eq!(PIECES.len(), include_str!("pieces.txt").matches("# ").count());
        for piece in PIECES.iter() {
            let cells = if let Layout::Table(columns) = &piece.layout { columns.len() } else { 2 };
            assert!(piece.rows.len() > 3 && piece.rows.iter().all(|row| row.len() == cells), "{piece:?}");
        }
    }

    #[test]
    fn pieces_are_for_the_kind_of_subject_where_there_is_one() {
        let lead = |structure, kinds: &[Kind]| of(structure, kinds).unwrap().lead;
        assert!(lead("buying_guide", &[Kind::Software, Kind::General]).contains("candidate"));
        assert!(lead("comparison", &[Kind::Versus, Kind::General]).contains("each option"));
        assert!(lead("case_study", &[Kind::General]).contains("In short"));
    }
}
