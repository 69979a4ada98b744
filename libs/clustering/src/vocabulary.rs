//! The words of a set of keywords, numbered.

use std::collections::HashMap;

use crate::{number::id, stem::stem, tree::Word};

/// The words seen so far.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub(crate) words: Vec<Word>,
    numbers: HashMap<String, u32>,
    stems: HashMap<String, u32>,
}

impl Vocabulary {
    /// The numbers of a keyword's words; new words get the next ones.
    pub(crate) fn numbers(&mut self, words: Vec<String>) -> Vec<u32> {
        words.into_iter().map(|word| self.number(word)).collect()
    }

    fn number(&mut self, text: String) -> u32 {
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = id(self.words.len());
        let stem = *self.stems.entry(stem(&text)).or_insert(number);
        self.numbers.insert(text.clone(), number);
        self.words.push(Word { text, stem });
        number
    }
}
