//! This device's clock against the relay's: deadlines depend on it. What the relay says is shown to the user, never trusted.

use crate::effects::{CallError, Lane};
use crate::step::Step;
use crate::views::NoticeCode;
use crate::volatile::Expected;
use assembly::Day;
use primitives::Time;
use relay_api::{Call, Reply};

/// A difference that is told.
const SKEW_MS_MAX: u64 = 60_000;
/// A clock that goes back by less is not looked at.
const SET_BACK_MS_MIN: u64 = 1_000;
/// The relay's time is asked for so often; more often while a clock is wrong, so that the notice goes when it is set.
const ASK_EVERY_MS: u64 = 3_600_000;
const ASK_AGAIN_MS: u64 = 60_000;

impl Step<'_> {
    /// What waits for a time of a clock that has been set back since would wait so much longer: it moves with the clock. (What
    /// a clock set ahead makes due happens at once, and does no harm.)
    pub(crate) fn follow_clock(&mut self) {
        let last = self.state.volatile.last_step.replace(self.now);
        let back_ms = last.map_or(0, |last| last.since_ms(self.now));
        if back_ms < SET_BACK_MS_MIN {
            return;
        }
        self.state.volatile.set_back(back_ms);
        for conversation in self.state.conversations.values_mut() {
            conversation.set_back(back_ms);
        }
        let ballots: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| item.departs() > self.now)
            .map(|(number, _)| *number)
            .collect();
        for number in ballots {
            if let Some(item) = self.state.outbox.get_mut(&number) {
                item.not_before = item.not_before.before(back_ms);
            }
            self.save_outbox(number);
        }
    }

    /// Asks for the relay's time at the start, and from time to time.
    pub(crate) fn ask_for_time(&mut self) {
        let volatile = &self.state.volatile;
        let every_ms = volatile.clock_skew_ms.map_or(ASK_EVERY_MS, |_| ASK_AGAIN_MS);
        let fresh = volatile
            .clock_asked
            .is_some_and(|at| at <= self.now && self.now.since_ms(at) < every_ms);
        if !fresh {
            self.state.volatile.clock_asked = Some(self.now);
            self.ask_once(Expected::Limits { asked: self.now }, Lane::Journal, || {
                Call::Limits
            });
        }
    }

    /// The relay's time lies between question and answer, or one of the clocks is wrong.
    pub(crate) fn limits_came(&mut self, asked: Time, result: Result<Reply, CallError>) {
        // A relay that does not say its time is no reason to do without it.
        if let Ok(Reply::Limits(limits)) = result {
            self.state.volatile.clock_compared = true;
            let behind = limits.now.since_ms(self.now);
            let ahead = asked.since_ms(limits.now);
            self.note_skew(behind, ahead);
        }
    }

    /// The time by which messages disappear, as far as it is known: the latest that the logs have stamped, and the local clock
    /// once the relay has told its own, set back by what it is ahead. So a clock that is ahead makes nothing disappear early,
    /// and a relay that tells a time long past holds nothing beyond the next entry.
    pub(crate) fn log_now(&self) -> Time {
        let stamped = self.state.logs.values().map(|log| log.reader.last_time()).max();
        let volatile = &self.state.volatile;
        let ahead_ms = volatile
            .clock_skew_ms
            .map_or(0, |skew| skew.min(0).unsigned_abs());
        let local = volatile
            .clock_compared
            .then(|| Time(self.now.0.saturating_sub(ahead_ms)));
        stamped.max(local).unwrap_or(Time(0))
    }

    /// An entry from the future means that a clock is wrong, too.
    pub(crate) fn note_entry_time(&mut self, time: Time) {
        let behind = time.since_ms(self.now);
        if behind > SKEW_MS_MAX {
            self.note_skew(behind, 0);
        }
    }

    /// The time by the logs' clock: this device's, until an own entry has shown that the logs' is another.
    pub(crate) fn log_time(&self) -> Time {
        Time(self.now.0.saturating_add_signed(self.state.volatile.log_ahead_ms))
    }

    /// An own entry was taken at this time, on another day than its own.
    pub(crate) fn learn_log_time(&mut self, taken: Time) {
        let (ahead, behind) = (taken.since_ms(self.now), self.now.since_ms(taken));
        let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        self.state.volatile.log_ahead_ms = signed(ahead).saturating_sub(signed(behind));
    }

    /// The day by the logs' clock.
    pub(crate) fn log_day(&self) -> Day {
        Day::of(self.log_time())
    }

    fn note_skew(&mut self, behind_ms: u64, ahead_ms: u64) {
        if behind_ms.max(ahead_ms) <= SKEW_MS_MAX {
            self.state.volatile.clock_skew_ms = None;
            self.clear_notice(NoticeCode::ClockWrong);
            return;
        }
        let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        self.state.volatile.clock_skew_ms = Some(signed(behind_ms).saturating_sub(signed(ahead_ms)));
        self.notice(NoticeCode::ClockWrong);
    }
}
