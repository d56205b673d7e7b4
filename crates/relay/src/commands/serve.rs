//! `veche-relay serve`: the options, from the command line, the environment and a file, and the run.

use crate::Failure;
use relay::quota::Quota;
use relay::{Engine, JetStream, Settings, StartError, start};
use relay_api::{CreateToken, HostPort};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use serde::Deserialize;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

/// Files besides those of connections.
const FILES_BESIDE: u64 = 64;

/// Options of the command. Each can stand in the file too, under its long name.
#[derive(Debug, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Serve {
    /// File with settings (TOML): each option by its long name, `data = "/var/lib/veche-relay"`. What the command line
    /// says counts first, then the environment, then the file.
    #[arg(long, value_name = "FILE", env = "VECHE_RELAY_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one. Needed.
    #[arg(long, value_name = "ADDR:PORT", env = "VECHE_RELAY_LISTEN")]
    listen: Option<SocketAddr>,
    /// What members should connect to, if it is not the address listened on; can be given up to eight times.
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "VECHE_RELAY_ADVERTISE",
        value_delimiter = ','
    )]
    advertise: Option<Vec<String>>,
    /// Directory for keys and logs; made if it is not there. Needed.
    #[arg(long, value_name = "DIR", env = "VECHE_RELAY_DATA")]
    data: Option<PathBuf>,
    /// Where the logs are kept beyond one machine: nats://HOST:PORT[,HOST:PORT ...][/STREAM], or tls://; without it, in
    /// the data directory. Any number of relay processes with the same *.key files run on one stream (docs/relay-nats.md).
    #[arg(long, value_name = "URL", env = "VECHE_RELAY_STORE")]
    store: Option<String>,
    /// File with the user and the password for the NATS servers: USER:PASSWORD.
    #[arg(long, value_name = "FILE", env = "VECHE_RELAY_STORE_USER_FILE")]
    store_user_file: Option<PathBuf>,
    /// File with the certificates, PEM, that the NATS servers are believed by; else the system's.
    #[arg(long, value_name = "FILE", env = "VECHE_RELAY_STORE_CA_FILE")]
    store_ca_file: Option<PathBuf>,
    /// File with a token (1 to 128 of A-Z a-z 0-9 - . _ ~); with it, only those who show the token create logs. Put it
    /// into the address you hand out: veche-relay://ID:TOKEN@HOST:PORT
    #[arg(long, value_name = "FILE", env = "VECHE_RELAY_CREATE_TOKEN_FILE")]
    create_token_file: Option<PathBuf>,
    /// Connections at the same time [4096]. A watch is one; each takes a file descriptor.
    #[arg(long, value_name = "N", env = "VECHE_RELAY_CONNECTIONS_MAX")]
    connections_max: Option<usize>,
    /// Calls of one connection at once, before it has to wait [512].
    #[arg(long, value_name = "N", env = "VECHE_RELAY_REQUEST_BURST")]
    request_burst: Option<u32>,
    /// Milliseconds after which a connection that had to wait may make one more call [5]; 0: it never waits.
    #[arg(long, value_name = "MS", env = "VECHE_RELAY_REQUEST_EVERY_MS")]
    request_every_ms: Option<u32>,
    /// Appends to one log at once, before it has to wait [256].
    #[arg(long, value_name = "N", env = "VECHE_RELAY_APPEND_BURST")]
    append_burst: Option<u32>,
    /// Milliseconds after which a log that had to wait may take one more [20].
    #[arg(long, value_name = "MS", env = "VECHE_RELAY_APPEND_EVERY_MS")]
    append_every_ms: Option<u32>,
    /// Mebibytes of the disk to leave free [64]; with less, nothing is stored.
    #[arg(long, value_name = "MIB", env = "VECHE_RELAY_RESERVE_MIB")]
    reserve_mib: Option<u64>,
    /// Mebibytes of entries and blobs that one log may have [as much as the disk takes]. Ballot boxes are exempt.
    #[arg(long, value_name = "MIB", env = "VECHE_RELAY_LOG_QUOTA_MIB")]
    log_quota_mib: Option<u64>,
    /// Mebibytes of entries and blobs that all logs together may have [as much as the disk takes].
    #[arg(long, value_name = "MIB", env = "VECHE_RELAY_STORE_QUOTA_MIB")]
    store_quota_mib: Option<u64>,
    /// Shows metrics at http://ADDR:PORT/metrics, for Prometheus. Plain HTTP without a password: an address of loopback.
    #[arg(long, value_name = "ADDR:PORT", env = "VECHE_RELAY_METRICS")]
    metrics: Option<SocketAddr>,
    /// Metrics may be shown at an address that is not of loopback: whoever reaches it sees how much the relay does.
    #[arg(long, env = "VECHE_RELAY_METRICS_PUBLIC", num_args = 0..=1, default_missing_value = "true")]
    metrics_public: Option<bool>,
    /// Logs as JSON lines.
    #[arg(long, env = "VECHE_RELAY_LOG_JSON", num_args = 0..=1, default_missing_value = "true")]
    log_json: Option<bool>,
}

impl Serve {
    /// Runs the relay until it is told to stop.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) fn run(self) -> Result<(), Failure> {
        let serve = self.complete()?;
        log(serve.log_json == Some(true));
        run(serve.settings()?)
    }

    /// What the command line and the environment leave open is taken from the file.
    fn complete(self) -> Result<Self, Failure> {
        let Some(path) = self.config.as_deref() else {
            return Ok(self);
        };
        let unread = |why: String| Failure::misuse(format!("the settings in {}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| unread(error.to_string()))?;
        let file: Self = toml::from_str(&text).map_err(|error| unread(error.to_string()))?;
        Ok(Self {
            listen: self.listen.or(file.listen),
            advertise: self.advertise.or(file.advertise),
            data: self.data.or(file.data),
            store: self.store.or(file.store),
            store_user_file: self.store_user_file.or(file.store_user_file),
            store_ca_file: self.store_ca_file.or(file.store_ca_file),
            create_token_file: self.create_token_file.or(file.create_token_file),
            connections_max: self.connections_max.or(file.connections_max),
            request_burst: self.request_burst.or(file.request_burst),
            request_every_ms: self.request_every_ms.or(file.request_every_ms),
            append_burst: self.append_burst.or(file.append_burst),
            append_every_ms: self.append_every_ms.or(file.append_every_ms),
            reserve_mib: self.reserve_mib.or(file.reserve_mib),
            log_quota_mib: self.log_quota_mib.or(file.log_quota_mib),
            store_quota_mib: self.store_quota_mib.or(file.store_quota_mib),
            metrics: self.metrics.or(file.metrics),
            metrics_public: self.metrics_public.or(file.metrics_public),
            log_json: self.log_json.or(file.log_json),
            config: self.config,
        })
    }

    fn settings(self) -> Result<Settings, Failure> {
        let needed = |what: &str| {
            let what_env = what.to_uppercase();
            Failure::misuse(format!(
                "--{what} is needed: on the command line, as VECHE_RELAY_{what_env}, or in the file of --config"
            ))
        };
        let listen = self.listen.ok_or_else(|| needed("listen"))?;
        let data = self.data.ok_or_else(|| needed("data"))?;
        let default = Settings::new(listen, data);
        let hosts = self.advertise.unwrap_or_default();
        let hosts = hosts.iter().map(|text| text.parse::<HostPort>());
        let advertise = hosts
            .collect::<Result<_, _>>()
            .map_err(|_| Failure::misuse("--advertise needs HOST:PORT"))?;
        if let Some(metrics) = self.metrics
            && !metrics.ip().is_loopback()
            && self.metrics_public != Some(true)
        {
            return Err(Failure::misuse(format!(
                "--metrics {metrics} is not an address of loopback, such as 127.0.0.1:9464; anybody who reaches it would see \
                 how much the relay does. If that is meant, add --metrics-public"
            )));
        }
        let engine = match &self.store {
            Some(store) => Engine::JetStream(jetstream(
                store,
                self.store_user_file.as_deref(),
                self.store_ca_file,
            )?),
            None if self.store_user_file.is_some() || self.store_ca_file.is_some() => {
                return Err(Failure::misuse(
                    "--store-user-file and --store-ca-file need --store",
                ));
            }
            None => Engine::Disk,
        };
        Ok(Settings {
            advertise,
            engine,
            create_token: self.create_token_file.as_deref().map(token).transpose()?,
            connections_max: self.connections_max.unwrap_or(default.connections_max),
            request_burst: self.request_burst.unwrap_or(default.request_burst),
            request_every_ms: self.request_every_ms.unwrap_or(default.request_every_ms),
            append_burst: self.append_burst.unwrap_or(default.append_burst),
            append_every_ms: self.append_every_ms.unwrap_or(default.append_every_ms),
            reserve_bytes: self.reserve_mib.map_or(default.reserve_bytes, bytes),
            quota: Quota {
                log_bytes: self.log_quota_mib.filter(|mib| *mib > 0).map(bytes),
                store_bytes: self.store_quota_mib.filter(|mib| *mib > 0).map(bytes),
            },
            metrics: self.metrics,
            ..default
        })
    }
}

fn bytes(mib: u64) -> u64 {
    mib.saturating_mul(1024 * 1024)
}

fn log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if json {
        logs.json().init()
    } else {
        logs.with_ansi(false).init()
    }
}

fn jetstream(store: &str, user: Option<&Path>, authority: Option<PathBuf>) -> Result<JetStream, Failure> {
    let at = JetStream::parse(store);
    let mut at = at.ok_or_else(|| {
        Failure::misuse(
            "--store needs nats://HOST:PORT[,HOST:PORT ...][/STREAM]; a user goes into --store-user-file",
        )
    })?;
    if let Some(path) = user {
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text =
            text.map_err(|error| Failure::misuse(format!("the user file {}: {error}", path.display())))?;
        let pair = text.trim().split_once(':');
        let (user, password) =
            pair.ok_or_else(|| Failure::misuse("--store-user-file needs USER:PASSWORD"))?;
        at.user = Some((user.to_owned(), Zeroizing::new(password.to_owned())));
    }
    at.authority = authority;
    Ok(at)
}

fn token(path: &Path) -> Result<CreateToken, Failure> {
    let text = std::fs::read_to_string(path);
    let text =
        text.map_err(|error| Failure::misuse(format!("the token file {}: {error}", path.display())))?;
    CreateToken::new(text.trim()).map_err(|error| Failure::misuse(error.to_string()))
}

/// Each connection takes a file. What the system allows at most is taken; if that is too little, it is said.
fn allow_files(connections_max: usize) {
    let needed = u64::try_from(connections_max)
        .unwrap_or(u64::MAX)
        .saturating_add(FILES_BESIDE);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    let current = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = Rlimit {
        current: Some(current),
        maximum: limit.maximum,
    };
    if setrlimit(Resource::Nofile, raised).is_err() || current < needed {
        tracing::warn!(
            needed,
            "the system allows fewer open files than --connections-max needs; some connections will have to wait"
        );
    }
}

fn run(settings: Settings) -> Result<(), Failure> {
    allow_files(settings.connections_max);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::environment(error.to_string()))?;
    runtime.block_on(async {
        let unheard = |error: std::io::Error| Failure::environment(error.to_string());
        let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
        let running = start(settings).await.map_err(|error| match error {
            StartError::InUse(_) => Failure::misuse(error.to_string()),
            _ => Failure::environment(error.to_string()),
        })?;
        let printed =
            writeln!(std::io::stdout(), "{}", running.address()).and_then(|()| std::io::stdout().flush());
        printed.map_err(unheard)?;
        tracing::info!("ready");
        tell_systemd(NotifyState::Ready);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        tell_systemd(NotifyState::Stopping);
        running.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Nobody may be listening: then it does nothing.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
