//! A hash for ids and words that Rollbook itself chose: a few cycles, and the same in every process.
//!
//! It does not resist somebody who chooses keys to collide; for text from outside the standard hasher stays.

use std::hash::{BuildHasherDefault, Hasher};

/// Odd, its bits without a pattern (2^64 divided by the golden ratio).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// So that nothing is not zero (the first digits of pi).
const START: u64 = 0x2437_f6a8_885a_308d;

/// Makes [`IdHasher`]s.
pub type ById = BuildHasherDefault<IdHasher>;

/// Eight bytes a multiplication.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

impl IdHasher {
    fn add(&mut self, word: u64) {
        // Both halves of the product: a bit of the word reaches every bit of the hash.
        let product = u128::from((self.0.rotate_left(23) ^ word) ^ START) * u128::from(FACTOR);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.add(rest.iter().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    /// Mixed once more: maps take the lower bits first, and ids may be alike but for a few.
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 32)
    }
}

/// The hash of a word.
#[must_use]
pub fn of_word(word: &str) -> u32 {
    let mut hasher = IdHasher::default();
    hasher.write(word.as_bytes());
    (hasher.finish() & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::hash::BuildHasher as _;
    use uuid::Uuid;

    #[test]
    fn ids_that_differ_only_in_time_or_only_in_chance_fall_apart_in_the_lower_bits() {
        let buckets = |id: fn(u128) -> u128| {
            let low = |nth| ById::default().hash_one(Uuid::from_u128(id(nth))) & 0xfff;
            (0..4_096).map(low).collect::<BTreeSet<_>>().len()
        };
        // Of 4,096 random numbers below 4,096 about 2,589 are distinct.
        for distinct in [buckets(|nth| nth), buckets(|nth| nth << 80), buckets(|nth| nth << 48)] {
            assert!(distinct > 2_300, "{distinct}");
        }
    }

    #[test]
    fn words_that_begin_or_end_alike_differ() {
        let words = ["", "a", "users.view", "users.edit", "users.view_", "xusers.view", "queues.view"];
        let hashes: BTreeSet<u32> = words.into_iter().map(of_word).collect();
        assert_eq!(hashes.len(), words.len());
    }
}
