//! A forger without secret keys: alters a vote in a real audit file and recomputes everything that can be recomputed.

use ballot::BallotIn;
use primitives::signed::Unverified;
use primitives::{Hash, decode_canonical, encode};
use tlog::{Frontier, SignedCheckpoint, leaf_hash};

use crate::audit::{AuditFile, AuditLog};

/// What a forger alters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// The sealed choice of the first ballot of the first box.
    SealedChoice,
    /// The first named vote of the journal.
    RollCallVote,
}

/// Alters one vote in a valid audit file: the choice itself, then every leaf hash, root and checkpoint text over it, so that no
/// checksum gives the forgery away. What needs a secret key (signatures, proofs) stays as it was.
///
/// `None` if the file holds no such vote.
#[must_use]
pub fn tamper(bytes: &[u8], what: Tamper) -> Option<Vec<u8>> {
    let mut file = AuditFile::parse(bytes).ok()?;
    match what {
        Tamper::SealedChoice => alter_ballot(&mut file)?,
        Tamper::RollCallVote => alter_named_vote(&mut file)?,
    }
    Some(file.to_bytes())
}

/// Flips the last bit of a sealed choice. The box's checkpoint stands in the journal, so its text is rewritten there, and
/// everything over that in turn.
fn alter_ballot(file: &mut AuditFile) -> Option<()> {
    let altered = file.boxes.first_mut()?;
    let before = root(
        altered
            .entries
            .iter()
            .map(|entry| leaf_hash(entry.time, &entry.bytes)),
    );
    let entry = altered.entries.first_mut()?;
    let ballot = BallotIn::decode(&entry.bytes).ok()?;
    let mut sealed = ballot.sealed().to_vec();
    *sealed.last_mut()? ^= 1;
    entry.bytes = replace(&entry.bytes, ballot.sealed(), &sealed)?;
    let after = root(
        altered
            .entries
            .iter()
            .map(|entry| leaf_hash(entry.time, &entry.bytes)),
    );
    rewrite_statement(file, |body| {
        replace(body, base64(&before).as_bytes(), base64(&after).as_bytes())
    })
}

/// `RollCallVote` is `[16, [motion, vote]]`: its last byte is the vote.
fn alter_named_vote(file: &mut AuditFile) -> Option<()> {
    rewrite_statement(file, |statement| {
        let start = statement
            .windows(5)
            .position(|window| window == [0x82, 0x10, 0x82, 0x58, 0x20])?;
        let mut altered = statement.to_vec();
        let choice = altered.get_mut(start.checked_add(38)?)?;
        *choice = *choice % 3 + 1;
        Some(altered)
    })
}

/// Rewrites the first statement for which `alter` has something to write, and the checkpoint over its log.
fn rewrite_statement(file: &mut AuditFile, alter: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<()> {
    for log in &mut file.logs {
        let before = root(
            log.entries
                .iter()
                .map(|entry| leaf_hash(entry.time, &entry.bytes)),
        );
        let rewritten = log.entries.iter_mut().any(|entry| {
            let Some(bytes) = reseal(entry, &alter) else {
                return false;
            };
            entry.bytes = bytes;
            true
        });
        if rewritten {
            return rewrite_checkpoint(log, &before);
        }
    }
    None
}

fn reseal(entry: &crate::audit::AuditEntry, alter: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let sealed = crate::entry::SealedEntry::parse(&entry.bytes).ok()?;
    let key = crate::entry::EntryKey::from_bytes(entry.key?.into());
    let statement: Unverified = decode_canonical(&sealed.open(&key).ok()?).ok()?;
    // The signature is the last 64 bytes of the encoding and stays what it was.
    let encoded = encode(&statement);
    let signature: [u8; 64] = encoded.last_chunk::<64>().copied()?;
    let altered = alter(statement.bytes())?;
    Some(
        sealed
            .with_main(&key, &encode(&Unverified::new(altered, signature)))?
            .to_bytes(),
    )
}

fn rewrite_checkpoint(log: &mut AuditLog, before: &Hash) -> Option<()> {
    let after = root(
        log.entries
            .iter()
            .map(|entry| leaf_hash(entry.time, &entry.bytes)),
    );
    let text = log.checkpoint.as_str().replace(&base64(before), &base64(&after));
    log.checkpoint = SignedCheckpoint::new(text);
    Some(())
}

fn root(leaves: impl Iterator<Item = Hash>) -> Hash {
    let mut frontier = Frontier::new();
    leaves.for_each(|leaf| frontier.push(leaf));
    frontier.root()
}

fn base64(hash: &Hash) -> String {
    data_encoding::BASE64.encode(hash.as_bytes())
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    let at = bytes.windows(from.len()).position(|window| window == from)?;
    let (head, rest) = bytes.split_at(at);
    Some([head, to, rest.get(from.len()..)?].concat())
}
