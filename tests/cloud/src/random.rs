//! The only source of chance: a seeded generator, so that equal seeds give equal ids, delays and call logs.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// Seeded generator of ids, suffixes and durations in AWS's forms.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// A generator that gives the same sequence for the same `seed`.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number in `0..bound` (0 when `bound` is 0).
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.next_u64() % bound }
    }

    /// `len` characters out of `alphabet`.
    pub fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(alphabet[self.below(alphabet.len() as u64) as usize])).collect()
    }

    /// `len` lower-case hexadecimal digits.
    pub fn hex(&mut self, len: usize) -> String {
        self.text(b"0123456789abcdef", len)
    }

    /// A resource id in EC2's long form, for example `sg-0a1b2c3d4e5f60718`.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{}", self.hex(16))
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let d = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &d[..8], &d[8..12], &d[13..16], &d[17..20], &d[20..])
    }

    /// A unique id of IAM: a prefix such as `AROA` and 17 upper-case letters and digits.
    pub fn iam_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17))
    }

    /// A duration between `low` and `high` seconds.
    pub fn seconds(&mut self, low: f64, high: f64) -> Duration {
        let unit = self.below(1_000_001) as f64 / 1_000_000.0;
        Duration::from_secs_f64(low + (high - low) * unit)
    }
}
