//! A relay gone bad: it has the true keys and answers whatever it likes.

use relay::identity::Identity;
use relay::tls::server_config;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How it answers every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Bytes that are no HTTP.
    NoHttp,
    /// A body that is no reply.
    Garbage,
    /// A page for people, as a hotel's network shows.
    Html,
    /// A body of a gibibyte, from the first byte on.
    Oversized,
    /// Half of what it announced, and then the end.
    Truncated,
    /// Hangs up in the middle of the call.
    Cuts,
    /// Listens for ever.
    Silent,
}

/// It runs until it is dropped.
pub(crate) struct Wicked {
    runtime: Option<Runtime>,
}

impl Wicked {
    /// Takes the place of the relay that kept its keys below `folder` and listened on `port`.
    pub(crate) fn start(folder: &Path, port: u16, manners: Manners) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let identity = Identity::load_or_create(&folder.join("relay")).unwrap();
        let acceptor = TlsAcceptor::from(server_config(&identity).unwrap());
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", port))).unwrap();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(wire) = acceptor.accept(stream).await {
                        // Whoever is treated so may hang up first.
                        let _ = misbehave(wire, manners).await;
                    }
                });
            }
        });
        Self {
            runtime: Some(runtime),
        }
    }
}

impl Drop for Wicked {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

async fn misbehave(mut wire: TlsStream<TcpStream>, manners: Manners) -> std::io::Result<()> {
    let mut request = [0; 4096];
    loop {
        if wire.read(&mut request).await? == 0 {
            return Ok(());
        }
        match manners {
            Manners::NoHttp => wire.write_all(b"220 mail.example ESMTP\r\n\r\n").await?,
            Manners::Garbage => {
                wire.write_all(&answer("application/cbor", &[0xff; 300], 300))
                    .await?
            }
            Manners::Html => wire.write_all(&answer("text/html", b"<html>Log in", 12)).await?,
            Manners::Oversized => {
                wire.write_all(&answer("application/cbor", b"", 1 << 30)).await?;
                loop {
                    wire.write_all(&[0x80; 16 * 1024]).await?;
                }
            }
            Manners::Truncated => {
                wire.write_all(&answer("application/cbor", &[0x82; 100], 200))
                    .await?;
                return wire.shutdown().await;
            }
            Manners::Cuts => return Ok(()),
            Manners::Silent => {}
        }
        wire.flush().await?;
    }
}

fn answer(content_type: &str, body: &[u8], announced: u64) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {announced}\r\n\r\n");
    [head.as_bytes(), body].concat()
}
