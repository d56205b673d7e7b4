//! Requests, answers and events of every front end: the window's commands, the agent's JSON lines and the
//! one-shot commands are all these. The interface is stated in `docs/spec/agent.md` and does not change its meaning.

mod answer;
mod event;
mod request;

pub use answer::{Answer, Refusal, RefusalCode};
pub use event::{Event, NoticeKind, Topic, Work};
pub use request::{AuditLevel, CharterChanges, Request};
