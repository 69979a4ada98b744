//! A light stemmer for English: plural, past, progressive and a few nouns made of verbs.
//!
//! It follows the first steps of M. F. Porter, "An algorithm for suffix stripping" (1980), and stops where the later steps begin to
//! join words of different meaning. Words of other languages, numbers and model names mostly pass unchanged; character n-grams
//! serve them.

/// Endings that make a noun or an adverb of the same word, longest first, and what replaces them.
const ENDINGS: &[(&str, &str)] = &[
    ("ization", "ize"),
    ("fulness", "ful"),
    ("ations", "ate"),
    ("ation", "ate"),
    ("iness", "y"),
    ("ness", ""),
    ("ally", "al"),
    ("ment", ""),
    ("ly", ""),
];

/// The stem of a lower-case word without accents.
pub(crate) fn stem(word: &str) -> String {
    if word.len() <= 3 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut stem = participle(plural(word));
    for (ending, instead) in ENDINGS {
        if let Some(rest) = stem.strip_suffix(ending).filter(|rest| rest.len() >= 4 && has_vowel(rest)) {
            stem = format!("{rest}{instead}");
            break;
        }
    }
    finish(stem)
}

/// `shoes` → `shoe`, `batteries` → `battery`, `glasses` → `glass`; `glass`, `bus` and `tennis` stay.
fn plural(word: &str) -> String {
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() >= 2) {
        return format!("{rest}y");
    }
    let doubled = ["sses", "shes", "ches", "xes", "zzes"];
    if doubled.iter().any(|ending| word.ends_with(ending)) {
        return word.trim_end_matches('s').trim_end_matches('e').to_owned();
    }
    let keeps = ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    let bare = if keeps { word } else { word.strip_suffix('s').unwrap_or(word) };
    bare.to_owned()
}

/// `running` → `run`, `arrived` → `arrive`; `bed` and `string` stay.
fn participle(word: String) -> String {
    if word.ends_with("eed") {
        return word;
    }
    let rest = word.strip_suffix("ing").or_else(|| word.strip_suffix("ed"));
    let Some(rest) = rest.filter(|rest| rest.len() >= 2 && has_vowel(rest)) else { return word };
    let mut letters = rest.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(before)) if last == before && !"lsz".contains(last) => {
            rest.chars().take(rest.len().saturating_sub(1)).collect()
        }
        _ => rest.to_owned(),
    }
}

/// A final `e` is dropped and a final `y` after a consonant becomes `i`, so that `arrive` and `arriving` meet.
fn finish(stem: String) -> String {
    if stem.len() > 3 {
        if let Some(rest) = stem.strip_suffix('e') {
            return rest.to_owned();
        }
        if let Some(rest) = stem.strip_suffix('y').filter(|rest| !rest.ends_with(['a', 'e', 'i', 'o', 'u'])) {
            return format!("{rest}i");
        }
    }
    stem
}

fn has_vowel(text: &str) -> bool {
    text.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_share_a_stem() {
        let families: &[&[&str]] = &[
            &["shoe", "shoes"],
            &["battery", "batteries"],
            &["watch", "watches"],
            &["arrive", "arrived", "arrives", "arriving"],
            &["run", "running", "runs"],
            &["charge", "charged", "charging", "charges"],
            &["verify", "verifying", "verified"],
            &["quick", "quickly"],
            &["adjust", "adjustment", "adjustments"],
        ];
        for family in families {
            let stems: Vec<String> = family.iter().map(|word| stem(word)).collect();
            assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{family:?}: {stems:?}");
        }
    }

    #[test]
    fn short_words_numbers_and_other_scripts_stay() {
        for word in ["bed", "gas", "12v", "iphone15s", "schöne", "обувь", "string"] {
            assert_eq!(stem(word), word);
        }
    }
}
