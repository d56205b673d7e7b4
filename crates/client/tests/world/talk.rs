//! What is said in the world: written and read as people do.

use super::World;
use client::requests::{Answer, Request};
use client::views::{ConversationKind, ConversationView, MessageContent, MessageView};

/// The words of a message; none if it is something else.
pub fn words(view: &MessageView) -> &str {
    match &view.content {
        MessageContent::Text { text, .. } => text,
        _ => "",
    }
}

impl World {
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
    fn read(&mut self, who: usize, conversation: Option<&str>, mark_read: bool) -> Vec<MessageView> {
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
