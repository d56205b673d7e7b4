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
