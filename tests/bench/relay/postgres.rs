//! A peer: PostgreSQL, one insert and one commit for each entry, over a socket without TLS, loaded by its own `pgbench`.
//!
//! The entry is drawn by the server, so that nothing but the statement travels: that is in its favour.

use crate::{Case, Outcome};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A cluster in a folder of its own; stopped when it is let go.
struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
}

pub(crate) fn run(programs: &Path, case: Case, folder: &Path) -> Outcome<Vec<Value>> {
    let cluster = Cluster::start(programs, folder)?;
    cluster.sql(
        "create table entries (log int, at bigserial primary key, body bytea); \
         alter table entries alter column body set storage external",
    )?;
    // 32 bytes of each 1 KiB differ, and nothing is compressed.
    let script = folder.join("insert.sql");
    fs::write(
        &script,
        format!(
            "\\set number random(1, 1000000000)\n\
             insert into entries (log, body) values \
             (:client_id, sha256(int8send(:number)) || decode(repeat('5a', {}), 'hex'));\n",
            case.entry_bytes.saturating_sub(32)
        ),
    )?;
    let times = folder.join("times");
    let seconds = case.time.as_secs().max(1).to_string();
    let clients = case.connections.to_string();
    let threads = case.connections.min(2).to_string();
    cluster.run(
        "pgbench",
        &[
            "-h",
            &folder.display().to_string(),
            "-d",
            "postgres",
            "-n",
            "-M",
            "prepared",
            "-c",
            &clients,
            "-j",
            &threads,
            "-T",
            &seconds,
            "-f",
            &script.display().to_string(),
            "-l",
            "--log-prefix",
            &times.display().to_string(),
        ],
    )?;
    let mut latencies = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        if file
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("times."))
        {
            for line in fs::read_to_string(&file)?.lines() {
                let us = line.split_whitespace().nth(2).ok_or("a line without a time")?;
                latencies.push(Duration::from_micros(us.parse()?));
            }
        }
    }
    let per_s = latencies.len() as f64 / case.time.as_secs_f64();
    let mut figure = case.figure("PostgreSQL, insert and commit", latencies, per_s);
    figure["guarantee"] = json!(
        "fsync before the answer (synchronous_commit, group commit); local socket without TLS, no proofs"
    );
    figure["equal"] = json!(true);
    Ok(vec![figure])
}

impl Cluster {
    fn start(programs: &Path, folder: &Path) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
        let cluster = Self {
            programs: programs.to_owned(),
            folder: folder.to_owned(),
        };
        let data = cluster.data();
        cluster.run(
            "initdb",
            &["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync"],
        )?;
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c max_connections=300 -c fsync=on -c synchronous_commit=on",
            folder.display()
        );
        cluster.run(
            "pg_ctl",
            &[
                "-D",
                &data,
                "-w",
                "-s",
                "-l",
                "/dev/null",
                "-o",
                &options,
                "start",
            ],
        )?;
        Ok(cluster)
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn sql(&self, text: &str) -> Outcome<()> {
        let socket = self.folder.display().to_string();
        self.run("psql", &["-h", &socket, "-d", "postgres", "-q", "-c", text])
    }

    /// Runs one of its programs; it refuses to be root.
    fn run(&self, name: &str, args: &[&str]) -> Outcome<()> {
        let program = self.programs.join(name);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        let output = command
            .args(args)
            .env("PGUSER", "postgres")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?
            .wait_with_output()?;
        if output.status.success() {
            Ok(())
        } else {
            Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into())
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.run(
            "pg_ctl",
            &["-D", &self.data(), "-w", "-s", "-m", "immediate", "stop"],
        );
    }
}
