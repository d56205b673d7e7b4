//! A world as a file: what lies on every member's disk, and the relay's logs.

use super::World;
use super::relay::PackedLog;
use minicbor::bytes::ByteVec;
use primitives::store::{MemoryStore, Store as _};
use primitives::{Batch, LogId, Purpose, Table, Time, decode_canonical, encode};

/// A record: its table, its key, its value, and what it may be burnt by (empty: nothing).
type PackedRecord = (String, ByteVec, ByteVec, ByteVec);

/// The time, every member's records, the journal, the relay's logs, its blobs.
type Packed = (
    u64,
    Vec<Vec<PackedRecord>>,
    Option<LogId>,
    Vec<PackedLog>,
    Vec<(LogId, ByteVec)>,
);

/// Everything that was built with this seed is opened with it again: the relay's keys come from it.
pub const SEED: u64 = 77;

impl World {
    /// Stops everybody, and packs what is left.
    pub fn pack(mut self) -> Vec<u8> {
        (0..self.clients.len()).for_each(|who| self.stop(who));
        let members = self.stored.iter().flatten().map(records).collect();
        let (logs, blobs) = self.relay.packed();
        let packed: Packed = (self.now.0, members, self.relay.first_log, logs, blobs);
        encode(&packed)
    }

    /// The world that was packed; everybody starts.
    pub fn unpack(bytes: &[u8]) -> Self {
        let (now, members, journal, logs, blobs): Packed = decode_canonical(bytes).unwrap();
        let mut world = Self::new(SEED, 0);
        world.now = Time(now);
        world.relay.unpack(journal, logs, blobs);
        for records in members {
            world.clients.push(None);
            world.stored.push(Some(store(records)));
        }
        world.grow();
        (0..world.clients.len()).for_each(|who| world.start(who));
        world
    }
}

fn records(store: &MemoryStore) -> Vec<PackedRecord> {
    let records = store.records();
    let packed = records.map(|(table, key, value, purpose)| {
        (
            table.0.to_owned(),
            key.to_vec().into(),
            value.to_vec().into(),
            purpose.name().to_vec().into(),
        )
    });
    packed.collect()
}

fn store(records: Vec<PackedRecord>) -> MemoryStore {
    let mut batch = Batch::new();
    for (table, key, value, purpose) in records {
        let table = Table(Box::leak(table.into_boxed_str()));
        let purpose = if purpose.is_empty() {
            Purpose::ORDINARY
        } else {
            Purpose::burnable(purpose.to_vec())
        };
        batch.put_for(purpose, table, key.to_vec(), value.to_vec());
    }
    let mut store = MemoryStore::new();
    store.apply(batch).unwrap();
    store
}
