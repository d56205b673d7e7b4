//! Notices: that something has happened which its user may want to look at, without a word of what it is.

use crate::conversations::record::{Line, MessageRecord};
use crate::requests::{Answer, Event, NoticeKind, Topic};
use crate::step::Step;
use crate::tables;
use crate::views::Phase;
use assembly::Motion;
use primitives::canonical::encode;
use primitives::{ConversationId, MotionId};

/// Those who can vote are told so much before the close, or in the last tenth of the voting time, whichever is shorter.
const DEADLINE_MS: u64 = 3_600_000;

impl Step<'_> {
    /// Whether its user is told of anything.
    pub(crate) fn set_notices(&mut self, on: bool) -> Answer {
        self.state.no_notices = !on;
        self.store.put(tables::NOTICES, *b"on", encode(&on));
        self.touch(Topic::Overview);
        Answer::Done
    }

    /// A line of somebody else's has come.
    pub(crate) fn notice_line(&mut self, id: ConversationId, record: &MessageRecord, mentions_me: bool) {
        let muted = |state: &crate::conversations::ConversationState| state.more().muted;
        let quiet = self.state.conversations.get(&id).is_none_or(muted);
        if record.own || quiet || !matches!(record.line, Line::Message(_)) {
            return;
        }
        let kind = if mentions_me {
            NoticeKind::Mention
        } else {
            NoticeKind::Message
        };
        self.tell(kind, Some(id), None);
    }

    /// A motion has come to another phase.
    pub(crate) fn notice_phase(&mut self, motion: MotionId, phase: Phase) {
        if matches!(phase, Phase::Proposed | Phase::Open | Phase::Decided) {
            self.tell(NoticeKind::Motion, None, Some(motion));
        }
    }

    /// A vote in which its user can take part closes soon. Whether they have voted is nobody's business who looks at the screen.
    pub(crate) fn notice_deadline(&mut self, motion: &Motion) {
        let Some(opening) = &motion.opening else {
            return;
        };
        let span = opening.closes.since_ms(opening.opened);
        let before = DEADLINE_MS.min(span.checked_div(10).unwrap_or_default());
        if opening.closes.since_ms(self.now) > before || self.state.volatile.reminded.contains(&motion.id) {
            return;
        }
        self.state.volatile.reminded.insert(motion.id);
        let mine = self.show_motion(motion.id).map(|view| view.mine);
        if mine.is_ok_and(|mine| mine.barred.is_none()) {
            self.tell(NoticeKind::Deadline, None, Some(motion.id));
        }
    }

    /// A device has come to one's own seat.
    pub(crate) fn notice_device(&mut self) {
        self.tell(NoticeKind::Device, None, None);
    }

    /// Tells its user, unless they want to be told nothing.
    pub(crate) fn tell(
        &mut self,
        kind: NoticeKind,
        conversation: Option<ConversationId>,
        motion: Option<MotionId>,
    ) {
        if self.state.no_notices {
            return;
        }
        self.emit(Event::Notice {
            kind,
            conversation: conversation.map(|id| id.to_string()),
            motion: motion.map(|id| id.to_string()),
        });
    }
}
