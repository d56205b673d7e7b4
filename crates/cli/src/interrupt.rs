//! Ctrl-C, taken from the beginning: a prompt that it ends gives the terminal back before the program ends.

use crate::ending::Ending;
use std::future::Future;
use std::time::Duration;

#[cfg(not(windows))]
use tokio::signal::unix::Signal;
#[cfg(windows)]
use tokio::signal::windows::CtrlC as Signal;

/// So long a prompt on another thread has to give the terminal back.
const GRACE: Duration = Duration::from_millis(300);

/// The interrupts of this process.
#[derive(Debug)]
pub(crate) struct Interrupt(Signal);

impl Interrupt {
    /// From now on an interrupt ends nothing by itself.
    pub(crate) fn new() -> Result<Self, Ending> {
        #[cfg(windows)]
        let signal = tokio::signal::windows::ctrl_c();
        #[cfg(not(windows))]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        signal.map(Self).map_err(|error| Ending::environment(&error))
    }

    /// Waits for an interrupt.
    pub(crate) async fn wait(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Does the work unless it is interrupted.
    pub(crate) async fn ends(mut self, work: impl Future<Output = Result<(), Ending>>) -> Result<(), Ending> {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            ended = &mut work => return ended,
            () = self.wait() => {}
        }
        let ended = tokio::time::timeout(GRACE, work).await;
        ended.unwrap_or(Err(Ending::Interrupted))
    }
}
