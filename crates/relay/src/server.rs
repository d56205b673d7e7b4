//! The relay as a whole: opened, listening, stopped.

use crate::clock::{Clock, SystemClock};
use crate::committed::Committed;
use crate::connection::{self, KIB, Shared, stopped};
use crate::identity::Identity;
use crate::lock::DirLock;
use crate::mark::Mark;
use crate::opening;
use crate::recovery::Recovery;
use crate::sequencer::Sequencer;
use crate::service::Service;
use crate::settings::{Engine, Settings};
use crate::store::{StoreFault, sync_parent};
use crate::tls::{TlsError, server_config};
use crate::watch::Watchers;
use relay_api::{HostPort, RelayAddress};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch as signal};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How long open connections may finish what they are doing.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a relay did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another process has the directory.
    #[error("the data directory {0} is in use by another relay; stop that one or choose another directory")]
    InUse(PathBuf),
    /// The directory cannot be used.
    #[error("the data directory {0} cannot be used: {1}")]
    Data(PathBuf, io::Error),
    /// It was copied here.
    #[error(
        "the data directory {0} is a copy of another one, or of its keys. If it is older than what the relay had last, or may be, run \
         `veche-relay recover --data {0}` and start again; if it is the very last state, and the original will never \
         run again, run `veche-relay recover --latest --data {0}`"
    )]
    Copied(PathBuf),
    /// The store has less than it had.
    #[error(
        "the store in {0} has lost what it held: it is damaged, or an older copy. Check the disk; put back the newest \
         copy that you have, if this is not it; then run `veche-relay recover --data {0}` and start again: members' \
         programs give back what is missing"
    )]
    Less(PathBuf),
    /// The directory belongs to the other engine.
    #[error(
        "{0} is there: this data directory was used with another --store, and its keys have signed what is in it. Give \
         the --store that it was used with, or another directory"
    )]
    OtherEngine(PathBuf),
    /// The stream belongs to another relay.
    #[error(
        "the stream belongs to another relay than the keys in {0}. Copy the three *.key files of a process that runs on \
         it there, or name another stream: nats://HOST:PORT/NAME"
    )]
    OtherRelay(PathBuf),
    /// The stream cannot be opened.
    #[error(
        "the stream cannot be opened ({0}). Check the NATS servers and --store; docs/relay-nats.md says how they are set up"
    )]
    Stream(StoreFault),
    /// The store cannot be opened.
    #[error(
        "the store cannot be opened ({0}). Check the disk; if the store is damaged, put back the newest copy that you \
         have, run `veche-relay recover` on it and start again: members' programs give back what is missing"
    )]
    Store(#[from] StoreFault),
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
}

/// A relay that is running.
#[derive(Debug)]
pub struct Running {
    address: RelayAddress,
    stopping: signal::Sender<bool>,
    accepting: JoinHandle<()>,
    sequencer: Sequencer,
    _lock: DirLock,
}

/// Opens the data directory and begins to listen.
///
/// # Errors
/// [`StartError`], with what to do about it.
pub async fn start(settings: Settings) -> Result<Running, StartError> {
    let unusable = |error| StartError::Data(settings.data.clone(), error);
    std::fs::create_dir_all(&settings.data).map_err(unusable)?;
    sync_parent(&settings.data).map_err(unusable)?;
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&settings.data, private).map_err(unusable)?;
    let lock = DirLock::take(&settings.data).map_err(unusable)?;
    let mut lock = lock.ok_or_else(|| StartError::InUse(settings.data.clone()))?;
    if lock.is_copy() && matches!(settings.engine, Engine::Disk) {
        return Err(StartError::Copied(settings.data.clone()));
    }
    let identity = Identity::load_or_create(&settings.data).map_err(unusable)?;
    let tls = TlsAcceptor::from(server_config(&identity)?);

    // Blocks, but nothing else runs yet.
    let store = opening::open(&settings, &mut lock, &identity)?;
    let mark = Mark::load(&settings.data).map_err(unusable)?;
    if store.high_water()? < mark.at() {
        return Err(StartError::Less(settings.data.clone()));
    }
    let (committed, watchers) = (Committed::new(Arc::clone(&store)), Arc::<Watchers>::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let recovery = Arc::new(Recovery::load(&settings.data).map_err(unusable)?);
    if recovery.is_on() {
        tracing::warn!(
            "recovering: nothing is appended until members have had time to give back what is missing"
        );
    }
    let shared = (Arc::clone(&store), committed.clone(), Arc::clone(&watchers));
    let sequencer = Sequencer::start_in(shared, Arc::clone(&clock), Arc::clone(&recovery), Some(mark))?;

    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.map_err(|error| StartError::Listen(settings.listen, error))?;
    let bound = listener
        .local_addr()
        .map_err(|error| StartError::Listen(settings.listen, error))?;
    let address = RelayAddress {
        relay: identity.relay(),
        token: None,
        hosts: advertised(&settings, bound),
    };

    let connections_max = settings.connections_max;
    let bodies = Arc::new(Semaphore::new(settings.bodies_bytes_max.div_ceil(KIB)));
    let service = Service::new(
        (store, committed, watchers),
        sequencer.queue(),
        clock,
        identity,
        settings,
    )
    .recovering(recovery);
    let (stopping, stop) = signal::channel(false);
    let shared = Shared {
        tls,
        service: Arc::new(service),
        bodies,
        stopping: stop,
        place: None,
    };
    let accepting = tokio::spawn(accept(listener, shared, connections_max));
    Ok(Running {
        address,
        stopping,
        accepting,
        sequencer,
        _lock: lock,
    })
}

impl Running {
    /// What to hand to members. Carries no token: whoever runs the relay adds it for whom he trusts.
    #[must_use]
    pub const fn address(&self) -> &RelayAddress {
        &self.address
    }

    /// Takes no more, finishes what is queued, and lets go of the directory.
    pub async fn stop(self) {
        let _ = self.stopping.send(true);
        let _ = self.accepting.await;
        let sequencer = self.sequencer;
        let _ = tokio::task::spawn_blocking(move || sequencer.stop()).await;
    }
}

fn advertised(settings: &Settings, bound: SocketAddr) -> Vec<HostPort> {
    if settings.advertise.is_empty() {
        vec![HostPort {
            host: bound.ip().to_string(),
            port: bound.port(),
        }]
    } else {
        settings.advertise.clone()
    }
}

async fn accept(listener: TcpListener, shared: Shared, connections_max: usize) {
    let places = Arc::new(Semaphore::new(connections_max));
    let mut stopping = shared.stopping.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match Arc::clone(&places).try_acquire_owned() {
                    Ok(place) => {
                        let shared = Shared { place: Some(Arc::new(place)), ..shared.clone() };
                        connections.spawn(connection::serve(stream, shared));
                    }
                    Err(_) => tracing::warn!("too many connections: one was dropped"),
                },
                Err(error) => {
                    // Out of file descriptors, most likely: let some close.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stopped(&mut stopping) => break,
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_TIMEOUT, finished).await.is_err() {
        tracing::warn!("some connections were cut");
    }
}
