//! Changing what was said: edits, deletions, reactions, the timer. The rules are `messaging`'s, the same for all receivers and
//! for oneself; an act waits in the outbox until the log shows it, behind whatever waits about the same thing.

use super::record::{Line, MessageRecord};
use super::talk::ConversationState;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::Content;
use crate::step::{Step, StepError};
use crate::tables;
use assembly::Role;
use messaging::{AppMessage, Body, Emoji, Text, Timer, Verdict, judge_delete, judge_edit};
use primitives::{ConversationId, MessageName, SeatNumber, Time, VerifyingKey};

/// A message as a member said it, authenticated, where the log has it.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) conversation: ConversationId,
    pub(crate) from: VerifyingKey,
    pub(crate) own: bool,
    pub(crate) at: Time,
    pub(crate) epoch: u64,
    pub(crate) message: &'a AppMessage,
}

/// What a message is about: of two about the same thing only one is under way at a time, so that the log has them in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    Words(MessageName),
    Reaction(MessageName, Emoji),
    Timer,
    Receipt,
    Title,
    Marks,
}

impl Step<'_> {
    /// Takes in what was said: words get the next position, the rest changes what is there.
    pub(super) fn said(&mut self, said: Said<'_>) -> Result<(), StepError> {
        let seat = self.seat_by_identity(&said.from);
        let seat = seat.map(|seat| (seat.number, seat.role));
        let closed = self
            .state
            .conversations
            .get(&said.conversation)
            .is_some_and(ConversationState::is_closed);
        let Some((number, role)) = seat.filter(|(_, role)| closed || *role != Role::Observer) else {
            self.finding(said.conversation, "MSG-24");
            return Ok(());
        };
        let verdict = match &said.message.body {
            Body::Text(_) | Body::Attachment(_) | Body::Unknown { .. } => {
                // What its author had seen was compared when it came; with every line it would take more room than the words.
                let message = AppMessage {
                    journal: None,
                    conversation: None,
                    ..said.message.clone()
                };
                self.append_said(&said, Line::Message(message.encode()))?;
                Verdict::Counts
            }
            Body::Edit { message, words } => self.edited(&said, *message, words)?,
            Body::Delete { message } => self.deleted(&said, *message)?,
            Body::React { message, emoji, set } => self.reacted(&said, number, *message, (emoji, *set))?,
            Body::Timer(timer) => self.timer_set(&said, role, *timer)?,
            Body::Receipt { arrived, read } => self.receipt_came(&said, *arrived, *read)?,
            Body::Renamed(title) => self.title_set(&said, role, title)?,
            Body::Marks(marks) => self.marks_came(&said, marks)?,
        };
        match verdict {
            Verdict::Breaks(rule) => self.finding(said.conversation, rule),
            Verdict::Counts => self.touch(Topic::Conversations),
            Verdict::Idle => {}
        }
        Ok(())
    }

    pub(super) fn append_said(&mut self, said: &Said<'_>, line: Line) -> Result<(), StepError> {
        let name = said.message.name(said.conversation, &said.from);
        let mut record = MessageRecord::new(name, said.from, said.own, said.at, line);
        record.epoch = said.epoch;
        if let Body::Attachment(attachment) = &said.message.body
            && let Some(state) = self.state.conversations.get(&said.conversation)
            && self.store.get(tables::MESSAGE_IDS, name.as_bytes())?.is_none()
        {
            self.offer(said.conversation, state.log, name, attachment)?;
        }
        if let Some(text) = text_of(&said.message.body) {
            record.over = text.timer.map(|timer| timer.over(said.at));
            // Who came after the timer was set learns it from what is said under it.
            if let Some(state) = self.state.conversations.get_mut(&said.conversation)
                && !state.talk().timer_said
                && text.timer.is_some()
            {
                state.talk_mut().timer = text.timer;
            }
        }
        self.append_line(said.conversation, record)
    }

    /// MSG-20.
    fn edited(&mut self, said: &Said<'_>, name: MessageName, words: &str) -> Result<Verdict, StepError> {
        let Some((position, mut record)) = self.find_record(said.conversation, name)? else {
            return Ok(Verdict::Idle);
        };
        let Some(target) = record.target(said.at) else {
            return Ok(Verdict::Idle);
        };
        let verdict = judge_edit(&said.from, said.at, &target);
        if let (Verdict::Counts, Some(mut message)) = (verdict, record.message())
            && let Some(text) = text_of_mut(&mut message.body)
        {
            let before = core::mem::replace(&mut text.words, words.to_owned());
            record.line = Line::Message(message.encode());
            record.edited = Some(said.at);
            record.edits = record.edits.saturating_add(1);
            self.recount_mentions(said.conversation, position, &record, &before);
            let epoch = record.epoch;
            self.save_record(said.conversation, position, &record);
            self.forget_words(said.conversation, position, epoch)?;
        }
        Ok(verdict)
    }

    /// MSG-21.
    fn deleted(&mut self, said: &Said<'_>, name: MessageName) -> Result<Verdict, StepError> {
        let Some((position, mut record)) = self.find_record(said.conversation, name)? else {
            return Ok(Verdict::Idle);
        };
        let Some(target) = record.target(said.at) else {
            return Ok(Verdict::Idle);
        };
        let verdict = judge_delete(&said.from, &target);
        if verdict == Verdict::Counts {
            self.uncount(said.conversation, position, &record);
            if record.attachment().is_some() {
                self.drop_attachment(record.name)?;
            }
            let epoch = record.epoch;
            record.line = Line::Gone;
            (record.edited, record.reactions) = (None, Default::default());
            self.save_record(said.conversation, position, &record);
            self.forget_words(said.conversation, position, epoch)?;
            self.save_conversation(said.conversation);
        }
        Ok(verdict)
    }

    /// MSG-22.
    fn reacted(
        &mut self,
        said: &Said<'_>,
        seat: SeatNumber,
        name: MessageName,
        (emoji, set): (&Emoji, bool),
    ) -> Result<Verdict, StepError> {
        let Some((position, mut record)) = self.find_record(said.conversation, name)? else {
            return Ok(Verdict::Idle);
        };
        let there = record.target(said.at).is_some() && record.line != Line::Gone;
        if !there {
            return Ok(Verdict::Idle);
        }
        let verdict = record.reactions.change(seat, emoji, set);
        if verdict == Verdict::Counts {
            self.save_record(said.conversation, position, &record);
        }
        Ok(verdict)
    }

    /// MSG-23: deputies only.
    fn timer_set(&mut self, said: &Said<'_>, role: Role, timer: Option<Timer>) -> Result<Verdict, StepError> {
        if role != Role::Deputy {
            return Ok(Verdict::Breaks("MSG-23"));
        }
        let name = said.message.name(said.conversation, &said.from);
        if self.store.get(tables::MESSAGE_IDS, name.as_bytes())?.is_some() {
            return Ok(Verdict::Idle);
        }
        if let Some(state) = self.state.conversations.get_mut(&said.conversation) {
            let talk = state.talk_mut();
            (talk.timer, talk.timer_said) = (timer, true);
        }
        self.append_said(said, Line::Timer(timer))?;
        Ok(Verdict::Counts)
    }

    /// Changes the words of an own message.
    pub(crate) fn edit(
        &mut self,
        id: ConversationId,
        name: MessageName,
        words: String,
    ) -> Result<Answer, Failed> {
        self.may_speak(id)?;
        if self.reword_outgoing(name, &words)? {
            self.touch(Topic::Conversations);
            return Ok(Answer::Done);
        }
        self.check_own(id, name, judge_edit, || {
            "only your own words can be changed, 16 times at most and for 24 hours; say it in a new message"
        })?;
        self.act(id, Body::Edit { message: name, words })
    }

    /// Takes an own message back from everybody.
    pub(crate) fn delete(&mut self, id: ConversationId, name: MessageName) -> Result<Answer, Failed> {
        self.may_speak(id)?;
        if self.is_outgoing(name) {
            self.cancel_sending(name)?;
            return Ok(Answer::Done);
        }
        self.check_own(
            id,
            name,
            |by, _, target| judge_delete(by, target),
            || "only your own messages can be taken back",
        )?;
        self.act(id, Body::Delete { message: name })
    }

    fn check_own(
        &self,
        id: ConversationId,
        name: MessageName,
        judge: impl FnOnce(&VerifyingKey, Time, &messaging::Target) -> Verdict,
        why: impl FnOnce() -> &'static str,
    ) -> Result<(), Failed> {
        let waiting = self.waiting_about(id, &About::Words(name))?;
        let (gone, waits) = waiting.map_or((false, false), |(_, message, next)| {
            let last = next.as_ref().map_or(&message.body, |next| &next.body);
            (
                matches!(last, Body::Delete { .. }),
                text_of(&message.body).is_some(),
            )
        });
        if gone {
            return Err(already_gone().into());
        }
        if waits {
            return Ok(());
        }
        let at = self.log_now().max(self.now);
        let found = self.find_record(id, name)?;
        let target = found.as_ref().and_then(|(_, record)| record.target(at));
        let target = target.ok_or_else(|| crate::commands::unknown("message"))?;
        match judge(&self.identity()?, at, &target) {
            Verdict::Counts => Ok(()),
            Verdict::Idle => Err(already_gone().into()),
            Verdict::Breaks(_) => Err(Refusal::new(RefusalCode::NotAllowed, why()).into()),
        }
    }

    /// Sets a reaction or takes it back.
    pub(crate) fn react(
        &mut self,
        id: ConversationId,
        name: MessageName,
        emoji: Emoji,
        set: bool,
    ) -> Result<Answer, Failed> {
        let seat = self.may_speak(id)?;
        let at = self.log_now().max(self.now);
        let found = self.find_record(id, name)?;
        let Some((_, mut record)) = found.filter(|(_, record)| record.target(at).is_some()) else {
            return Err(match self.waiting_about(id, &About::Words(name))? {
                Some(_) => Refusal::new(
                    RefusalCode::NotReady,
                    "the message has not been sent yet; try again shortly",
                ),
                None => crate::commands::unknown("message"),
            }
            .into());
        };
        if record.line == Line::Gone {
            return Err(already_gone().into());
        }
        for change in self.changes_waiting(id)?.of(name) {
            if let Body::React { emoji, set, .. } = change {
                record.reactions.change(seat.number, emoji, *set);
            }
        }
        match record.reactions.change(seat.number, &emoji, set) {
            Verdict::Counts => self.act(id, Body::React { message: name, emoji, set }),
            Verdict::Idle => Ok(Answer::Done),
            Verdict::Breaks(_) => Err(Refusal::new(
                RefusalCode::NotAllowed,
                "a member has 4 different reactions to a message, a message has 32; take another one back first",
            )
            .into()),
        }
    }

    /// Sets after which time messages disappear.
    pub(crate) fn set_timer(&mut self, id: ConversationId, timer: Option<Timer>) -> Result<Answer, Failed> {
        if self.may_speak(id)?.role != Role::Deputy {
            return Err(Refusal::new(RefusalCode::NotAllowed, "only deputies set the timer").into());
        }
        self.act(id, Body::Timer(timer))
    }

    /// Sends an act, or lets it wait behind what is under way about the same thing. What has never left is changed where it
    /// waits.
    pub(super) fn act(&mut self, id: ConversationId, body: Body) -> Result<Answer, Failed> {
        self.send_act(id, body)?;
        self.touch(Topic::Conversations);
        Ok(Answer::Done)
    }

    /// The same without anybody having asked for it.
    pub(crate) fn send_act(&mut self, id: ConversationId, body: Body) -> Result<(), StepError> {
        let message = self.new_message(id, body);
        match self.waiting_about(id, &self.about(id, &message)?)? {
            None => self.encrypt_and_post(id, &message)?,
            Some((number, waiting, _)) if self.state.volatile.unsent.contains(&number) => {
                self.drop_outbox(number);
                self.forget_waiting(id);
                match merged(waiting.clone(), message) {
                    Some(merged) => self.encrypt_and_post(id, &merged)?,
                    None => self.never_sent(id, &waiting)?,
                }
            }
            Some((number, ..)) => {
                if let Some(item) = self.state.outbox.get_mut(&number) {
                    item.next = Some(message.encode().into());
                }
                self.forget_waiting(id);
                self.save_outbox(number);
            }
        }
        Ok(())
    }

    /// A message that is not sent after all takes its file along.
    pub(super) fn never_sent(&mut self, id: ConversationId, message: &AppMessage) -> Result<(), StepError> {
        match &message.body {
            Body::Attachment(_) => self.drop_attachment(message.name(id, &self.identity()?)),
            _ => Ok(()),
        }
    }

    fn about(&self, id: ConversationId, message: &AppMessage) -> Result<About, StepError> {
        Ok(match &message.body {
            Body::Text(_) | Body::Attachment(_) | Body::Unknown { .. } => {
                About::Words(message.name(id, &self.identity()?))
            }
            Body::Edit { message, .. } | Body::Delete { message } => About::Words(*message),
            Body::React { message, emoji, .. } => About::Reaction(*message, emoji.clone()),
            Body::Timer(_) => About::Timer,
            Body::Receipt { .. } => About::Receipt,
            Body::Renamed(_) => About::Title,
            Body::Marks(_) => About::Marks,
        })
    }

    /// The own message in the outbox that is about the same thing, with what waits behind it.
    pub(crate) fn waiting_about(
        &self,
        id: ConversationId,
        about: &About,
    ) -> Result<Option<(u64, AppMessage, Option<AppMessage>)>, StepError> {
        for (number, message, next) in self.waiting(id) {
            if self.about(id, &message)? == *about {
                return Ok(Some((number, message, next)));
            }
        }
        Ok(None)
    }

    /// The own messages in the outbox of a conversation, each with what waits behind it.
    pub(crate) fn waiting(
        &self,
        id: ConversationId,
    ) -> impl Iterator<Item = (u64, AppMessage, Option<AppMessage>)> + '_ {
        let items = self.state.outbox.iter();
        items.filter_map(move |(number, item)| {
            let Content::Message { message, .. } = &item.content else {
                return None;
            };
            if self.conversation_of(item.log) != Some(id) {
                return None;
            }
            let next = item.next.as_ref().and_then(|next| AppMessage::decode(next).ok());
            Some((*number, AppMessage::decode(message).ok()?, next))
        })
    }
}

/// What goes in the place of a message that nobody has, when `next` was to follow it.
pub(super) fn merged(waiting: AppMessage, next: AppMessage) -> Option<AppMessage> {
    match (waiting.body, next.body) {
        (Body::Text(mut text), Body::Edit { words, .. }) => {
            text.words = words;
            let body = Body::Text(text);
            Some(AppMessage { body, ..waiting })
        }
        (Body::Attachment(mut attachment), Body::Edit { words, .. }) => {
            attachment.text.words = words;
            let body = Body::Attachment(attachment);
            Some(AppMessage { body, ..waiting })
        }
        (Body::Text(_) | Body::Attachment(_) | Body::Unknown { .. }, Body::Delete { .. }) => None,
        // What has been said to be read stays so.
        (Body::Receipt { read: before, .. }, Body::Receipt { arrived, read }) => {
            let read = read.or(before);
            let body = Body::Receipt { arrived, read };
            Some(AppMessage { body, ..next })
        }
        (_, body) => Some(AppMessage { body, ..next }),
    }
}

/// The words of a message, with what goes with them.
fn text_of(body: &Body) -> Option<&Text> {
    match body {
        Body::Text(text) => Some(text),
        Body::Attachment(attachment) => Some(&attachment.text),
        _ => None,
    }
}

fn text_of_mut(body: &mut Body) -> Option<&mut Text> {
    match body {
        Body::Text(text) => Some(text),
        Body::Attachment(attachment) => Some(&mut attachment.text),
        _ => None,
    }
}

fn already_gone() -> Refusal {
    Refusal::new(
        RefusalCode::AlreadyDone,
        "the message has been taken back already",
    )
}
