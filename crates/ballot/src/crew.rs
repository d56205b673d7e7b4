//! Who works: this crate starts no thread, but what it does falls into parts that the caller may run on several.

/// A piece of work that depends on no other piece.
pub type Piece<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Those who do the work, on as many threads as they like.
///
/// A piece that is not run costs time and nothing else: what it would have said is found out again.
pub trait Crew {
    /// Into how many pieces work is divided, at least 1.
    fn hands(&self) -> usize;

    /// Runs all pieces, in any order, and returns when they are done.
    fn run(&self, pieces: Vec<Piece<'_>>);
}

/// Everything on the caller's thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Crew for Alone {
    fn hands(&self) -> usize {
        1
    }

    fn run(&self, pieces: Vec<Piece<'_>>) {
        pieces.into_iter().for_each(|piece| piece());
    }
}

/// Does `work` to every item, in order, in as many shares as the crew has hands.
pub fn each<T: Sync, U: Send>(crew: &dyn Crew, items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let share = items.len().div_ceil(crew.hands().max(1)).max(1);
    let shares: Vec<&[T]> = items.chunks(share).collect();
    let mut done: Vec<Option<Vec<U>>> = Vec::new();
    done.resize_with(shares.len(), || None);
    let work = &work;
    let pieces = done
        .iter_mut()
        .zip(&shares)
        .map(|(done, share)| Box::new(move || *done = Some(share.iter().map(work).collect())) as Piece<'_>);
    crew.run(pieces.collect());
    let left =
        |(done, share): (Option<Vec<U>>, &[T])| done.unwrap_or_else(|| share.iter().map(work).collect());
    done.into_iter().zip(shares).flat_map(left).collect()
}
