//! Threads that work off a batch's pieces.

use ballot::{Crew, Piece};

/// So many threads, started for each round of work.
#[derive(Clone, Copy)]
pub(crate) struct Threads(pub(crate) usize);

impl Crew for Threads {
    fn hands(&self) -> usize {
        self.0
    }

    fn run(&self, pieces: Vec<Piece<'_>>) {
        if self.0 == 1 {
            return pieces.into_iter().for_each(|piece| piece());
        }
        std::thread::scope(|scope| {
            for piece in pieces {
                scope.spawn(piece);
            }
        });
    }
}

impl Threads {
    /// Does `work` to every item, in order.
    pub(crate) fn map<T: Sync, R: Send>(self, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let share = items.len().div_ceil(self.0).max(1);
        let mut results: Vec<Vec<R>> = Vec::new();
        results.resize_with(items.len().div_ceil(share), Vec::new);
        let work = &work;
        let pieces = results
            .iter_mut()
            .zip(items.chunks(share))
            .map(|(results, items)| Box::new(move || results.extend(items.iter().map(work))) as Piece<'_>);
        self.run(pieces.collect());
        results.into_iter().flatten().collect()
    }
}
