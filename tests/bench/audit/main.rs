//! Makes audit files of large assemblies; `cargo xtask bench audit` builds this in release, and measures the auditor's program
//! on what it made.
//!
//! Prints one line of JSON. Does nothing when it is started without a command, as `cargo test --all-targets` does.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints what it made"
)]

#[path = "../ballot/threads.rs"]
mod threads;

use assembly::testing::World;
use assembly::{AuditLevel, Choice, VoteKind};
use ballot::{BallotSecret, Dealer, Event, VERSION};
use primitives::OpeningId;
use primitives::canonical::sha256;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sealing::{SealContext, SealingKey, seal};
use serde_json::json;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use threads::Threads;
use tlog::Entry;

/// What is made or why it is not.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let made = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", members, folder] => make(members, Path::new(folder)),
        [command, ..] if !command.starts_with('-') => {
            Err(format!("no such command: {}", args.join(" ")).into())
        }
        _ => Ok(()),
    };
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the audit file of an assembly of so many, each of whom has voted in one secret vote, unless it is there.
fn make(members: &str, folder: &Path) -> Outcome<()> {
    let path = folder.join(format!("assembly-v{VERSION}-{members}.veche-audit"));
    if !path.exists() {
        let bytes = file(members.parse()?)?;
        fs::create_dir_all(folder)?;
        // Whole or not at all.
        let part = path.with_extension("part");
        fs::write(&part, bytes)?;
        fs::rename(part, &path)?;
    }
    println!("{}", json!({ "path": path, "bytes": fs::metadata(&path)?.len() }));
    Ok(())
}

fn file(members: u32) -> Outcome<Vec<u8>> {
    let mut world = World::of(members, 1);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    let mut ballots = ballots(&world, opening)?;
    ballots.sort_by_cached_key(|ballot| sha256(ballot));
    let log = world.boxes.get_mut(&opening).ok_or("no box")?;
    let slots = log.record.slots.ok_or("no slots")?;
    let time = slots.end_of_slot(world.now).ok_or("the box is not open")?;
    log.entries = ballots.into_iter().map(|bytes| Entry { time, bytes }).collect();
    let trustees: Vec<u32> = world
        .assembly
        .trustee_seats()
        .into_iter()
        .take(2)
        .map(|seat| seat.0)
        .collect();
    world.close(opening, &trustees);
    Ok(world.audit(AuditLevel::Public).to_bytes())
}

/// Everybody's ballot. All secrets are known here, which makes them quick to make.
fn ballots(world: &World, opening: OpeningId) -> Outcome<Vec<Vec<u8>>> {
    let (_, _, vote) = world.assembly.secret_vote_of(opening).ok_or("no secret vote")?;
    let event: Event = vote.event(world.assembly.id(), opening)?;
    let sealing_key = SealingKey::from_bytes(vote.sealing.key.y())?;
    let mut secrets = world
        .members
        .iter()
        .map(|member| BallotSecret::from_bytes(&member.ballot_secrets.get(&vote.key_number)?.to_bytes()))
        .collect::<Option<Vec<_>>>()
        .ok_or("a member has no ballot key")?;
    secrets.sort_by_cached_key(BallotSecret::public);
    let dealer = Dealer::new(&event, &secrets)?;
    let threads = Threads(std::thread::available_parallelism().map_or(1, usize::from));
    let places: Vec<usize> = (0..secrets.len()).collect();
    let choices = [Choice::For, Choice::Against, Choice::Abstain];
    let made = threads.map(&places, |place| {
        let mut rng = ChaCha20Rng::seed_from_u64(*place as u64);
        let context = SealContext {
            opening,
            roll_root: vote.roll_root,
            tag: *event.tag(secrets.get(*place)?).as_bytes(),
        };
        let choice = choices.get(place % choices.len())?;
        let sealed = seal(&sealing_key, &context, &choice.to_plaintext(), &mut rng);
        Some(dealer.prove(*place, &sealed, &mut rng).ok()?.encode())
    });
    Ok(made
        .into_iter()
        .collect::<Option<_>>()
        .ok_or("a ballot could not be made")?)
}
