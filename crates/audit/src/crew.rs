//! The threads of this program: one for each core, started for each round of work.

use assembly::{Crew, Piece};
use std::num::NonZero;

/// As many threads as the machine runs at the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores(usize);

impl Cores {
    pub(crate) fn all() -> Self {
        Self(std::thread::available_parallelism().map_or(1, NonZero::get))
    }
}

impl Crew for Cores {
    fn hands(&self) -> usize {
        self.0
    }

    fn run(&self, pieces: Vec<Piece<'_>>) {
        if pieces.len() < 2 {
            return pieces.into_iter().for_each(|piece| piece());
        }
        std::thread::scope(|scope| {
            for piece in pieces {
                scope.spawn(piece);
            }
        });
    }
}
