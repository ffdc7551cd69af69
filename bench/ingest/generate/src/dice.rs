//! Random numbers of which each is a function of its place: the same for a seed on every machine and in any order.

/// Mixes 64 bits (the finaliser of splitmix64).
#[must_use]
pub fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// One number from several.
#[must_use]
pub fn of(parts: &[u64]) -> u64 {
    parts.iter().fold(0x7472_6169_6c73, |h, p| mix(h ^ p.wrapping_mul(0xd6e8_feb8_6659_fd93)))
}

/// A number below `n` (0 when `n` is 0) from 64 random bits.
#[must_use]
pub fn below(bits: u64, n: usize) -> usize {
    usize::try_from((u128::from(bits) * n as u128) >> 64).unwrap_or(0)
}

/// Draws one after another.
pub struct Dice(u64);

impl Dice {
    /// Starts at a place.
    #[must_use]
    pub fn new(start: u64) -> Self {
        Self(start)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// The next number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        below(self.bits(), n)
    }

    /// True `parts` times in ten thousand.
    pub fn chance(&mut self, parts: usize) -> bool {
        self.below(10_000) < parts
    }

    /// One of a list.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// A choice by weights.
pub struct Weighted(Vec<u64>);

impl Weighted {
    /// Of the weights in order.
    #[must_use]
    pub fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let sums = weights.into_iter().scan(0u64, |sum, w| {
            *sum += w;
            Some(*sum)
        });
        Self(sums.collect())
    }

    /// Zipf: the k-th of `n` weighs 1/k. In whole numbers, so that no machine's logarithm matters.
    #[must_use]
    pub fn zipf(n: usize) -> Self {
        Self::new((1..=n as u64).map(|k| (1 << 32) / k))
    }

    /// The place that 64 random bits choose.
    #[must_use]
    pub fn pick(&self, bits: u64) -> usize {
        let total = self.0.last().copied().unwrap_or(0);
        let at = u64::try_from((u128::from(bits) * u128::from(total)) >> 64).unwrap_or(0);
        self.0.partition_point(|sum| *sum <= at)
    }
}
