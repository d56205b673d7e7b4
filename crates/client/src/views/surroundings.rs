//! The way to the relay, and what goes wrong there.

use super::{AssemblyView, NewDeviceView};
use serde::{Deserialize, Serialize};

view! {
    /// The first thing every screen needs.
    pub struct Overview {
        /// The assembly, if this vault belongs to one.
        pub assembly: Option<AssemblyView>,
        /// How the relay is reached right now.
        pub connection: ConnectionView,
        /// Bytes in the outbox that no relay has confirmed yet, counted in entries.
        pub outbox_entries: u32,
        /// Lies and breaches with proof, newest first.
        pub evidence: Vec<EvidenceView>,
        /// The last complaint of the machine about itself or its surroundings, for a quiet line.
        pub notice: Option<NoticeCode>,
        /// Devices that have come to one's own seat, until [`AcknowledgeDevice`](crate::requests::Request::AcknowledgeDevice):
        /// whoever knows nothing of one has somebody else in their place.
        pub new_devices: Vec<NewDeviceView>,
        /// Whether its user is told that something has happened.
        pub notices: bool,
    }
}

view! {
    /// State of the way to the relay.
    pub struct ConnectionView {
        /// What it is doing.
        pub state: ConnectionState,
        /// Which way it goes.
        pub carrier: Carrier,
        /// How far the local clock is from the relay's, when it matters (more than a minute).
        pub clock_skew_ms: Option<i64>,
    }
}

view! {
    /// State of the way to the relay.
    #[derive(Default)]
    pub enum ConnectionState {
        /// Nothing to reach yet.
        #[default]
        Idle,
        /// Trying.
        Connecting,
        /// Reached.
        Online,
        /// Not reached; trying again by itself.
        Offline,
        /// Something answers there, and it is not the relay that the address names.
        WrongRelay,
    }
}

/// A way to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Carrier {
    /// A TCP connection of our own.
    Direct,
    /// Through a SOCKS5 proxy (a local Tor or another circumvention tool).
    Socks5 {
        /// `host:port` of the proxy.
        address: String,
    },
}

impl Carrier {
    /// The proxy's address, if it goes through one.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        match self {
            Self::Direct => None,
            Self::Socks5 { address } => Some(address.clone()),
        }
    }

    /// The way through a proxy, or the direct one.
    #[must_use]
    pub fn through(proxy: Option<String>) -> Self {
        match proxy {
            Some(address) => Self::Socks5 { address },
            None => Self::Direct,
        }
    }
}

view! {
    /// A lie or breach that this device can prove.
    pub struct EvidenceView {
        /// What it shows.
        pub kind: EvidenceKind,
        /// Which log.
        pub log: String,
        /// When this device noticed.
        pub noticed: u64,
        /// The details, for one click deeper.
        pub details: String,
        /// Seat of the member who says so, if this device cannot prove it itself.
        pub by: Option<u32>,
    }
}

view! {
    /// What evidence shows.
    pub enum EvidenceKind {
        /// Two checkpoints of one log that contradict each other.
        Fork,
        /// A receipt was given and the entry is not there.
        DroppedReceipt,
        /// Times go backwards.
        TimesDecrease,
        /// The relay shows less than it had shown.
        Shrunk,
        /// Entries do not match the checkpoint that came with them.
        WrongRoot,
    }
}

view! {
    /// A quiet line about the machine's surroundings.
    pub enum NoticeCode {
        /// The relay answered something that is not its protocol.
        RelayAnswersNonsense,
        /// The relay has no space left.
        RelayFull,
        /// The relay was set back to an older state, and takes back from members what it has lost.
        RelayRestored,
        /// A statement of a newer version stands in the journal: update needed.
        UpdateNeeded,
        /// The journal's key has not arrived yet.
        JournalKeyMissing,
        /// The conversation cannot be followed and needs a resync.
        ResyncNeeded,
        /// The vault was put back to an older state.
        VaultRolledBack,
        /// The local clock is far from the relay's.
        ClockWrong,
        /// Something failed inside; nothing of it remains, and it is tried again.
        StepFailed,
    }
}
