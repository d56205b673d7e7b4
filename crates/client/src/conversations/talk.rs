//! A conversation's record: where it stands, and what counts.

use super::receipts::Receipts;
use messaging::{Member, Terms, Timer, Title};
use minicbor::{Decode, Encode};
use primitives::{ConversationId, LogId, Time, VerifyingKey};

/// A conversation.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct ConversationState {
    #[n(0)]
    pub(crate) id: ConversationId,
    /// The log that is written to now.
    #[n(1)]
    pub(crate) log: LogId,
    /// Next position of a message.
    #[n(2)]
    pub(crate) next_position: u64,
    /// Positions below this one have been read by the person.
    #[n(3)]
    pub(crate) read_below: u64,
    /// The conversation cannot be followed further.
    #[n(4)]
    pub(crate) halted: bool,
    /// Absent in records of the first version.
    #[n(5)]
    talk: Option<Talk>,
    /// Absent in records of the first two versions.
    #[n(6)]
    more: Option<More>,
    /// Absent until there is one to say or one has come.
    #[n(7)]
    receipts: Option<Receipts>,
    /// What a working group goes by, if not by the name in its terms.
    #[n(8)]
    pub(crate) renamed: Option<Title>,
}

/// What a conversation is, how one has it before oneself, and what this device means to do in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct More {
    /// What it is, if it is not the plenary.
    #[n(0)]
    pub(crate) terms: Option<Terms>,
    /// A letter has come, and the Welcome is looked for in the log.
    #[n(1)]
    pub(crate) joining: bool,
    /// Members whom this device brings in.
    #[n(2)]
    pub(crate) bringing: Vec<VerifyingKey>,
    /// Of whom this device asks that they leave, and until when.
    #[n(3)]
    pub(crate) demanding: Vec<(VerifyingKey, Time)>,
    /// When this device's leaf was renewed the last time.
    #[n(4)]
    pub(crate) refreshed: Option<Time>,
    /// Size of the journal at which this device asked to be added again, and when.
    #[n(5)]
    pub(crate) asked: Option<(u64, Time)>,
    /// Since when members are in it; who is not among them was there before this device.
    #[n(6)]
    pub(crate) since: Vec<(VerifyingKey, Time)>,
    /// Nothing is told when something is said in it.
    #[n(7)]
    pub(crate) muted: bool,
    /// It stands among those that are put away.
    #[n(8)]
    pub(crate) archived: bool,
    /// It stands before the others.
    #[n(9)]
    pub(crate) pinned: bool,
    /// This device is out of it; it is kept to be read.
    #[n(10)]
    pub(crate) left: bool,
    /// Of lines below this position one's own devices have been told that they have been read.
    #[n(11)]
    pub(crate) marked: Option<u64>,
    /// The journal has put another plenary in its place: what its log took later counts for nobody.
    #[n(12)]
    pub(crate) ends: Option<Time>,
    /// This device has founded the plenary anew, and nobody else has come in yet.
    #[n(13)]
    pub(crate) alone: Option<bool>,
    /// What letters say of where the Welcome is, while it is looked for.
    #[n(14)]
    pub(crate) candidates: Option<Vec<Candidate>>,
}

/// A log in which a letter says that the Welcome is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Candidate {
    /// Who wrote the letter.
    #[n(0)]
    pub(crate) by: Member,
    #[n(1)]
    pub(crate) log: LogId,
    /// How many lines the conversation has had; counts if one's own member wrote it.
    #[n(2)]
    pub(crate) lines: u64,
}

/// What a conversation keeps besides its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Talk {
    /// Lines not read yet.
    #[n(0)]
    pub(crate) unread: u64,
    /// Of them, those that mention this member.
    #[n(1)]
    pub(crate) mentions: u64,
    /// No line stands below this position any more.
    #[n(2)]
    pub(crate) first: u64,
    /// The timer was set by somebody here; until then it is the one that messages bring along.
    #[n(3)]
    pub(crate) timer_said: bool,
    /// How many messages broke a rule, by its id.
    #[n(4)]
    pub(crate) findings: Vec<(String, u64)>,
    /// After which time what is sent now disappears.
    #[n(5)]
    pub(crate) timer: Option<Timer>,
}

impl More {
    /// Whether this device is alone in it and others are on their way.
    pub(crate) fn awaits_others(&self) -> bool {
        self.alone == Some(true) || (!self.bringing.is_empty() && self.since.len() <= 1)
    }
}

impl ConversationState {
    /// A conversation in which nothing has been said.
    pub(crate) fn new(id: ConversationId, log: LogId) -> Self {
        Self {
            id,
            log,
            next_position: 0,
            read_below: 0,
            halted: false,
            talk: Some(Talk::default()),
            more: None,
            receipts: None,
            renamed: None,
        }
    }

    /// It begins here after `lines` lines that another own device has, if nothing stands in it; these come later, or never.
    pub(crate) fn begin_after(&mut self, lines: u64) {
        if self.next_position == 0 {
            (self.next_position, self.read_below) = (lines, lines);
            self.talk_mut().first = lines;
        }
    }

    /// Whether there is nothing of it but what letters say.
    pub(crate) fn is_only_announced(&self) -> bool {
        self.next_position == 0
            && self
                .more
                .as_ref()
                .is_some_and(|more| more.joining && more.since.is_empty())
    }

    /// What letters say of where its Welcome is.
    pub(crate) fn candidates(&self) -> &[Candidate] {
        let candidates = self.more.as_ref().and_then(|more| more.candidates.as_deref());
        candidates.unwrap_or_default()
    }

    pub(crate) fn more(&self) -> More {
        self.more.clone().unwrap_or_default()
    }

    /// Below which position one's own devices have been told that lines have been read.
    pub(crate) fn marked(&self) -> u64 {
        self.more
            .as_ref()
            .and_then(|more| more.marked)
            .unwrap_or_default()
    }

    pub(crate) fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn terms(&self) -> Option<&Terms> {
        self.more.as_ref().and_then(|more| more.terms.as_ref())
    }

    /// Whether its terms say who is in it, two members or one; in these, observers talk as well.
    pub(crate) fn is_closed(&self) -> bool {
        self.terms().is_some_and(|terms| !terms.is_group())
    }

    /// Whether it is a working group.
    pub(crate) fn is_group(&self) -> bool {
        self.terms().is_some_and(Terms::is_group)
    }

    /// Whether it is of one's own devices.
    pub(crate) fn is_own(&self) -> bool {
        self.terms().is_some_and(Terms::is_own)
    }

    /// Whether there are others to be told how far one has come, and it may be told.
    pub(crate) fn has_receipts(&self) -> bool {
        self.terms().is_some_and(|terms| !terms.is_own())
    }

    pub(crate) fn receipts(&self) -> Receipts {
        self.receipts.clone().unwrap_or_default()
    }

    /// A receipt that is due is due so much earlier.
    pub(crate) fn set_back(&mut self, span_ms: u64) {
        let receipts = self.receipts.as_mut();
        if let Some(due) = receipts.and_then(|receipts| receipts.due.as_mut()) {
            *due = due.before(span_ms);
        }
    }

    pub(crate) fn receipts_mut(&mut self) -> &mut Receipts {
        self.receipts.get_or_insert_default()
    }

    pub(crate) fn talk(&self) -> Talk {
        self.talk.clone().unwrap_or_else(|| Talk {
            unread: self.next_position.saturating_sub(self.read_below),
            ..Talk::default()
        })
    }

    pub(crate) fn talk_mut(&mut self) -> &mut Talk {
        let talk = self.talk();
        self.talk.insert(talk)
    }

    /// Everything that stands there has been read.
    pub(crate) fn read_all(&mut self) {
        self.read_below = self.next_position;
        let talk = self.talk_mut();
        (talk.unread, talk.mentions) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::canonical::{decode_canonical, encode};

    /// A conversation as the first version wrote it.
    #[derive(Encode, Decode)]
    #[cbor(array)]
    struct FirstConversation {
        #[n(0)]
        id: ConversationId,
        #[n(1)]
        log: LogId,
        #[n(2)]
        next_position: u64,
        #[n(3)]
        read_below: u64,
        #[n(4)]
        halted: bool,
    }

    #[test]
    fn a_conversation_of_the_first_version_is_read_and_counts_on() {
        let bytes = encode(&FirstConversation {
            id: ConversationId::new([1; 32]),
            log: LogId::new([2; 32]),
            next_position: 9,
            read_below: 7,
            halted: false,
        });
        assert_eq!(bytes.first(), Some(&0x85));
        let mut state: ConversationState = decode_canonical(&bytes).unwrap();
        assert_eq!((state.talk().unread, state.talk().mentions), (2, 0));
        state.talk_mut().unread = 3;
        let again: ConversationState = decode_canonical(&encode(&state)).unwrap();
        assert_eq!(again.talk().unread, 3);
        state.read_all();
        assert_eq!((state.read_below, state.talk().unread), (9, 0));
    }
}
