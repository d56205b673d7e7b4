//! Every limit of the interface, and what a relay announces at `/v1/limits`.

use minicbor::{Decode, Encode};
use primitives::Time;

/// The longest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = tlog::ENTRY_BYTES_MAX;
/// The longest blob, in bytes.
pub const BLOB_BYTES_MAX: usize = 1024 * 1024;
/// The most entry bytes in one page (a page always has at least one entry if there is one).
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// The most entries in one page.
pub const PAGE_ENTRIES_MAX: usize = 1024;
/// The longest roll of a gated log.
pub const ROLL_LEN_MAX: usize = 32_768;
/// The most bytes of a call or a reply in one [`crate::Piece`].
pub const PIECE_BYTES_MAX: usize = 6 * 1024;
/// The longest body of a call that carries neither entry, blob nor roll.
pub const SMALL_BODY_BYTES_MAX: usize = 2 * 1024;
/// What frames an entry or a blob in its call: ids, tokens, signatures.
pub const FRAME_BYTES_MAX: usize = 512;
/// The longest call that gives entries back: a page of them, their frames, a checkpoint and its rest.
pub const GIVE_BACK_BYTES_MAX: usize = PAGE_BYTES_MAX + 16 * PAGE_ENTRIES_MAX + 8 * 1024;
/// The longest body of any reply.
pub const REPLY_BYTES_MAX: usize = PAGE_BYTES_MAX + ENTRY_BYTES_MAX + 128 * 1024;
/// The most logs watched over one connection.
pub const WATCH_LOGS_MAX: usize = 256;

/// What a relay allows; announced, so that a client need not find out by being refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Limits {
    /// The relay's clock, for noticing one's own clock being wrong. Never trusted.
    #[n(0)]
    pub now: Time,
    /// The longest entry, in bytes.
    #[n(1)]
    pub entry_bytes_max: u32,
    /// The longest blob, in bytes.
    #[n(2)]
    pub blob_bytes_max: u32,
    /// The most entry bytes in one page.
    #[n(3)]
    pub page_bytes_max: u32,
    /// The longest roll of a gated log.
    #[n(4)]
    pub roll_len_max: u32,
    /// Appends to one ungated log in a burst.
    #[n(5)]
    pub append_burst: u32,
    /// Milliseconds after which one more append is allowed.
    #[n(6)]
    pub append_every_ms: u32,
    /// The most logs watched over one connection.
    #[n(7)]
    pub watch_logs_max: u32,
    /// Whether creating a log needs the token from the relay's address.
    #[n(8)]
    pub create_needs_token: bool,
}
