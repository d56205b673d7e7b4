//! What clients and relay say to each other (`docs/spec/relay.md`): calls, replies, problems, limits, addresses,
//! and how each of them looks in HTTP.
//!
//! Pure; trusts nobody: everything received is decoded canonically and within limits. Deliberately absent:
//! sockets, TLS and retries.

mod address;
mod call;
mod http;
pub mod limits;
mod piece;
mod problem;
mod reply;
mod standing;
mod watch;

pub use address::{BadAddress, CreateToken, HostPort, RelayAddress};
pub use call::{Call, ReadToken};
pub use http::{HttpReply, HttpRequest, Method, WATCH_PATH};
pub use limits::Limits;
pub use piece::{Piece, PieceReply, ReplyPart};
pub use problem::{Problem, ProblemKind};
pub use reply::Reply;
pub use standing::Standing;
pub use tlog::{
    Entry, Gone, Page, RelayKeys, SignedCheckpoint, relay_id, sign_append, sign_trim, verify_append,
    verify_trim,
};
pub use watch::{Pushed, WatchRequest};
