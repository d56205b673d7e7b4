//! What happens by itself, told to the page.

use app::dto::{Event, Topic};
use tauri::{AppHandle, Emitter};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::notices::Notices;

/// Name of the window that hears events, and of the event.
const WINDOW: &str = "main";
const EVENT: &str = "veche";

/// Forwards events until the vault's thread is gone.
pub(crate) async fn forward(app: AppHandle, mut events: Receiver<Event>) {
    let mut notices = Notices::default();
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // Too slow to hear everything: let the page read everything again.
            Err(RecvError::Lagged(_)) => Event::Changed {
                topics: vec![
                    Topic::Overview,
                    Topic::Members,
                    Topic::Conversations,
                    Topic::Motions,
                    Topic::Devices,
                ],
            },
            Err(RecvError::Closed) => return,
        };
        if let Event::Notice { kind, .. } = &event {
            notices.raise(&app, WINDOW, *kind);
        }
        // A window that is closing hears nothing, and misses nothing.
        let _ = app.emit_to(WINDOW, EVENT, event);
    }
}
