//! What is said in the world: written and read as people do.

use super::World;
use client::requests::{Answer, Refusal, Request};
use client::views::{ConversationKind, ConversationView, MessageContent, MessageView};

/// The words of a message; none if it is something else.
pub fn words(view: &MessageView) -> &str {
    match &view.content {
        MessageContent::Text { text, .. } => text,
        _ => "",
    }
}

/// The conversation that has been begun.
pub fn begun(answer: Result<Answer, Refusal>) -> String {
    match answer {
        Ok(Answer::Conversation { conversation }) => conversation,
        other => panic!("{other:?}"),
    }
}

/// How long things take in the worst weather.
const WAIT_MS: u64 = 300_000;

impl World {
    pub fn direct(&mut self, who: usize, seat: u32) -> String {
        begun(self.ask(who, Request::Direct { seat }))
    }

    pub fn group(&mut self, who: usize, name: &str, seats: &[u32]) -> String {
        let (name, seats) = (name.into(), seats.to_vec());
        begun(self.ask(who, Request::FoundGroup { name, seats }))
    }

    pub fn ask_to_leave(&mut self, who: usize, id: &str, seat: u32) -> Result<Answer, Refusal> {
        let conversation = id.into();
        self.ask(who, Request::AskToLeave { conversation, seat })
    }

    pub fn all_see(&mut self, members: &[usize], id: &str, seats: &[u32]) {
        self.until("all see who is in it", WAIT_MS, |world| {
            members.iter().all(|who| world.seats_in(*who, id) == seats)
        });
    }

    pub fn conversation(&mut self, who: usize, id: &str) -> Option<ConversationView> {
        self.conversations(who).into_iter().find(|view| view.id == id)
    }

    pub fn seats_in(&mut self, who: usize, id: &str) -> Vec<u32> {
        let present = self
            .conversation(who, id)
            .into_iter()
            .flat_map(|view| view.present);
        present.map(|present| present.seat).collect()
    }

    pub fn say_in(&mut self, who: usize, id: &str, text: &str) -> Result<Answer, Refusal> {
        let request = Request::Send {
            conversation: Some(id.into()),
            text: text.into(),
            reply_to: None,
        };
        self.ask(who, request)
    }

    /// The words in a conversation; nothing counts as read by that.
    pub fn texts_in(&mut self, who: usize, id: &str) -> Vec<String> {
        let messages = self.messages(who, Some(id));
        let said = messages
            .iter()
            .filter(|view| matches!(view.content, MessageContent::Text { .. }));
        said.map(|view| words(view).to_owned()).collect()
    }

    pub fn conversations(&mut self, who: usize) -> Vec<ConversationView> {
        match self.ask(who, Request::Conversations) {
            Ok(Answer::Conversations { conversations }) => conversations,
            other => panic!("{other:?}"),
        }
    }

    pub fn plenary(&mut self, who: usize) -> ConversationView {
        let mut all = self.conversations(who).into_iter();
        all.find(|view| view.kind == ConversationKind::Plenary).unwrap()
    }

    /// Everything that stands in a conversation, in the plenary if none is named; nothing counts as read by that.
    pub fn messages(&mut self, who: usize, conversation: Option<&str>) -> Vec<MessageView> {
        self.read(who, conversation, false)
    }

    /// The words in the plenary, which count as read.
    pub fn texts(&mut self, who: usize) -> Vec<String> {
        let messages = self.read(who, None, true);
        let texts = messages
            .iter()
            .filter(|view| matches!(view.content, MessageContent::Text { .. }));
        texts.map(|view| words(view).to_owned()).collect()
    }

    pub fn say(&mut self, who: usize, text: &str) {
        let request = Request::Send {
            conversation: None,
            text: text.into(),
            reply_to: None,
        };
        self.ask(who, request).unwrap();
    }

    /// Nothing where there is no such conversation yet.
    pub fn read(&mut self, who: usize, conversation: Option<&str>, mark_read: bool) -> Vec<MessageView> {
        let request = Request::Read {
            conversation: conversation.map(str::to_owned),
            before: None,
            limit: Some(500),
            mark_read,
        };
        match self.ask(who, request) {
            Ok(Answer::Messages { messages }) => messages,
            _ => Vec::new(),
        }
    }
}
