//! Other keys under the same identity: who knows the old one goes on until it is retired, and what it signed binds for ever.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::wire::*;
use common::{Log, page, receipt};
use relay_api::{Call, RelayAddress, RelayKeys, Reply, Standing};
use rustix::process::Signal;
use std::path::Path;
use std::process::{Command, Output};
use tlog::{Reader, SignedCheckpoint};

fn rotate(data: &Path, how: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veche-relay"));
    command.arg("rotate").arg("--data").arg(data).args(how);
    command.output().unwrap()
}

#[track_caller]
fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

async fn keys(address: &RelayAddress) -> RelayKeys {
    match call(address, &Call::Keys).await {
        Reply::Keys(keys) => RelayKeys::verify(keys, address.relay).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn show(address: &RelayAddress, log: &Log, checkpoint: &SignedCheckpoint) -> Reply {
    let show = Call::Show {
        log: log.id(),
        token: log.token(),
        checkpoint: checkpoint.clone(),
    };
    call(address, &show).await
}

/// Appends an entry and gives back the checkpoint over it.
async fn grow(address: &RelayAddress, log: &Log, entry: &[u8]) -> SignedCheckpoint {
    receipt(call(address, &log.append(entry)).await);
    page(call(address, &log.read(0, u32::MAX)).await).checkpoint
}

async fn follows(address: &RelayAddress, log: &Log, reader: &mut Reader, key: &tlog::CheckpointKey) -> bool {
    let page = page(call(address, &log.read(reader.size(), u32::MAX)).await);
    reader.extend(&page, key).is_ok()
}

#[tokio::test]
async fn another_checkpoint_key_signs_beside_the_old_one_until_that_is_retired() {
    let data = data();
    let log = Log::plain(1);
    let process = Process::start(data.path(), &[]);
    let address = process.address.clone();
    call(&address, &log.create()).await;
    let (mut old_reader, old_key) = reader(&address, &log).await;
    let first = grow(&address, &log, b"one").await;
    let (before, before_relay) = (keys(&address).await, address.relay);
    assert_eq!(rotate(data.path(), &["--tls"]).status.code(), Some(2), "it runs");
    process.end(Signal::TERM);
    assert_eq!(rotate(data.path(), &[]).status.code(), Some(2), "nothing to do");
    done(&rotate(data.path(), &["--tls", "--checkpoint"]));
    let again = rotate(data.path(), &["--checkpoint"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8(again.stderr).unwrap().contains("--retire"));

    let process = Process::start(data.path(), &[]);
    let address = process.address.clone();
    // Ports are others; the pin is the same.
    assert_eq!(address.relay, before_relay);
    let after = keys(&address).await;
    assert_ne!(before.checkpoint_key, after.checkpoint_key);
    assert_eq!(before.identity, after.identity);
    assert!(after.issued > before.issued);
    let second = grow(&address, &log, b"two").await;
    assert!(follows(&address, &log, &mut old_reader, &old_key).await);
    let (mut new_reader, new_key) = reader(&address, &log).await;
    assert!(follows(&address, &log, &mut new_reader, &new_key).await);
    for shown in [&first, &second] {
        let Reply::Standing(standing) = show(&address, &log, shown).await else {
            panic!()
        };
        assert_eq!(standing, Standing::Sound { size: 2 });
    }
    process.end(Signal::TERM);

    done(&rotate(data.path(), &["--retire"]));
    let process = Process::start(data.path(), &[]);
    let address = process.address.clone();
    let third = grow(&address, &log, b"three").await;
    assert!(!follows(&address, &log, &mut old_reader, &old_key).await);
    assert!(follows(&address, &log, &mut new_reader, &new_key).await);
    assert!(third.open(&old_key).is_err() && third.open(&new_key).is_ok());
    // What the old key alone has signed still binds the relay.
    assert!(matches!(
        show(&address, &log, &first).await,
        Reply::Standing(Standing::Sound { size: 3 })
    ));
    process.end(Signal::TERM);
    assert_eq!(rotate(data.path(), &["--retire"]).status.code(), Some(1));
}
