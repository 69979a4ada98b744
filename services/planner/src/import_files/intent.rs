//! Intents in each notation: words, letters, Semrush's digits, and columns of true and false.

use contracts::planner::v1::Intent;

/// The one that decides what kind of page answers the keyword comes first where a file has no order of its own.
const RANK: [Intent; 4] = [Intent::Navigational, Intent::Transactional, Intent::Commercial, Intent::Informational];

/// The intents of a cell in its order, and whether all of it was understood.
pub(super) fn parse(cell: &str) -> (Vec<Intent>, bool) {
    let (mut intents, mut understood) = (Vec::new(), true);
    let words = cell.split([',', ';', '|', '/', '&', '+', '\n', '[', ']', '"']).map(|word| word.trim().to_lowercase());
    let mut add = |intent| {
        if !intents.contains(&intent) {
            intents.push(intent);
        }
    };
    for word in words.filter(|word| !word.is_empty()) {
        match (of_word(&word), word.split_whitespace().map(of_word).collect::<Option<Vec<_>>>()) {
            (Some(intents), _) => intents.iter().copied().for_each(&mut add),
            (None, Some(several)) => several.into_iter().flatten().copied().for_each(&mut add),
            (None, None) => understood = false,
        }
    }
    (intents, understood)
}

/// `None`: not known. None in the list: known, and not an intent of ours.
fn of_word(word: &str) -> Option<&'static [Intent]> {
    Some(match word {
        "informational" | "information" | "info" | "i" | "1" => &[Intent::Informational],
        "commercial" | "commercial investigation" | "c" | "0" => &[Intent::Commercial],
        "transactional" | "transaction" | "t" | "3" => &[Intent::Transactional],
        "navigational" | "navigation" | "n" | "2" => &[Intent::Navigational],
        "branded" | "non-branded" | "local" | "non-local" | "-" | "n/a" | "unknown" | "none" => &[],
        _ => return None,
    })
}

/// Whether a cell of a column that is named like an intent says yes. `None`: it says something else.
pub(super) fn flag(cell: &str) -> Option<bool> {
    match cell.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "x" => Some(true),
        "false" | "no" | "n" | "0" | "" | "-" => Some(false),
        _ => None,
    }
}

/// In the order of what decides the page.
pub(super) fn ranked(mut flagged: Vec<Intent>) -> Vec<Intent> {
    flagged.sort_by_key(|intent| RANK.iter().position(|ranked| ranked == intent));
    flagged.dedup();
    flagged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_is_read() {
        use Intent::{Commercial, Informational, Navigational, Transactional};
        for (cell, intents) in [
            ("Informational, Transactional", vec![Informational, Transactional]),
            ("Commercial", vec![Commercial]),
            ("I, N", vec![Informational, Navigational]),
            ("I C", vec![Informational, Commercial]),
            ("0,3", vec![Commercial, Transactional]),
            ("1", vec![Informational]),
            ("Informational, Non-branded, Non-local", vec![Informational]),
            ("[\"commercial\"]", vec![Commercial]),
            ("Commercial Investigation | Transactional", vec![Commercial, Transactional]),
            ("", vec![]),
        ] {
            assert_eq!(parse(cell), (intents, true), "{cell}");
        }
        assert_eq!(parse("Informational, Comparing"), (vec![Informational], false));
        assert_eq!(ranked(vec![Informational, Transactional]), [Transactional, Informational]);
    }
}
