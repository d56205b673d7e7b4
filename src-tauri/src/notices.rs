//! Notices on the desktop: that something has happened, and never what. A lock screen and whoever looks at it may be strangers.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use app::dto::NoticeKind;
use notify_rust::Notification;
use tauri::{AppHandle, Manager};

use crate::settings::{Language, SettingsFile};

/// Of one kind, no second notice comes sooner.
const PAUSE: Duration = Duration::from_secs(10);

/// What has been raised, and when.
#[derive(Debug, Default)]
pub(crate) struct Notices(BTreeMap<NoticeKind, Instant>);

impl Notices {
    /// Raises a notice, unless the window is before its user's eyes or one like it has just been raised.
    pub(crate) fn raise(&mut self, app: &AppHandle, window: &str, kind: NoticeKind) {
        let window = app.get_webview_window(window);
        let seen = window.is_some_and(|window| window.is_focused().unwrap_or(false));
        if seen || !self.is_due(kind, Instant::now()) {
            return;
        }
        let words = words(kind, app.state::<SettingsFile>().language());
        tauri::async_runtime::spawn_blocking(move || {
            // Where no service shows notices there are none.
            let _ = Notification::new()
                .appname("Veche")
                .summary("Veche")
                .body(words)
                .show();
        });
    }

    fn is_due(&mut self, kind: NoticeKind, now: Instant) -> bool {
        let soon = |at: &Instant| now.duration_since(*at) < PAUSE;
        if self.0.get(&kind).is_some_and(soon) {
            return false;
        }
        self.0.insert(kind, now);
        true
    }
}

fn words(kind: NoticeKind, language: Language) -> &'static str {
    match (kind, language) {
        (NoticeKind::Message, Language::Ru) => "Новое сообщение",
        (NoticeKind::Message, Language::En) => "A new message",
        (NoticeKind::Mention, Language::Ru) => "Вас упомянули",
        (NoticeKind::Mention, Language::En) => "You have been mentioned",
        (NoticeKind::Motion, Language::Ru) => "Новое о предложениях",
        (NoticeKind::Motion, Language::En) => "News of a motion",
        (NoticeKind::Deadline, Language::Ru) => "Голосование скоро закончится",
        (NoticeKind::Deadline, Language::En) => "A vote closes soon",
        (NoticeKind::Plenary, Language::Ru) => "Новое о пленарном разговоре",
        (NoticeKind::Plenary, Language::En) => "News of the plenary",
        (NoticeKind::Device, Language::Ru) => "У вас новое устройство",
        (NoticeKind::Device, Language::En) => "You have a new device",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_notice_of_each_kind() {
        let (mut notices, now) = (Notices::default(), Instant::now());
        assert!(notices.is_due(NoticeKind::Message, now));
        assert!(!notices.is_due(NoticeKind::Message, now + PAUSE / 2));
        assert!(notices.is_due(NoticeKind::Mention, now + PAUSE / 2));
        assert!(notices.is_due(NoticeKind::Message, now + PAUSE));
    }
}
