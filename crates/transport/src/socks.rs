//! A SOCKS5 client: RFC 1928 with the username and password of RFC 1929, CONNECT only.
//!
//! ```text
//! us     05 02 02 00                        version 5, two methods: password, none
//! proxy  05 02  |  05 00
//! us     01 len username len password       only after 02
//! proxy  01 00
//! us     05 01 00 type address port
//! proxy  05 00 00 type address port
//! ```

use crate::carrier::Circuit;
use crate::error::TransportError;
use relay_api::HostPort;
use std::io;
use std::net::IpAddr;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

const VERSION: u8 = 5;
const PASSWORD: u8 = 2;
const NONE: u8 = 0;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Has the proxy behind `stream` connect to `target`. After it, the stream is the connection.
pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    target: &HostPort,
    circuit: &Circuit,
) -> Result<(), TransportError> {
    stream
        .write_all(&[VERSION, 2, PASSWORD, NONE])
        .await
        .map_err(broken)?;
    match read(stream).await? {
        [VERSION, PASSWORD] => authenticate(stream, circuit.username()).await?,
        [VERSION, NONE] => {}
        [VERSION, 0xff] => return Err(TransportError::ProxyRefused("it wants another way of logging in")),
        _ => return Err(not_socks()),
    }
    stream.write_all(&request(target)).await.map_err(broken)?;
    let [version, answer, _, kind] = read(stream).await?;
    if version != VERSION {
        return Err(not_socks());
    }
    refusal(answer)?;
    let rest = match kind {
        IPV4 => 4 + 2,
        IPV6 => 16 + 2,
        NAME => {
            let [len] = read(stream).await?;
            usize::from(len) + 2
        }
        _ => return Err(not_socks()),
    };
    stream.read_exact(&mut vec![0; rest]).await.map_err(broken)?;
    Ok(())
}

async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    username: &str,
) -> Result<(), TransportError> {
    let mut message = vec![1];
    push_short(&mut message, username.as_bytes());
    push_short(&mut message, b"veche");
    stream.write_all(&message).await.map_err(broken)?;
    let [_, status] = read(stream).await?;
    if status == 0 {
        Ok(())
    } else {
        Err(TransportError::ProxyRefused("it refused the login"))
    }
}

fn request(target: &HostPort) -> Vec<u8> {
    let mut message = vec![VERSION, 1, 0];
    match target.host.parse() {
        Ok(IpAddr::V4(v4)) => {
            message.push(IPV4);
            message.extend_from_slice(&v4.octets());
        }
        Ok(IpAddr::V6(v6)) => {
            message.push(IPV6);
            message.extend_from_slice(&v6.octets());
        }
        Err(_) => {
            message.push(NAME);
            push_short(&mut message, target.host.as_bytes());
        }
    }
    message.extend_from_slice(&target.port.to_be_bytes());
    message
}

/// A length byte, then at most 255 bytes.
fn push_short(message: &mut Vec<u8>, bytes: &[u8]) {
    let len = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    message.push(len);
    message.extend(bytes.iter().take(usize::from(len)));
}

fn refusal(answer: u8) -> Result<(), TransportError> {
    Err(TransportError::ProxyRefused(match answer {
        0 => return Ok(()),
        2 => "its rules do not allow it",
        3 => "the network cannot be reached",
        4 => "the host cannot be reached",
        5 => "the connection was refused",
        6 => "the connection took too long",
        7 | 8 => "it does not know how",
        _ => "it failed without saying why",
    }))
}

async fn read<S: AsyncRead + Unpin, const N: usize>(stream: &mut S) -> Result<[u8; N], TransportError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(broken)?;
    Ok(bytes)
}

fn broken(error: io::Error) -> TransportError {
    TransportError::Proxy(error.to_string())
}

fn not_socks() -> TransportError {
    TransportError::Proxy("it does not speak SOCKS5".into())
}
