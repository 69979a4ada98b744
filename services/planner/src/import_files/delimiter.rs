//! What separates the cells of a text, by consistency.

use csv::StringRecord;

use super::header::{SEARCHED_ROWS, is_header};

const CANDIDATES: [u8; 4] = [b'\t', b',', b';', b'|'];

/// Rows that are looked at.
const ROWS: usize = 200;

/// How well a delimiter explains a text, compared in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    has_header: bool,
    /// At least nine of ten rows below the header are as wide as it.
    consistent: bool,
    columns: usize,
    /// Of a thousand.
    share: usize,
}

/// The delimiter of a text that begins like this. Equal ones: the first of tab, comma, semicolon, bar. A tab in a list without a header was
/// copied out of a spreadsheet, and nobody types one into a keyword.
pub(super) fn choose(sample: &str) -> u8 {
    let mut best: Option<(Fit, u8)> = None;
    for candidate in CANDIDATES {
        let fit = fit(sample, candidate);
        if best.is_none_or(|(other, _)| fit > other) {
            best = Some((fit, candidate));
        }
    }
    match best {
        Some((fit, delimiter)) if fit.has_header || !sample.contains('\t') => delimiter,
        _ => b'\t',
    }
}

fn fit(sample: &str, delimiter: u8) -> Fit {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(sample.as_bytes());
    let mut rows: Vec<StringRecord> = reader.records().filter_map(Result::ok).take(ROWS).collect();
    // The sample may have been cut in its last row.
    if rows.len() > 2 {
        rows.pop();
    }
    let header = rows.iter().take(SEARCHED_ROWS).position(is_header);
    let below = rows.iter().skip(header.unwrap_or_default());
    let columns = below.clone().next().map_or(0, StringRecord::len);
    let total = below.clone().count().max(1);
    let share = below.filter(|row| row.len() == columns).count() * 1000 / total;
    Fit { has_header: header.is_some(), consistent: share >= 900, columns, share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_what_makes_the_rows_alike() {
        for (sample, delimiter) in [
            ("Keyword,Volume\nshoes,10\nred shoes,20\n", b','),
            ("Keyword;CPC;Volume\nshoes;1,25;10\nred shoes;0,5;20\n", b';'),
            ("Report\n2025\nKeyword\tVolume\nshoes, red\t10\n", b'\t'),
            ("keyword|volume\na|1\nb|2\n", b'|'),
            ("keyword\nshoes, red\nboots\n", b'\t'),
            ("Keyword,Trend\nshoes,\"1;2;3\"\nboots,\"4;5;6\"\n", b','),
        ] {
            assert_eq!(char::from(choose(sample)), char::from(delimiter), "{sample}");
        }
    }
}
