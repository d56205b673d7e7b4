//! Exchanges in pieces.
//!
//! A call that would not fit through a network that freezes connections after some kilobytes is sent as pieces of its
//! CBOR bytes, each over a connection of its own if need be, and its reply is fetched the same way. The relay keeps
//! both for a short while under a random name that the client has drawn. Nothing is lost if it forgets them: calls
//! can be repeated.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

/// One piece up, and one piece down.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Piece {
    /// 16 random bytes that name the exchange; whoever knows them can read the reply.
    #[n(0)]
    pub exchange: ByteArray<16>,
    /// How many bytes the whole call has.
    #[n(1)]
    pub call_len: u32,
    /// Where these bytes belong; at most what the relay has received so far.
    #[n(2)]
    pub offset: u32,
    /// At most [`crate::limits::PIECE_BYTES_MAX`] bytes of the call; none when only the reply is fetched.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// From which byte of the reply to answer, once there is one.
    #[n(4)]
    pub reply_offset: u32,
}

/// The answer to a [`Piece`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PieceReply {
    /// How many bytes of the call the relay has: where to go on. 0 if it has forgotten the exchange.
    #[n(0)]
    pub received: u32,
    /// A part of the reply, once the call is complete and answered.
    #[n(1)]
    pub reply: Option<ReplyPart>,
}

/// A part of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReplyPart {
    /// How many bytes the whole reply has.
    #[n(0)]
    pub reply_len: u32,
    /// At most [`crate::limits::PIECE_BYTES_MAX`] bytes of it (the CBOR of a [`crate::Reply`]), from the offset asked for.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}
