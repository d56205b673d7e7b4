//! Compaction: what is alive goes into a new generation of the store, and the old one goes away (docs/spec/vault.md).
//!
//! Pages are filled anew, long values' pieces copied as they are; both lie cold from then on. The keyring and the root
//! record go to a new sled. Nothing of the old generation is touched before the new one has been read back and counts.

use crate::chunk::{self, ChunkKeys};
use crate::cold::{Cold, ColdWriter};
use crate::contents::{Contents, Long, ReadError, Reader, read_chunk};
use crate::disk::{Disk, DiskError};
use crate::error::OpenError;
use crate::generation::{Generation, sync_dir};
use crate::keyring::Keyring;
use crate::layout::{Place, Root};
use crate::load::{read_table, read_tables};
use crate::page::Page;
use crate::vault::{Vault, environment};
use primitives::{StoreError, encode};
use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;

/// A store is wasteful if it takes more than so many times what is alive in it…
const TIMES_MAX: u64 = 2;
/// … and so many bytes more.
const WASTE_BYTES_MIN: u64 = 16 << 20;

/// What a vault's store holds and takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of records with their keys, as they are sealed.
    pub live: u64,
    /// Bytes of the store's files.
    pub disk: u64,
}

impl Usage {
    /// Whether a compaction is worth its while: more than twice what is alive, and 16 MiB more.
    #[must_use]
    pub const fn is_wasteful(self) -> bool {
        self.disk > self.live.saturating_mul(TIMES_MAX)
            && self.disk > self.live.saturating_add(WASTE_BYTES_MIN)
    }
}

/// Where a compaction is; said before each of its writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compacting {
    /// The new generation is to be begun.
    Begin,
    /// Another chunk is to be written.
    Chunk,
    /// All chunks are written and are to be made durable.
    Chunks,
    /// The keyring and the root record are to be written.
    Root,
    /// Everything is durable and is to be read back.
    Check,
    /// The new generation is to become the vault's.
    Commit,
    /// It is the vault's; the counter is to be told. From here on nobody is asked any more.
    Counter,
    /// The old generation is to be removed.
    Remove,
    /// All is done.
    Done,
}

/// What a compaction has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes of the store's files before.
    pub before: u64,
    /// And after.
    pub after: u64,
}

/// Asked before each write whether to go on.
type Watch<'a> = &'a mut dyn FnMut(Compacting) -> ControlFlow<()>;

/// Why nothing came of a compaction.
enum Halt {
    /// Somebody said so.
    Stopped,
    /// An error.
    Failed(StoreError),
}

impl Vault {
    /// What the store holds and takes. Cost: a look at each record's place in memory and at each file.
    ///
    /// # Errors
    /// [`StoreError::Environment`] if the files cannot be looked at.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let tables = &self.contents.tables;
        let pages = tables.iter().flat_map(|table| &table.pages);
        let short = pages.filter_map(|page| u64::try_from(page.used).ok());
        let long = tables.iter().flat_map(|table| table.spots.values());
        let long = long.filter_map(|spot| spot.long.map(|long| u64::from(long.len)));
        let disk = self.generation.size().map_err(failed)?;
        Ok(Usage {
            live: short.chain(long).fold(0, u64::saturating_add),
            disk,
        })
    }

    /// [`Vault::compact`], if [`Usage::is_wasteful`].
    ///
    /// # Errors
    /// As [`Vault::compact`].
    pub fn compact_if_wasteful(
        &mut self,
        watch: &mut dyn FnMut(Compacting) -> ControlFlow<()>,
    ) -> Result<Option<Compacted>, StoreError> {
        if self.usage()?.is_wasteful() {
            self.compact(watch)
        } else {
            Ok(None)
        }
    }

    /// Writes what is alive into a new generation of the store and removes the old one. Counts as a batch.
    ///
    /// `watch` is told before each write and ends it with [`ControlFlow::Break`], up to [`Compacting::Commit`]: then, as
    /// after an error, the vault goes on as if nothing had been. A vault with damage, or whose store was put back,
    /// is left as it is.
    ///
    /// Cost: everything alive is read twice, written once and flushed; besides what the vault keeps in memory anyway, 64
    /// bytes for each chunk and one table's index. `None` if it was stopped or the vault is left as it is.
    ///
    /// # Errors
    /// [`StoreError`]. After [`Compacting::Commit`] the vault then answers nothing any more and must be opened again.
    pub fn compact(
        &mut self,
        watch: &mut dyn FnMut(Compacting) -> ControlFlow<()>,
    ) -> Result<Option<Compacted>, StoreError> {
        self.reader()?;
        if self.reseal || self.contents.tables.iter().any(|table| table.damaged) {
            return Ok(None);
        }
        let before = self.generation.size().map_err(failed)?;
        let (next, disk, root) = match self.build(watch) {
            Ok(built) => built,
            Err((next, halt)) => {
                // What resists is removed when the vault is opened the next time.
                let _ = next.map(|next| next.remove());
                return match halt {
                    Halt::Stopped => Ok(None),
                    Halt::Failed(error) => Err(error),
                };
            }
        };
        self.failed = true;
        next.commit().map_err(failed)?;
        let _ = watch(Compacting::Counter);
        self.disk = disk;
        self.generation = next;
        self.contents.root = root;
        self.counter.write(self.contents.root.batches)?;
        read_tables(&self.disk, &self.keys, &mut self.contents).map_err(reading)?;
        self.failed = false;
        let _ = watch(Compacting::Remove);
        self.generation.remove_others();
        let _ = watch(Compacting::Done);
        let after = self.generation.size().map_err(failed)?;
        Ok(Some(Compacted { before, after }))
    }

    /// The next generation, whole but for its last rename.
    fn build(&self, watch: Watch<'_>) -> Result<(Generation, Disk, Root), (Option<Generation>, Halt)> {
        ask(watch, Compacting::Begin).map_err(|halt| (None, halt))?;
        let next = self.generation.begin_next();
        let next = next.map_err(|error| (None, Halt::from(error)))?;
        match self.fill(&next, watch) {
            Ok((disk, root)) => Ok((next, disk, root)),
            Err(halt) => Err((Some(next), halt)),
        }
    }

    fn fill(&self, next: &Generation, watch: Watch<'_>) -> Result<(Disk, Root), Halt> {
        let mut root = self.contents.root.clone();
        root.batches = root.batches.saturating_add(1);
        root.pending = None;
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(next.new_cold())?;
        let below = self.reader().map_err(Halt::Failed)?;
        let mut copy = Copy {
            below,
            batch: root.batches,
            to: ColdWriter::new(file),
            watch,
        };
        let tables = root.tables.iter_mut().enumerate();
        let stamps = tables.map(|(number, (_, pages))| {
            *pages = copy.table(number)?;
            Ok(root.batches.wrapping_mul(u64::from(*pages)))
        });
        root.stamps = Some(stamps.collect::<Result<_, Halt>>()?);
        ask(copy.watch, Compacting::Chunks)?;
        copy.to.finish()?;

        let cold = Cold::open(File::open(next.new_cold())?)?;
        let disk = Disk::over(next.dir(), Some(cold))?;
        ask(watch, Compacting::Root)?;
        disk.write(self.hot(&root)?)?;
        sync_dir(next.dir())?;
        ask(watch, Compacting::Check)?;
        self.check(&disk, &root)?;
        ask(watch, Compacting::Commit)?;
        Ok((disk, root))
    }

    /// What goes to sled: the keyring as it is, and the root record.
    fn hot(&self, root: &Root) -> Result<sled::Batch, Halt> {
        let mut batch = sled::Batch::default();
        for part in 0..root.keyring_parts {
            let sealing = root.sealing;
            let name = self.keys.name(Place::Keyring { sealing, part });
            let found = self.disk.read(&name)?.ok_or(DiskError::Damaged)?;
            batch.insert(&name, found.chunk);
        }
        let name = self.keys.name(Place::Root);
        let chunk = chunk::close(&self.keys.ordinary, &name, root.batches, &encode(root));
        batch.insert(&name, chunk.map_err(Halt::Failed)?);
        Ok(batch)
    }

    /// Reads all of it as an opening would, and the pieces besides: every record that the old generation has is there,
    /// and opens with the keys that there are.
    fn check(&self, disk: &Disk, root: &Root) -> Result<(), Halt> {
        let read = |key, place| read_chunk(disk, &self.keys, key, place, root.batches);
        if *read(&self.keys.ordinary, Place::Root)? != encode(root) {
            return Err(differs());
        }
        let mut keyring = Keyring::default();
        for part in 0..root.keyring_parts {
            let sealing = root.sealing;
            let payload = read(&self.header_key, Place::Keyring { sealing, part })?;
            keyring.decode_part(&payload).ok_or_else(differs)?;
        }
        let contents = Contents {
            root: root.clone(),
            keyring,
            tables: Vec::new(),
        };
        let reader = Reader {
            disk,
            keys: &self.keys,
            contents: &contents,
        };
        for (number, old) in self.contents.tables.iter().enumerate() {
            let new = read_table(reader, number).map_err(|error| Halt::Failed(reading(error)))?;
            let same = old.spots.len() == new.spots.len()
                && old
                    .spots
                    .iter()
                    .zip(&new.spots)
                    .all(|((key, spot), (new_key, new_spot))| {
                        key == new_key && (spot.sealed_by, spot.long) == (new_spot.sealed_by, new_spot.long)
                    });
            if new.damaged || !same {
                return Err(differs());
            }
            for spot in old.spots.values() {
                let Some(long) = spot.long else { continue };
                let key = reader.sealing_key(spot.sealed_by, &contents.keyring);
                let key = key.ok_or(DiskError::Damaged)?;
                for piece in 0..long.pieces() {
                    reader.piece(key, long.value, piece)?;
                }
            }
        }
        Ok(())
    }
}

/// Copying on its way.
struct Copy<'a, 'w> {
    below: Reader<'a>,
    batch: u64,
    to: ColdWriter,
    watch: Watch<'w>,
}

impl Copy<'_, '_> {
    /// Copies a table; the number of its pages from now on.
    fn table(&mut self, number: usize) -> Result<u32, Halt> {
        let before = self.below.contents.tables.get(number);
        let before = before.map_or(0, |index| index.pages.len());
        let (mut filled, mut pages) = (Page::empty(), 0);
        for page in (0..).take(before) {
            for entry in self.below.page(number, page)?.into_entries() {
                if let Some(long) = entry.spot(page).long {
                    self.pieces(long)?;
                }
                if !Page::fits(filled.used(), entry.len()) {
                    self.page(number, pages, &filled)?;
                    (filled, pages) = (Page::empty(), pages.saturating_add(1));
                }
                filled.push(entry);
            }
        }
        if !filled.entries().is_empty() {
            self.page(number, pages, &filled)?;
            pages = pages.saturating_add(1);
        }
        Ok(pages)
    }

    fn page(&mut self, table: usize, page: u32, filled: &Page) -> Result<(), Halt> {
        let keys: &ChunkKeys = self.below.keys;
        let table = u32::try_from(table).unwrap_or(u32::MAX);
        let name = keys.name(Place::Page { table, page });
        let chunk = chunk::close(&keys.ordinary, &name, self.batch, &filled.encode());
        ask(self.watch, Compacting::Chunk)?;
        Ok(self.to.push(&name, &chunk.map_err(Halt::Failed)?)?)
    }

    fn pieces(&mut self, long: Long) -> Result<(), Halt> {
        for piece in 0..long.pieces() {
            let value = long.value;
            let name = self.below.keys.name(Place::Piece { value, piece });
            let found = self.below.disk.read(&name)?.ok_or(DiskError::Damaged)?;
            ask(self.watch, Compacting::Chunk)?;
            self.to.push(&name, &found.chunk)?;
        }
        Ok(())
    }
}

fn ask(watch: Watch<'_>, at: Compacting) -> Result<(), Halt> {
    match watch(at) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Halt::Stopped),
    }
}

fn differs() -> Halt {
    Halt::Failed(StoreError::Environment(
        "what was written for compaction is not what was there".into(),
    ))
}

fn failed(error: std::io::Error) -> StoreError {
    StoreError::Environment(error.to_string())
}

fn reading(error: OpenError) -> StoreError {
    StoreError::Environment(error.to_string())
}

impl From<std::io::Error> for Halt {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(failed(error))
    }
}

impl From<DiskError> for Halt {
    fn from(error: DiskError) -> Self {
        Self::Failed(environment(error))
    }
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged => DiskError::Damaged.into(),
            ReadError::Environment(text) => DiskError::Environment(text).into(),
        }
    }
}
