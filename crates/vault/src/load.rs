//! Reading what an open vault keeps in memory.

use crate::chunk::ChunkKeys;
use crate::cipher::{Key, unseal};
use crate::contents::{Contents, PageSpot, ReadError, Reader, TableIndex, read_chunk};
use crate::counter::CounterFile;
use crate::disk::Disk;
use crate::error::OpenError;
use crate::generation::Generation;
use crate::header::{Body, HeaderFile, Unlocked};
use crate::keyring::Keyring;
use crate::layout::{Place, Root};
use crate::open::Opened;
use crate::step::pending_context;
use crate::vault::Vault;
use primitives::decode_canonical;
use std::fs::File;

/// Reads everything that an open vault keeps in memory.
pub(crate) fn load(
    (disk, generation): (Disk, Generation),
    unlocked: Unlocked,
    mut header: HeaderFile,
    mut counter: CounterFile,
    lock: File,
) -> Result<Opened, OpenError> {
    let keys = ChunkKeys::derive(&unlocked.root_key);
    let mut root = read_root(&disk, &keys)?;
    let body = finish_burning(
        unlocked.body,
        &root,
        &mut header,
        unlocked.slot,
        &unlocked.root_key,
    )?;
    let acknowledged = counter.read().max(body.batches);
    let same_sealing = body.sealing == root.sealing;
    let rolled_back = !same_sealing || acknowledged > root.batches;

    let mut damaged = Vec::new();
    let mut keyring = Keyring::default();
    for part in 0..root.keyring_parts {
        let place = Place::Keyring {
            sealing: root.sealing,
            part,
        };
        match read_chunk(&disk, &keys, &body.header_key, place, root.batches) {
            Ok(payload) if keyring.decode_part(&payload).is_some() => {}
            Err(ReadError::Environment(text)) => return Err(OpenError::Environment(text)),
            Ok(_) | Err(ReadError::Damaged) => damaged = vec!["keyring".to_owned()],
        }
    }
    let reseal = !same_sealing || !damaged.is_empty();
    root.batches = root.batches.max(acknowledged);
    if !same_sealing {
        // The next batch seals anew; its number lies beyond both, so that the next opening finds them together.
        root.sealing = root.sealing.max(body.sealing);
    }
    let mut contents = Contents {
        root,
        keyring,
        tables: Vec::new(),
    };
    read_tables(&disk, &keys, &mut contents)?;
    let of_tables = contents.tables.iter().filter(|index| index.damaged);
    damaged.extend(of_tables.map(|index| index.name.clone()));
    let vault = Vault {
        disk,
        generation,
        keys,
        root_key: unlocked.root_key,
        slot: unlocked.slot,
        header,
        header_key: body.header_key,
        sealing: body.sealing,
        counter,
        contents,
        reseal,
        failed: false,
        crash_at: None,
        _lock: lock,
    };
    Ok(Opened {
        vault,
        rolled_back,
        damaged,
    })
}

fn read_root(disk: &Disk, keys: &ChunkKeys) -> Result<Root, OpenError> {
    match read_chunk(disk, keys, &keys.ordinary, Place::Root, u64::MAX) {
        Ok(payload) => decode_canonical(&payload).map_err(|_| OpenError::Damaged { table: "root" }),
        Err(ReadError::Damaged) => Err(OpenError::Damaged { table: "root" }),
        Err(ReadError::Environment(text)) => Err(OpenError::Environment(text)),
    }
}

/// Completes a burning whose batch is durable and whose header key had not reached the header.
fn finish_burning(
    body: Body,
    root: &Root,
    header: &mut HeaderFile,
    slot: usize,
    root_key: &Key,
) -> Result<Body, OpenError> {
    let cut_short = root
        .pending
        .as_ref()
        .filter(|pending| pending.from == body.sealing && root.sealing > body.sealing);
    let Some(pending) = cut_short else { return Ok(body) };
    let opened = unseal(&body.header_key, &pending_context(root.sealing), &pending.sealed);
    let header_key = opened
        .and_then(|key| Key::from_slice(&key))
        .ok_or(OpenError::Damaged { table: "keyring" })?;
    let body = Body {
        header_key,
        sealing: root.sealing,
        batches: root.batches,
    };
    header.write_newer(header.current().with_body(slot, root_key, &body)?)?;
    header.overwrite_older()?;
    Ok(body)
}

/// Reads where the records of all tables are.
pub(crate) fn read_tables(disk: &Disk, keys: &ChunkKeys, contents: &mut Contents) -> Result<(), OpenError> {
    contents.tables.clear();
    for number in 0..contents.root.tables.len() {
        let reader = Reader { disk, keys, contents };
        let index = read_table(reader, number)?;
        contents.tables.push(index);
    }
    if contents.root.stamps.is_none() && contents.tables.iter().all(|index| !index.damaged) {
        contents.root.stamps = Some(contents.tables.iter().map(TableIndex::stamp).collect());
    }
    Ok(())
}

/// Reads where the records of one table are.
pub(crate) fn read_table(reader: Reader<'_>, number: usize) -> Result<TableIndex, OpenError> {
    let root = &reader.contents.root;
    let Some((name, pages)) = root.tables.get(number) else {
        return Ok(TableIndex::default());
    };
    let mut index = TableIndex {
        name: name.clone(),
        ..TableIndex::default()
    };
    for page in 0..*pages {
        match reader.page_and_spot(number, page) {
            Ok((there, spot)) => {
                index.pages.push(spot);
                for entry in there.entries() {
                    let twice = index.spots.insert(entry.key.clone(), entry.spot(page));
                    index.damaged |= twice.is_some();
                }
            }
            Err(ReadError::Damaged) => {
                index.pages.push(PageSpot::FULL);
                index.damaged = true;
            }
            Err(ReadError::Environment(text)) => return Err(OpenError::Environment(text)),
        }
    }
    if let Some(stamps) = &root.stamps {
        index.stale = !index.damaged && stamps.get(number) != Some(&index.stamp());
        index.damaged |= index.stale;
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use crate::params::Params;
    use crate::{Vault, layout::Place};
    use primitives::{Batch, Store as _, StoreError, Table};
    use std::ops::ControlFlow;

    const TABLE: Table = Table("sample");

    fn put(vault: &mut Vault, value: u8) {
        let mut batch = Batch::new();
        batch.put(TABLE, *b"key", [value]);
        vault.apply(batch).unwrap();
    }

    #[test]
    fn a_page_that_shows_its_cold_state_because_the_newer_one_is_lost_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let mut vault = Vault::create(dir.path(), b"passphrase", Params::testing()).unwrap();
        put(&mut vault, 1);
        vault
            .compact(&mut |_| ControlFlow::Continue(()))
            .unwrap()
            .unwrap();
        put(&mut vault, 2);
        let name = vault.keys.name(Place::Page { table: 0, page: 0 });
        assert!(vault.disk.has_cold(&name) && !vault.disk.read(&name).unwrap().unwrap().cold);
        let mut lost = sled::Batch::default();
        lost.remove(&name);
        vault.disk.write(lost).unwrap();
        drop(vault);
        let opened = Vault::open(dir.path(), b"passphrase").unwrap();
        assert_eq!(opened.damaged, ["sample"]);
        let read = opened.vault.get(TABLE, b"key").unwrap_err();
        assert_eq!(read, StoreError::Damaged { table: "sample" });
    }
}
