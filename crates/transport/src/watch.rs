//! The watch: pages of many logs as they grow, over one WebSocket.

use crate::connect::{Timeouts, Wire};
use crate::error::TransportError;
use futures_util::{SinkExt as _, StreamExt as _};
use primitives::canonical::decode_canonical_max;
use primitives::{LogId, encode};
use relay_api::limits::REPLY_BYTES_MAX;
use relay_api::{HostPort, Pushed, ReadToken, WATCH_PATH, WatchRequest};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// An open watch. Dropping it ends it.
#[derive(Debug)]
pub struct Watch {
    socket: WebSocketStream<Wire>,
    timeouts: Timeouts,
}

impl Watch {
    pub(crate) async fn over(
        wire: Wire,
        host: &HostPort,
        timeouts: Timeouts,
    ) -> Result<Self, TransportError> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(REPLY_BYTES_MAX))
            .max_frame_size(Some(REPLY_BYTES_MAX));
        let request = format!("ws://{host}{WATCH_PATH}");
        let upgrade = timeout(
            timeouts.answer,
            client_async_with_config(request, wire, Some(config)),
        )
        .await;
        let upgrade = upgrade.map_err(|_| TransportError::Timeout("starting the watch"))?;
        let (socket, _) = upgrade.map_err(failed)?;
        Ok(Self { socket, timeouts })
    }

    /// Asks for the entries of `log` from index `from` on. Again for the same log: from there.
    ///
    /// # Errors
    /// [`TransportError`]; the watch is of no more use then.
    pub async fn add(&mut self, log: LogId, token: ReadToken, from: u64) -> Result<(), TransportError> {
        let request = encode(&WatchRequest { log, token, from });
        self.send(Message::Binary(Bytes::from(request))).await
    }

    /// The next page of any of the logs, or the refusal of one. Waits as long as the relay shows signs of life;
    /// giving up waiting (in a `select!`) loses nothing.
    ///
    /// # Errors
    /// [`TransportError`]; the watch is of no more use then.
    pub async fn next(&mut self) -> Result<Pushed, TransportError> {
        let mut asked = false;
        loop {
            let message = match timeout(self.timeouts.silence, self.socket.next()).await {
                Ok(None) => return Err(TransportError::Closed),
                Ok(Some(message)) => message.map_err(failed)?,
                Err(_) if asked => return Err(TransportError::Timeout("watching")),
                Err(_) => {
                    self.send(Message::Ping(Bytes::new())).await?;
                    asked = true;
                    continue;
                }
            };
            asked = false;
            match message {
                Message::Binary(bytes) => {
                    return decode_canonical_max(&bytes, REPLY_BYTES_MAX)
                        .map_err(|error| TransportError::Nonsense(error.to_string()));
                }
                Message::Close(_) => return Err(TransportError::Closed),
                Message::Text(_) => return Err(TransportError::Nonsense("a text in the watch".into())),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), TransportError> {
        let sent = timeout(self.timeouts.stall, self.socket.send(message)).await;
        sent.map_err(|_| TransportError::Timeout("watching"))?
            .map_err(failed)
    }
}

fn failed(error: Error) -> TransportError {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_) | Error::Protocol(_) => {
            TransportError::Closed
        }
        other => TransportError::Nonsense(other.to_string()),
    }
}
