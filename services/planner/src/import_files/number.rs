//! Numbers as exports write them: `1,234` `1.234` `1.2K` `2M` `35%` `$1.25` `1.234,5` `1K - 10K` `<10` `-` `n/a`.

/// A number, and whether it is one or stands for a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) estimate: bool,
}

/// What a lone separator before three digits is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Counts: `1.234` is one thousand two hundred and thirty-four.
    Whole,
    /// Prices and shares: `1.234` is a little more than one.
    Decimal,
}

/// The number in a cell: `Ok(None)` where the cell says that there is none, `Err` where it says something else.
pub(super) fn parse(cell: &str, kind: Kind) -> Result<Option<Number>, NotANumber> {
    let text: String =
        cell.chars().filter(|c| !c.is_whitespace() && *c != '\u{200B}').collect::<String>().to_lowercase();
    if is_nothing(&text) {
        return Ok(None);
    }
    if let Some(bound) = text.strip_prefix(['<', '≤']) {
        return one(bound, kind).map(|value| Some(Number { value: value / 2.0, estimate: true }));
    }
    if let Some(bound) = text.strip_prefix(['>', '≥']).or_else(|| text.strip_suffix('+')) {
        return one(bound, kind).map(|value| Some(Number { value, estimate: true }));
    }
    match range(&text) {
        Some((low, high)) => {
            let (low, high) = (one(low, kind)?, one(high, kind)?);
            if high < low {
                return Err(NotANumber);
            }
            Ok(Some(Number { value: middle(low, high), estimate: true }))
        }
        None => one(&text, kind).map(|value| Some(Number { value, estimate: false })),
    }
}

/// The nearest whole number.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "there is no other way; `as` saturates")]
pub(super) fn rounded(value: f64) -> i64 {
    value.round() as i64
}

/// The cell holds something that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotANumber;

fn is_nothing(text: &str) -> bool {
    matches!(
        text,
        "" | "-"
            | "--"
            | "—"
            | "–"
            | "n/a"
            | "na"
            | "#n/a"
            | "null"
            | "none"
            | "nan"
            | "unknown"
            | "nodata"
            | "?"
            | "."
            | "…"
    )
}

/// Ten to a hundred is 50, as the Keyword Planner itself writes its buckets; any other range its middle.
fn middle(low: f64, high: f64) -> f64 {
    if (high - low * 10.0).abs() < f64::EPSILON { high / 2.0 } else { f64::midpoint(low, high) }
}

fn range(text: &str) -> Option<(&str, &str)> {
    let dash = |(at, c): (usize, char)| (at > 0 && matches!(c, '-' | '–' | '—')).then_some((at, c));
    let (at, dash) = text.char_indices().find_map(dash)?;
    let (low, high) = (text.get(..at)?, text.get(at + dash.len_utf8()..)?);
    (!high.is_empty()).then_some((low, high))
}

fn one(text: &str, kind: Kind) -> Result<f64, NotANumber> {
    let bare = without_unit(text);
    let (digits, factor) = match bare.chars().last() {
        Some('k') => (bare.strip_suffix('k'), 1e3),
        Some('m') => (bare.strip_suffix('m'), 1e6),
        Some('b') => (bare.strip_suffix('b'), 1e9),
        _ => (Some(bare), 1.0),
    };
    // After a K or an M nothing is grouped any more: 1.234K is 1,234.
    let kind = if factor > 1.0 { Kind::Decimal } else { kind };
    let plain = separators(digits.unwrap_or_default(), kind).ok_or(NotANumber)?;
    let value: f64 = plain.parse().map_err(|_| NotANumber)?;
    let value = value * factor;
    // Above 2^53 a number is no longer exact, in JSON neither.
    if value.is_finite() && (0.0..9.0e15).contains(&value) { Ok(value) } else { Err(NotANumber) }
}

/// Without percent signs, currency signs and currency codes.
fn without_unit(text: &str) -> &str {
    const CODES: &[&str] =
        &["usd", "eur", "gbp", "us$", "ca$", "a$", "au$", "chf", "inr", "aud", "cad", "jpy", "pln", "sek", "rs."];
    let mut text = text.trim_matches(['%', '$', '€', '£', '¥', '₹', '₽', '₺', '₩']);
    for code in CODES {
        text = text.strip_prefix(code).or_else(|| text.strip_suffix(code)).unwrap_or(text);
    }
    text.trim_matches(['$', '\'', '\u{a0}'])
}

/// Digits with a point for the fraction. None where the separators contradict each other.
fn separators(text: &str, kind: Kind) -> Option<String> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | '’')) {
        return None;
    }
    let text = text.replace(['\'', '’'], "");
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    match (points, commas) {
        (0, 0) => Some(text),
        (1, 0) => lone(&text, '.', kind),
        (0, 1) => lone(&text, ',', kind),
        (_, 0) => grouped(&text, '.'),
        (0, _) => grouped(&text, ','),
        // Both: the last one is the fraction's, and stands there once.
        (1, _) if text.rfind('.') > text.rfind(',') => fraction(&text, ',', '.'),
        (_, 1) if text.rfind(',') > text.rfind('.') => fraction(&text, '.', ','),
        _ => None,
    }
}

fn lone(text: &str, separator: char, kind: Kind) -> Option<String> {
    let (before, after) = text.split_once(separator)?;
    let could_group = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    // A price of "1,234" is more often a thousand than 1.234 with a comma; one of "1.234" is not.
    let groups = could_group && (kind == Kind::Whole || separator == ',');
    if before.is_empty() && after.is_empty() {
        return None;
    }
    Some(if groups { format!("{before}{after}") } else { format!("0{before}.{after}0") })
}

fn grouped(text: &str, separator: char) -> Option<String> {
    let mut groups = text.split(separator);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()));
    // Indian grouping has two digits in the middle: 12,34,567.
    let sound = first.is_some()
        && groups.all(|group| matches!(group.len(), 2 | 3))
        && text.ends_with(|c: char| c.is_ascii_digit());
    sound.then(|| text.replace(separator, ""))
}

fn fraction(text: &str, group: char, point: char) -> Option<String> {
    let (whole, fraction) = text.rsplit_once(point)?;
    let whole = if whole.contains(group) { grouped(whole, group)? } else { whole.to_owned() };
    Some(format!("{whole}.{fraction}0"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(cell: &str) -> Option<(f64, bool)> {
        parse(cell, Kind::Whole).unwrap().map(|number| (number.value, number.estimate))
    }

    fn decimal(cell: &str) -> f64 {
        parse(cell, Kind::Decimal).unwrap().unwrap().value
    }

    #[test]
    fn counts_in_all_their_forms() {
        for (cell, value) in [
            ("1234", 1234.0),
            ("1,234", 1234.0),
            ("1.234", 1234.0),
            ("1 234", 1234.0),
            ("1\u{a0}234", 1234.0),
            ("1'234", 1234.0),
            ("1,234,567", 1_234_567.0),
            ("12,34,567", 1_234_567.0),
            ("1.234.567", 1_234_567.0),
            ("1.2K", 1200.0),
            ("1,2K", 1200.0),
            ("2M", 2_000_000.0),
            ("35%", 35.0),
            ("1.234,5", 1234.5),
            ("1,234.5", 1234.5),
            ("50.0", 50.0),
            ("0", 0.0),
        ] {
            assert_eq!(whole(cell), Some((value, false)), "{cell}");
        }
    }

    #[test]
    fn prices_in_all_their_forms() {
        for (cell, value) in [
            ("$1.25", 1.25),
            ("1,25 €", 1.25),
            ("US$1,234.50", 1234.5),
            ("1.234", 1.234),
            ("0,125", 0.125),
            ("USD 2", 2.0),
            (".5", 0.5),
        ] {
            assert!((decimal(cell) - value).abs() < 1e-9, "{cell}: {}", decimal(cell));
        }
    }

    #[test]
    fn ranges_and_bounds_are_estimates() {
        for (cell, value) in [
            ("1K - 10K", 5000.0),
            ("1K – 10K", 5000.0),
            ("10-100", 50.0),
            ("11-50", 30.5),
            ("<10", 5.0),
            (">1000", 1000.0),
            ("10,000+", 10_000.0),
            ("0-10", 5.0),
        ] {
            assert_eq!(whole(cell), Some((value, true)), "{cell}");
        }
    }

    #[test]
    fn nothing_is_not_zero() {
        for cell in ["", " ", "-", "--", "–", "n/a", "N/A", "#N/A", "null", "No data"] {
            assert_eq!(whole(cell), None, "{cell:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_said() {
        for cell in
            ["high", "-5", "1.2.3,4,5", "1,2,3.4.5", "12a", "10-", "100-10", "1e5", "inf", "9999999999999999", ","]
        {
            assert_eq!(parse(cell, Kind::Whole), Err(NotANumber), "{cell}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_number_or_not(text in "\\PC{0,12}|[0-9.,kKmM%$<> -]{0,12}") {
            for kind in [Kind::Whole, Kind::Decimal] {
                if let Ok(Some(number)) = parse(&text, kind) {
                    prop_assert!(number.value >= 0.0 && number.value.is_finite());
                }
            }
        }

        #[test]
        fn any_count_survives_its_grouping(value in 0_u64..1_000_000_000_000) {
            let digits = value.to_string();
            let mut grouped = String::new();
            for (n, digit) in digits.chars().enumerate() {
                if n > 0 && (digits.len() - n).is_multiple_of(3) { grouped.push(','); }
                grouped.push(digit);
            }
            #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "below 2^53")]
            let expected = value as f64;
            prop_assert_eq!(whole(&grouped), Some((expected, false)));
            prop_assert_eq!(whole(&digits), Some((expected, false)));
        }
    }
}
