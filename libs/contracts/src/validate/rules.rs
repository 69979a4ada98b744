//! Rules of one value, and the sentence for each when it is broken.

use super::Format;

/// The rules of a text.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    pub required: bool,
    /// In characters, as `max_len`.
    pub min_len: usize,
    pub max_len: usize,
    pub format: Option<Format>,
    /// The keys that a list may be ordered by.
    pub ordering: Option<&'static [&'static str]>,
}

impl Text {
    pub const ANY: Self = Self { required: false, min_len: 0, max_len: usize::MAX, format: None, ordering: None };

    /// Every rule that the text breaks.
    pub fn broken_by(&self, text: &str) -> impl Iterator<Item = String> {
        let length = self.length(text);
        let format = self.format.filter(|format| !format.admits(text)).map(|format| format.advice().to_owned());
        let ordering = self.ordering.filter(|keys| !is_ordering(text, keys)).map(ordering_advice);
        let nul = text.contains('\0').then(|| "Text may not hold the NUL character. Remove it.".to_owned());
        [length, format, ordering, nul].into_iter().flatten()
    }

    fn length(&self, text: &str) -> Option<String> {
        if self.min_len == 0 && text.len() <= self.max_len {
            return None; // never more characters than bytes
        }
        let length = text.chars().count();
        let advice = |bound, limit| format!("This has {length} characters. Use {bound} {limit}.");
        (length < self.min_len)
            .then(|| advice("at least", self.min_len))
            .or_else(|| (length > self.max_len).then(|| advice("at most", self.max_len)))
    }
}

fn is_ordering(text: &str, keys: &[&str]) -> bool {
    let named: Vec<&str> = text.split(',').map(|key| key.strip_prefix('-').unwrap_or(key)).collect();
    let known = named.iter().all(|key| keys.contains(key));
    let twice = named.iter().enumerate().any(|(index, key)| named.iter().skip(index + 1).any(|other| other == key));
    known && !twice
}

fn ordering_advice(keys: &[&str]) -> String {
    format!(
        "This cannot be ordered by. Use {}, each at most once, separated by commas, with a minus before those in descending order.",
        keys.join(", ")
    )
}

/// The bounds of a number.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    pub min: Option<i64>,
    pub max: Option<i64>,
}

impl Range {
    pub const ANY: Self = Self { min: None, max: None };

    pub fn broken_by(&self, number: i64) -> Option<String> {
        if self.min.is_none_or(|min| min <= number) && self.max.is_none_or(|max| number <= max) {
            return None;
        }
        let allowed = match (self.min, self.max) {
            (Some(min), Some(max)) => format!("from {min} to {max}"),
            (Some(min), None) => format!("of at least {min}"),
            (None, max) => format!("of at most {}", max.unwrap_or(i64::MAX)),
        };
        Some(format!("This is {number}. Use a number {allowed}."))
    }
}

/// The bounds of a list.
#[derive(Debug, Clone, Copy)]
pub struct Items {
    pub required: bool,
    pub min: usize,
    pub max: usize,
}

impl Items {
    pub const ANY: Self = Self { required: false, min: 0, max: usize::MAX };

    pub fn broken_by(&self, count: usize) -> Option<String> {
        let min = self.min.max(usize::from(self.required));
        if count < min {
            return Some(format!("This has {count} entries. Give at least {min}."));
        }
        (count > self.max).then(|| format!("This has {count} entries. Give at most {}.", self.max))
    }
}
