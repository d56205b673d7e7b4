//! Pieces of what is larger than one entry of an invitation's log (a Welcome): uploaded before the entry that names them,
//! fetched before it is read. What goes to a conversation is cut into entries of its log instead (MSG-17).

use crate::effects::{CallError, Effect};
use crate::outbox::lane_of;
use crate::state::{Content, OutboxItem};
use crate::step::{Step, StepError, Turn};
use crate::tables;
use crate::volatile::Expected;
use messaging::{PieceList, Wrapped};
use primitives::LogId;
use relay_api::{Call, ReadToken, Reply};

/// Wait after a piece could not be had; doubles.
const PIECE_RETRY_MS: u64 = 2_000;

/// A piece that could not be had so often, within some two minutes, is nowhere.
const NOWHERE: u32 = 6;

impl Step<'_> {
    /// Posts an entry and the pieces that it names; the pieces go first.
    pub(crate) fn post_wrapped(
        &mut self,
        log: LogId,
        wrapped: Wrapped,
        content: Content,
        turn: Option<Turn>,
    ) {
        let item = self.post(log, wrapped.entry, content, self.now, turn);
        for piece in wrapped.pieces {
            self.store
                .put(tables::PIECES, *piece.hash.as_bytes(), piece.bytes);
            if let Some(record) = self.state.outbox.get_mut(&item) {
                record.pieces.push(piece.hash);
            }
        }
        self.save_outbox(item);
    }

    /// Uploads the next piece of an item; `true` if there is none left.
    pub(crate) fn pieces_uploaded(&mut self, item: &OutboxItem) -> Result<bool, StepError> {
        let Some(hash) = item.pieces.first().copied() else {
            return Ok(true);
        };
        let expected = Expected::PutBlob { hash };
        if self.expects(&expected) || self.piece_waits(&hash) {
            return Ok(false);
        }
        let Some(log) = self.state.logs.get(&item.log) else {
            return Ok(false);
        };
        let (lane, token) = (
            lane_of(&log.role),
            ReadToken::from(&log.role.keys(log.secret.secret()).read_token),
        );
        let Some(bytes) = self.store.get(tables::PIECES, hash.as_bytes())? else {
            // Uploaded already, or lost: the entry goes, and whoever misses the piece says so.
            self.piece_done(&hash);
            return Ok(false);
        };
        let ticket = self.ticket(expected);
        let call = Call::PutBlob {
            log: item.log,
            token,
            bytes: bytes.to_vec(),
        };
        self.effects.push(Effect::Call {
            ticket,
            lane,
            call: Box::new(call),
        });
        Ok(false)
    }

    /// The message behind a list of pieces, if all are here; asks for those that are not.
    pub(crate) fn pieces(&mut self, log: LogId, list: &PieceList) -> Result<Option<Vec<u8>>, StepError> {
        let mut pieces = Vec::new();
        for hash in list.hashes().to_vec() {
            match self.store.get(tables::PIECES, hash.as_bytes())? {
                Some(bytes) => pieces.push(bytes.to_vec()),
                None => {
                    self.fetch_piece(log, hash);
                    return Ok(None);
                }
            }
        }
        for hash in list.hashes() {
            // One's own, still to be uploaded, stay: somebody else's list may name them too.
            let waiting = self.state.outbox.values().any(|item| item.pieces.contains(hash));
            if !waiting {
                self.store.delete(tables::PIECES, *hash.as_bytes());
            }
        }
        // Pieces that do not fit were made badly by their author: the entry is then skipped by all alike.
        Ok(Some(list.assemble(&pieces).unwrap_or_default()))
    }

    /// Whether a piece of it was asked for often, and the relay does not have it.
    pub(crate) fn is_nowhere(&self, list: &PieceList) -> bool {
        let retry = &self.state.volatile.piece_retry;
        let failures = |hash| retry.get(hash).map_or(0, |(_, failures)| *failures);
        list.hashes().iter().any(|hash| failures(hash) >= NOWHERE)
    }

    fn fetch_piece(&mut self, log: LogId, hash: primitives::Hash) {
        let expected = Expected::GetBlob { log, hash };
        let Some(state) = self.state.logs.get(&log) else {
            return;
        };
        if self.expects(&expected) || self.piece_waits(&hash) {
            return;
        }
        let lane = lane_of(&state.role);
        let token = ReadToken::from(&state.role.keys(state.secret.secret()).read_token);
        let len = u32::try_from(messaging::PIECE_LEN).unwrap_or(u32::MAX);
        let ticket = self.ticket(expected);
        let call = Call::GetBlob {
            log,
            token,
            hash,
            offset: 0,
            len,
        };
        self.effects.push(Effect::Call {
            ticket,
            lane,
            call: Box::new(call),
        });
    }

    fn piece_waits(&self, hash: &primitives::Hash) -> bool {
        self.state
            .volatile
            .piece_retry
            .get(hash)
            .is_some_and(|(at, _)| *at > self.now)
    }

    fn piece_failed(&mut self, hash: primitives::Hash) {
        let failures = self
            .state
            .volatile
            .piece_retry
            .get(&hash)
            .map_or(0, |(_, failures)| *failures);
        let wait_ms = PIECE_RETRY_MS.saturating_mul(1 << failures.min(9));
        let retry = (self.now.after(wait_ms), failures.saturating_add(1));
        self.state.volatile.piece_retry.insert(hash, retry);
    }

    /// A piece needs no upload any more.
    fn piece_done(&mut self, hash: &primitives::Hash) {
        let items: Vec<u64> = self
            .state
            .outbox
            .iter_mut()
            .filter_map(|(number, item)| {
                let had = item.pieces.len();
                item.pieces.retain(|piece| piece != hash);
                (item.pieces.len() != had).then_some(*number)
            })
            .collect();
        for item in items {
            self.save_outbox(item);
        }
    }

    /// Takes the answer to an upload or a download of a piece.
    pub(crate) fn piece_came(
        &mut self,
        expected: &Expected,
        result: Result<Reply, CallError>,
    ) -> Result<(), StepError> {
        match (expected, result) {
            (Expected::PutBlob { hash }, Ok(Reply::BlobStored { hash: stored })) if *hash == stored => {
                self.call_worked();
                self.piece_done(hash);
                self.store.delete(tables::PIECES, *hash.as_bytes());
            }
            (Expected::GetBlob { hash, .. } | Expected::PutBlob { hash }, Err(CallError::Problem(_))) => {
                // Only this piece waits, longer each time: nobody can silence a device by naming what is not there.
                self.piece_failed(*hash);
            }
            (Expected::GetBlob { log, hash }, Ok(Reply::Blob { bytes, .. })) => {
                self.call_worked();
                if primitives::canonical::sha256(&bytes) == *hash {
                    self.store.put(tables::PIECES, *hash.as_bytes(), bytes);
                    self.take_in(*log)?;
                } else {
                    self.piece_failed(*hash);
                }
            }
            (_, Ok(_)) => self.call_failed(&CallError::Nonsense),
            (_, Err(error)) => self.call_failed(&error),
        }
        Ok(())
    }
}
