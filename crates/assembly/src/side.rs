//! Side logs: cosignatures and confirmations. Nothing in the fold depends on them.

use minicbor::{Decode, Encode};
use primitives::signed::{SignedError, Unverified};
use primitives::{
    AssemblyId, Hash, LogId, OpeningId, SeatNumber, Signed, SigningSecret, VerifyingKey, labels,
};
use tlog::{Cosignature, SignedCheckpoint};

/// An entry of a side log; signed by `device` under `labels::SIDE_RECORD`, sealed like a journal entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SideRecord {
    /// The assembly.
    #[n(0)]
    pub assembly: AssemblyId,
    /// The seat that speaks.
    #[n(1)]
    pub seat: SeatNumber,
    /// Its device that signs.
    #[n(2)]
    pub device: VerifyingKey,
    /// What it says.
    #[n(3)]
    pub body: SideBody,
}

/// What a side record says. Unknown kinds are skipped: nothing depends on them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum SideBody {
    /// A witness cosigned a checkpoint of the journal or of a box.
    #[n(0)]
    #[cbor(array)]
    Cosigned {
        /// Which log.
        #[n(0)]
        log: LogId,
        /// Its checkpoint: what the relay signed.
        #[n(1)]
        checkpoint: SignedCheckpoint,
        /// The cosignature on it.
        #[n(2)]
        cosignature: Cosignature,
    },
    /// A device computed this result.
    #[n(1)]
    #[cbor(array)]
    ResultConfirmed {
        /// Of which vote.
        #[n(0)]
        opening: OpeningId,
        /// The hash of its result.
        #[n(1)]
        hash: Hash,
    },
    /// A device has caught the relay in a lie. Never of a box that is open.
    #[n(2)]
    #[cbor(array)]
    Accused {
        /// About which log.
        #[n(0)]
        log: LogId,
        /// 0 two histories, 1 a receipt that was not kept, 2 times that decrease, 3 less than was signed, 4 entries that do not lead
        /// to the signed root.
        #[n(1)]
        kind: u8,
        /// What the relay had signed before, if that is part of it.
        #[n(2)]
        known: Option<SignedCheckpoint>,
        /// What it signed then.
        #[n(3)]
        shown: Option<SignedCheckpoint>,
    },
}

impl SideRecord {
    /// Signs with the device's key.
    #[must_use]
    pub fn sign(self, key: &SigningSecret) -> Signed<Self> {
        Signed::sign(labels::SIDE_RECORD, self, key)
    }

    /// Checks that the device named inside signed the record. Whether the device is the seat's is the caller's to check
    /// ([`crate::Assembly::has_device`]).
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn verify(record: Unverified) -> Result<Signed<Self>, SignedError> {
        let device = record.peek::<Self>()?.device;
        record.verify(labels::SIDE_RECORD, &device)
    }
}
