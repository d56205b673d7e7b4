//! Exchanges in pieces: calls that arrive and replies that leave a few kilobytes at a time.

use relay_api::limits::{PIECE_BYTES_MAX, ROLL_LEN_MAX};
use relay_api::{Piece, PieceReply, Problem, ProblemKind, ReplyPart};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const BYTES_MAX: usize = 64 * 1024 * 1024;
const CALL_BYTES_MAX: usize = ROLL_LEN_MAX * 34 + 1024;
/// What an exchange costs besides its bytes.
const FRAME_BYTES: usize = 256;
const FORGET_AFTER: Duration = Duration::from_secs(300);

/// All exchanges under way; bounded in bytes, and forgotten after five idle minutes.
#[derive(Debug, Default)]
pub(crate) struct Exchanges(Mutex<HashMap<[u8; 16], Exchange>>);

#[derive(Debug)]
struct Exchange {
    call_len: usize,
    stage: Stage,
    touched: Instant,
}

/// Arriving -> Running -> Answered.
#[derive(Debug)]
enum Stage {
    Arriving(Vec<u8>),
    Running,
    Answered(Vec<u8>),
}

/// What to do after a piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Answer this.
    Reply(PieceReply),
    /// The call is complete: run it, and hand the reply to [`Exchanges::answered`].
    Run(Vec<u8>),
}

impl Exchange {
    fn bytes(&self) -> usize {
        // Room for the whole call is counted from its first piece on.
        let held = match &self.stage {
            Stage::Answered(reply) => reply.len(),
            Stage::Arriving(_) | Stage::Running => self.call_len,
        };
        held.saturating_add(FRAME_BYTES)
    }

    fn state(&self, reply_offset: u32) -> PieceReply {
        let len = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        match &self.stage {
            Stage::Arriving(bytes) => PieceReply {
                received: len(bytes.len()),
                reply: None,
            },
            Stage::Running => PieceReply {
                received: len(self.call_len),
                reply: None,
            },
            Stage::Answered(reply) => {
                let from = usize::try_from(reply_offset)
                    .unwrap_or(usize::MAX)
                    .min(reply.len());
                let bytes = reply.iter().skip(from).take(PIECE_BYTES_MAX).copied().collect();
                let part = ReplyPart {
                    reply_len: len(reply.len()),
                    bytes,
                };
                PieceReply {
                    received: len(self.call_len),
                    reply: Some(part),
                }
            }
        }
    }
}

impl Exchanges {
    /// Takes a piece.
    pub(crate) fn take(&self, piece: Piece, now: Instant) -> Result<Next, Problem> {
        let call_len = usize::try_from(piece.call_len).unwrap_or(usize::MAX);
        if piece.bytes.len() > PIECE_BYTES_MAX || call_len > CALL_BYTES_MAX || call_len == 0 {
            return Err(ProblemKind::TooLarge.into());
        }
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.retain(|_, exchange| now.saturating_duration_since(exchange.touched) < FORGET_AFTER);
        if !exchanges.contains_key(&*piece.exchange) {
            let total: usize = exchanges.values().map(Exchange::bytes).sum();
            if total.saturating_add(call_len) > BYTES_MAX {
                return Err(Problem::new(ProblemKind::Busy).retry_after(10_000));
            }
            let fresh = Exchange {
                call_len,
                stage: Stage::Arriving(Vec::new()),
                touched: now,
            };
            exchanges.insert(piece.exchange.into(), fresh);
        }
        let exchange = exchanges.get_mut(&*piece.exchange).ok_or(ProblemKind::Internal)?;
        if exchange.call_len != call_len {
            return Err(ProblemKind::Malformed.into());
        }
        exchange.touched = now;
        if let Stage::Arriving(bytes) = &mut exchange.stage {
            // A piece that comes again, or too early, is answered with where to go on.
            if usize::try_from(piece.offset) == Ok(bytes.len()) {
                if bytes.len().saturating_add(piece.bytes.len()) > call_len {
                    return Err(ProblemKind::TooLarge.into());
                }
                bytes.extend_from_slice(&piece.bytes);
            }
            if bytes.len() == call_len {
                let call = std::mem::take(bytes);
                exchange.stage = Stage::Running;
                return Ok(Next::Run(call));
            }
        }
        Ok(Next::Reply(exchange.state(piece.reply_offset)))
    }

    /// Keeps the reply and gives its first part out.
    pub(crate) fn answered(&self, name: [u8; 16], call_len: u32, reply: Vec<u8>, now: Instant) -> PieceReply {
        let call_len = usize::try_from(call_len).unwrap_or(usize::MAX);
        let exchange = Exchange {
            call_len,
            stage: Stage::Answered(reply),
            touched: now,
        };
        let state = exchange.state(0);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, exchange);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: u32, bytes: &[u8], reply_offset: u32) -> Piece {
        Piece {
            exchange: [7; 16].into(),
            call_len: 5,
            offset,
            bytes: bytes.to_vec(),
            reply_offset,
        }
    }

    #[test]
    fn a_call_arrives_and_a_reply_leaves_in_pieces_whatever_is_repeated() {
        let exchanges = Exchanges::default();
        let now = Instant::now();
        let received = |received| {
            Ok(Next::Reply(PieceReply {
                received,
                reply: None,
            }))
        };
        assert_eq!(exchanges.take(piece(0, b"abc", 0), now), received(3));
        assert_eq!(exchanges.take(piece(0, b"abc", 0), now), received(3));
        assert_eq!(exchanges.take(piece(4, b"e", 0), now), received(3));
        assert_eq!(
            exchanges.take(piece(3, b"de", 0), now),
            Ok(Next::Run(b"abcde".to_vec()))
        );
        assert_eq!(exchanges.take(piece(3, b"de", 0), now), received(5));
        let reply = vec![9; PIECE_BYTES_MAX + 10];
        let first = exchanges.answered([7; 16], 5, reply, now).reply.unwrap();
        assert_eq!(
            (first.bytes.len(), first.reply_len as usize),
            (PIECE_BYTES_MAX, PIECE_BYTES_MAX + 10)
        );
        let Ok(Next::Reply(rest)) = exchanges.take(piece(5, b"", first.bytes.len() as u32), now) else {
            panic!()
        };
        assert_eq!(rest.reply.unwrap().bytes.len(), 10);
    }

    #[test]
    fn forgets_idle_exchanges_and_refuses_too_much() {
        let exchanges = Exchanges::default();
        let now = Instant::now();
        let large = |i: u8| Piece {
            exchange: [i; 16].into(),
            call_len: 1_000_000,
            ..piece(0, b"x", 0)
        };
        let taken = (0..100)
            .filter(|i| exchanges.take(large(*i), now).is_ok())
            .count();
        assert_eq!(taken, 67);
        assert!(exchanges.take(large(200), now + FORGET_AFTER).is_ok());
    }
}
