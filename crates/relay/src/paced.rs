//! A stream whose writes may not take for ever.
//!
//! HTTP libraries time the reading of a request and not the writing of an answer. A client that asks for a page and
//! never reads it would otherwise keep the page in our memory, and its connection open, for as long as it likes.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Passes everything through; whatever has been written must have left within `limit` after it first had to wait.
#[derive(Debug)]
pub(crate) struct Paced<S> {
    inner: S,
    limit: Duration,
    /// Runs from the first wait until everything has been flushed.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    pub(crate) const fn new(inner: S, limit: Duration) -> Self {
        Self {
            inner,
            limit,
            deadline: None,
        }
    }

    /// What a write that has to wait comes to.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let limit = self.limit;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_write(cx, buf) {
            Poll::Pending => this.wait(cx),
            ready => ready,
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_write_vectored(cx, bufs) {
            Poll::Pending => this.wait(cx),
            ready => ready,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_flush(cx) {
            Poll::Pending => this.wait(cx),
            Poll::Ready(flushed) => {
                this.deadline = None;
                Poll::Ready(flushed)
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_shutdown(cx) {
            Poll::Pending => this.wait(cx),
            ready => ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::{Instant, timeout};

    const LIMIT: Duration = Duration::from_secs(10);
    /// How exactly the timers of a paused clock go off.
    const TICK: Duration = Duration::from_millis(2);

    /// What `writing` comes to, and when.
    async fn end<T>(writing: impl Future<Output = io::Result<T>>) -> (io::Result<T>, Duration) {
        let start = Instant::now();
        let end = timeout(100 * LIMIT, writing).await;
        (end.expect("it is neither served nor given up"), start.elapsed())
    }

    fn is_given_up<T>((end, after): (io::Result<T>, Duration)) -> bool {
        let late = end.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut);
        late && (LIMIT..LIMIT + TICK).contains(&after)
    }

    /// Takes nothing and comes to no end.
    struct Stuck;

    impl AsyncWrite for Stuck {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_every_answer_in_time_is_served_however_long_that_takes_together() {
        let (ours, mut theirs) = duplex(10);
        tokio::spawn(async move {
            let mut answer = [0; 100];
            loop {
                sleep(LIMIT * 9 / 10).await;
                theirs.read_exact(&mut answer).await.unwrap();
            }
        });
        let mut paced = Paced::new(ours, LIMIT);
        let start = Instant::now();
        for _ in 0..10 {
            paced.write_all(&[0; 100]).await.unwrap();
            paced.flush().await.unwrap();
        }
        assert!(start.elapsed() > 8 * LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_given_up_after_the_limit() {
        let (ours, _theirs) = duplex(10);
        let mut paced = Paced::new(ours, LIMIT);
        assert!(is_given_up(end(paced.write_all(&[0; 100])).await));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_next_to_nothing_is_given_up_after_the_limit() {
        let (ours, mut theirs) = duplex(10);
        tokio::spawn(async move {
            while theirs.read_u8().await.is_ok() {
                sleep(LIMIT / 10).await;
            }
        });
        let mut paced = Paced::new(ours, LIMIT);
        assert!(is_given_up(end(paced.write_all(&[0; 500])).await));
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_has_to_wait_is_given_up_after_the_limit() {
        let paced = || Paced::new(Stuck, LIMIT);
        assert!(is_given_up(end(paced().write(&[0])).await));
        assert!(is_given_up(
            end(paced().write_vectored(&[io::IoSlice::new(&[0])])).await
        ));
        assert!(is_given_up(end(paced().flush()).await));
        assert!(is_given_up(end(paced().shutdown()).await));
    }
}
