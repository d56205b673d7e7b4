//! The transport against a relay process, and against one that took its place.

use crate::binaries;
use crate::wicked::{Manners, Wicked};
use primitives::{RelayId, Secret, labels};
use relay_api::{Call, Pushed, ReadToken, RelayAddress, Reply, sign_append};
use std::time::Duration;
use tempfile::TempDir;
use tlog::{LogKeys, LogKind};
use transport::{Carrier, Isolation, Link, Timeouts, TransportError};
use xtask::relay::{Relay, free_port};

const PATIENT: Duration = Duration::from_secs(30);
/// Of what does not happen.
const IMPATIENT: Duration = Duration::from_secs(2);

struct Scene {
    folder: TempDir,
    port: u16,
    relay: Option<Relay>,
    address: RelayAddress,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let relay = Relay::start(binaries().path("veche-relay").unwrap(), folder.path(), port).unwrap();
        let address = relay.address().parse().unwrap();
        Self {
            folder,
            port,
            relay: Some(relay),
            address,
        }
    }

    fn stop(&mut self) {
        self.relay.take().unwrap().stop().unwrap();
    }

    fn start(&mut self) {
        let program = binaries().path("veche-relay").unwrap();
        self.relay = Some(Relay::start(program, self.folder.path(), self.port).unwrap());
    }

    fn link(&self) -> Link {
        link(self.address.clone(), PATIENT)
    }
}

fn link(address: RelayAddress, answer: Duration) -> Link {
    let timeouts = Timeouts {
        connect: PATIENT,
        answer,
        stall: answer,
        silence: PATIENT,
    };
    Link::new(address, Carrier::Direct, timeouts).unwrap()
}

async fn limits(link: &Link) -> Result<Reply, TransportError> {
    link.call(Isolation::Journal, &Call::Limits).await
}

#[tokio::test]
async fn reads_writes_and_watches_over_a_real_relay_and_finds_it_again_after_a_restart() {
    let mut scene = Scene::new();
    let link = scene.link();
    assert_eq!(
        link.keys(Isolation::Journal)
            .await
            .unwrap()
            .checkpoint_key()
            .relay,
        scene.address.relay
    );
    let keys = LogKeys::derive(&Secret::take(&mut [1; 32]), labels::JOURNAL_LOG, b"test");
    let record = keys.record(LogKind::Record);
    let log = record.id();
    let create = Call::Create {
        record,
        roll: Vec::new(),
    };
    assert_eq!(
        link.call(Isolation::Journal, &create).await,
        Ok(Reply::Created { log })
    );
    let append = |entry: &[u8]| Call::Append {
        log,
        entry: entry.to_vec(),
        signature: sign_append(&keys.append, log, entry).into(),
    };
    let mut watch = link.watch(Isolation::Journal, Some(log)).await.unwrap();
    watch
        .add(log, ReadToken::from(&keys.read_token), 0)
        .await
        .unwrap();
    for (index, entry) in [b"one", b"two"].into_iter().enumerate() {
        let Ok(Reply::Appended(receipt)) = link.call(Isolation::Journal, &append(entry)).await else {
            panic!("not appended")
        };
        assert_eq!(receipt.index, index as u64);
        let Ok(Pushed::Page { page, .. }) = watch.next().await else {
            panic!("not pushed")
        };
        assert_eq!(page.entries[0].bytes, entry);
        // The idle connection died with the relay, and is replaced without a word; the watch says so.
        scene.stop();
        scene.start();
        assert!(matches!(watch.next().await, Err(TransportError::Closed)));
        watch = link.watch(Isolation::Journal, Some(log)).await.unwrap();
        let from = index as u64 + 1;
        watch
            .add(log, ReadToken::from(&keys.read_token), from)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_said_to_be_unreachable() {
    let mut scene = Scene::new();
    let link = scene.link();
    limits(&link).await.unwrap();
    scene.stop();
    let error = limits(&link).await.unwrap_err();
    assert!(matches!(error, TransportError::Unreachable { .. }), "{error:?}");
    assert!(error.may_pass());
    scene.start();
    assert!(matches!(limits(&link).await, Ok(Reply::Limits(_))));
}

#[tokio::test]
async fn a_relay_under_another_pin_is_the_wrong_one() {
    let scene = Scene::new();
    let other = RelayAddress {
        relay: RelayId::new([7; 32]),
        ..scene.address.clone()
    };
    let error = limits(&link(other, PATIENT)).await.unwrap_err();
    assert_eq!(error, TransportError::WrongRelay);
    assert!(!error.may_pass());
}

#[test]
fn whatever_a_relay_answers_the_fault_has_a_name_and_calls_go_on_when_it_is_good_again() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut scene = Scene::new();
    let patient = scene.link();
    let impatient = link(scene.address.clone(), IMPATIENT);
    runtime.block_on(limits(&patient)).unwrap();
    scene.stop();
    for manners in [
        Manners::NoHttp,
        Manners::Garbage,
        Manners::Html,
        Manners::Oversized,
        Manners::Truncated,
        Manners::Cuts,
        Manners::Silent,
    ] {
        let wicked = Wicked::start(scene.folder.path(), scene.port, manners);
        let link = if manners == Manners::Silent {
            &impatient
        } else {
            &patient
        };
        let error = runtime.block_on(limits(link)).unwrap_err();
        let named = match manners {
            Manners::NoHttp | Manners::Garbage | Manners::Html | Manners::Oversized => {
                matches!(error, TransportError::Nonsense(_))
            }
            Manners::Truncated | Manners::Cuts => error == TransportError::Closed,
            Manners::Silent => matches!(error, TransportError::Timeout(_)),
        };
        assert!(named, "{manners:?}: {error:?}");
        assert!(error.may_pass());
        drop(wicked);
    }
    scene.start();
    assert!(matches!(runtime.block_on(limits(&patient)), Ok(Reply::Limits(_))));
}
