//! How calls and replies look in HTTP/1.1.
//!
//! ```text
//! POST /v1/append                     GET /v1/keys, GET /v1/limits (empty body)
//! content-type: application/cbor
//! [authorization: Bearer <create token>]
//!
//! CBOR of the Call                    200, 202, or the problem's status: CBOR of the Reply
//! ```

use crate::address::CreateToken;
use crate::call::Call;
use crate::limits::{
    BLOB_BYTES_MAX, ENTRY_BYTES_MAX, FRAME_BYTES_MAX, GIVE_BACK_BYTES_MAX, PIECE_BYTES_MAX, REPLY_BYTES_MAX,
    ROLL_LEN_MAX, SMALL_BODY_BYTES_MAX,
};
use crate::problem::{Problem, ProblemKind};
use crate::reply::Reply;
use primitives::canonical::decode_canonical_max;
use primitives::{Malformed, encode};

/// Where the WebSocket of the watch is.
pub const WATCH_PATH: &str = "/v1/watch";

const CBOR: &str = "application/cbor";
const PROBLEM: &str = "application/problem+cbor";

/// The two methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Without a body.
    Get,
    /// With a body.
    Post,
}

impl Method {
    /// As it stands in the request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// Header fields besides `host` and `content-length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A response, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The status code.
    pub status: u16,
    /// The value of `content-type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// Every endpoint: path, method, longest body.
const ENDPOINTS: &[(&str, Method, usize)] = &[
    ("/v1/create", Method::Post, ROLL_LEN_MAX * 34 + FRAME_BYTES_MAX),
    ("/v1/append", Method::Post, ENTRY_BYTES_MAX + FRAME_BYTES_MAX),
    ("/v1/read", Method::Post, SMALL_BODY_BYTES_MAX),
    ("/v1/consistency", Method::Post, SMALL_BODY_BYTES_MAX),
    ("/v1/blob/put", Method::Post, BLOB_BYTES_MAX + FRAME_BYTES_MAX),
    ("/v1/blob/get", Method::Post, SMALL_BODY_BYTES_MAX),
    ("/v1/keys", Method::Get, 0),
    ("/v1/limits", Method::Get, 0),
    ("/v1/piece", Method::Post, PIECE_BYTES_MAX + FRAME_BYTES_MAX),
    ("/v1/trim", Method::Post, SMALL_BODY_BYTES_MAX),
    ("/v1/show", Method::Post, SMALL_BODY_BYTES_MAX),
    ("/v1/give-back", Method::Post, GIVE_BACK_BYTES_MAX),
];

/// The longest call that can be sent in pieces.
const CALL_BYTES_MAX: usize = ROLL_LEN_MAX * 34 + FRAME_BYTES_MAX;

impl Call {
    /// The path of the call's endpoint.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Create { .. } => "/v1/create",
            Self::Append { .. } => "/v1/append",
            Self::Read { .. } => "/v1/read",
            Self::Consistency { .. } => "/v1/consistency",
            Self::PutBlob { .. } => "/v1/blob/put",
            Self::GetBlob { .. } => "/v1/blob/get",
            Self::Keys => "/v1/keys",
            Self::Limits => "/v1/limits",
            Self::Piece(_) => "/v1/piece",
            Self::Show { .. } => "/v1/show",
            Self::Trim { .. } => "/v1/trim",
            Self::GiveBack { .. } => "/v1/give-back",
        }
    }

    /// The request that makes this call. The token of the relay's address goes with what may create a log.
    #[must_use]
    pub fn to_http(&self, token: Option<&CreateToken>) -> HttpRequest {
        if matches!(self, Self::Keys | Self::Limits) {
            return HttpRequest {
                method: Method::Get,
                path: self.path(),
                headers: Vec::new(),
                body: Vec::new(),
            };
        }
        let mut headers = vec![("content-type", CBOR.to_owned())];
        if let (Self::Create { .. } | Self::Piece(_), Some(token)) = (self, token) {
            headers.push(("authorization", format!("Bearer {}", token.as_str())));
        }
        HttpRequest {
            method: Method::Post,
            path: self.path(),
            headers,
            body: encode(self),
        }
    }

    /// How long a body this endpoint takes; asked before the body is read.
    ///
    /// # Errors
    /// [`ProblemKind::NoSuchEndpoint`].
    pub fn body_bytes_max(method: &str, path: &str) -> Result<usize, Problem> {
        let endpoint = ENDPOINTS
            .iter()
            .find(|(p, m, _)| *p == path && m.as_str() == method);
        endpoint
            .map(|(_, _, max)| *max)
            .ok_or_else(|| ProblemKind::NoSuchEndpoint.into())
    }

    /// The call of a received request.
    ///
    /// # Errors
    /// [`ProblemKind::NoSuchEndpoint`], [`ProblemKind::TooLarge`] or [`ProblemKind::Malformed`].
    pub fn from_http(method: &str, path: &str, body: &[u8]) -> Result<Self, Problem> {
        let max = Self::body_bytes_max(method, path)?;
        let call = match path {
            "/v1/keys" if body.is_empty() => Self::Keys,
            "/v1/limits" if body.is_empty() => Self::Limits,
            _ => decode_canonical_max::<Self>(body, max).map_err(refusal)?,
        };
        if call.path() == path {
            Ok(call)
        } else {
            Err(ProblemKind::Malformed.into())
        }
    }

    /// The call whose bytes have arrived in pieces; pieces do not nest.
    ///
    /// # Errors
    /// [`ProblemKind::TooLarge`] or [`ProblemKind::Malformed`].
    pub fn from_pieces(bytes: &[u8]) -> Result<Self, Problem> {
        let call: Self = decode_canonical_max(bytes, CALL_BYTES_MAX).map_err(refusal)?;
        let (_, _, max) = ENDPOINTS
            .iter()
            .find(|(path, ..)| *path == call.path())
            .ok_or(ProblemKind::Malformed)?;
        match call {
            Self::Piece(_) => Err(ProblemKind::Malformed.into()),
            Self::Keys | Self::Limits => Ok(call),
            _ if bytes.len() > *max => Err(ProblemKind::TooLarge.into()),
            _ => Ok(call),
        }
    }
}

impl Reply {
    /// The status of this reply.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Pending { .. } => 202,
            Self::Problem(problem) => problem.kind.status(),
            _ => 200,
        }
    }

    /// The response that gives this reply.
    #[must_use]
    pub fn to_http(&self) -> HttpReply {
        let content_type = if matches!(self, Self::Problem(_)) {
            PROBLEM
        } else {
            CBOR
        };
        HttpReply {
            status: self.status(),
            content_type,
            body: encode(self),
        }
    }

    /// The reply of a received response. The body is read no further than
    /// [`REPLY_BYTES_MAX`].
    ///
    /// # Errors
    /// [`Malformed`] if it is not the answer of a relay that speaks this version.
    pub fn from_http(status: u16, body: &[u8]) -> Result<Self, Malformed> {
        let reply: Self = decode_canonical_max(body, REPLY_BYTES_MAX)?;
        if reply.status() == status {
            Ok(reply)
        } else {
            Err(Malformed::OutOfRange("the status is not the reply's"))
        }
    }
}

fn refusal(error: Malformed) -> Problem {
    match error {
        Malformed::TooLong { .. } => ProblemKind::TooLarge.into(),
        other => Problem::detailed(
            ProblemKind::Malformed,
            format!("The request is not well-formed: {other}."),
        ),
    }
}
