//! Numbers that look random and are the same for the same words.

/// Thrown again and again (xorshift, seeded by FNV-1a).
#[derive(Debug, Clone)]
pub(super) struct Dice(u32);

impl Dice {
    pub(super) fn new(words: &[&str]) -> Self {
        let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
        let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let mut dice = Self(hash | 1);
        // Seeds that differ in one bit begin alike.
        for _ in 0..8 {
            dice.throw();
        }
        dice
    }

    fn throw(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// From `low` up to `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.throw()) / f64::from(u32::MAX)
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        usize::try_from(self.throw() % count).unwrap_or_default()
    }
}
