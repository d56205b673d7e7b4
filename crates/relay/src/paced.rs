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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, sink};

    const LIMIT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn a_reader_that_takes_everything_is_served_however_much_it_is() {
        let (ours, mut theirs) = duplex(10);
        tokio::spawn(async move { tokio::io::copy(&mut theirs, &mut sink()).await });
        let mut paced = Paced::new(ours, LIMIT);
        for _ in 0..100 {
            paced.write_all(&[0; 100]).await.unwrap();
            paced.flush().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_or_next_to_nothing_is_given_up() {
        for trickles in [false, true] {
            let (ours, mut theirs) = duplex(10);
            tokio::spawn(async move {
                let mut pace = tokio::time::interval(LIMIT / 10);
                while trickles && theirs.read_u8().await.is_ok() {
                    pace.tick().await;
                }
                std::future::pending::<()>().await;
                drop(theirs);
            });
            let mut paced = Paced::new(ours, LIMIT);
            let late = paced.write_all(&[0; 10_000]).await.unwrap_err();
            assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        }
    }
}
