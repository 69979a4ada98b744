//! Text as the other modules see it: normalised, in words, and in stems.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::stem::stem;

/// Words beyond this say nothing more about a keyword; the limit keeps a pasted page from costing what a thousand keywords do.
const MAX_WORDS: usize = 64;
const MAX_WORD: usize = 48;

/// The form in which two spellings of one keyword are equal: compatibility characters and accents composed (NFKC), lower case,
/// one space between words, none at the ends. Accents and punctuation stay: `café` is not `cafe`, `c++` not `c`.
///
/// Linear in the length of the text, and normalising again changes nothing.
pub fn normalise(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
    collapse(&folded)
}

/// Lower case and without outer blanks, for addresses: a path differs by its case on few servers, and by mistake in many files.
pub(crate) fn normalise_case(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The text with one space between words and none at the ends; zero-width and control characters are dropped or become spaces.
pub(crate) fn collapse(text: &str) -> String {
    let visible = text.chars().filter(|c| !matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}'));
    let spaced: String = visible.map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a text, without accents and punctuation, at most 64 of at most 48 characters.
///
/// Scripts written without spaces come as overlapping pairs of characters, the usual stand-in for a dictionary.
pub(crate) fn words(normalised: &str) -> Vec<String> {
    let mut words = Vec::new();
    let plain = normalised.nfkd().filter(|c| !is_combining_mark(*c) && *c != '\'' && *c != '’');
    let plain: String = plain.take(MAX_WORDS * MAX_WORD).collect();
    for run in plain.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        if run.chars().any(is_unspaced) {
            pairs(run, &mut words);
        } else {
            words.push(run.chars().take(MAX_WORD).collect());
        }
    }
    words.truncate(MAX_WORDS);
    words
}

/// The stems of a text's words, in their order.
pub(crate) fn stems(words: &[String]) -> Vec<String> {
    words.iter().map(|word| stem(word)).collect()
}

fn pairs(run: &str, words: &mut Vec<String>) {
    let letters: Vec<char> = run.chars().collect();
    match letters.as_slice() {
        [only] => words.push(only.to_string()),
        several => words.extend(several.windows(2).map(|pair| pair.iter().collect::<String>())),
    }
}

/// Thai, Lao, Khmer, Burmese, kana, Han.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_keyword_become_equal() {
        assert_eq!(normalise("  Running\t SHOES\u{a0}"), "running shoes");
        assert_eq!(normalise("cafe\u{301}"), normalise("CAFÉ"));
        assert_eq!(normalise("ｗｉｆｉ"), "wifi");
        assert_eq!(normalise("shoe\u{200b}s\u{feff}"), "shoes");
    }

    #[test]
    fn accents_and_signs_still_tell_keywords_apart() {
        assert_ne!(normalise("café"), normalise("cafe"));
        assert_ne!(normalise("c++"), normalise("c"));
    }

    #[test]
    fn words_lose_accents_apostrophes_and_punctuation() {
        assert_eq!(words(&normalise("Men's crème-brûlée, 12V!")), ["mens", "creme", "brulee", "12v"]);
    }

    #[test]
    fn text_without_spaces_comes_in_pairs() {
        assert_eq!(words("東京旅行"), ["東京", "京旅", "旅行"]);
        assert_eq!(words("水"), ["水"]);
    }

    #[test]
    fn a_pasted_page_is_cut() {
        assert_eq!(words(&"word ".repeat(5000)).len(), MAX_WORDS);
        assert_eq!(words(&"x".repeat(5000)), ["x".repeat(MAX_WORD)]);
    }

    proptest::proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in ".*") {
            let once = normalise(&text);
            proptest::prop_assert_eq!(normalise(&once), once);
        }
    }
}
