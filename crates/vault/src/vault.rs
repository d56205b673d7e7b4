//! The open vault.

use crate::chunk::ChunkKeys;
use crate::cipher::Key;
use crate::contents::{Contents, Reader};
use crate::counter::CounterFile;
use crate::disk::{Disk, DiskError};
use crate::generation::Generation;
use crate::header::{Body, HeaderFile};
use crate::step::{Prepared, Step};
use primitives::store::{Record, Value};
use primitives::{Batch, Store, StoreError, Table};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::fmt;
use std::fs::File;

/// A member's records on the disk, unlocked. Dropping it locks it.
///
/// After an error of the environment in [`Store::apply`] it answers nothing any more: whether the batch is there
/// shows when it is opened again.
pub struct Vault {
    pub(crate) disk: Disk,
    pub(crate) generation: Generation,
    pub(crate) keys: ChunkKeys,
    pub(crate) root_key: Key,
    pub(crate) slot: usize,
    pub(crate) header: HeaderFile,
    pub(crate) header_key: Key,
    /// Which sealing of the keyring the header key opens.
    pub(crate) sealing: u64,
    pub(crate) counter: CounterFile,
    pub(crate) contents: Contents,
    /// The keyring cannot be continued under this header key (its store was put back, or parts of it are lost).
    pub(crate) reseal: bool,
    pub(crate) failed: bool,
    pub(crate) crash_at: Option<Moment>,
    pub(crate) _lock: File,
}

/// Between which writes of a batch a test cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the store is written.
    BeforeStore,
    /// When the store is durable and the header still has the old header key.
    AfterStore,
    /// When the new header key is on one side of the header and the old one still on the other.
    BetweenSides,
    /// When everything is written and nobody has been told.
    AfterHeader,
}

impl Vault {
    /// Fails the next batch at `moment` as a crash there would, for tests: the vault must be opened again. The two
    /// moments in the middle of the header exist only in a batch that burns something.
    pub fn crash_at(&mut self, moment: Moment) {
        self.crash_at = Some(moment);
    }

    /// How many batches the vault has taken since it was created.
    #[must_use]
    pub const fn batches(&self) -> u64 {
        self.contents.root.batches
    }

    pub(crate) fn reader(&self) -> Result<Reader<'_>, StoreError> {
        if self.failed {
            return Err(StoreError::Environment(
                "a write failed: the vault must be opened again".into(),
            ));
        }
        Ok(Reader {
            disk: &self.disk,
            keys: &self.keys,
            contents: &self.contents,
        })
    }

    fn cut(&self, moment: Moment) -> Result<(), StoreError> {
        if self.crash_at == Some(moment) {
            return Err(StoreError::Environment("crash by request".into()));
        }
        Ok(())
    }

    fn write(&mut self, mut prepared: Prepared) -> Result<(), StoreError> {
        self.cut(Moment::BeforeStore)?;
        self.disk
            .write(std::mem::take(&mut prepared.batch))
            .map_err(environment)?;
        self.cut(Moment::AfterStore)?;
        if let Some(header_key) = prepared.header_key.take() {
            let root = prepared.root();
            let body = Body {
                header_key,
                sealing: root.sealing,
                batches: root.batches,
            };
            let next = self
                .header
                .current()
                .with_body(self.slot, &self.root_key, &body)?;
            self.header
                .write_newer(next)
                .map_err(|error| StoreError::Environment(error.to_string()))?;
            self.cut(Moment::BetweenSides)?;
            self.header
                .overwrite_older()
                .map_err(|error| StoreError::Environment(error.to_string()))?;
            (self.header_key, self.sealing) = (body.header_key, body.sealing);
            self.reseal = false;
        }
        self.counter.write(prepared.root().batches)?;
        self.cut(Moment::AfterHeader)?;
        prepared.absorb(&mut self.contents);
        Ok(())
    }
}

impl Store for Vault {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let reader = self.reader()?;
        let Some(number) = reader.table(table.0) else {
            return Ok(None);
        };
        let Some(index) = self.contents.tables.get(number) else {
            return Ok(None);
        };
        match index.spots.get(key) {
            _ if index.stale => Err(StoreError::Damaged { table: table.0 }),
            None if index.damaged => Err(StoreError::Damaged { table: table.0 }),
            None => Ok(None),
            Some(spot) => {
                let page = reader.page(number, spot.page).map_err(|error| error.of(table))?;
                let entry = page.find(key).ok_or(StoreError::Damaged { table: table.0 })?;
                let value = reader.value(table.0, entry, &self.contents.keyring);
                value.map(Some).map_err(|error| error.of(table))
            }
        }
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let reader = self.reader()?;
        let Some(number) = reader.table(table.0) else {
            return Ok(Vec::new());
        };
        let Some(index) = self.contents.tables.get(number) else {
            return Ok(Vec::new());
        };
        if index.damaged {
            return Err(StoreError::Damaged { table: table.0 });
        }
        let start = from.max(prefix).to_vec();
        let found = index
            .spots
            .range(start..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit);
        let mut pages = BTreeMap::new();
        let mut records = Vec::new();
        for (key, spot) in found {
            let page = match pages.entry(spot.page) {
                MapEntry::Occupied(there) => there.into_mut(),
                MapEntry::Vacant(place) => {
                    place.insert(reader.page(number, spot.page).map_err(|error| error.of(table))?)
                }
            };
            let entry = page.find(key).ok_or(StoreError::Damaged { table: table.0 })?;
            let value = reader.value(table.0, entry, &self.contents.keyring);
            records.push((key.clone(), value.map_err(|error| error.of(table))?));
        }
        Ok(records)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        let reader = self.reader()?;
        if batch.is_empty() {
            return Ok(());
        }
        let prepared = Step::stage(reader, batch)?.prepare((&self.header_key, self.sealing), self.reseal)?;
        self.failed = true;
        self.write(prepared)?;
        self.failed = false;
        Ok(())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

pub(crate) fn environment(error: DiskError) -> StoreError {
    StoreError::Environment(match error {
        DiskError::Damaged => "the store below refused the write as damaged".into(),
        DiskError::Environment(text) => text,
    })
}
