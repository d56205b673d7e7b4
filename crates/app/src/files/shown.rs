//! Thumbnails as a page is shown them: whatever leaves for a front end passes here, and what others sent is decoded and encoded
//! again.

use super::pictures::thumbnail_url;
use crate::dto::views::{MessageContent, MessageView};
use crate::dto::{Answer, Event};
use data_encoding::BASE64;
use primitives::Hash;
use primitives::canonical::sha256;
use std::collections::BTreeMap;

/// So many are remembered.
const REMEMBERED: usize = 256;

/// Thumbnails that were decoded already, by the hash of what came.
#[derive(Debug, Default)]
pub(crate) struct Thumbnails(BTreeMap<Hash, Option<String>>);

impl Thumbnails {
    /// Makes an answer's thumbnails such as a page may show.
    pub(crate) fn answer(&mut self, answer: &mut Answer) {
        match answer {
            Answer::Messages { messages } => messages.iter_mut().for_each(|view| self.message(view)),
            Answer::Found { messages } => messages
                .iter_mut()
                .for_each(|found| self.message(&mut found.message)),
            Answer::Conversations { conversations } => conversations
                .iter_mut()
                .filter_map(|view| view.last.as_mut())
                .for_each(|view| self.message(view)),
            _ => {}
        }
    }

    /// Makes an event's thumbnail such as a page may show.
    pub(crate) fn event(&mut self, event: &mut Event) {
        if let Event::Message { message, .. } = event {
            self.message(message);
        }
    }

    fn message(&mut self, view: &mut MessageView) {
        if let MessageContent::Attachment { thumbnail, .. } = &mut view.content {
            *thumbnail = thumbnail.take().and_then(|said| self.url(&said));
        }
    }

    fn url(&mut self, said: &str) -> Option<String> {
        let hash = sha256(said.as_bytes());
        if let Some(known) = self.0.get(&hash) {
            return known.clone();
        }
        let bytes = BASE64.decode(said.as_bytes()).ok();
        let url = bytes.and_then(|bytes| thumbnail_url(&bytes));
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(hash, url.clone());
        url
    }
}
