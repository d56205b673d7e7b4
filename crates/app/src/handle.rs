//! What a front end holds.

use crate::config::{Config, VaultStatus};
use crate::desk::Desk;
use crate::dto::{Answer, Event, Refusal, Request};
use crate::refusals;
use crate::work::{Reply, Work};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use tokio::sync::{broadcast, oneshot};
use zeroize::Zeroizing;

/// OpenMLS and the fold recurse deeper than a thread's usual stack allows.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// Events that a slow listener may be behind before it is told that it missed some.
const EVENTS_WAITING: usize = 1024;

/// The edge of one vault.
#[derive(Debug)]
pub struct App;

impl App {
    /// Starts the thread that owns the client. The vault stays as it is until it is created or unlocked.
    ///
    /// If the system gives no thread, every request is refused.
    #[must_use]
    pub fn spawn(config: Config) -> Handle {
        let (work, waiting) = mpsc::channel();
        let (events, _) = broadcast::channel(EVENTS_WAITING);
        let is_open = Arc::new(AtomicBool::new(false));
        let shared = Shared {
            work: work.clone(),
            events: events.clone(),
            is_open: Arc::clone(&is_open),
            vault_dir: config.vault_dir.clone(),
        };
        // A thread that does not start drops the receiving end, and whoever asks is told.
        let _ = thread::Builder::new()
            .name("veche-client".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                if let Ok(desk) = Desk::new(config, work, events, is_open) {
                    desk.run(&waiting);
                }
            });
        Handle {
            shared: Arc::new(shared),
        }
    }
}

/// A way to ask the client's thread. Cheap to clone; when the last one is gone the thread locks the vault and ends.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    work: mpsc::Sender<Work>,
    events: broadcast::Sender<Event>,
    is_open: Arc<AtomicBool>,
    vault_dir: PathBuf,
}

impl Handle {
    /// How the vault stands right now.
    #[must_use]
    pub fn vault_status(&self) -> VaultStatus {
        if self.shared.is_open.load(Ordering::Acquire) {
            VaultStatus::Open
        } else {
            VaultStatus::on_disk(&self.shared.vault_dir)
        }
    }

    /// Makes a vault and opens it.
    ///
    /// # Errors
    /// `VaultExists`, `VaultInUse`, `CannotWrite`.
    pub async fn create_vault(&self, passphrase: Zeroizing<String>) -> Result<(), Refusal> {
        self.put(|reply| Work::Create { passphrase, reply }).await?
    }

    /// Opens the vault and starts a member's duties; changes nothing if it is open.
    ///
    /// # Errors
    /// `NoVault`, `VaultInUse`, `WrongPassphrase`, `VaultDamaged`, `CannotWrite`.
    pub async fn unlock(&self, passphrase: Zeroizing<String>) -> Result<(), Refusal> {
        self.put(|reply| Work::Unlock { passphrase, reply }).await?
    }

    /// Closes every connection, ends long work and forgets all keys.
    pub async fn lock(&self) {
        // A thread that is gone has nothing open.
        let _ = self.put(|reply| Work::Lock { reply }).await;
    }

    /// Carries out a request; the answer comes when its effect is durable.
    ///
    /// # Errors
    /// A [`Refusal`] with one of the closed list of codes; `Locked` while the vault is not open.
    pub async fn request(&self, request: Request) -> Result<Answer, Refusal> {
        self.put(|reply| Work::Ask {
            request: Box::new(request),
            reply,
        })
        .await?
    }

    /// How many entries wait for the relay.
    ///
    /// # Errors
    /// `Locked`.
    pub async fn outbox_entries(&self) -> Result<usize, Refusal> {
        self.put(|reply| Work::OutboxEntries { reply }).await?
    }

    /// Events from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Locks the vault and ends the thread; returns when both are done.
    pub async fn shutdown(&self) {
        // A thread that is gone has nothing to end.
        let _ = self.put(|reply| Work::Shutdown { reply: Some(reply) }).await;
    }

    async fn put<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.shared
            .work
            .send(work(reply))
            .map_err(|_| refusals::given_up())?;
        answer.await.map_err(|_| match self.vault_status() {
            VaultStatus::Open => refusals::given_up(),
            VaultStatus::Absent | VaultStatus::Locked => refusals::locked(),
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // After a shutdown nobody takes it any more.
        let _ = self.work.send(Work::Shutdown { reply: None });
    }
}
