//! What the machine knows only while the process runs.

use crate::attachments::Moving;
use crate::effects::Ticket;
use crate::restoring::Restoring;
use crate::settling::Unsettled;
use crate::state::Duty;
use crate::views::{ConnectionState, NoticeCode, OwnVoteState};
use crate::voting::counting::Running;
use assembly::{AnnouncedKey, BoxTree};
use primitives::signed::Unverified;
use primitives::{ConversationId, Hash, LogId, MessageName, MotionId, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is only true while the process runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volatile {
    pub(crate) next_ticket: u64,
    /// The next outbox item's number is not below it.
    pub(crate) next_item: u64,
    pub(crate) expected: BTreeMap<Ticket, Expected>,
    /// Failures in a row, for the wait before the next try.
    pub(crate) failures: u32,
    /// No call before this time (after failures).
    pub(crate) quiet_until: Option<Time>,
    /// Journal entries folded since the last snapshot.
    pub(crate) folded_since: u32,
    /// When each log was read to its end the last time.
    pub(crate) read_at: BTreeMap<LogId, Time>,
    /// Logs that are read from far behind.
    pub(crate) catching_up: BTreeSet<LogId>,
    /// When each piece is asked for next, and how often that has failed.
    pub(crate) piece_retry: BTreeMap<Hash, (Time, u32)>,
    /// Outbox items of this process that nobody has been given yet.
    pub(crate) unsent: BTreeSet<u64>,
    /// How often each outbox item has failed.
    pub(crate) item_failures: BTreeMap<u64, u32>,
    /// When each log is read next.
    pub(crate) poll_at: BTreeMap<LogId, Time>,
    /// What others say that the relay has signed, and this device cannot compare by itself.
    pub(crate) unsettled: BTreeMap<LogId, Unsettled>,
    /// How the relay stands to each log, as far as it has said.
    pub(crate) restoring: BTreeMap<LogId, Restoring>,
    /// The roots of conversations' logs at the sizes that were read last.
    pub(crate) roots: BTreeMap<LogId, BTreeMap<u64, Hash>>,
    /// All evidence that can be told has been told.
    pub(crate) evidence_told: bool,
    /// When each outbox item is tried next.
    pub(crate) retry_at: BTreeMap<u64, Time>,
    /// Logs watched by the last watch effect.
    pub(crate) watched: BTreeSet<LogId>,
    /// Votes in which the own ballot was counted, and by which way it had come: told while the process runs, kept nowhere.
    pub(crate) counted: BTreeMap<MotionId, OwnVoteState>,
    /// What is found out about boxes so far.
    pub(crate) counts: BTreeMap<MotionId, Running>,
    /// Votes whose box has no result, so that no share is released: found out once.
    pub(crate) uncountable: BTreeSet<MotionId>,
    /// The directory that has this device's newest card, by its journal key's number, and when that card was made.
    pub(crate) listed: Option<(u32, Time)>,
    /// Up to where each conversation has been looked through for what is to be done: entries taken, and the journal's size.
    pub(crate) attended: BTreeMap<ConversationId, (u64, u64)>,
    /// Up to where each log that a letter has named was looked through for a Welcome: entries, and the journal's size.
    pub(crate) looked_for: BTreeMap<LogId, (u64, u64)>,
    /// Since when this process has known of each conversation that is read to its end that it has ended.
    pub(crate) ending: BTreeMap<ConversationId, Time>,
    /// When each duty may be tried again.
    pub(crate) duty_after: BTreeMap<Duty, Time>,
    /// Since when each duty has been due that members take by turns.
    pub(crate) due_since: BTreeMap<Duty, Time>,
    /// The boxes of the last journal key that was asked for, by the log that derives from it.
    pub(crate) boxes: Option<(LogId, Arc<BoxTree>)>,
    /// What is announced of the last journal key for which that was asked, by the log that derives from it and its number.
    pub(crate) announced: Option<((LogId, u32), AnnouncedKey)>,
    /// Whether pushes come.
    pub(crate) watching: bool,
    /// How the relay is reached right now.
    pub(crate) connection: ConnectionState,
    /// When the last step was, by the clock as it was then.
    pub(crate) last_step: Option<Time>,
    /// When a step failed the last time.
    pub(crate) step_failed: Option<Time>,
    /// Votes of whose end its user has been told.
    pub(crate) reminded: BTreeSet<MotionId>,
    /// When one's own devices are told how far conversations have been read.
    pub(crate) marks_due: Option<Time>,
    /// What had not been told when the process began has been looked for.
    pub(crate) marks_awake: bool,
    /// Receipts have been looked at since the process runs.
    pub(crate) receipts_awake: bool,
    /// The quiet line.
    pub(crate) notice: Option<NoticeCode>,
    /// When the relay's time was asked for.
    pub(crate) clock_asked: Option<Time>,
    /// The relay has told its time.
    pub(crate) clock_compared: bool,
    /// When the next message disappears, by log time; unknown after a start.
    pub(crate) next_expiry: Option<Time>,
    /// How far the local clock is behind the relay's; negative if it is ahead.
    pub(crate) clock_skew_ms: Option<i64>,
    /// How far the logs' clock is ahead of this device's, as own entries have shown.
    pub(crate) log_ahead_ms: i64,
    /// What is only true of files' transfers while the process runs.
    pub(crate) moving: Moving,
    /// Keys of the relay that a person is about to found an assembly on, by its address line.
    pub(crate) relay_known: Option<(String, Unverified)>,
}

impl Volatile {
    /// Everything that is to happen at a time happens so much earlier, and what has happened did.
    pub(crate) fn set_back(&mut self, span_ms: u64) {
        let maps = [
            self.read_at.values_mut().collect::<Vec<_>>(),
            self.piece_retry.values_mut().map(|(at, _)| at).collect(),
            self.poll_at.values_mut().collect(),
            self.restoring
                .values_mut()
                .flat_map(|log| [&mut log.shown, &mut log.again])
                .flatten()
                .collect(),
            self.unsettled
                .values_mut()
                .map(|claim| &mut claim.ask_at)
                .collect(),
            self.retry_at.values_mut().collect(),
            self.duty_after.values_mut().collect(),
            self.due_since.values_mut().collect(),
            self.moving.times().collect(),
        ];
        let single = [
            &mut self.quiet_until,
            &mut self.step_failed,
            &mut self.marks_due,
            &mut self.clock_asked,
        ];
        let times = maps.into_iter().flatten().chain(single.into_iter().flatten());
        times.for_each(|at| *at = at.before(span_ms));
    }
}

/// What an expected answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    Keys,
    Limits {
        asked: Time,
    },
    Create {
        log: LogId,
    },
    Append {
        item: u64,
    },
    Read {
        log: LogId,
    },
    /// How the relay stands to a log, of which it was shown a checkpoint.
    Show {
        log: LogId,
    },
    /// The same, after it was given entries back.
    GiveBack {
        log: LogId,
    },
    /// A proof that of two sizes of a log with their roots the smaller is the beginning of the larger.
    Consistency {
        log: LogId,
        from: (u64, Hash),
        to: (u64, Hash),
    },
    Proof {
        motion: MotionId,
    },
    Tally {
        motion: MotionId,
    },
    /// Of ballots that have come while others may follow; nobody waits for it.
    Verification {
        motion: MotionId,
    },
    PutBlob {
        hash: Hash,
    },
    GetBlob {
        log: LogId,
        hash: Hash,
    },
    /// A chunk of a file, put beside a log.
    PutChunk {
        message: MessageName,
        log: LogId,
        index: u32,
        hash: Hash,
    },
    /// A chunk of a file, asked for.
    GetChunk {
        message: MessageName,
        log: LogId,
        index: u32,
    },
}

impl Expected {
    /// Of which file, beside which log and which chunk, if it is about one.
    pub(crate) const fn chunk(&self) -> Option<(MessageName, LogId, u32)> {
        match self {
            Self::PutChunk {
                message, log, index, ..
            }
            | Self::GetChunk { message, log, index } => Some((*message, *log, *index)),
            _ => None,
        }
    }
}
