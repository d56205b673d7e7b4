//! How far a proof is, for somebody who waits and may change their mind.

use core::ops::ControlFlow;

/// How much of a proof is done. Says nothing about what is secret: the steps are the same for everybody on the roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Multiplications done.
    pub done: usize,
    /// Multiplications that the proof needs.
    pub total: usize,
}

/// What the prover calls now and then.
pub(crate) struct Watched<'a> {
    watch: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    progress: Progress,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(total: usize, watch: &'a mut dyn FnMut(Progress) -> ControlFlow<()>) -> Self {
        let progress = Progress { done: 0, total };
        Self { watch, progress }
    }

    /// Tells that `multiplications` more are done.
    pub(crate) fn advance(&mut self, multiplications: usize) -> ControlFlow<()> {
        let Progress { done, total } = self.progress;
        self.progress.done = done.saturating_add(multiplications).min(total);
        (self.watch)(self.progress)
    }
}
