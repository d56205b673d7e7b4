//! A session: calls over one connection, one after the other.

use crate::connect::{Timeouts, Wire};
use crate::error::TransportError;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use primitives::RelayId;
use relay_api::limits::REPLY_BYTES_MAX;
use relay_api::{Call, CreateToken, HostPort, RelayAddress, RelayKeys, Reply};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// An open connection for calls. Dropping it closes the connection.
#[derive(Debug)]
pub struct Session {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    host: String,
    relay: RelayId,
    token: Option<CreateToken>,
    timeouts: Timeouts,
}

impl Session {
    pub(crate) async fn over(
        wire: Wire,
        host: &HostPort,
        address: &RelayAddress,
        timeouts: Timeouts,
    ) -> Result<Self, TransportError> {
        let (sender, connection) = handshake(TokioIo::new(wire)).await.map_err(failed)?;
        // How the connection ended shows in the call that it ended under.
        let driver = tokio::spawn(async { drop(connection.await) });
        Ok(Self {
            sender,
            driver,
            host: host.to_string(),
            relay: address.relay,
            token: address.token.clone(),
            timeouts,
        })
    }

    /// Makes one call. After an error other than [`TransportError::Problem`] the session is of no more use.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn call(&mut self, call: &Call) -> Result<Reply, TransportError> {
        let answer = timeout(self.timeouts.answer, self.send(call)).await;
        let answer = answer.map_err(|_| TransportError::Timeout("waiting for the relay's answer"))??;
        let status = answer.status().as_u16();
        let body = self.read(answer.into_body()).await?;
        let reply =
            Reply::from_http(status, &body).map_err(|error| TransportError::Nonsense(error.to_string()))?;
        match reply {
            Reply::Problem(problem) => Err(TransportError::Problem(problem)),
            reply if answers(call, &reply) => Ok(reply),
            _ => Err(TransportError::Nonsense("the answer to another question".into())),
        }
    }

    /// The relay's keys, verified to be certified by the identity key that the address names.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn keys(&mut self) -> Result<RelayKeys, TransportError> {
        match self.call(&Call::Keys).await? {
            Reply::Keys(signed) => RelayKeys::verify(signed, self.relay)
                .map_err(|error| TransportError::Nonsense(format!("its keys: {error}"))),
            _ => Err(TransportError::Nonsense("the answer to another question".into())),
        }
    }

    /// Whether it can take another call, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    async fn send(&mut self, call: &Call) -> Result<hyper::Response<Incoming>, TransportError> {
        let http = call.to_http(self.token.as_ref());
        let mut request = Request::builder()
            .method(http.method.as_str())
            .uri(http.path)
            .header("host", &self.host);
        for (name, value) in http.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(http.body)))
            .map_err(|error| TransportError::Nonsense(error.to_string()))?;
        self.sender.ready().await.map_err(failed)?;
        self.sender.send_request(request).await.map_err(failed)
    }

    /// Reads a body frame by frame: no longer than any reply is, and no frame later than the stall timeout.
    async fn read(&self, mut body: Incoming) -> Result<Vec<u8>, TransportError> {
        let mut bytes = Vec::new();
        loop {
            let frame = timeout(self.timeouts.stall, body.frame()).await;
            let frame = frame.map_err(|_| TransportError::Timeout("reading the relay's answer"))?;
            let Some(frame) = frame.transpose().map_err(failed)? else {
                return Ok(bytes);
            };
            if let Some(data) = frame.data_ref() {
                if bytes.len().saturating_add(data.len()) > REPLY_BYTES_MAX {
                    return Err(TransportError::Nonsense("longer than any answer is".into()));
                }
                bytes.extend_from_slice(data);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Whether `reply` is of the kind that `call` asks for.
const fn answers(call: &Call, reply: &Reply) -> bool {
    matches!(
        (call, reply),
        (Call::Create { .. }, Reply::Created { .. })
            | (Call::Append { .. }, Reply::Appended(_) | Reply::Pending { .. })
            | (Call::Read { .. }, Reply::Page(_))
            | (Call::Consistency { .. }, Reply::Consistency { .. })
            | (Call::PutBlob { .. }, Reply::BlobStored { .. })
            | (Call::GetBlob { .. }, Reply::Blob { .. })
            | (Call::Trim { .. }, Reply::Trimmed { .. })
            | (Call::Keys, Reply::Keys(_))
            | (Call::Limits, Reply::Limits(_))
            | (Call::Piece(_), Reply::Piece(_))
            | (Call::Show { .. } | Call::GiveBack { .. }, Reply::Standing(_))
    )
}

fn failed(error: hyper::Error) -> TransportError {
    if error.is_parse() {
        TransportError::Nonsense(error.to_string())
    } else {
        TransportError::Closed
    }
}
