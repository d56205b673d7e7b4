//! What others have seen of a log, compared with what this device has read: by the roots that it knows, or by a proof that the
//! relay must be able to give, for it has signed both (LOG-09).

use crate::effects::CallError;
use crate::outbox::lane_of;
use crate::step::Step;
use crate::views::EvidenceKind;
use crate::volatile::Expected;
use primitives::{Hash, LogId, Time};
use relay_api::{Call, ProblemKind, ReadToken, Reply};
use tlog::{Breach, Evidence, Observed, SignedCheckpoint, verify_consistency};

/// Roots of one log that are kept in memory: more than two pages of entries pass.
const ROOTS_MAX: usize = 2_048;
/// Between two questions about one log.
const ASK_MS: u64 = 5_000;
/// So often a relay may fail to prove what it has signed before it is accused: something else may have mangled its answer.
const FAILURES_MAX: u32 = 3;

/// A checkpoint that the relay has signed and that somebody else has seen.
#[derive(Debug, Clone)]
pub(crate) struct Unsettled {
    seen: SignedCheckpoint,
    failures: u32,
    /// When the relay is asked for the proof.
    pub(crate) ask_at: Time,
}

impl Step<'_> {
    /// Remembers the roots that reading has passed.
    pub(crate) fn keep_roots(&mut self, log: LogId, roots: Vec<(u64, Hash)>) {
        if roots.is_empty() {
            return;
        }
        let kept = self.state.volatile.roots.entry(log).or_default();
        kept.extend(roots);
        while kept.len() > ROOTS_MAX {
            kept.pop_first();
        }
    }

    /// Compares a checkpoint of a log that is not the journal with what this device has read of it.
    pub(crate) fn compare_seen(&mut self, log: LogId, seen: &SignedCheckpoint) {
        let (Some(key), Some(state)) = (self.checkpoint_key(), self.state.logs.get(&log)) else {
            return;
        };
        match state.reader.observe(seen, &key) {
            Err(breach @ Breach::Fork(_)) => self.accuse_of(log, &breach),
            Ok(Observed::Unsettled { .. }) => {
                let Ok(shown) = seen.open(&key) else { return };
                let known = self.state.volatile.roots.get(&log);
                match known.and_then(|roots| roots.get(&shown.size)) {
                    Some(root) if *root == shown.root => {}
                    Some(_) => self.accuse_of(log, &self.fork(log, seen)),
                    None => self.leave_unsettled(log, seen),
                }
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// The relay is to prove that this checkpoint is of the history that this device has read. One at a time for each log: who has
    /// been shown another history says so in every message.
    pub(crate) fn leave_unsettled(&mut self, log: LogId, seen: &SignedCheckpoint) {
        let ask_at = self.now;
        let unsettled = &mut self.state.volatile.unsettled;
        unsettled.entry(log).or_insert_with(|| Unsettled {
            seen: seen.clone(),
            failures: 0,
            ask_at,
        });
    }

    /// Asks for the proof that is due for a log.
    pub(crate) fn ask_for_proof(&mut self, id: LogId) {
        let Some(claim) = self.state.volatile.unsettled.get(&id) else {
            return;
        };
        let (Some(key), Some(log)) = (self.checkpoint_key(), self.state.logs.get(&id)) else {
            return;
        };
        if claim.ask_at > self.now {
            return;
        }
        let seen = claim.seen.clone();
        let known = log.reader.largest().and_then(|known| known.open(&key).ok());
        let (Some(known), Ok(shown)) = (known, seen.open(&key)) else {
            self.state.volatile.unsettled.remove(&id);
            return;
        };
        let mut sides = [(known.size, known.root), (shown.size, shown.root)];
        sides.sort_by_key(|(size, _)| *size);
        let [from, to] = sides;
        if from.0 == to.0 || from.0 == 0 {
            self.state.volatile.unsettled.remove(&id);
            self.compare_seen(id, &seen);
            return;
        }
        let (lane, token) = (
            lane_of(&log.role),
            ReadToken::from(&log.role.keys(log.secret.secret()).read_token),
        );
        if let Some(claim) = self.state.volatile.unsettled.get_mut(&id) {
            claim.ask_at = self.now.after(ASK_MS);
        }
        self.ask_once(Expected::Consistency { log: id, from, to }, lane, || {
            Call::Consistency {
                log: id,
                token,
                from: from.0,
                to: to.0,
            }
        });
    }

    /// Takes the proof, or its failing.
    pub(crate) fn settled(
        &mut self,
        log: LogId,
        from: (u64, Hash),
        to: (u64, Hash),
        result: Result<Reply, CallError>,
    ) {
        let breach = match result {
            Ok(Reply::Consistency { path }) => {
                let holds = verify_consistency(from.0, &from.1, to.0, &to.1, &path).is_ok();
                (!holds).then_some(EvidenceKind::Fork)
            }
            // It has signed the larger size.
            Err(CallError::Problem(problem)) if problem.kind == ProblemKind::OutOfRange => {
                Some(EvidenceKind::Shrunk)
            }
            // About this log alone, which it does not give now: the question stays.
            Err(CallError::Problem(_)) => return,
            Ok(_) => return self.call_failed(&CallError::Nonsense),
            Err(error) => return self.call_failed(&error),
        };
        self.call_worked();
        let Some(kind) = breach else {
            self.state.volatile.unsettled.remove(&log);
            return;
        };
        let Some(claim) = self.state.volatile.unsettled.get_mut(&log) else {
            return;
        };
        claim.failures = claim.failures.saturating_add(1);
        if claim.failures < FAILURES_MAX {
            return;
        }
        let seen = claim.seen.clone();
        self.state.volatile.unsettled.remove(&log);
        let breach = match (kind, self.fork(log, &seen)) {
            (EvidenceKind::Shrunk, Breach::Fork(evidence)) => Breach::Shrunk(evidence),
            (_, breach) => breach,
        };
        self.accuse_of(log, &breach);
    }

    /// The two histories: what this device knows, and what somebody else has seen.
    fn fork(&self, log: LogId, seen: &SignedCheckpoint) -> Breach {
        Breach::Fork(Evidence {
            known: self
                .state
                .logs
                .get(&log)
                .and_then(|log| log.reader.largest().cloned()),
            shown: seen.clone(),
        })
    }
}
