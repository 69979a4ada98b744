//! Hashes that are the same in every run: of features, and of the maps that count them.

use std::hash::{BuildHasherDefault, Hasher};

/// FNV-1a (Fowler, Noll, Vo) over 64 bits, with a kind before the text so that a stem and an n-gram of the same letters differ.
pub(crate) fn of(kind: &str, text: &str) -> u64 {
    spread(bytes(kind.bytes().chain([0]).chain(text.bytes())))
}

/// FNV-1a over bytes.
pub(crate) fn bytes(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finish of `SplitMix64` (Steele, Lea, Flood 2014): each bit of the input reaches each of the output.
fn spread(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// For maps whose keys are such hashes already.
pub(crate) type Hashing = BuildHasherDefault<Passing>;

/// Passes a `u64` through.
#[derive(Debug, Default)]
pub(crate) struct Passing(u64);

impl Hasher for Passing {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, written: &[u8]) {
        self.0 = bytes(written.iter().copied());
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
