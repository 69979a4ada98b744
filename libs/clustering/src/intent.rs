//! What a searcher wants, by rules on words.
//!
//! The four kinds are those of A. Broder, "A taxonomy of web search" (2002), with commercial investigation set apart as search
//! marketing does. The words are English; a keyword without any of them is informational.

use crate::text;

/// What a searcher wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Intent {
    /// To know.
    #[default]
    Informational,
    /// To compare before buying.
    Commercial,
    /// To buy, book or get it.
    Transactional,
    /// To reach a certain site.
    Navigational,
}

/// The intents of one keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intents {
    /// The one that decides what kind of page answers it.
    pub primary: Intent,
    /// All that its words speak for, the primary one first.
    pub all: Vec<Intent>,
}

/// Words that begin a question.
const QUESTIONS: &str =
    "how what whats why when where who which can could do does did is are should will would am was were";
const INFORMATIONAL: &str = "guide guides tutorial tutorials tips ideas idea meaning definition define example examples learn \
    explained history facts statistics symptoms causes recipe recipes diy instructions template \
    templates benefits types checklist calculator fix troubleshooting";
const COMMERCIAL: &str = "best top review reviews vs versus compare compared comparison comparisons alternative alternatives \
    rated ranking rankings ranked cost costs worth recommended pros cons better difference brands";
const TRANSACTIONAL: &str = "buy buying purchase order ordering price prices pricing cheap cheapest affordable discount discounts \
    discounted coupon coupons promo voucher deal deals sale clearance shop shops store stores shipping \
    delivery hire rent rental rentals book booking reserve download subscribe subscription quote quotes \
    wholesale tickets trial supplier suppliers";
const NAVIGATIONAL: &str = "login logon signin signup website homepage portal www com official headquarters facebook youtube \
    instagram twitter linkedin gmail wikipedia reddit whatsapp tiktok";
const NAVIGATIONAL_PAIRS: &[(&str, &str)] = &[
    ("log", "in"),
    ("sign", "in"),
    ("sign", "up"),
    ("customer", "service"),
    ("contact", "number"),
    ("phone", "number"),
    ("opening", "hours"),
    ("my", "account"),
];
const TRANSACTIONAL_PAIRS: &[(&str, &str)] = &[("near", "me"), ("for", "sale"), ("free", "trial"), ("same", "day")];

/// The intents of a keyword.
pub fn intents(text: &str) -> Intents {
    let words = text::words(&text::normalise(text));
    let (primary, signs) = judge(&words);
    let others = signs.into_iter().filter(|intent| *intent != primary);
    Intents { primary, all: std::iter::once(primary).chain(others).collect() }
}

/// The primary intent of a keyword by its words.
pub(crate) fn primary(words: &[String]) -> Intent {
    judge(words).0
}

/// The most frequent intent; of equally frequent ones the one nearest to buying.
pub(crate) fn most(intents: impl Iterator<Item = Intent>) -> Intent {
    let mut counts = [0_u32; 4];
    let kinds = [Intent::Informational, Intent::Navigational, Intent::Commercial, Intent::Transactional];
    for intent in intents {
        for (_, count) in kinds.iter().zip(&mut counts).filter(|(kind, _)| **kind == intent) {
            *count = count.saturating_add(1);
        }
    }
    kinds
        .into_iter()
        .zip(counts)
        .max_by_key(|(_, count)| *count)
        .filter(|(_, count)| *count > 0)
        .map_or_else(Intent::default, |(kind, _)| kind)
}

/// The primary intent, and all that the words speak for.
fn judge(words: &[String]) -> (Intent, Vec<Intent>) {
    let first = words.first().map_or("", String::as_str);
    let question = is_in(QUESTIONS, first);
    let mut signs = Vec::new();
    if question || has(words, INFORMATIONAL) {
        signs.push(Intent::Informational);
    }
    if has(words, COMMERCIAL) {
        signs.push(Intent::Commercial);
    }
    if has(words, TRANSACTIONAL) || has_pair(words, TRANSACTIONAL_PAIRS) {
        signs.push(Intent::Transactional);
    }
    if has(words, NAVIGATIONAL) || has_pair(words, NAVIGATIONAL_PAIRS) {
        signs.push(Intent::Navigational);
    }
    let order: &[Intent] = match first {
        "where" => &[Intent::Transactional, Intent::Commercial],
        _ if question => &[Intent::Commercial],
        _ => &[Intent::Navigational, Intent::Transactional, Intent::Commercial],
    };
    let primary = order.iter().find(|intent| signs.contains(intent)).copied().unwrap_or_default();
    (primary, signs)
}

fn has(words: &[String], list: &str) -> bool {
    words.iter().any(|word| is_in(list, word))
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

fn has_pair(words: &[String], list: &[(&str, &str)]) -> bool {
    words.iter().zip(words.iter().skip(1)).any(|(left, right)| list.contains(&(left, right)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_the_primary_intent() {
        let cases = [
            ("how to clean suede shoes", Intent::Informational),
            ("what is the best running shoe", Intent::Commercial),
            ("best running shoes", Intent::Commercial),
            ("nike vs adidas", Intent::Commercial),
            ("buy running shoes", Intent::Transactional),
            ("Running Shoes for Sale", Intent::Transactional),
            ("shoe repair near me", Intent::Transactional),
            ("where to buy running shoes", Intent::Transactional),
            ("how to buy a house", Intent::Informational),
            ("acme bank login", Intent::Navigational),
            ("acme sign in", Intent::Navigational),
            ("running shoes", Intent::Informational),
            ("", Intent::Informational),
        ];
        for (text, expected) in cases {
            assert_eq!(intents(text).primary, expected, "{text}");
        }
    }

    #[test]
    fn all_intents_are_named_with_the_primary_one_first() {
        assert_eq!(intents("best price for running shoes").all, [Intent::Transactional, Intent::Commercial]);
        assert_eq!(intents("how to buy a house").all, [Intent::Informational, Intent::Transactional]);
        assert_eq!(intents("зимняя обувь").all, [Intent::Informational]);
    }

    #[test]
    fn a_cluster_wants_what_most_of_it_wants() {
        let of = |intents: &[Intent]| most(intents.iter().copied());
        assert_eq!(of(&[Intent::Commercial, Intent::Informational, Intent::Commercial]), Intent::Commercial);
        assert_eq!(of(&[Intent::Informational, Intent::Transactional]), Intent::Transactional);
        assert_eq!(of(&[]), Intent::Informational);
    }
}
