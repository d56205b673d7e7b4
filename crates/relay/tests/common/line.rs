//! A connection that speaks just enough HTTP to be no burden beside what is measured.

use super::wire::{Hello, connect_with};
use relay_api::{Call, RelayAddress, Reply};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// An open connection to a relay.
pub(crate) struct Line {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

impl Line {
    pub(crate) async fn open(address: &RelayAddress) -> Outcome<Self> {
        let stream = connect_with(address, Hello::default()).await?;
        stream.get_ref().0.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::new(),
        })
    }

    /// The bytes of a call, to be sent as they are.
    pub(crate) fn request(call: &Call) -> Vec<u8> {
        let request = call.to_http(None);
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            request.method.as_str(),
            request.path,
            request.body.len()
        );
        [head.into_bytes(), request.body].concat()
    }

    pub(crate) async fn call(&mut self, call: &Call) -> Outcome<Reply> {
        let (status, body) = self.exchange(&Self::request(call)).await?;
        Ok(Reply::from_http(status, &body)?)
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Outcome<(u16, Vec<u8>)> {
        self.send(request).await?;
        self.receive().await
    }

    pub(crate) async fn send(&mut self, request: &[u8]) -> Outcome<()> {
        self.stream.write_all(request).await?;
        Ok(self.stream.flush().await?)
    }

    pub(crate) async fn receive(&mut self) -> Outcome<(u16, Vec<u8>)> {
        loop {
            if let Some((status, head_len, body_len)) = parse(&self.read)
                && self.read.len() >= head_len + body_len
            {
                let body = self.read[head_len..head_len + body_len].to_vec();
                self.read.drain(..head_len + body_len);
                return Ok((status, body));
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err("the relay closed the connection".into());
            }
        }
    }
}

/// Status, length of the head and of the body of an answer whose head is there.
fn parse(read: &[u8]) -> Option<(u16, usize, usize)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&read[..end]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    Some((status, end + 4, len.map_or(Some(0), |len| len.parse().ok())?))
}
