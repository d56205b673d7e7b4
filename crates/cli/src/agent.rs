//! The agent: JSON lines in, JSON lines out, a member's duties meanwhile.
//!
//! A line in is a request with an `id`; a line out is an answer or refusal with the same `id`, or an event. Requests
//! are taken up in order; their answers come when they come.

use crate::args::Args;
use crate::ending::Ending;
use crate::interrupt::Interrupt;
use crate::session;
use app::Handle;
use app::dto::{Event, Refusal, RefusalCode, Request, Topic};
use serde_json::{Map, Value};
use std::io::{BufRead, Write};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

/// Longest line that is taken, in bytes.
const LINE_MAX: usize = 1024 * 1024;
/// Lines that may wait for us before their writer is made to wait.
const LINES_WAITING: usize = 64;

/// Runs until the end of the input, or a signal.
pub(crate) async fn run(args: &Args, interrupt: Interrupt) -> Result<(), Ending> {
    let handle = session::open(args).await?;
    let (out, written) = writer();
    let events = tokio::spawn(pass_events(handle.clone(), out.clone()));
    let mut lines = read_lines();
    let mut ending = std::pin::pin!(signal(interrupt));
    let mut requests = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                // Spawned in order on one thread: they reach the client in order.
                Some(line) => { requests.spawn(answer(handle.clone(), line, out.clone())); }
                None => break,
            },
            () = &mut ending => break,
            Some(_) = requests.join_next() => {}
        }
    }
    // What was taken is answered, unless a signal told us to hurry.
    if lines.is_closed() {
        while requests.join_next().await.is_some() {}
    }
    requests.abort_all();
    events.abort();
    handle.shutdown().await;
    drop((out, requests, events));
    // The writer ends when the last sender is gone; a reader that went away is no fault of ours.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), written).await;
    Ok(())
}

async fn answer(handle: Handle, line: String, out: mpsc::UnboundedSender<Value>) {
    let (id, request) = parse(&line);
    let result = match request {
        Ok(request) => handle.request(request).await,
        Err(details) => Err(Refusal {
            code: RefusalCode::BadRequest,
            details,
        }),
    };
    let mut reply = match result.map(serde_json::to_value) {
        Ok(Ok(Value::Object(fields))) => fields,
        Ok(_) => refusal(&Refusal {
            code: RefusalCode::Internal,
            details: "the answer is not JSON".to_owned(),
        }),
        Err(refused) => refusal(&refused),
    };
    reply.insert("id".to_owned(), id);
    // Nobody reads any more: the end of the input follows.
    let _ = out.send(Value::Object(reply));
}

/// Takes a line apart into its id and its request, or what is wrong with it.
fn parse(line: &str) -> (Value, Result<Request, String>) {
    if line.len() > LINE_MAX {
        return (
            Value::Null,
            Err(format!("a line is at most {LINE_MAX} bytes long")),
        );
    }
    let mut fields = match serde_json::from_str::<Map<String, Value>>(line) {
        Ok(fields) => fields,
        Err(error) => return (Value::Null, Err(format!("not a JSON object: {error}"))),
    };
    let id = fields.remove("id").unwrap_or(Value::Null);
    (
        id,
        serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string()),
    )
}

fn refusal(refusal: &Refusal) -> Map<String, Value> {
    Map::from_iter([("refusal".to_owned(), serde_json::json!(refusal))])
}

async fn pass_events(handle: Handle, out: mpsc::UnboundedSender<Value>) {
    let mut events = handle.subscribe();
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // Some were missed: whoever listens reads everything again.
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
        let Ok(line) = serde_json::to_value(event) else {
            continue;
        };
        if out.send(line).is_err() {
            return;
        }
    }
}

/// Reads lines on a thread of its own, for reading a pipe cannot be called off.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(LINES_WAITING);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if !line.trim().is_empty() && sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Writes lines on a thread of its own, one at a time and flushed; the second value tells when it has ended.
fn writer() -> (mpsc::UnboundedSender<Value>, tokio::sync::oneshot::Receiver<()>) {
    let (sender, mut lines) = mpsc::unbounded_channel::<Value>();
    let (ended, written) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        while let Some(line) = lines.blocking_recv() {
            let mut stdout = std::io::stdout().lock();
            if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
                break;
            }
        }
        // Nobody may be waiting for it.
        let _ = ended.send(());
    });
    (sender, written)
}

#[cfg(unix)]
async fn signal(mut interrupt: Interrupt) {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            () = interrupt.wait() => {}
        },
        Err(_) => interrupt.wait().await,
    }
}

#[cfg(not(unix))]
async fn signal(mut interrupt: Interrupt) {
    interrupt.wait().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_line_apart_into_id_and_request() {
        let (id, request) = parse(r#"{"id": 7, "request": "send", "text": "hello"}"#);
        assert_eq!(id, serde_json::json!(7));
        assert_eq!(
            request,
            Ok(Request::Send {
                conversation: None,
                text: "hello".into(),
                reply_to: None,
            })
        );
    }

    #[test]
    fn answers_a_bad_line_under_its_id() {
        let (id, request) = parse(r#"{"id": "a", "request": "sing"}"#);
        assert_eq!(id, serde_json::json!("a"));
        assert!(request.is_err());
        assert_eq!(parse("hello").0, Value::Null);
    }

    #[test]
    fn refuses_fields_that_no_request_has() {
        assert!(
            parse(r#"{"id": 1, "request": "endorse", "admission": "a", "seat": 1}"#)
                .1
                .is_err()
        );
    }
}
