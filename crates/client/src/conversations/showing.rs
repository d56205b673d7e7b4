//! What people are shown of conversations: the log's lines, with one's own changes that are on their way laid over them.

use super::record::{Line, MessageRecord};
use super::talk::{ConversationState, More};
use crate::machine::Failed;
use crate::show::count;
use crate::step::{Step, StepError};
use crate::views::{
    ConversationKind, ConversationStanding, ConversationView, DraftView, FindingView, MediaView,
    MessageContent, MessageState, MessageView, PresentView, ReactionView, ReplyView, RunStyle, RunView,
};
use data_encoding::BASE64;
use messaging::{AppMessage, Attachment, Body, Run, Standing, Text, Words};
use primitives::{ConversationId, MessageName, SeatNumber, Time, VerifyingKey};
use std::collections::BTreeSet;

/// Longest excerpt of a message that is answered, in characters.
const EXCERPT_CHARS: usize = 120;

/// One's own changes that the log has not shown yet, in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(Vec<(MessageName, Body)>);

impl Changes {
    /// Those of one message.
    pub(super) fn of(&self, name: MessageName) -> impl Iterator<Item = &Body> {
        self.0
            .iter()
            .filter(move |(about, _)| *about == name)
            .map(|(_, body)| body)
    }
}

impl Step<'_> {
    pub(crate) fn show_conversations(&mut self) -> Result<Vec<ConversationView>, Failed> {
        let ids: Vec<ConversationId> = self.state.conversations.keys().copied().collect();
        let mut views = Vec::new();
        for id in ids {
            let (mut members, epoch, code, standing) = match self.session(id)? {
                Some(session) => (
                    session.members(),
                    session.epoch(),
                    session.epoch_code(),
                    standing_view(session.standing()),
                ),
                None => (Vec::new(), 0, String::new(), ConversationStanding::Halted),
            };
            let Some(state) = self.state.conversations.get(&id) else {
                continue;
            };
            let more = state.more();
            let ended = more.ends.is_some();
            let standing = if ended {
                ConversationStanding::Ended
            } else {
                standing
            };
            if ended {
                members.clear();
            }
            // Not here yet: a letter alone makes no conversation.
            if state.is_only_announced() && more.terms.is_some() {
                continue;
            }
            let (kind, title, peer) = self.describe(state);
            let receipts = state.receipt_level();
            let (talk, next) = (state.talk(), state.next_position);
            let draft = self.load_draft(id)?.map(|draft| DraftView {
                text: draft.text,
                reply_to: draft.reply.map(|name| name.to_string()),
            });
            views.push(ConversationView {
                id: id.to_string(),
                kind,
                title,
                peer,
                members: count(people(&members).len()),
                present: self.show_present(&members, &more),
                coming: match more.terms {
                    None if !ended => self.coming_to_plenary(id, &members),
                    _ => self.seats_of(&more.bringing),
                },
                leaving: {
                    let leavers: Vec<_> = more.demanding.iter().map(|(identity, _)| *identity).collect();
                    self.seats_of(&leavers)
                },
                standing,
                muted: more.muted,
                archived: more.archived,
                pinned: more.pinned,
                receipts,
                messages: next,
                unread: talk.unread,
                mentions: talk.mentions,
                last: self.show_last(id, talk.first, next)?,
                timer_ms: talk.timer.map(messaging::Timer::ms),
                draft,
                findings: talk
                    .findings
                    .into_iter()
                    .map(|(rule, count)| FindingView { rule, count })
                    .collect(),
                epoch,
                code,
            });
        }
        // A plenary that has ended stands behind the one in which it goes on.
        views.sort_by_key(|view| view.standing == ConversationStanding::Ended);
        Ok(views)
    }

    /// Its kind, its title, and the other one's seat in a direct conversation.
    fn describe(&self, state: &ConversationState) -> (ConversationKind, String, Option<u32>) {
        let Some(terms) = &state.more().terms else {
            return (ConversationKind::Plenary, String::new(), None);
        };
        if terms.is_own() {
            return (ConversationKind::Own, String::new(), None);
        }
        let Some(pair) = terms.pair() else {
            let title = state.title().unwrap_or_default();
            return (ConversationKind::Group, title, None);
        };
        let own = self.identity().ok();
        let other = pair.iter().find(|identity| Some(**identity) != own);
        let seat = other.and_then(|identity| self.seat_by_identity(identity));
        let title = seat.map(|seat| self.name_of(seat)).unwrap_or_default();
        (ConversationKind::Direct, title, seat.map(|seat| seat.number.0))
    }

    /// Who is in a conversation, by seat.
    fn show_present(&self, members: &[messaging::Member], more: &More) -> Vec<PresentView> {
        let mut present: Vec<PresentView> = people(members)
            .iter()
            .filter_map(|identity| {
                let seat = self.seat_by_identity(identity)?;
                let since = more.since.iter().find(|(known, _)| known == identity);
                // Who is in the plenary, the journal says; when, too.
                let since = match more.terms {
                    None => Some(seat.admitted.0),
                    Some(_) => since.map(|(_, at)| at.0),
                };
                Some(PresentView {
                    seat: seat.number.0,
                    name: self.name_of(seat),
                    since,
                })
            })
            .collect();
        present.sort_by_key(|present| present.seat);
        present
    }

    /// The newest line that has not disappeared.
    fn show_last(&self, id: ConversationId, first: u64, next: u64) -> Result<Option<MessageView>, StepError> {
        let hidden = self.log_now().max(self.now);
        for position in (first..next).rev() {
            let record = self.load_record(id, position)?;
            if let Some(record) = record.filter(|record| !record.is_over(hidden)) {
                let changes = self.changes_waiting(id)?;
                return self.show_message(id, position, &record, &changes).map(Some);
            }
        }
        Ok(None)
    }

    /// One's own changes of messages that wait in the outbox.
    pub(crate) fn changes_waiting(&self, id: ConversationId) -> Result<Changes, StepError> {
        let mut changes = Vec::new();
        for (_, message, next) in self.waiting(id) {
            for body in [Some(message.body), next.map(|next| next.body)]
                .into_iter()
                .flatten()
            {
                if let Body::Edit { message, .. } | Body::Delete { message } | Body::React { message, .. } =
                    &body
                {
                    changes.push((*message, body));
                }
            }
        }
        Ok(Changes(changes))
    }

    pub(crate) fn show_message(
        &self,
        id: ConversationId,
        position: u64,
        record: &MessageRecord,
        changes: &Changes,
    ) -> Result<MessageView, StepError> {
        let own_seat = self.own_number();
        let (mut text, mut gone, mut changing) = (record.text(), record.line == Line::Gone, false);
        let mut reactions = record.reactions.clone();
        for change in changes.of(record.name) {
            changing = true;
            match (change, own_seat) {
                (Body::Edit { words, .. }, _) => {
                    text.iter_mut().for_each(|text| text.words.clone_from(words));
                }
                (Body::Delete { .. }, _) => gone = true,
                (Body::React { emoji, set, .. }, Some(seat)) => {
                    reactions.change(seat, emoji, *set);
                }
                _ => {}
            }
        }
        let content = match (&record.line, &text) {
            _ if gone => MessageContent::Deleted,
            (Line::Roster(added, removed), _) => MessageContent::Roster {
                added: self.seats_of(added),
                removed: self.seats_of(removed),
            },
            (Line::Timer(timer), _) => MessageContent::Timer {
                timer_ms: timer.map(messaging::Timer::ms),
            },
            (Line::Named(title), _) => MessageContent::Renamed {
                name: title.as_str().to_owned(),
            },
            (_, Some(text)) => match record.attachment() {
                Some(attachment) => self.show_file(record.name, &attachment, text)?,
                None => show_text(text),
            },
            (_, None) => MessageContent::NeedsNewerVersion,
        };
        let text = text.filter(|_| !gone).unwrap_or_default();
        let mentions = messaging::mentions(&text.words);
        let seat = self.seat_by_identity(&record.from);
        let state = self.state.conversations.get(&id).filter(|_| record.own);
        let (arrived, read) = state.map_or((0, 0), |state| {
            let since = state.more().since;
            // Who came in after it cannot read it.
            let had = |identity: &VerifyingKey| {
                !since
                    .iter()
                    .any(|(known, at)| known == identity && *at > record.time)
            };
            state.receipts().of(position, had)
        });
        Ok(MessageView {
            id: record.name.to_string(),
            position,
            seat: seat.as_ref().map_or(0, |seat| seat.number.0),
            name: seat.map_or_else(String::new, |seat| self.name_of(seat)),
            own: record.own,
            content,
            reply: self.show_reply(id, &text)?,
            mentions_me: !record.own && own_seat.is_some_and(|seat| mentions.contains(&seat)),
            mentions: numbers(&mentions),
            reactions: reactions
                .all()
                .iter()
                .map(|reaction| ReactionView {
                    emoji: reaction.emoji.to_string(),
                    seats: numbers(&reaction.seats),
                    mine: own_seat.is_some_and(|seat| reaction.seats.contains(&seat)),
                })
                .collect(),
            edited: record.edited.map(|time| time.0),
            edits: record.edited.map_or(0, |_| record.edits),
            over: record.over.map(|time| time.0),
            changing,
            time: record.time.0,
            arrived: count(arrived),
            read: count(read),
            state: if record.own {
                MessageState::Sent
            } else {
                MessageState::Received
            },
        })
    }

    fn show_reply(&self, id: ConversationId, text: &Text) -> Result<Option<ReplyView>, StepError> {
        let Some(name) = text.reply else {
            return Ok(None);
        };
        let hidden = self.log_now().max(self.now);
        let found = self
            .find_record(id, name)?
            .filter(|(_, record)| record.target(hidden).is_some_and(|it| it.words != Words::Gone));
        let (position, target) = found.unzip();
        let seat = target
            .as_ref()
            .and_then(|record| self.seat_by_identity(&record.from));
        let words = target
            .as_ref()
            .and_then(MessageRecord::text)
            .map(|text| text.words);
        let file = target.as_ref().and_then(MessageRecord::attachment);
        // Of a file without words, its name.
        let words = match (words, file) {
            (Some(words), Some(file)) if words.is_empty() => Some(file.name.to_string()),
            (words, _) => words,
        };
        Ok(Some(ReplyView {
            id: name.to_string(),
            seat: seat.as_ref().map_or(0, |seat| seat.number.0),
            name: seat.map_or_else(String::new, |seat| self.name_of(seat)),
            excerpt: words.map_or_else(String::new, |words| self.excerpt(&words)),
            there: target.is_some(),
            position,
        }))
    }

    /// The beginning of a text, without marks and with names for mentions.
    fn excerpt(&self, words: &str) -> String {
        let plain = |run: &Run<'_>| match run.seat {
            Some(seat) => format!("@{}", self.name_of_number(seat)),
            None => run.text.replace('\n', " "),
        };
        let whole: String = messaging::runs(words).iter().map(plain).collect();
        whole.chars().take(EXCERPT_CHARS).collect()
    }

    fn name_of_number(&self, number: SeatNumber) -> String {
        let seats = self.state.assembly.as_ref().map(|assembly| assembly.seats());
        let seat = seats.into_iter().flatten().find(|seat| seat.number == number);
        seat.map_or_else(|| format!("№ {number}"), |seat| self.name_of(seat))
    }

    /// One's own messages that the log has not shown yet.
    pub(crate) fn show_waiting(&self, id: ConversationId, next: u64) -> Result<Vec<MessageView>, StepError> {
        let mut views = Vec::new();
        let identity = self.identity()?;
        for (number, message, after) in self.waiting(id) {
            let position = next.saturating_add(u64::try_from(views.len()).unwrap_or_default());
            let written = self
                .state
                .outbox
                .get(&number)
                .map_or(Time(0), |item| item.not_before);
            let Some(record) = waiting_record(id, identity, written, message, after) else {
                continue;
            };
            let mut view = self.show_message(id, position, &record, &Changes::default())?;
            view.state = MessageState::Waiting;
            view.over = None;
            (view.arrived, view.read) = (0, 0);
            views.push(view);
        }
        for (name, outgoing) in self.outgoing(id)? {
            let position = next.saturating_add(u64::try_from(views.len()).unwrap_or_default());
            let written = outgoing.written;
            let message = AppMessage {
                id: outgoing.id,
                sent: written,
                journal: None,
                conversation: None,
                body: outgoing.body(None),
            };
            let line = Line::Message(message.encode());
            let record = MessageRecord::new(name, identity, true, written, line);
            let mut view = self.show_message(id, position, &record, &Changes::default())?;
            view.state = MessageState::Waiting;
            views.push(view);
        }
        Ok(views)
    }

    fn show_file(
        &self,
        name: MessageName,
        attachment: &Attachment,
        text: &Text,
    ) -> Result<MessageContent, StepError> {
        let picture = attachment.picture.as_ref();
        Ok(MessageContent::Attachment {
            name: attachment.name.to_string(),
            bytes: attachment.bytes,
            media: if picture.is_some() {
                MediaView::Picture
            } else {
                MediaView::File
            },
            width: picture.map(|picture| picture.width),
            height: picture.map(|picture| picture.height),
            thumbnail: picture.map(|picture| BASE64.encode(&picture.thumbnail)),
            text: text.words.clone(),
            runs: show_runs(&text.words),
            transfer: self.show_transfer(name, attachment.bytes)?,
        })
    }
}

/// A message as it would stand if the log had it, with what waits behind it; nothing if it is taken back or says no words.
fn waiting_record(
    id: ConversationId,
    identity: VerifyingKey,
    written: Time,
    message: AppMessage,
    after: Option<AppMessage>,
) -> Option<MessageRecord> {
    let name = message.name(id, &identity);
    let message = match (&message.body, after) {
        (Body::Text(_) | Body::Attachment(_), Some(after)) => super::acts::merged(message, after)?,
        (Body::Text(_) | Body::Attachment(_) | Body::Unknown { .. }, None) => message,
        _ => return None,
    };
    let line = Line::Message(message.encode());
    Some(MessageRecord::new(name, identity, true, written, line))
}

fn show_text(text: &Text) -> MessageContent {
    MessageContent::Text {
        runs: show_runs(&text.words),
        text: text.words.clone(),
    }
}

/// Words without marks, in stretches of one style each.
fn show_runs(words: &str) -> Vec<RunView> {
    let run = |run: Run<'_>| {
        let styles = [
            (run.style.bold, RunStyle::Bold),
            (run.style.italic, RunStyle::Italic),
            (run.style.strike, RunStyle::Strike),
            (run.style.code, RunStyle::Code),
            (run.style.quote, RunStyle::Quote),
        ];
        RunView {
            text: run.text.to_owned(),
            styles: styles
                .into_iter()
                .filter_map(|(set, style)| set.then_some(style))
                .collect(),
            seat: run.seat.map(|seat| seat.0),
        }
    };
    messaging::runs(words).into_iter().map(run).collect()
}

/// Whose devices these are.
fn people(members: &[messaging::Member]) -> BTreeSet<VerifyingKey> {
    members.iter().map(|member| member.identity).collect()
}

fn standing_view(standing: Standing) -> ConversationStanding {
    match standing {
        Standing::Active => ConversationStanding::Active,
        Standing::Left => ConversationStanding::Left,
        Standing::Halted => ConversationStanding::Halted,
    }
}

fn numbers(seats: &[SeatNumber]) -> Vec<u32> {
    seats.iter().map(|seat| seat.0).collect()
}
