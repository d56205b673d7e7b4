//! The relay as a whole: opened, listening, stopped.

use crate::clock::{Clock, SystemClock};
use crate::committed::Committed;
use crate::connection::{self, KIB, Shared, stopped};
use crate::identity::Identity;
use crate::keeping::Keeping;
use crate::lock::DirLock;
use crate::mark::Mark;
use crate::metrics::{self, Metrics, State};
use crate::opening;
use crate::recovery::Recovery;
use crate::sequencer::Sequencer;
use crate::service::Service;
use crate::settings::{Engine, Settings};
use crate::status::Board;
use crate::store::{StoreFault, sync_parent};
use crate::tls::{TlsError, server_config};
use crate::upkeep;
use crate::watch::Watchers;
use relay_api::{HostPort, RelayAddress};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
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
    /// An import was cut off.
    #[error("an import into {0} was cut off; run it again")]
    Unfinished(PathBuf),
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
        "the stream belongs to another relay than the keys in {0}. Copy the *.key files of a process that runs on \
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
    #[error(
        "cannot listen on {0}: {1}; another program may have the port, or the address is not this machine's"
    )]
    Listen(SocketAddr, io::Error),
}

/// A relay that is running.
#[derive(Debug)]
pub struct Running {
    address: RelayAddress,
    stopping: signal::Sender<bool>,
    accepting: JoinHandle<()>,
    showing: Option<JoinHandle<()>>,
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
    if upkeep::is_unfinished(&settings.data) {
        return Err(StartError::Unfinished(settings.data.clone()));
    }
    let lock = DirLock::take(&settings.data).map_err(unusable)?;
    let mut lock = lock.ok_or_else(|| StartError::InUse(settings.data.clone()))?;
    if lock.is_copy() && matches!(settings.engine, Engine::Disk) {
        return Err(StartError::Copied(settings.data.clone()));
    }
    upkeep::sweep(&settings.data).map_err(unusable)?;
    let identity = Identity::load_or_create(&settings.data).map_err(unusable)?;
    let tls = TlsAcceptor::from(server_config(&identity)?);

    // Blocks, but nothing else runs yet.
    let store = opening::open(&settings, &mut lock, &identity)?;
    let mark = Mark::load(&settings.data).map_err(unusable)?;
    if store.high_water()? < mark.at() {
        return Err(StartError::Less(settings.data.clone()));
    }
    let metrics = Arc::<Metrics>::default();
    let committed = Committed::new(Arc::clone(&store)).counted_by(Arc::clone(&metrics));
    let watchers = Arc::<Watchers>::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let recovery = Arc::new(Recovery::load(&settings.data).map_err(unusable)?);
    if recovery.is_on() {
        tracing::warn!(
            "recovering: nothing is appended until members have had time to give back what is missing"
        );
    }
    let shared = (Arc::clone(&store), committed.clone(), Arc::clone(&watchers));
    let keeping = Keeping {
        quota: settings.quota,
        board: Some(Board::new(&settings.data)),
        ..Keeping::default()
    };
    let durably = (Arc::clone(&recovery), Some(mark));
    let sequencer = Sequencer::start_keeping(shared, Arc::clone(&clock), durably, keeping)?;

    let (listener, shown) = listen(&settings).await?;
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
    if let Some(Ok(at)) = shown.as_ref().map(TcpListener::local_addr) {
        tracing::info!("metrics are at http://{at}/metrics");
    }
    let showing = shown.map(|listener| {
        let (metrics, committed, recovery) = (Arc::clone(&metrics), committed.clone(), Arc::clone(&recovery));
        let (data, queue) = (settings.data.clone(), sequencer.queue());
        let text = move || {
            queue.tick();
            metrics.text(state(&data, &committed, &recovery))
        };
        tokio::spawn(metrics::serve(listener, Arc::new(text)))
    });
    let issued = Identity::issue(&settings.data, clock.read().wall).map_err(unusable)?;
    let service = Service::new(
        (store, committed, watchers),
        sequencer.queue(),
        clock,
        identity,
        settings,
    )
    .recovering(recovery)
    .issued(issued);
    let (stopping, stop) = signal::channel(false);
    let shared = Shared {
        tls,
        service: Arc::new(service),
        metrics,
        bodies,
        stopping: stop,
        place: None,
    };
    let accepting = tokio::spawn(accept(listener, shared, connections_max));
    Ok(Running {
        address,
        stopping,
        accepting,
        showing,
        sequencer,
        _lock: lock,
    })
}

/// The sockets of the relay and of its metrics.
async fn listen(settings: &Settings) -> Result<(TcpListener, Option<TcpListener>), StartError> {
    let bind = async |to| {
        let bound = TcpListener::bind(to).await;
        bound.map_err(|error| StartError::Listen(to, error))
    };
    let listener = bind(settings.listen).await?;
    let shown = match settings.metrics {
        Some(to) => Some(bind(to).await?),
        None => None,
    };
    Ok((listener, shown))
}

fn state(data: &Path, committed: &Committed, recovery: &Recovery) -> State {
    let disk = rustix::fs::statvfs(data).map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    let (behind, broken) = committed.doubted();
    State {
        disk_free: disk,
        behind,
        broken,
        recovering: recovery.is_on(),
    }
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
        if let Some(showing) = self.showing {
            showing.abort();
        }
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
