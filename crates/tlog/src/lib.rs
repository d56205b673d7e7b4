//! The log: what a relay keeps and a reader checks (`docs/spec/log.md`).
//!
//! RFC 6962 hashing over timed entries, C2SP checkpoints and cosignatures, proofs, receipts, the record that
//! creates a log, and [`Reader`], which holds a relay to one growing history. Pure; trusts nobody, least of all
//! the relay. Deliberately absent: storage, transport, and any idea of what an entry means.

mod append;
mod checkpoint;
mod close;
mod cosignature;
mod cosigning;
mod frontier;
mod hashing;
mod keys;
mod note;
mod page;
mod proof;
mod reader;
mod receipt;
mod record;
mod relay_keys;
mod rest;
mod tree;

pub use append::{append_message, sign_append, sign_trim, trim_message, verify_append, verify_trim};
pub use checkpoint::{BadCheckpoint, Checkpoint, CheckpointKey, Origin, SignedCheckpoint};
pub use close::CloseEntry;
pub use cosignature::Cosignature;
pub use cosigning::{CosigningKey, CosigningSecret, CosigningSignature};
pub use frontier::Frontier;
pub use hashing::{empty_root, leaf_hash, node_hash};
pub use keys::LogKeys;
pub use page::{Entry, Gone, Page};
pub use proof::{BadProof, verify_consistency, verify_inclusion};
pub use reader::{Breach, Evidence, Observed, Reader, Verified};
pub use receipt::{BadReceipt, Receipt};
pub use record::{BadRecord, CreateLog, Gate, LogKind, Previous, Slots};
pub use relay_keys::{RelayKeys, relay_id};
pub use rest::{frontier_at, rest, rest_subtrees};
pub use tree::{HashReader, MemoryTree, consistency_proof, inclusion_proof, subtree_root};

/// The longest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = 256 * 1024;
