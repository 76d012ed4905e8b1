//! Randomness as a function of a seed and a record's number.
//!
//! Every record starts a stream of its own (SplitMix64, started from a hash of the task's seed and the number), so the
//! millionth record costs as much to reach as the first and a restart needs no replay.
use std::hash::{BuildHasher, Hasher, RandomState};

/// A stream of random numbers. Not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of record `number`.
    pub(crate) fn of_record(seed: i64, number: u64) -> Self {
        Self(mix(seed.cast_unsigned() ^ mix(number.wrapping_add(GOLDEN))))
    }

    /// The next 64 bits.
    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A whole number below `bound`; 0 where the bound is 0.
    #[inline]
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: free of division, and its bias (bound / 2^64) is far below what data shows.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A position in something of `length` entries.
    #[inline]
    pub(crate) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A fraction in 0..1.
    #[inline]
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Fills `bytes`.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The seed of one task: tasks of one connector generate different data.
pub(crate) fn seed_of_task(seed: i64, task: i32) -> i64 {
    // Task 0 keeps the user's seed, so that it can be recognised in the offsets.
    let steps = u64::from(task.unsigned_abs());
    if steps == 0 { seed } else { mix(seed.cast_unsigned().wrapping_add(steps.wrapping_mul(GOLDEN))).cast_signed() }
}

/// A seed that nobody chose.
pub(crate) fn fresh_seed() -> i64 {
    RandomState::new().build_hasher().finish().cast_signed()
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_below_their_bound_and_reach_every_value() {
        let mut random = Random::of_record(7, 0);
        let mut seen = [0u32; 10];
        for _ in 0..10_000 {
            seen[random.index(10)] += 1;
        }
        assert!(seen.iter().all(|n| (800..1200).contains(n)), "{seen:?}");
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.fraction())));
    }

    #[test]
    fn every_record_and_every_task_has_a_stream_of_its_own() {
        let first = |seed, n| Random::of_record(seed, n).next();
        assert_eq!(first(1, 5), first(1, 5));
        assert_ne!(first(1, 5), first(1, 6));
        assert_ne!(first(1, 5), first(2, 5));
        let seeds: std::collections::HashSet<_> = (0..100).map(|task| seed_of_task(42, task)).collect();
        assert_eq!(seeds.len(), 100);
        assert_eq!(seed_of_task(42, 0), 42);
    }
}
