//! The watch: one WebSocket, many logs, binary messages in CBOR.

use crate::call::ReadToken;
use crate::problem::Problem;
use minicbor::{Decode, Encode};
use primitives::LogId;
use tlog::Page;

/// From the client: push this log's entries from here on. Asking again for the same log moves the position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct WatchRequest {
    /// Which log.
    #[n(0)]
    pub log: LogId,
    /// The right to read it.
    #[n(1)]
    pub token: ReadToken,
    /// The index of the first entry that is wanted.
    #[n(2)]
    pub from: u64,
}

/// From the relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Pushed {
    /// Entries; never empty, and each page begins where the one before ended.
    #[n(0)]
    Page {
        /// Of which log.
        #[n(0)]
        log: LogId,
        /// The page.
        #[n(1)]
        page: Page,
    },
    /// The log will not be watched.
    #[n(1)]
    Refused {
        /// Which log.
        #[n(0)]
        log: LogId,
        /// Why.
        #[n(1)]
        problem: Problem,
    },
}
