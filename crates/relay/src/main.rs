//! `veche-relay`: runs a relay.

#[path = "commands/recover.rs"]
mod recover;

use clap::{Parser, Subcommand};
use relay::{Engine, JetStream, Settings, StartError, start};
use relay_api::{CreateToken, HostPort};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

/// Keeps the logs of Veche assemblies: encrypted, append-only, readable only by those who have their tokens.
///
/// It knows no users and sees no content. Whatever else it did wrong, readers would notice.
#[derive(Debug, Parser)]
#[command(name = "veche-relay", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the relay until it gets SIGTERM or SIGINT.
    ///
    /// When it is ready it prints its address on standard output, one line that begins with `veche-relay://`: give it
    /// to members. It pins the relay's identity key, contains nothing secret, and stays the same as long as the data
    /// directory does. Everything else goes to standard error; RUST_LOG=debug says more.
    ///
    /// Back up the three *.key files of the data directory, offline. After restoring the logs from an old copy run
    /// `veche-relay recover` before this: otherwise readers would see the relay contradict itself.
    Serve(Serve),
    /// Prepares a data directory whose logs are an older copy: run it after restoring, before `serve`.
    ///
    /// The relay has signed more than an older copy holds. Its logs can be read then, but take nothing until members'
    /// programs have given back what is missing (they do so by themselves) and the waiting time has passed.
    Recover(recover::Recover),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// What members should connect to, if it is not the address listened on; can be given up to eight times.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Vec<String>,
    /// Directory for keys and logs; made if it is not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the logs are kept beyond one machine: nats://HOST:PORT[,HOST:PORT ...][/STREAM], or tls://; without it, in
    /// the data directory. Any number of relay processes with the same *.key files run on one stream (docs/relay-nats.md).
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// File with the user and the password for the NATS servers: USER:PASSWORD.
    #[arg(long, value_name = "FILE", requires = "store")]
    store_user_file: Option<PathBuf>,
    /// File with the certificates, PEM, that the NATS servers are believed by; else the system's.
    #[arg(long, value_name = "FILE", requires = "store")]
    store_ca_file: Option<PathBuf>,
    /// File with a token (1 to 128 of A-Z a-z 0-9 - . _ ~); with it, only those who show the token create logs. Put it
    /// into the address you hand out: veche-relay://ID:TOKEN@HOST:PORT
    #[arg(long, value_name = "FILE")]
    create_token_file: Option<PathBuf>,
    /// Connections at the same time.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    connections_max: usize,
    /// Appends to one log at once, before it has to wait.
    #[arg(long, value_name = "N", default_value_t = 256)]
    append_burst: u32,
    /// Milliseconds after which a log that had to wait may take one more.
    #[arg(long, value_name = "MS", default_value_t = 20)]
    append_every_ms: u32,
    /// Mebibytes of the disk to leave free; with less, nothing is stored.
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    reserve_mib: u64,
    /// Logs as JSON lines.
    #[arg(long)]
    log_json: bool,
}

fn main() -> ExitCode {
    match Args::parse().command {
        Command::Serve(serve) => serve_logged(serve),
        Command::Recover(recover) => end(recover.run().map_err(|(message, code)| Failure { message, code })),
    }
}

/// Says what was done on standard output, or what was not on standard error.
fn end(done: Result<String, Failure>) -> ExitCode {
    match done {
        Ok(sentence) => {
            let _ = writeln!(std::io::stdout(), "{sentence}");
            ExitCode::SUCCESS
        }
        Err(Failure { message, code }) => {
            let _ = writeln!(std::io::stderr(), "veche-relay: {message}");
            ExitCode::from(code)
        }
    }
}

fn serve_logged(serve: Serve) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if serve.log_json {
        logs.json().init()
    } else {
        logs.with_ansi(false).init()
    }
    match settings(serve).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { message, code }) => {
            let _ = writeln!(std::io::stderr(), "veche-relay: {message}");
            ExitCode::from(code)
        }
    }
}

struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    fn misuse(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 2,
        }
    }

    fn environment(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
        }
    }
}

fn settings(serve: Serve) -> Result<Settings, Failure> {
    let mut settings = Settings::new(serve.listen, serve.data);
    let hosts = serve.advertise.iter().map(|text| text.parse::<HostPort>());
    settings.advertise = hosts
        .collect::<Result<_, _>>()
        .map_err(|_| Failure::misuse("--advertise needs HOST:PORT"))?;
    if let Some(store) = &serve.store {
        let at = jetstream(store, serve.store_user_file.as_deref(), serve.store_ca_file)?;
        settings.engine = Engine::JetStream(at);
    }
    settings.create_token = serve.create_token_file.as_deref().map(token).transpose()?;
    settings.connections_max = serve.connections_max;
    settings.append_burst = serve.append_burst;
    settings.append_every_ms = serve.append_every_ms;
    settings.reserve_bytes = serve.reserve_mib.saturating_mul(1024 * 1024);
    Ok(settings)
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

fn run(settings: Settings) -> Result<(), Failure> {
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
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        running.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}
