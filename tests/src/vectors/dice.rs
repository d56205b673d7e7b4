//! Dice for what is random in the vectors, and the same each time.

use assembly::Question;
use assembly::counting::OptionsMethod;

/// Numbers that look random and are the same each time (SplitMix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of the numbers below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % sides
    }

    /// One of these, if there is one.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.roll(of.len())])
    }

    /// Bytes that are a vote on the question, and in one of `spoilt` cases mostly none.
    pub fn vote(&mut self, asked: &Question, spoilt: usize) -> Vec<u8> {
        let mut vote = vec![0; asked.vote_len().unwrap_or(1)];
        let options = asked.options().len().max(1);
        match asked {
            Question::ForAgainstAbstain => vote[0] = 1 + u8::try_from(self.roll(3)).unwrap(),
            Question::Options { method, .. } => match method {
                OptionsMethod::OneOfMany => vote[1] = u8::try_from(self.roll(options + 1)).unwrap(),
                OptionsMethod::UpToK { .. } => {
                    for _ in 0..2 {
                        let option = self.roll(options);
                        vote[option / 8] |= 1 << (option % 8);
                    }
                }
                OptionsMethod::Schulze => self.rank(&mut vote, options - 1, 2),
                OptionsMethod::Transferable { .. } => self.rank(&mut vote, options, 1),
            },
        }
        match self.roll(2 * spoilt) {
            0 => vote[0] = 200,
            1 => vote.push(0),
            _ => {}
        }
        vote
    }

    /// Ranks some options, at most `most` of them, up to `equal` of them equally.
    fn rank(&mut self, vote: &mut [u8], most: usize, equal: usize) {
        let (mut left, mut rank) = (self.roll(most + 1), 0);
        while left > 0 {
            rank += 1;
            for _ in 0..=self.roll(equal).min(left - 1) {
                let free: Vec<_> = (0..vote.len()).filter(|option| vote[*option] == 0).collect();
                vote[self.pick(&free).unwrap()] = rank;
                left -= 1;
            }
        }
    }
}
