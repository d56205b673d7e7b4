//! A relay process on loopback.

use crate::process::Process;
use crate::{Failure, Result};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// How long a relay may take to print its address, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    process: Process,
    address: String,
}

impl Relay {
    /// Starts a relay on `port` of loopback (see [`free_port`]), with its data and log below `folder`.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not print its address line in time.
    pub fn start(program: &Path, folder: &Path, port: u16) -> Result<Self> {
        let data = folder.join("relay");
        let listen = format!("127.0.0.1:{port}");
        let args: Vec<PathBuf> = ["serve", "--listen", &listen, "--advertise", &listen, "--data"]
            .into_iter()
            .map(PathBuf::from)
            .collect();
        let args = [args, vec![data]].concat();
        let mut process = Process::start("relay", program, &args, &folder.join("logs"))?;
        let stdout = process
            .take_stdout()
            .ok_or_else(|| Failure::failed("the relay has no output"))?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
                if let Some(at) = line.find("veche-relay://") {
                    let address = line.get(at..).unwrap_or_default();
                    let address = address.split_whitespace().next().unwrap_or_default();
                    // Nobody listens any more after the first one.
                    let _ = sender.send(address.trim_end_matches('"').to_owned());
                }
            }
        });
        match lines.recv_timeout(PATIENCE) {
            Ok(address) => Ok(Self { process, address }),
            Err(_) => Err(process.failure("printed no address line")),
        }
    }

    /// Its address line.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Stops it as an operator would.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not end cleanly.
    pub fn stop(mut self) -> Result<()> {
        let status = self.process.stop(PATIENCE)?;
        if status.success() {
            Ok(())
        } else {
            Err(self.process.failure(&format!("ended with {status}")))
        }
    }
}

/// A port of loopback that nobody uses at this moment.
///
/// # Errors
/// [`Failure::Failed`] if there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
