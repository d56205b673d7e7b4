//! Receipts: the proof that an entry is in a log.

use crate::checkpoint::{BadCheckpoint, Checkpoint, CheckpointKey, SignedCheckpoint};
use crate::hashing::leaf_hash;
use crate::proof::verify_inclusion;
use minicbor::{Decode, Encode};
use primitives::{Hash, LogId, Time};

/// What a relay answers to an append: where the entry is, and the proof.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Receipt {
    /// The entry's index.
    #[n(0)]
    pub index: u64,
    /// The time it was stamped with.
    #[n(1)]
    pub time: Time,
    /// A checkpoint of size > index.
    #[n(2)]
    pub checkpoint: SignedCheckpoint,
    /// Inclusion proof of the entry in the checkpoint's tree.
    #[n(3)]
    pub path: Vec<Hash>,
}

impl Receipt {
    /// Verifies (LOG-01, LOG-02, LOG-09) that `entry` is in `log` at [`Receipt::index`], and gives out the checkpoint.
    ///
    /// # Errors
    /// [`BadReceipt`].
    pub fn verify(&self, log: LogId, entry: &[u8], key: &CheckpointKey) -> Result<Checkpoint, BadReceipt> {
        let checkpoint = self.checkpoint.open(key)?;
        if checkpoint.origin.log != log {
            return Err(BadReceipt::WrongLog);
        }
        let leaf = leaf_hash(self.time, entry);
        verify_inclusion(leaf, self.index, checkpoint.size, &checkpoint.root, &self.path)
            .map_err(|_| BadReceipt::NotIncluded)?;
        Ok(checkpoint)
    }
}

/// Why a receipt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadReceipt {
    /// Its checkpoint is not the relay's.
    #[error(transparent)]
    Checkpoint(#[from] BadCheckpoint),
    /// Its checkpoint is of another log.
    #[error("LOG-02: the receipt is for another log")]
    WrongLog,
    /// The proof does not lead from the entry to the checkpoint's root.
    #[error("LOG-09: the receipt does not prove that the entry is in the log")]
    NotIncluded,
}
