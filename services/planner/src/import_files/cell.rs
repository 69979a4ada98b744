//! What a cell of a known column says, or what is wrong with it.

use super::number::{self, Kind, Number};

const MAX_KEYWORD: usize = 200;
const MAX_TEXT: usize = 2000;
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 60;
const MAX_VOLUME: i64 = 1_000_000_000_000;
const MAX_CPC: f64 = 100_000.0;

/// What is wrong with a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The column to blame; empty for the row as a whole.
    pub(super) column: String,
    pub(super) value: String,
    pub(super) reason: String,
    pub(super) fix: &'static str,
}

impl Fault {
    pub(super) fn row(reason: String, fix: &'static str) -> Self {
        Self { column: String::new(), value: String::new(), reason, fix }
    }

    pub(super) fn cell(column: &str, value: &str, reason: impl Into<String>, fix: &'static str) -> Self {
        let value = value.chars().filter(|c| !c.is_control()).take(100).collect();
        Self { column: column.to_owned(), value, reason: reason.into(), fix }
    }
}

pub(super) fn keyword_text(cell: &str, name: &str) -> Result<String, Fault> {
    let cell = cell.trim();
    let fault = |reason: &str, fix| Err(Fault::cell(name, cell, reason, fix));
    // The apostrophe that keeps a spreadsheet from calculating, as our own export writes it.
    let bare = cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    if bare.is_none() && is_formula(cell) {
        return fault("The keyword is a formula.", "Replace the formula by its text: copy it and paste values only.");
    }
    if matches!(cell, "#REF!" | "#NAME?" | "#VALUE!" | "#DIV/0!" | "#N/A" | "#NULL!" | "#NUM!") {
        return fault("The keyword is the error of a formula.", "Correct the formula, or delete the row.");
    }
    let keyword = bare.unwrap_or(cell);
    if keyword.contains('\n') {
        return fault(
            "The keyword has several lines: a quotation mark may not be closed.",
            "Close the quotation mark in this row.",
        );
    }
    if has_control(keyword) {
        return fault("The keyword has characters that no text has.", "Type the keyword anew, or delete the row.");
    }
    let keyword = keyword.split_whitespace().collect::<Vec<_>>().join(" ");
    if keyword.chars().count() > MAX_KEYWORD {
        return fault("The keyword is longer than 200 characters.", "Shorten it, or delete the row.");
    }
    if !keyword.is_empty() && !keyword.chars().any(char::is_alphanumeric) {
        return fault("The keyword has neither letters nor digits.", "Correct it, or delete the row.");
    }
    Ok(keyword)
}

/// What a spreadsheet would calculate. A plus, a minus or an at sign alone is also how people write keywords.
fn is_formula(cell: &str) -> bool {
    cell.starts_with('=') || (cell.starts_with(['+', '-', '@']) && cell.contains(['(', '|', '!']))
}

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

fn number_in(cell: &str, name: &str, kind: Kind) -> Result<Option<Number>, Fault> {
    let fix = "Write a number, or leave the cell empty where it is not known.";
    number::parse(cell, kind).map_err(|_| Fault::cell(name, cell, format!("\"{name}\" is not a number."), fix))
}

/// A count, and whether it is an estimate.
pub(super) fn count(cell: &str, name: &str) -> Result<Option<(i64, bool)>, Fault> {
    let Some(number) = number_in(cell, name, Kind::Whole)? else { return Ok(None) };
    match number::rounded(number.value) {
        value if value <= MAX_VOLUME => Ok(Some((value, number.estimate))),
        _ => Err(too_large(cell, name, "1,000,000,000,000")),
    }
}

pub(super) fn difficulty(cell: &str, name: &str) -> Result<Option<i32>, Fault> {
    let Some(number) = number_in(cell, name, Kind::Decimal)? else { return Ok(None) };
    let difficulty = i32::try_from(number::rounded(number.value)).ok().filter(|value| *value <= 100);
    difficulty.map(Some).ok_or_else(|| too_large(cell, name, "100"))
}

pub(super) fn cpc(cell: &str, name: &str) -> Result<Option<f64>, Fault> {
    match number_in(cell, name, Kind::Decimal)? {
        Some(number) if number.value > MAX_CPC => Err(too_large(cell, name, "100,000")),
        number => Ok(number.map(|number| number.value)),
    }
}

fn too_large(cell: &str, name: &str, most: &str) -> Fault {
    Fault::cell(
        name,
        cell,
        format!("\"{name}\" is larger than {most}."),
        "Correct the number, or leave the cell empty.",
    )
}

/// 0 to 1. The Keyword Planner counts to 100, and also writes it in words.
pub(super) fn competition(cell: &str, name: &str) -> Result<Option<f64>, Fault> {
    match cell.trim().to_lowercase().as_str() {
        "low" => return Ok(Some(0.165)),
        "medium" => return Ok(Some(0.5)),
        "high" => return Ok(Some(0.835)),
        _ => {}
    }
    let Some(Number { value, .. }) = number_in(cell, name, Kind::Decimal)? else { return Ok(None) };
    let of_hundred = value > 1.0 || cell.contains('%') || name.to_lowercase().contains("index");
    match if of_hundred { value / 100.0 } else { value } {
        share if share <= 1.0 => Ok(Some(share)),
        _ => Err(too_large(cell, name, "100")),
    }
}

pub(super) fn trend(cell: &str, name: &str) -> Result<Vec<f64>, Fault> {
    let separators: &[char] = if cell.contains([';', '|']) { &[';', '|'] } else { &[','] };
    // A single month, as `1,300`, is one number.
    let months: Vec<&str> = if name.contains(':') { vec![cell] } else { cell.split(separators).collect() };
    let numbers = months.into_iter().map(|month| number_in(month, name, Kind::Decimal));
    numbers.filter_map(Result::transpose).map(|number| number.map(|number| number.value)).collect()
}

pub(super) fn text(cell: &str, name: &str) -> Result<Option<String>, Fault> {
    let cell = cell.trim();
    if cell.len() > MAX_TEXT {
        return Err(Fault::cell(name, cell, format!("\"{name}\" is longer than {MAX_TEXT} bytes."), "Shorten it."));
    }
    if has_control(cell) {
        let reason = format!("\"{name}\" has characters that no text has.");
        return Err(Fault::cell(name, cell, reason, "Type the text anew, or leave the cell empty."));
    }
    Ok(Some(cell.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty() && text != "-"))
}

pub(super) fn tags(cell: &str, name: &str) -> Result<Vec<String>, Fault> {
    let mut tags: Vec<String> = Vec::new();
    for part in cell.split([',', ';', '|', '\n']) {
        let Some(tag) = text(part, name)? else { continue };
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.len() > MAX_TAGS || tags.iter().any(|tag| tag.chars().count() > MAX_TAG) {
        return Err(Fault::cell(
            name,
            cell,
            "More than 50 tags, or one longer than 60 characters.",
            "Use fewer and shorter tags.",
        ));
    }
    Ok(tags)
}

/// The addresses of a cell: one a line, separated by blanks, bars, semicolons or commas, or a JSON list.
pub(super) fn serp_urls(cell: &str) -> Vec<String> {
    let pieces = cell.split(|c: char| c.is_whitespace() || matches!(c, '|' | ';' | '"' | '[' | ']'));
    let mut urls: Vec<String> = Vec::new();
    // A comma separates only where an address follows: it also stands within them.
    for piece in pieces.flat_map(|piece| piece.split(',')) {
        let is_url = piece.starts_with("http://") || piece.starts_with("https://") || piece.starts_with("www.");
        match urls.last_mut() {
            _ if piece.is_empty() || has_control(piece) || piece.len() > MAX_TEXT => {}
            Some(last) if !is_url && !piece.contains('.') && last.len() + piece.len() < MAX_TEXT => {
                last.push(',');
                last.push_str(piece);
            }
            _ if is_url || piece.contains('.') => urls.push(piece.to_owned()),
            _ => {}
        }
    }
    urls
}
