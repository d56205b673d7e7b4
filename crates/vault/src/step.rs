//! One batch being prepared: which chunks change, and what memory will say once the disk has them.

use crate::chunk::{self, Name};
use crate::cipher::{Key, fresh_key, seal};
use crate::contents::{Contents, Long, PageSpot, Reader, Spot, TableIndex, value_context};
use crate::keyring::{Keyring, PURPOSE_BYTES_MAX};
use crate::layout::{
    INLINE_BYTES_MAX, KEY_BYTES_MAX, ORDINARY, PIECE_BYTES, Pending, Place, Root, TABLE_NAME_BYTES_MAX,
    TABLES_MAX, VALUE_BYTES_MAX,
};
use crate::page::{Body, Entry, Page};
use primitives::store::Op;
use primitives::{Batch, Purpose, StoreError, Table, encode, labels};
use std::collections::BTreeMap;

/// A batch on its way.
pub(crate) struct Step<'a> {
    below: Reader<'a>,
    root: Root,
    keyring: Keyring,
    keyring_changed: bool,
    burnt: bool,
    new_tables: Vec<String>,
    pages: BTreeMap<(usize, u32), Page>,
    spots: BTreeMap<(usize, Vec<u8>), Option<Spot>>,
    chunks: BTreeMap<Name, Option<Vec<u8>>>,
}

/// A prepared batch: what sled gets, and what memory gets after it.
pub(crate) struct Prepared {
    /// For sled.
    pub(crate) batch: sled::Batch,
    /// The header key from now on, if a burning demands a fresh one.
    pub(crate) header_key: Option<Key>,
    root: Root,
    keyring: Keyring,
    new_tables: Vec<String>,
    used: BTreeMap<(usize, u32), usize>,
    spots: BTreeMap<(usize, Vec<u8>), Option<Spot>>,
}

impl Prepared {
    /// The root record from now on.
    pub(crate) const fn root(&self) -> &Root {
        &self.root
    }

    /// Makes memory say what the disk says.
    pub(crate) fn absorb(self, contents: &mut Contents) {
        for name in self.new_tables {
            contents.tables.push(TableIndex {
                name,
                ..TableIndex::default()
            });
        }
        for ((table, page), used) in self.used {
            if let Some(table) = contents.tables.get_mut(table) {
                let page = page as usize;
                let pages = table.pages.len().max(page.saturating_add(1));
                table.pages.resize(pages, PageSpot::default());
                let written = PageSpot {
                    used,
                    batch: self.root.batches,
                    cold: false,
                };
                table
                    .pages
                    .get_mut(page)
                    .into_iter()
                    .for_each(|spot| *spot = written);
            }
        }
        for ((table, key), spot) in self.spots {
            if let Some(table) = contents.tables.get_mut(table) {
                match spot {
                    Some(spot) => table.spots.insert(key, spot),
                    None => table.spots.remove(&key),
                };
            }
        }
        (contents.root, contents.keyring) = (self.root, self.keyring);
    }
}

impl<'a> Step<'a> {
    /// Stages all of `batch`; nothing outside of the step changes.
    pub(crate) fn stage(below: Reader<'a>, batch: Batch) -> Result<Self, StoreError> {
        let mut root = below.contents.root.clone();
        root.batches = root.batches.saturating_add(1);
        let mut step = Self {
            below,
            root,
            keyring: below.contents.keyring.duplicate(),
            keyring_changed: false,
            burnt: false,
            new_tables: Vec::new(),
            pages: BTreeMap::new(),
            spots: BTreeMap::new(),
            chunks: BTreeMap::new(),
        };
        for op in batch.ops() {
            if let Op::Burn(purpose) = op {
                step.burn(purpose)?;
            }
        }
        for op in batch.ops() {
            match op {
                Op::Put {
                    table,
                    key,
                    value,
                    purpose,
                } => step.put(*table, key, value, purpose)?,
                Op::Delete { table, key } => step.delete(*table, key)?,
                Op::Burn(_) => {}
            }
        }
        Ok(step)
    }

    /// Seals everything that changed. `header` is the header key and the sealing that the header has; `reseal` asks for a fresh header key even where nothing was burnt.
    pub(crate) fn prepare(mut self, header: (&Key, u64), reseal: bool) -> Result<Prepared, StoreError> {
        self.seal_pages()?;
        let fresh = if self.burnt || reseal {
            Some(self.reseal_keyring(header)?)
        } else {
            None
        };
        if fresh.is_none() && self.keyring_changed {
            self.seal_keyring(header.0)?;
        }
        self.seal_root()?;
        let mut batch = sled::Batch::default();
        for (name, chunk) in self.chunks {
            match chunk {
                Some(chunk) => batch.insert(&name, chunk),
                None => batch.remove(&name),
            }
        }
        Ok(Prepared {
            batch,
            header_key: fresh,
            root: self.root,
            keyring: self.keyring,
            new_tables: self.new_tables,
            used: self.pages.iter().map(|(at, page)| (*at, page.used())).collect(),
            spots: self.spots,
        })
    }

    fn burn(&mut self, purpose: &Purpose) -> Result<(), StoreError> {
        if purpose.name().is_empty() {
            return Err(StoreError::Misuse("the ordinary purpose cannot be burnt"));
        }
        let Some(number) = self.keyring.number(purpose.name()) else {
            return Ok(());
        };
        self.keyring.remove(number);
        (self.burnt, self.keyring_changed) = (true, true);
        let contents = self.below.contents;
        for (table, index) in contents.tables.iter().enumerate() {
            let burnt = index.spots.iter().filter(|(_, spot)| spot.sealed_by == number);
            for (key, spot) in burnt {
                // A page that does not open keeps no burning from happening: the key is what counts.
                if self.page(table, spot.page).is_ok() {
                    self.remove(table, key, *spot);
                }
                self.spots.insert((table, key.clone()), None);
            }
        }
        Ok(())
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8], purpose: &Purpose) -> Result<(), StoreError> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(StoreError::Misuse("a key has 1 to 256 bytes"));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(StoreError::Misuse("a value has at most 64 MiB"));
        }
        let number = self.table(table)?;
        let sealed_by = self.sealing_number(purpose)?;
        let old = self.spot(number, key);
        if let Some(spot) = old {
            self.page(number, spot.page).map_err(|error| error.of(table))?;
        }
        let body = if value.len() > INLINE_BYTES_MAX {
            self.put_pieces(value, sealed_by, old)?
        } else if sealed_by == ORDINARY {
            Body::Inline {
                bytes: value.to_vec(),
            }
        } else {
            let purpose_key = self
                .keyring
                .key(sealed_by)
                .ok_or(StoreError::Misuse("a burnt purpose"))?;
            Body::Inline {
                bytes: seal(purpose_key, &value_context(table.0, key), value)?,
            }
        };
        let entry = Entry {
            key: key.to_vec(),
            sealed_by,
            body,
        };
        if let Some(spot) = old {
            let kept = entry.spot(spot.page).long.map(|long| long.value);
            self.remove(
                number,
                key,
                Spot {
                    long: spot.long.filter(|long| Some(long.value) != kept),
                    ..spot
                },
            );
        }
        let page = self.room(number, entry.len(), old.map(|spot| spot.page));
        self.page(number, page).map_err(|error| error.of(table))?;
        self.spots.insert((number, key.to_vec()), Some(entry.spot(page)));
        if let Some(staged) = self.pages.get_mut(&(number, page)) {
            staged.push(entry);
        }
        Ok(())
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        let number = self.table(table)?;
        if let Some(spot) = self.spot(number, key) {
            self.page(number, spot.page).map_err(|error| error.of(table))?;
            self.remove(number, key, spot);
        }
        Ok(())
    }

    /// Takes a record out of its staged page and its pieces out of the store.
    fn remove(&mut self, table: usize, key: &[u8], spot: Spot) {
        if let Some(page) = self.pages.get_mut(&(table, spot.page)) {
            page.remove(key);
        }
        self.spots.insert((table, key.to_vec()), None);
        if let Some(long) = spot.long {
            self.drop_pieces(long, 0);
        }
    }

    fn drop_pieces(&mut self, long: Long, from: u32) {
        for piece in from..long.pieces() {
            let name = self.below.keys.name(Place::Piece {
                value: long.value,
                piece,
            });
            // A cold one stays where it is until the next compaction; its number is never used again.
            if !self.below.disk.has_cold(&name) {
                self.chunks.insert(name, None);
            }
        }
    }

    /// Writes the pieces of a long value that differ from what is there.
    fn put_pieces(&mut self, value: &[u8], sealed_by: u64, old: Option<Spot>) -> Result<Body, StoreError> {
        let same_key = old
            .filter(|spot| spot.sealed_by == sealed_by)
            .and_then(|spot| spot.long)
            .filter(|long| !self.is_cold(*long));
        let number = match same_key {
            Some(long) => long.value,
            None => {
                let number = self.root.next_value;
                self.root.next_value = number.saturating_add(1);
                number
            }
        };
        let key = self
            .below
            .sealing_key(sealed_by, &self.keyring)
            .ok_or(StoreError::Misuse("a burnt purpose"))?;
        for (piece, bytes) in (0..).zip(value.chunks(PIECE_BYTES)) {
            let name = self.below.keys.name(Place::Piece { value: number, piece });
            let unchanged = !self.chunks.contains_key(&name)
                && same_key.is_some_and(|long| piece < long.pieces())
                && self
                    .below
                    .piece(key, number, piece)
                    .is_ok_and(|there| there.as_slice() == bytes);
            if !unchanged {
                let chunk = chunk::close(key, &name, self.root.batches, bytes)?;
                self.chunks.insert(name, Some(chunk));
            }
        }
        let new = Long {
            value: number,
            len: u32::try_from(value.len()).unwrap_or(u32::MAX),
        };
        if let Some(long) = same_key {
            self.drop_pieces(long, new.pieces());
        }
        Ok(Body::Pieces {
            value: number,
            len: new.len,
        })
    }

    /// Whether a long value's pieces are cold: they are then written anew under another number, so that none is ever in
    /// two states.
    fn is_cold(&self, long: Long) -> bool {
        let first = Place::Piece {
            value: long.value,
            piece: 0,
        };
        self.below.disk.has_cold(&self.below.keys.name(first))
    }

    fn table(&mut self, table: Table) -> Result<usize, StoreError> {
        if let Some(number) = self.below.table(table.0) {
            let damaged = self
                .below
                .contents
                .tables
                .get(number)
                .is_some_and(|index| index.damaged);
            return if damaged {
                Err(StoreError::Damaged { table: table.0 })
            } else {
                Ok(number)
            };
        }
        let first_new = self.below.contents.tables.len();
        if let Some(at) = self.new_tables.iter().position(|name| name == table.0) {
            return Ok(first_new.saturating_add(at));
        }
        let number = first_new.saturating_add(self.new_tables.len());
        if number >= TABLES_MAX || table.0.len() > TABLE_NAME_BYTES_MAX {
            return Err(StoreError::Misuse(
                "at most 64 tables with names of at most 40 bytes",
            ));
        }
        self.new_tables.push(table.0.to_owned());
        Ok(number)
    }

    fn sealing_number(&mut self, purpose: &Purpose) -> Result<u64, StoreError> {
        let name = purpose.name();
        if name.is_empty() {
            return Ok(ORDINARY);
        }
        if name.len() > PURPOSE_BYTES_MAX {
            return Err(StoreError::Misuse("a purpose's name has at most 64 bytes"));
        }
        if let Some(number) = self.keyring.number(name) {
            return Ok(number);
        }
        let number = self.root.next_key;
        self.root.next_key = number.saturating_add(1);
        self.keyring.add(number, name)?;
        self.keyring_changed = true;
        Ok(number)
    }

    fn spot(&self, table: usize, key: &[u8]) -> Option<Spot> {
        match self.spots.get(&(table, key.to_vec())) {
            Some(staged) => *staged,
            None => self.below.contents.tables.get(table)?.spots.get(key).copied(),
        }
    }

    fn pages_below(&self, table: usize) -> &[PageSpot] {
        self.below
            .contents
            .tables
            .get(table)
            .map_or(&[], |index| &index.pages)
    }

    /// Sees to it that the page is staged.
    fn page(&mut self, table: usize, page: u32) -> Result<(), crate::contents::ReadError> {
        if self.pages.contains_key(&(table, page)) {
            return Ok(());
        }
        let there = (page as usize) < self.pages_below(table).len();
        let staged = if there {
            self.below.page(table, page)?
        } else {
            Page::empty()
        };
        self.pages.insert((table, page), staged);
        Ok(())
    }

    /// A page with room for `len` bytes: where the record was, else one that this batch writes anyway, else another
    /// with room, else a new one.
    fn room(&self, table: usize, len: usize, first: Option<u32>) -> u32 {
        let fits = |page: u32| {
            self.pages
                .get(&(table, page))
                .is_some_and(|p| Page::fits(p.used(), len))
        };
        if let Some(page) = first.filter(|page| fits(*page)) {
            return page;
        }
        let mut staged = self
            .pages
            .range((table, 0)..=(table, u32::MAX))
            .map(|((_, page), _)| *page);
        if let Some(page) = staged.clone().rev().find(|page| fits(*page)) {
            return page;
        }
        let below = self.pages_below(table);
        let unstaged = (0..)
            .zip(below)
            .find(|(page, spot)| {
                !spot.cold && Page::fits(spot.used, len) && !self.pages.contains_key(&(table, *page))
            })
            .map(|(page, _)| page);
        unstaged.unwrap_or_else(|| {
            let behind_staged = staged.next_back().map_or(0, |page| page.saturating_add(1));
            behind_staged.max(u32::try_from(below.len()).unwrap_or(u32::MAX))
        })
    }

    fn seal_pages(&mut self) -> Result<(), StoreError> {
        for ((table, page), staged) in &self.pages {
            let place = Place::Page {
                table: u32::try_from(*table).unwrap_or(u32::MAX),
                page: *page,
            };
            let name = self.below.keys.name(place);
            let chunk = chunk::close(
                &self.below.keys.ordinary,
                &name,
                self.root.batches,
                &staged.encode(),
            )?;
            self.chunks.insert(name, Some(chunk));
        }
        Ok(())
    }

    /// Writes the parts of the keyring that an added key changed.
    fn seal_keyring(&mut self, header_key: &Key) -> Result<(), StoreError> {
        let before = self.below.contents.keyring.encode();
        let parts = self.keyring.encode();
        for (part, payload) in (0..).zip(&parts) {
            if before.get(part as usize) != Some(payload) {
                let name = self.below.keys.name(Place::Keyring {
                    sealing: self.root.sealing,
                    part,
                });
                let chunk = chunk::close(header_key, &name, self.root.batches, payload)?;
                self.chunks.insert(name, Some(chunk));
            }
        }
        self.root.keyring_parts = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Seals the surviving keys under a fresh header key, which goes along sealed under the old one until the
    /// header has it.
    fn reseal_keyring(&mut self, header: (&Key, u64)) -> Result<Key, StoreError> {
        let fresh = fresh_key()?;
        let before = self.root.sealing;
        for part in 0..self.root.keyring_parts {
            self.chunks.insert(
                self.below.keys.name(Place::Keyring {
                    sealing: before,
                    part,
                }),
                None,
            );
        }
        self.root.sealing = before.saturating_add(1);
        let parts = self.keyring.encode();
        for (part, payload) in (0..).zip(&parts) {
            let name = self.below.keys.name(Place::Keyring {
                sealing: self.root.sealing,
                part,
            });
            let chunk = chunk::close(&fresh, &name, self.root.batches, payload)?;
            self.chunks.insert(name, Some(chunk));
        }
        self.root.keyring_parts = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let (header_key, from) = header;
        let sealed = seal(header_key, &pending_context(self.root.sealing), fresh.expose())?;
        self.root.pending = Some(Pending { from, sealed });
        Ok(fresh)
    }

    /// The sums of the batches that wrote each table's pages.
    fn stamps(&self) -> Option<Vec<u64>> {
        let mut stamps = self.below.contents.root.stamps.clone()?;
        stamps.resize(self.root.tables.len(), 0);
        for (table, page) in self.pages.keys() {
            let before = self.pages_below(*table).get(*page as usize);
            let before = before.map_or(0, |spot| spot.batch);
            if let Some(stamp) = stamps.get_mut(*table) {
                *stamp = stamp.wrapping_sub(before).wrapping_add(self.root.batches);
            }
        }
        Some(stamps)
    }

    fn seal_root(&mut self) -> Result<(), StoreError> {
        let names = self
            .below
            .contents
            .tables
            .iter()
            .map(|table| &table.name)
            .chain(&self.new_tables);
        let tables = names.enumerate().map(|(number, name)| {
            let staged = self.pages.range((number, 0)..=(number, u32::MAX)).next_back();
            let below = u32::try_from(self.pages_below(number).len()).unwrap_or(u32::MAX);
            (
                name.clone(),
                staged
                    .map_or(0, |((_, page), _)| page.saturating_add(1))
                    .max(below),
            )
        });
        self.root.tables = tables.collect();
        self.root.stamps = self.stamps();
        let name = self.below.keys.name(Place::Root);
        let chunk = chunk::close(
            &self.below.keys.ordinary,
            &name,
            self.root.batches,
            &encode(&self.root),
        )?;
        self.chunks.insert(name, Some(chunk));
        Ok(())
    }
}

/// Associated data of a header key on its way.
pub(crate) fn pending_context(sealing: u64) -> Vec<u8> {
    encode(&(labels::VAULT_PENDING, sealing))
}
