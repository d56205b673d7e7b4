//! A relay whose data directory is an older copy: noticed, frozen, and given back what it lacks. Real processes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use ballot::{BallotSecret, Event, Roll};
use common::wire::*;
use common::{Log, page, receipt, refused};
use futures_util::SinkExt as _;
use primitives::{AssemblyId, OpeningId, Secret, SigningSecret, Time, encode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use relay_api::{Call, ProblemKind, Pushed, RelayAddress, Reply, SignedCheckpoint, Standing, WatchRequest};
use rustix::process::Signal;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tlog::{CheckpointKey, Entry, Gate, MemoryTree, Origin, Reader, Slots, leaf_hash, rest};
use tokio_tungstenite::tungstenite::Message;

/// A member who has read a log, keeps what was in it, and the largest checkpoint.
struct Member<'a> {
    log: &'a Log,
    reader: Reader,
    key: CheckpointKey,
    entries: Vec<Entry>,
    tree: MemoryTree,
}

impl<'a> Member<'a> {
    async fn new(address: &RelayAddress, log: &'a Log) -> Self {
        let (reader, key) = reader(address, log).await;
        Self {
            log,
            reader,
            key,
            entries: Vec::new(),
            tree: MemoryTree::new(),
        }
    }

    /// Reads on to the end.
    async fn read(&mut self, address: &RelayAddress) {
        loop {
            let page = page(call(address, &self.log.read(self.reader.size(), u32::MAX)).await);
            self.reader.extend(&page, &self.key).unwrap();
            if page.entries.is_empty() {
                return;
            }
            for entry in page.entries {
                self.tree.push(leaf_hash(entry.time, &entry.bytes));
                self.entries.push(entry);
            }
        }
    }

    fn largest(&self) -> SignedCheckpoint {
        self.reader.largest().unwrap().clone()
    }

    fn show(&self) -> Call {
        Call::Show {
            log: self.log.id(),
            token: self.log.token(),
            checkpoint: self.largest(),
        }
    }

    fn give_back(&self, from: u64, to: u64) -> Call {
        Call::GiveBack {
            log: self.log.id(),
            token: self.log.token(),
            from,
            entries: self.entries[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()].to_vec(),
            checkpoint: self.largest(),
            rest: rest(&self.tree, to, self.tree.size()).unwrap(),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// A relay with a backup of its data directory.
struct Relay {
    data: TempDir,
    backup: TempDir,
}

impl Relay {
    fn new() -> Self {
        Self {
            data: data(),
            backup: data(),
        }
    }

    fn start(&self) -> Process {
        Process::start(self.data.path(), &[])
    }

    fn back_up(&self) {
        copy(self.data.path(), self.backup.path());
    }

    /// As a file system does that is rolled back to a snapshot: everything is as it was, and nothing tells.
    fn restore(&self) {
        let place = self.data.path().join("lock");
        let inode = std::fs::read(&place).unwrap();
        std::fs::rename(&place, self.backup.path().join("kept")).unwrap();
        copy(self.backup.path(), self.data.path());
        std::fs::rename(self.backup.path().join("kept"), &place).unwrap();
        std::fs::remove_file(self.data.path().join("kept")).unwrap();
        assert_eq!(std::fs::read(&place).unwrap(), inode);
    }

    fn recover(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veche-relay"));
        command
            .arg("recover")
            .arg("--data")
            .arg(self.data.path())
            .args(more);
        command.output().unwrap()
    }
}

async fn fill(address: &RelayAddress, log: &Log, numbers: std::ops::Range<u8>) {
    for number in numbers {
        receipt(call(address, &log.append(&[number; 9])).await);
    }
}

#[track_caller]
fn stands(reply: Reply) -> Standing {
    match reply {
        Reply::Standing(standing) => standing,
        other => panic!("{other:?}"),
    }
}

/// Five entries when the backup was made, twelve when it was put back; a member has read them all.
async fn set_back<'a>(relay: &Relay, log: &'a Log, other: &Log) -> Member<'a> {
    let process = relay.start();
    for log in [log, other] {
        call(&process.address, &log.create()).await;
    }
    fill(&process.address, log, 0..5).await;
    process.end(Signal::TERM);
    relay.back_up();
    let process = relay.start();
    fill(&process.address, log, 5..12).await;
    let mut member = Member::new(&process.address, log).await;
    member.read(&process.address).await;
    process.end(Signal::TERM);
    relay.restore();
    member
}

#[tokio::test]
async fn a_relay_set_back_is_shown_so_takes_nothing_and_is_given_back_what_it_lacks() {
    let (relay, log, other) = (Relay::new(), Log::plain(1), Log::plain(2));
    let mut member = set_back(&relay, &log, &other).await;

    // The operator has forgotten to say so.
    let process = relay.start();
    let address = process.address.clone();
    let behind = Standing::Behind { size: 5, known: 12 };
    assert_eq!(stands(call(&address, &member.show()).await), behind);
    let frozen = |reply: &Reply| {
        refused(reply, ProblemKind::Behind)
            .detail
            .contains("lacks entries")
    };
    assert!(frozen(&call(&address, &log.append(b"new")).await));
    assert!(
        frozen(&call(&address, &log.append(&[3; 9])).await),
        "a receipt needs a signature"
    );
    assert!(frozen(&call(&address, &log.read(0, 100)).await));
    let mut socket = watch_over(connect(&address).await).await;
    let request = WatchRequest {
        log: log.id(),
        token: log.token(),
        from: 0,
    };
    socket.send(Message::binary(encode(&request))).await.unwrap();
    let Pushed::Refused { problem, .. } = pushed(&mut socket).await else {
        panic!()
    };
    assert_eq!(problem.kind, ProblemKind::Behind);
    // What one log proves holds for all: they are as old.
    refused(&call(&address, &other.append(b"new")).await, ProblemKind::Behind);
    process.end(Signal::KILL);

    // It is remembered. Another member shows it again, and gives back in pages.
    let process = relay.start();
    let address = process.address.clone();
    assert!(frozen(&call(&address, &log.append(b"new")).await));
    refused(&call(&address, &other.append(b"new")).await, ProblemKind::Behind);
    assert_eq!(stands(call(&address, &member.show()).await), behind);
    let part = Standing::Behind { size: 8, known: 12 };
    assert_eq!(stands(call(&address, &member.give_back(5, 8)).await), part);
    assert_eq!(
        stands(call(&address, &member.give_back(5, 8)).await),
        part,
        "the same again"
    );
    refused(
        &call(&address, &member.give_back(9, 12)).await,
        ProblemKind::OutOfRange,
    );
    process.end(Signal::KILL);
    let process = relay.start();
    let address = process.address.clone();
    let whole = stands(call(&address, &member.give_back(6, 12)).await);
    assert!(matches!(whole, Standing::Waits { size: 12, .. }), "{whole:?}");

    // It can be read, what was in it has its old places, and still nothing new is taken: others may hold more.
    member.read(&address).await;
    assert_eq!(member.reader.size(), 12);
    let mut fresh = Member::new(&address, &log).await;
    fresh.read(&address).await;
    assert_eq!(fresh.entries, member.entries);
    assert_eq!(receipt(call(&address, &log.append(&[9; 9])).await).index, 9);
    refused(&call(&address, &log.append(b"new")).await, ProblemKind::Behind);
    assert_eq!(relay.recover(&["--end"]).status.code(), Some(2), "it is running");
    process.end(Signal::TERM);

    let ended = relay.recover(&["--end"]);
    assert!(ended.status.success(), "{ended:?}");
    let process = relay.start();
    assert_eq!(
        receipt(call(&process.address, &log.append(b"new")).await).index,
        12
    );
    receipt(call(&process.address, &other.append(b"new")).await);
    member.read(&process.address).await;
    assert_eq!(
        stands(call(&process.address, &member.show()).await),
        Standing::Sound { size: 13 }
    );
}

#[tokio::test]
async fn an_operator_who_says_so_loses_nothing_even_of_logs_made_since() {
    let (relay, log, other, later) = (Relay::new(), Log::plain(1), Log::plain(2), Log::plain(3));
    let process = relay.start();
    call(&process.address, &log.create()).await;
    call(&process.address, &other.create()).await;
    process.end(Signal::TERM);
    relay.back_up();
    let process = relay.start();
    call(&process.address, &later.create()).await;
    fill(&process.address, &later, 0..3).await;
    let mut member = Member::new(&process.address, &later).await;
    member.read(&process.address).await;
    process.end(Signal::TERM);
    relay.restore();
    assert!(relay.recover(&["--wait", "1h"]).status.success());

    let process = relay.start();
    let address = process.address.clone();
    refused(&call(&address, &log.append(b"new")).await, ProblemKind::Behind);
    assert_eq!(
        page(call(&address, &log.read(0, 100)).await).entries.len(),
        0,
        "it can be read"
    );
    refused(&call(&address, &member.show()).await, ProblemKind::NotFound);
    call(&address, &later.create()).await;
    refused(&call(&address, &later.append(b"new")).await, ProblemKind::Behind);
    let behind = Standing::Behind { size: 0, known: 3 };
    assert_eq!(stands(call(&address, &member.show()).await), behind);
    let whole = stands(call(&address, &member.give_back(0, 3)).await);
    assert!(matches!(whole, Standing::Waits { size: 3, .. }));
    member.read(&address).await;
    process.end(Signal::TERM);

    // The time passes while the relay runs.
    assert!(relay.recover(&["--wait", "3s"]).status.success());
    let process = relay.start();
    let address = process.address.clone();
    refused(&call(&address, &later.append(b"new")).await, ProblemKind::Behind);
    let placed = loop {
        match call(&address, &later.append(b"new")).await {
            Reply::Appended(receipt) => break receipt,
            other => refused(&other, ProblemKind::Behind),
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(placed.index, 3);
    process.end(Signal::TERM);
    let process = relay.start();
    receipt(call(&process.address, &log.append(b"over")).await);
}

#[tokio::test]
async fn only_what_the_relay_has_signed_freezes_a_log_or_enters_it() {
    let (relay, log, other) = (Relay::new(), Log::plain(1), Log::plain(2));
    let member = set_back(&relay, &log, &other).await;
    let process = relay.start();
    let address = process.address.clone();

    // A checkpoint that somebody else has signed, or one of another log, freezes nothing.
    let stranger = SigningSecret::from_seed(&Secret::take(&mut [9; 32]));
    let opened = member.largest().open(&member.key).unwrap();
    for forged in [
        opened.sign(&stranger),
        tlog::Checkpoint {
            origin: Origin {
                log: other.id(),
                ..opened.origin
            },
            ..opened
        }
        .sign(&stranger),
    ] {
        let show = Call::Show {
            log: log.id(),
            token: log.token(),
            checkpoint: forged,
        };
        refused(&call(&address, &show).await, ProblemKind::Malformed);
    }
    let elsewhere = Call::Show {
        log: other.id(),
        token: other.token(),
        checkpoint: member.largest(),
    };
    refused(&call(&address, &elsewhere).await, ProblemKind::Malformed);
    let without_right = Call::Show {
        log: log.id(),
        token: other.token(),
        checkpoint: member.largest(),
    };
    refused(&call(&address, &without_right).await, ProblemKind::NotFound);
    receipt(call(&address, &other.append(b"goes on")).await);

    let behind = Standing::Behind { size: 5, known: 12 };
    assert_eq!(stands(call(&address, &member.show()).await), behind);
    type Change = fn(&mut Vec<Entry>, &mut Vec<primitives::Hash>);
    let changes: [Change; 6] = [
        |entries, _| entries[1].bytes[0] ^= 1,
        |entries, _| entries[1].time = Time(entries[1].time.0 + 1),
        |entries, _| entries.swap(0, 1),
        |entries, _| drop(entries.remove(2)),
        |_, rest| rest.truncate(1),
        |_, rest| rest.reverse(),
    ];
    for change in changes {
        let mut given = member.give_back(5, 9);
        let Call::GiveBack { entries, rest, .. } = &mut given else {
            panic!()
        };
        assert!(rest.len() > 1);
        change(entries, rest);
        refused(&call(&address, &given).await, ProblemKind::Malformed);
    }
    assert_eq!(stands(call(&address, &member.show()).await), behind);
    assert_eq!(
        stands(call(&address, &member.give_back(5, 9)).await),
        Standing::Behind { size: 9, known: 12 }
    );
}

#[tokio::test]
async fn a_relay_that_went_on_after_being_set_back_is_broken_for_that_log() {
    for more in [2u8, 9] {
        let (relay, log, other) = (Relay::new(), Log::plain(1), Log::plain(2));
        let member = set_back(&relay, &log, &other).await;
        let process = relay.start();
        let address = process.address.clone();
        fill(&address, &log, 100..100 + more).await;
        let size = 5 + u64::from(more);
        let shown = stands(call(&address, &member.show()).await);
        if size < 12 {
            // Not proven yet: the relay has signed more, but perhaps more of the same.
            assert_eq!(shown, Standing::Behind { size, known: 12 });
            refused(
                &call(&address, &member.give_back(size, 12)).await,
                ProblemKind::Malformed,
            );
            let given = stands(call(&address, &member.give_back(3, 12)).await);
            assert_eq!(given, Standing::Broken { size });
        } else {
            assert_eq!(shown, Standing::Broken { size });
        }
        process.end(Signal::KILL);
        assert!(relay.recover(&["--end"]).status.success());
        let process = relay.start();
        let address = process.address.clone();
        assert_eq!(
            stands(call(&address, &member.show()).await),
            Standing::Broken { size }
        );
        let problem = refused(&call(&address, &log.append(b"new")).await, ProblemKind::Behind);
        assert!(problem.detail.contains("two histories") && problem.retry_ms.is_none());
        refused(&call(&address, &log.read(0, 100)).await, ProblemKind::Behind);
        receipt(call(&address, &other.append(b"new")).await);
    }
}

#[tokio::test]
async fn a_box_gets_its_ballots_back_and_counts_them_once() {
    let relay = Relay::new();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let voters: Vec<_> = (0..4).map(|_| BallotSecret::random(&mut rng)).collect();
    let roll = Arc::new(Roll::new(voters.iter().map(BallotSecret::public).collect()).unwrap());
    let (assembly, opening, sealing_key) = (AssemblyId::new([7; 32]), OpeningId::new([8; 32]), [6; 32]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let opens = Time(u64::try_from(now).unwrap() - 1000);
    let mut log = Log::plain(1);
    log.roll = roll.keys().iter().map(|key| (*key.as_bytes()).into()).collect();
    log.record.gate = Some(Gate {
        assembly,
        opening,
        roll_root: roll.root(),
        roll_len: 4,
        sealing_key: sealing_key.into(),
    });
    log.record.slots = Some(Slots {
        opens,
        closes: opens.after(3_600_000),
        every_ms: 1500,
    });
    let event = Event::ballot(assembly, opening, roll, sealing_key);
    let ballots: Vec<_> = voters
        .iter()
        .map(|voter| ballot::prove(&event, voter, b"yes", &mut rng).unwrap().encode())
        .collect();

    // The first ballot waits in the backup; it and the second are in the box when the backup is put back.
    let process = relay.start();
    call(&process.address, &log.create()).await;
    assert!(matches!(
        call(&process.address, &log.append(&ballots[0])).await,
        Reply::Pending { .. }
    ));
    process.end(Signal::KILL);
    relay.back_up();
    let process = relay.start();
    let mut member = Member::new(&process.address, &log).await;
    call(&process.address, &log.append(&ballots[1])).await;
    while member.reader.size() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        member.read(&process.address).await;
    }
    process.end(Signal::TERM);
    relay.restore();
    assert!(relay.recover(&[]).status.success());

    let process = relay.start();
    let address = process.address.clone();
    // Its slot has ended long ago, but whether it is all that was in it nobody knows yet.
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert_eq!(page(call(&address, &log.read(0, 100_000)).await).entries.len(), 0);
    let whole = stands(call(&address, &member.give_back(0, 2)).await);
    assert!(matches!(whole, Standing::Waits { size: 2, .. }), "{whole:?}");
    process.end(Signal::TERM);
    assert!(relay.recover(&["--end"]).status.success());

    let process = relay.start();
    let address = process.address.clone();
    for (index, ballot) in ballots.iter().take(2).enumerate() {
        let place = receipt(call(&address, &log.append(ballot)).await);
        assert_eq!(
            (place.index, place.time),
            (index as u64, member.entries[index].time)
        );
    }
    let second = ballot::prove(&event, &voters[1], b"no", &mut rng)
        .unwrap()
        .encode();
    refused(&call(&address, &log.append(&second)).await, ProblemKind::TagUsed);
    for ballot in &ballots[2..] {
        assert!(matches!(
            call(&address, &log.append(ballot)).await,
            Reply::Pending { .. }
        ));
    }
    while member.reader.size() < 4 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        member.read(&address).await;
    }
    assert_eq!(member.entries.len(), 4, "every ballot once");
}

/// What `serve` says when it does not start.
fn refuses_to_start(data: &Path) -> String {
    let output = command(data, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_copied_directory_does_not_start_before_its_operator_has_said_what_it_is() {
    let (relay, log) = (Relay::new(), Log::plain(1));
    let process = relay.start();
    call(&process.address, &log.create()).await;
    fill(&process.address, &log, 0..3).await;
    // Copied while it runs, and started twice.
    relay.back_up();
    let message = refuses_to_start(relay.backup.path());
    assert!(
        message.contains("is a copy") && message.contains("veche-relay recover"),
        "{message}"
    );
    process.end(Signal::TERM);

    // Moved to another place, whole: nothing is missing, and nothing waits.
    relay.back_up();
    let moved = Relay {
        data: relay.backup,
        backup: data(),
    };
    assert!(moved.recover(&["--latest"]).status.success());
    let process = moved.start();
    assert_eq!(
        receipt(call(&process.address, &log.append(b"new")).await).index,
        3
    );
    process.end(Signal::TERM);

    // An older copy, as `cp -a` puts it back.
    moved.back_up();
    copy(moved.backup.path(), relay.data.path());
    let restored = Relay {
        data: relay.data,
        backup: data(),
    };
    assert!(refuses_to_start(restored.data.path()).contains("is a copy"));
    let nothing = restored.recover(&["--end"]);
    assert_eq!(
        nothing.status.code(),
        Some(1),
        "no recovery to end, and no way around one"
    );
    assert!(refuses_to_start(restored.data.path()).contains("is a copy"));
    assert!(restored.recover(&[]).status.success());
    let process = restored.start();
    refused(
        &call(&process.address, &log.append(b"newer")).await,
        ProblemKind::Behind,
    );
}

#[test]
fn recover_refuses_what_is_no_data_directory_and_what_makes_no_sense() {
    let relay = Relay::new();
    for (more, says) in [
        (&[][..], "identity.key"),
        (&["--wait", "soon"], "7d"),
        (&["--wait", "1h", "--end"], "cannot be used with"),
        (&["--latest", "--end"], "cannot be used with"),
    ] {
        let output = relay.recover(more);
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(says), "{message}");
    }
    assert_eq!(
        std::fs::read_dir(relay.data.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}
