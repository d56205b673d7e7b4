//! One request: made, answered, and waited for until the relay has what it produced.

use crate::args::{Args, Once};
use crate::ending::Ending;
use crate::request::Wanted;
use crate::{device, session, show, vote};
use app::Handle;
use app::dto::views::{AssemblyView, ConnectionState, Overview, TransferState};
use app::dto::{Answer, Event, Refusal, RefusalCode, Request};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::time::Instant;

/// So long nothing happens before we call what we have read up to date.
const QUIET: Duration = Duration::from_millis(700);
/// How often the outbox is looked at when nothing else tells.
const LOOK: Duration = Duration::from_millis(250);

/// Runs a single command.
pub(crate) async fn run(args: &Args, command: &Once) -> Result<(), Ending> {
    let wanted = command.wanted()?;
    let handle = session::open(args).await?;
    let result = exchange(args, &handle, wanted).await;
    handle.shutdown().await;
    let (answer, waiting) = result?;
    if let Some(caution) = show::caution(command) {
        eprintln!("veche: {caution}");
    }
    if args.json {
        println!(
            "{}",
            serde_json::to_string(&answer).map_err(|error| Ending::environment(&error))?
        );
    } else {
        print!("{}", show::answer(&answer, details(command)));
    }
    if waiting > 0 {
        eprintln!(
            "veche: {waiting} entries still wait in the outbox; they leave when the vault is next opened with the \
             relay in reach"
        );
    }
    Ok(())
}

/// What of the answer is shown only where it was asked for.
const fn details(command: &Once) -> show::Details {
    show::Details {
        proof: matches!(command, Once::Result { .. }),
        ids: matches!(
            command,
            Once::Read { ids: true, .. } | Once::Search { ids: true, .. }
        ),
    }
}

/// Makes the request, after catching up; returns what still waits in the outbox at the time limit.
async fn exchange(args: &Args, handle: &Handle, wanted: Wanted) -> Result<(Answer, u32), Ending> {
    let patience = Duration::from_secs(args.wait);
    let mut events = handle.subscribe();
    if needs_the_present(&wanted) {
        catch_up(handle, &mut events, Instant::now() + patience).await?;
    }
    let request = match wanted {
        Wanted::Request(request) => *request,
        Wanted::Device(asked) => device::request(handle, asked).await?,
        Wanted::Vote(voter) => vote::request(handle, voter).await?,
    };
    // A person who was asked may have taken their time.
    let ends = Instant::now() + patience;
    let only_looks = matches!(request, Request::Ballot { .. } | Request::SaveAttachment { .. });
    let fetched = match &request {
        Request::Fetch { message, .. } => Some(message.clone()),
        _ => None,
    };
    let joins_as_device = matches!(request, Request::JoinAsDevice { .. });
    let admits = matches!(request, Request::AdmitDevice { .. });
    let answer = handle.request(request).await.map_err(Ending::from_refusal)?;
    if only_looks {
        return Ok((answer, 0));
    }
    if joins_as_device {
        say_device_code(handle, &mut events, ends).await?;
    }
    if admits {
        let_in(handle, &mut events, ends).await?;
    }
    if let Some(message) = fetched {
        fetch(&message, &mut events, ends).await?;
    }
    loop {
        let waiting = overview(handle).await?.outbox_entries;
        if waiting == 0 || Instant::now() >= ends {
            return Ok((answer, waiting));
        }
        next_event(&mut events, LOOK).await;
    }
}

/// Says the code that is compared with the one on the first device, as soon as that one has answered.
async fn say_device_code(handle: &Handle, events: &mut Receiver<Event>, ends: Instant) -> Result<(), Ending> {
    loop {
        let assembly = overview(handle).await?.assembly;
        let waits = |assembly: &AssemblyView| assembly.device_until.is_some();
        let Some(assembly) = assembly.filter(waits) else {
            return Ok(());
        };
        if let Some(code) = assembly.device_code {
            eprintln!(
                "veche: compare this code with the one on your first device, and let this one in there: {code}"
            );
            return Ok(());
        }
        if Instant::now() >= ends {
            eprintln!(
                "veche: the first device has not answered yet; open it, and `overview` shows here the code to compare"
            );
            return Ok(());
        }
        next_event(events, LOOK).await;
    }
}

/// Waits until a device is in: the one that lets it in gives it the journal and the conversations.
async fn let_in(handle: &Handle, events: &mut Receiver<Event>, ends: Instant) -> Result<(), Ending> {
    loop {
        let link = device::devices(handle).await?.link;
        if !link.is_some_and(|link| link.admitted) {
            return Ok(());
        }
        if Instant::now() >= ends {
            eprintln!(
                "veche: the device is not in with everything yet; this goes on whenever this vault is open, as with \
                 `veche agent`"
            );
            return Ok(());
        }
        next_event(events, LOOK).await;
    }
}

/// Waits until a file is here.
async fn fetch(file: &str, events: &mut Receiver<Event>, ends: Instant) -> Result<(), Ending> {
    loop {
        let event = tokio::time::timeout_at(ends, events.recv()).await;
        let state = match event {
            Ok(Ok(Event::Transfer {
                message, transfer, ..
            })) if message == file => transfer.state,
            Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) | Err(_) => {
                eprintln!("veche: the file is not here yet; the same command goes on where this one stopped");
                return Ok(());
            }
            Ok(_) => continue,
        };
        let details = match state {
            TransferState::Here => return Ok(()),
            TransferState::Gone => "the relay keeps the file no more; ask its author to send it again",
            TransferState::Failed => {
                "what the relay gave is not the file that the message names; try again later"
            }
            TransferState::Sending | TransferState::Offered | TransferState::Fetching => continue,
        };
        return Err(Ending::from_refusal(Refusal {
            code: RefusalCode::Unknown,
            details: details.to_owned(),
        }));
    }
}

/// Waits until the logs have been read to their ends: connected, and nothing new for a moment.
async fn catch_up(handle: &Handle, events: &mut Receiver<Event>, ends: Instant) -> Result<(), Ending> {
    while Instant::now() < ends {
        let quiet = !next_event(events, QUIET).await;
        let overview = overview(handle).await?;
        match overview.connection.state {
            ConnectionState::Online if quiet => return Ok(()),
            ConnectionState::Idle if overview.assembly.is_none() => return Ok(()),
            ConnectionState::WrongRelay => break,
            _ => {}
        }
    }
    eprintln!("veche: the relay is out of reach; this is what the vault knows");
    Ok(())
}

/// Whether something happened before `limit` passed.
async fn next_event(events: &mut Receiver<Event>, limit: Duration) -> bool {
    match tokio::time::timeout(limit, events.recv()).await {
        // Events that were missed are events.
        Ok(Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_))) => true,
        Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) => {
            tokio::time::sleep(limit).await;
            false
        }
        Err(_) => false,
    }
}

pub(crate) async fn overview(handle: &Handle) -> Result<Overview, Ending> {
    match handle
        .request(Request::Overview)
        .await
        .map_err(Ending::from_refusal)?
    {
        Answer::Overview { overview } => Ok(overview),
        _ => Err(Ending::Usage(
            "the overview was answered with something else".to_owned(),
        )),
    }
}

/// Founding, joining and reading a link need no past; a ballot that waits lies in the vault, and whoever asks for it
/// has a relay that does not answer.
fn needs_the_present(wanted: &Wanted) -> bool {
    let Wanted::Request(request) = wanted else {
        return true;
    };
    !matches!(
        **request,
        Request::Found { .. }
            | Request::Join { .. }
            | Request::ReadInvitation { .. }
            | Request::JoinAsDevice { .. }
            | Request::ReadDeviceLink { .. }
            | Request::GiveUpDeviceLink
            | Request::Ballot { .. }
    )
}
