//! The logs that derive from a journal key: the journal's own, side logs, boxes.

use minicbor::bytes::ByteArray;
use primitives::{MotionId, OpeningId, Secret, encode, labels};
use tlog::{CreateLog, LogKeys, LogKind};

use crate::statement::BoxKeys;

/// Keys of the journal's log under this journal key.
#[must_use]
pub fn journal_log(journal_key: &Secret<32>) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, b"journal")
}

/// The creation record of the journal's first log.
#[must_use]
pub fn journal_record(journal_key: &Secret<32>) -> CreateLog {
    journal_log(journal_key).record(LogKind::Record)
}

/// Keys of the witnesses' side log.
#[must_use]
pub fn witness_log(journal_key: &Secret<32>) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, b"witness")
}

/// Keys of the side log of one vote.
#[must_use]
pub fn vote_log(journal_key: &Secret<32>, opening: OpeningId) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, &encode(&("vote", opening)))
}

/// Keys of a motion's box: by motion, which opens once, and not by opening, whose id depends on them.
#[must_use]
pub fn box_log(journal_key: &Secret<32>, motion: MotionId) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, &encode(&("box", motion)))
}

/// What `MotionOpened` states of a box's keys.
#[must_use]
pub fn box_keys(journal_key_number: u32, journal_key: &Secret<32>, motion: MotionId) -> BoxKeys {
    let keys = box_log(journal_key, motion);
    BoxKeys {
        journal_key: journal_key_number,
        append_key: keys.append.verifying_key(),
        read_token_hash: keys.read_token_hash(),
        nonce: ByteArray::from(keys.nonce),
    }
}
