//! The edge with a real vault and no relay.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use app::dto::{Answer, AuditLevel, CharterChanges, Refusal, RefusalCode, Request, views::Carrier};
use app::{App, Config, Handle, KeyCost, VaultStatus};
use std::path::Path;
use zeroize::Zeroizing;

fn spawn(dir: &Path) -> Handle {
    App::spawn(Config {
        vault_dir: dir.join("vault"),
        key_cost: KeyCost::Light,
    })
}

fn passphrase(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn code<T: std::fmt::Debug>(result: Result<T, Refusal>) -> RefusalCode {
    result.unwrap_err().code
}

fn found(relay: &str) -> Request {
    Request::Found {
        name: "Assembly".into(),
        declaration: String::new(),
        relay: relay.into(),
        member_name: "Anna".into(),
        charter: CharterChanges::default(),
    }
}

async fn carrier(handle: &Handle) -> Carrier {
    match handle.request(Request::Overview).await.unwrap() {
        Answer::Overview { overview } => overview.connection.carrier,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_vault_is_created_locked_and_unlocked() {
    let dir = tempfile::tempdir().unwrap();
    let handle = spawn(dir.path());
    assert_eq!(handle.vault_status(), VaultStatus::Absent);
    assert_eq!(
        code(handle.unlock(passphrase("right")).await),
        RefusalCode::NoVault
    );
    handle.create_vault(passphrase("right")).await.unwrap();
    assert_eq!(handle.vault_status(), VaultStatus::Open);
    assert_eq!(
        code(handle.create_vault(passphrase("right")).await),
        RefusalCode::VaultExists
    );
    assert_eq!(handle.outbox_entries().await, Ok(0));

    handle.lock().await;
    assert_eq!(handle.vault_status(), VaultStatus::Locked);
    assert_eq!(code(handle.request(Request::Overview).await), RefusalCode::Locked);
    assert_eq!(code(handle.outbox_entries().await), RefusalCode::Locked);
    assert_eq!(
        code(handle.create_vault(passphrase("right")).await),
        RefusalCode::VaultExists
    );
    assert_eq!(
        code(handle.unlock(passphrase("wrong")).await),
        RefusalCode::WrongPassphrase
    );
    assert_eq!(handle.vault_status(), VaultStatus::Locked);
    handle.unlock(passphrase("right")).await.unwrap();
    assert!(handle.request(Request::Overview).await.is_ok());
    handle.shutdown().await;
}

#[tokio::test]
async fn a_vault_is_open_in_one_place_only() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (spawn(dir.path()), spawn(dir.path()));
    first.create_vault(passphrase("right")).await.unwrap();
    assert_eq!(second.vault_status(), VaultStatus::Locked);
    assert_eq!(
        code(second.unlock(passphrase("right")).await),
        RefusalCode::VaultInUse
    );
    first.shutdown().await;
    second.unlock(passphrase("right")).await.unwrap();
    second.shutdown().await;
}

#[tokio::test]
async fn a_vault_without_an_assembly_refuses_what_needs_one() {
    let dir = tempfile::tempdir().unwrap();
    let handle = spawn(dir.path());
    handle.create_vault(passphrase("right")).await.unwrap();
    let send = Request::Send {
        conversation: None,
        reply_to: None,
        text: "hello".into(),
    };
    assert_eq!(code(handle.request(send).await), RefusalCode::NoAssembly);
    let path = dir.path().join("audit");
    let export = Request::ExportAudit {
        path: path.display().to_string(),
        level: AuditLevel::Public,
    };
    assert_eq!(code(handle.request(export).await), RefusalCode::NoAssembly);
    assert!(!path.exists());
    handle.shutdown().await;
}

#[tokio::test]
async fn a_founding_needs_a_relay_that_answers() {
    let dir = tempfile::tempdir().unwrap();
    let handle = spawn(dir.path());
    handle.create_vault(passphrase("right")).await.unwrap();
    assert_eq!(
        code(handle.request(found("veche-relay://nonsense")).await),
        RefusalCode::BadRelayAddress
    );
    // Taken and never listened on: whoever connects is turned away at once.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let address = format!("veche-relay://{}@127.0.0.1:{port}", "a".repeat(52));
    assert_eq!(
        code(handle.request(found(&address)).await),
        RefusalCode::RelayUnreachable
    );
    handle.shutdown().await;
}

#[tokio::test]
async fn the_way_to_the_relay_can_be_set_before_there_is_an_assembly() {
    let dir = tempfile::tempdir().unwrap();
    let handle = spawn(dir.path());
    handle.create_vault(passphrase("right")).await.unwrap();
    assert_eq!(carrier(&handle).await, Carrier::Direct);
    let nowhere = Request::SetCarrier {
        carrier: Carrier::Socks5 {
            address: "nowhere".into(),
        },
    };
    assert_eq!(code(handle.request(nowhere).await), RefusalCode::BadRequest);
    let tor = Carrier::Socks5 {
        address: "127.0.0.1:9050".into(),
    };
    handle
        .request(Request::SetCarrier { carrier: tor.clone() })
        .await
        .unwrap();
    assert_eq!(carrier(&handle).await, tor);
    handle.lock().await;
    handle.unlock(passphrase("right")).await.unwrap();
    assert_eq!(carrier(&handle).await, tor);
    handle.shutdown().await;
    let handle = spawn(dir.path());
    handle.unlock(passphrase("right")).await.unwrap();
    assert_eq!(carrier(&handle).await, tor, "it lies in the vault");
    handle.shutdown().await;
}

#[tokio::test]
async fn whoever_asks_after_the_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let handle = spawn(dir.path());
    handle.create_vault(passphrase("right")).await.unwrap();
    let kept = handle.clone();
    drop(handle);
    assert!(kept.request(Request::Overview).await.is_ok());
    kept.shutdown().await;
    assert_eq!(kept.vault_status(), VaultStatus::Locked);
    assert!(kept.request(Request::Overview).await.is_err());
    kept.shutdown().await;
}
