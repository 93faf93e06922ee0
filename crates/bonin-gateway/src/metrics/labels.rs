//! Words that come from outside, kept from being without end.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

/// What is counted once there are too many words.
pub(super) const OTHER: &str = "other";

/// The words seen so far, up to a number.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    words: Arc<RwLock<HashSet<String>>>,
    most: usize,
}

impl Vocabulary {
    /// Words that are known beforehand, and room for so many more.
    pub(super) fn new(known: &[&str], more: usize) -> Self {
        let words: HashSet<String> = known.iter().map(|word| (*word).to_owned()).collect();
        Self {
            most: words.len() + more,
            words: Arc::new(RwLock::new(words)),
        }
    }

    /// The word, or `other` where it is new and there is no more room.
    pub(super) fn word(&self, word: &str) -> String {
        let is_known = |words: &HashSet<String>| words.contains(word);
        if is_known(&self.words.read().unwrap_or_else(PoisonError::into_inner)) {
            return word.to_owned();
        }
        let mut words = self.words.write().unwrap_or_else(PoisonError::into_inner);
        if is_known(&words) || words.len() < self.most {
            words.insert(word.to_owned());
            return word.to_owned();
        }
        OTHER.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_too_many_is_another_one() {
        let words = Vocabulary::new(&["0000"], 2);
        assert_eq!(words.word("8001"), "8001");
        assert_eq!(words.word("8002"), "8002");
        assert_eq!(words.word("8003"), OTHER);
        assert_eq!(words.word("8001"), "8001");
        assert_eq!(words.word("0000"), "0000");
    }
}
