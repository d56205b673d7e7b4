//! The store that a relay runs on, and whether its data directory goes with it.

use crate::identity::Identity;
use crate::lock::DirLock;
use crate::server::StartError;
use crate::settings::{Engine, JetStream, Settings};
use crate::store::{JetStreamStore, LogStore, SledStore, StoreFault, cache};
use std::sync::Arc;

/// Opens it. Blocks; over JetStream until the cluster is there, for a while.
///
/// # Errors
/// [`StartError`].
pub(crate) fn open(
    settings: &Settings,
    lock: &mut DirLock,
    identity: &Identity,
) -> Result<Arc<dyn LogStore>, StartError> {
    let data = &settings.data;
    // Who changes the engine forgets what was signed.
    let other = match settings.engine {
        Engine::Disk => cache::dir(data),
        Engine::JetStream(_) => data.join("logs"),
    };
    if other.exists() {
        return Err(StartError::OtherEngine(other));
    }
    match &settings.engine {
        Engine::Disk => {
            let store = SledStore::open(&data.join("logs"), settings.reserve_bytes)?;
            Ok(Arc::new(store))
        }
        Engine::JetStream(at) => over_jetstream(at, settings, lock, identity),
    }
}

/// Keys that were copied into an empty directory are how a further process begins: the stream says whose it is. But keys
/// that were copied, and a stream that is empty, do not go together: these keys have signed something.
fn over_jetstream(
    at: &JetStream,
    settings: &Settings,
    lock: &mut DirLock,
    identity: &Identity,
) -> Result<Arc<dyn LogStore>, StartError> {
    let data = &settings.data;
    let engine = cache::open(data, settings.reserve_bytes)?;
    let store = JetStreamStore::open(at, identity.relay(), !lock.is_copy(), engine);
    let store = store.map_err(|fault| match fault {
        StoreFault::Behind if lock.is_copy() => StartError::Copied(data.clone()),
        StoreFault::Behind => StartError::Less(data.clone()),
        fault => StartError::Stream(fault),
    })?;
    if store.relay() != identity.relay() {
        return Err(StartError::OtherRelay(data.clone()));
    }
    if lock.is_copy() {
        lock.claim()
            .map_err(|error| StartError::Data(data.clone(), error))?;
    }
    Ok(Arc::new(store))
}
