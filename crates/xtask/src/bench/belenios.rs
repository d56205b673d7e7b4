//! An election with `belenios-tool`, the way its own demonstration holds one.

use super::program::seconds;
use crate::{Failure, Result};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The program.
pub const PROGRAM: &str = "belenios-tool";
/// The Debian package that it comes in.
pub const PACKAGE: &str = "belenios-tool";
/// How often its verification is repeated.
pub const REPEATS: usize = 3;
/// Groups from the fastest; the first one that its version knows is taken.
const GROUPS: [&str; 2] = ["Ed25519", "BELENIOS-2048"];
const TRUSTEES: usize = 3;

/// The installed program.
#[derive(Debug)]
pub struct Belenios {
    version: String,
    group: &'static str,
}

/// What an election took.
#[derive(Debug)]
pub struct Election {
    /// Length of a ballot.
    pub ballot_bytes: f64,
    /// Making one ballot, the least of all.
    pub cast_ms: f64,
    /// Encrypted tally, partial decryptions and result.
    pub tally_s: f64,
    /// `election verify` of the whole, the least of [`REPEATS`].
    pub verify_s: f64,
}

impl Belenios {
    /// Asks for its version, and which group it knows.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it answers neither.
    pub fn find() -> Result<Self> {
        let version = String::from_utf8_lossy(&tool(Path::new("/"), &["--version"], b"")?)
            .trim()
            .to_owned();
        let folder = std::env::temp_dir();
        let knows = |group: &&str| {
            let generate = ["setup", "generate-trustee-key", "--group", group];
            let tried = Scratch::new(&folder).and_then(|scratch| tool(&scratch.0, &generate, b""));
            tried.is_ok()
        };
        let group = GROUPS.into_iter().find(knows);
        let group =
            group.ok_or_else(|| Failure::failed(format!("{PROGRAM} {version} knows none of {GROUPS:?}")))?;
        Ok(Self { version, group })
    }

    /// Version and group, for tables.
    #[must_use]
    pub fn name(&self) -> String {
        let version = self.version.split_whitespace().next().unwrap_or_default();
        format!("belenios-tool {version} ({})", self.group)
    }

    /// Holds an election of `voters`, all of whom vote, in a fresh `folder`.
    ///
    /// # Errors
    /// [`Failure::Failed`] if a step fails.
    pub fn hold(&self, folder: &Path, voters: usize) -> Result<Election> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let credentials = self.set_up(folder, voters)?;
        let (ballot_bytes, cast_ms) = cast(folder, &credentials)?;
        let tally_s = seconds(|| tally(folder))?;
        let verify_s = (0..REPEATS)
            .map(|_| seconds(|| tool(folder, &["election", "verify"], b"").map(drop)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Election {
            ballot_bytes,
            cast_ms,
            tally_s,
            verify_s: verify_s.into_iter().fold(f64::INFINITY, f64::min),
        })
    }

    /// Everything before the first ballot; returns the voters' credentials.
    fn set_up(&self, folder: &Path, voters: usize) -> Result<Vec<String>> {
        let token = tool(folder, &["setup", "generate-token"], b"")?;
        let token = String::from_utf8_lossy(&token).trim().to_owned();
        let election = ["--uuid", &token, "--group", self.group];
        let list: String = (1..=voters)
            .map(|voter| format!("voter{voter}@example.org\n"))
            .collect();
        fs::write(folder.join("voters.txt"), list)?;
        let mut generate = vec!["setup", "generate-credentials", "--file", "voters.txt"];
        generate.extend(election);
        tool(folder, &generate, b"")?;
        fs::rename(with_ending(folder, "pubcreds")?, folder.join("public_creds.json"))?;
        let private = fs::read_to_string(with_ending(folder, "privcreds")?)?;
        for _ in 0..TRUSTEES {
            tool(
                folder,
                &["setup", "generate-trustee-key", "--group", self.group],
                b"",
            )?;
        }
        let mut keys = String::new();
        for key in all_with_ending(folder, "pubkey")? {
            keys.push_str(&fs::read_to_string(key)?);
        }
        fs::write(folder.join("public_keys.jsons"), keys)?;
        tool(folder, &["setup", "make-trustees"], b"")?;
        fs::write(
            folder.join("questions.json"),
            r#"{"description":"The same election","name":"Peers","questions":[{"answers":["For","Against","Abstain"],"min":1,"max":1,"question":"Shall it be?"}],"administrator":"a","credential_authority":"c"}"#,
        )?;
        let mut make = vec!["setup", "make-election", "--template", "questions.json"];
        make.extend(election);
        tool(folder, &make, b"")?;
        tool(folder, &["archive", "init"], b"")?;
        for left in [
            "election.json",
            "trustees.json",
            "public_creds.json",
            "public_keys.jsons",
        ] {
            let path = folder.join(left);
            if path.exists() {
                fs::remove_file(path)?;
            }
        }
        let credentials = private.lines().filter_map(|line| line.split_whitespace().last());
        Ok(credentials.map(str::to_owned).collect())
    }
}

/// Makes and adds every voter's ballot; returns a ballot's length and the least time of making one.
fn cast(folder: &Path, credentials: &[String]) -> Result<(f64, f64)> {
    let (mut bytes, mut least_s) = (0, f64::INFINITY);
    for (credential, vote) in credentials
        .iter()
        .zip(["[[1,0,0]]", "[[0,1,0]]", "[[0,0,1]]"].iter().cycle())
    {
        fs::write(folder.join("credential"), credential)?;
        fs::write(folder.join("vote"), vote)?;
        let start = Instant::now();
        let ballot = tool(
            folder,
            &[
                "election",
                "generate-ballot",
                "--privcred",
                "credential",
                "--ballot",
                "vote",
            ],
            b"",
        )?;
        least_s = least_s.min(start.elapsed().as_secs_f64());
        bytes = ballot.trim_ascii_end().len();
        tool(folder, &["archive", "add-event", "--type=Ballot"], &ballot)?;
    }
    let bytes = u32::try_from(bytes).map_or(0.0, f64::from);
    Ok((bytes, least_s * 1e3))
}

/// Closes, tallies, decrypts and publishes.
fn tally(folder: &Path) -> Result<()> {
    let add = |kind: &str, event: &[u8]| {
        tool(
            folder,
            &["archive", "add-event", &format!("--type={kind}")],
            event,
        )
        .map(drop)
    };
    add("EndBallots", b"")?;
    add(
        "EncryptedTally",
        &tool(folder, &["election", "compute-encrypted-tally"], b"")?,
    )?;
    for (id, key) in (1..).zip(all_with_ending(folder, "privkey")?) {
        let key = key.to_string_lossy().into_owned();
        let decrypt = [
            "election",
            "decrypt",
            "--privkey",
            &key,
            "--trustee-id",
            &format!("{id}"),
        ];
        add("PartialDecryption", &tool(folder, &decrypt, b"")?)?;
    }
    add("Result", &tool(folder, &["election", "compute-result"], b"")?)
}

/// Runs the program with `input` and returns what it prints.
fn tool(folder: &Path, args: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(PROGRAM)
        .args(args)
        .current_dir(folder)
        .env("BELENIOS_USE_URANDOM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may end before it has read everything; its status tells.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::failed(format!(
            "{PROGRAM} {}: {}",
            args.join(" "),
            said.trim()
        )))
    }
}

/// Files with this ending, by name.
fn all_with_ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    Ok(paths)
}

fn with_ending(folder: &Path, ending: &str) -> Result<PathBuf> {
    let first = all_with_ending(folder, ending)?.into_iter().next();
    first.ok_or_else(|| Failure::failed(format!("{PROGRAM} has made no .{ending}")))
}

/// A folder for a moment.
struct Scratch(PathBuf);

impl Scratch {
    fn new(parent: &Path) -> Result<Self> {
        let folder = parent.join(format!("veche-peers-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = fs::remove_dir_all(&self.0);
    }
}
