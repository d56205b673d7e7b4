//! The header file: what a passphrase opens, written twice because an overwrite in place can tear.
//!
//! ```text
//! file  = side (4096) || side (4096)
//! side  = magic (8) || sequence: u64 || memory KiB: u32 || passes: u32 || lanes: u32 || 0: u32 || salt (32)
//!         || 4 * slot (256) || 0… || SHA-256 of all before (32)            at 4064
//! slot  = sealed [kind: u8 || root key (32) || 0 (31)] (104)               under the passphrase's key
//!         || sealed [header key (32) || sealing: u64 || batches: u64 || 0 (64)] (152)   under the root key
//! ```
//! Integers are big-endian. An unused slot is random, and so are both its parts to whoever has no key for them.

use crate::cipher::{Key, derive, random, seal, unseal};
use crate::params::Params;
use primitives::{StoreError, encode, labels};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use zeroize::Zeroizing;

/// Passphrase slots of every header, used or not.
pub(crate) const SLOTS: usize = 4;
/// Bytes of one side.
pub(crate) const SIDE_LEN: usize = 4096;
const MAGIC: &[u8; 8] = b"VECHE\0\0\x01";
const SLOT_LEN: usize = 256;
const WRAPPED_LEN: usize = 104;
const SUM_AT: usize = SIDE_LEN - 32;
/// The kind of slot that opens a world; other kinds (panic) come later.
const WORLD: u8 = 0;

/// One of the two copies of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Side {
    sequence: u64,
    params: Params,
    salt: [u8; 32],
    slots: [[u8; SLOT_LEN]; SLOTS],
}

/// What a slot's body says; changes at each burning.
#[derive(Debug)]
pub(crate) struct Body {
    /// Seals the keyring, and lies nowhere but here.
    pub(crate) header_key: Key,
    /// Which sealing of the keyring it opens.
    pub(crate) sealing: u64,
    /// How many batches the store had taken when this was written: it has never fewer again.
    pub(crate) batches: u64,
}

/// What a passphrase opened.
#[derive(Debug)]
pub(crate) struct Unlocked {
    /// Which slot.
    pub(crate) slot: usize,
    /// The world's root key.
    pub(crate) root_key: Key,
    /// The slot's body.
    pub(crate) body: Body,
}

impl Side {
    /// A header with one slot in use.
    pub(crate) fn create(
        passphrase: &[u8],
        params: Params,
        root_key: &Key,
        body: &Body,
    ) -> Result<Self, StoreError> {
        let mut side = Self {
            sequence: 1,
            params,
            salt: random()?,
            slots: [[0; SLOT_LEN]; SLOTS],
        };
        for slot in &mut side.slots {
            *slot = random()?;
        }
        let stretched = params
            .stretch(passphrase, &side.salt)
            .ok_or(StoreError::Misuse("Argon2 parameters"))?;
        let mut plain = Zeroizing::new([0; 64]);
        for (to, from) in plain.iter_mut().zip([WORLD].iter().chain(root_key.expose())) {
            *to = *from;
        }
        let wrapped = seal(
            &side.slot_key(&stretched, 0),
            &side.wrap_context(0),
            plain.as_slice(),
        )?;
        side.fill(0, 0, &wrapped);
        side.set_body(0, root_key, body)?;
        Ok(side)
    }

    /// Tries `passphrase` on every slot; the time does not depend on which opens.
    pub(crate) fn unlock(&self, passphrase: &[u8]) -> Option<Unlocked> {
        let stretched = self.params.stretch(passphrase, &self.salt)?;
        let mut unlocked = None;
        for (slot, bytes) in self.slots.iter().enumerate() {
            if let Some(opened) = self.open_slot(slot, bytes, &stretched) {
                unlocked.get_or_insert(opened);
            }
        }
        unlocked
    }

    /// The next header: as this one, with another body in `slot`.
    pub(crate) fn with_body(&self, slot: usize, root_key: &Key, body: &Body) -> Result<Self, StoreError> {
        let mut next = self.clone();
        next.sequence = self.sequence.saturating_add(1);
        next.set_body(slot, root_key, body)?;
        Ok(next)
    }

    fn open_slot(&self, slot: usize, bytes: &[u8; SLOT_LEN], stretched: &Key) -> Option<Unlocked> {
        let (wrapped, body) = bytes.split_at_checked(WRAPPED_LEN)?;
        let plain = unseal(&self.slot_key(stretched, slot), &self.wrap_context(slot), wrapped)?;
        let (kind, rest) = plain.split_first()?;
        let root_key = Key::from_slice(rest.get(..32)?)?;
        if *kind != WORLD {
            return None;
        }
        let body = unseal(&root_key, &body_context(slot), body)?;
        let (header_key, rest) = body.split_first_chunk::<32>()?;
        let (sealing, rest) = rest.split_first_chunk::<8>()?;
        let (batches, _) = rest.split_first_chunk::<8>()?;
        let body = Body {
            header_key: Key::from_slice(header_key)?,
            sealing: u64::from_be_bytes(*sealing),
            batches: u64::from_be_bytes(*batches),
        };
        Some(Unlocked { slot, root_key, body })
    }

    fn set_body(&mut self, slot: usize, root_key: &Key, body: &Body) -> Result<(), StoreError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(112));
        plain.extend_from_slice(body.header_key.expose());
        plain.extend_from_slice(&body.sealing.to_be_bytes());
        plain.extend_from_slice(&body.batches.to_be_bytes());
        plain.resize(112, 0);
        let sealed = seal(root_key, &body_context(slot), &plain)?;
        self.fill(slot, WRAPPED_LEN, &sealed);
        Ok(())
    }

    fn fill(&mut self, slot: usize, at: usize, bytes: &[u8]) {
        let place = self.slots.get_mut(slot).into_iter().flatten().skip(at);
        place.zip(bytes).for_each(|(to, from)| *to = *from);
    }

    fn slot_key(&self, stretched: &Key, slot: usize) -> Key {
        derive(
            stretched,
            labels::VAULT_HEADER,
            &[u8::try_from(slot).unwrap_or(u8::MAX)],
        )
    }

    fn wrap_context(&self, slot: usize) -> Vec<u8> {
        let Params {
            memory_kib,
            passes,
            lanes,
        } = self.params;
        let mut context = encode(&(labels::VAULT_HEADER, slot as u64, memory_kib, passes, lanes));
        context.extend_from_slice(&self.salt);
        context
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIDE_LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        for number in [self.params.memory_kib, self.params.passes, self.params.lanes, 0] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        self.slots.iter().for_each(|slot| bytes.extend_from_slice(slot));
        bytes.resize(SUM_AT, 0);
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (summed, sum) = bytes.split_at_checked(SUM_AT)?;
        if Sha256::digest(summed).as_slice() != sum {
            return None;
        }
        let rest = summed.strip_prefix(MAGIC.as_slice())?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (memory_kib, rest) = rest.split_first_chunk::<4>()?;
        let (passes, rest) = rest.split_first_chunk::<4>()?;
        let (lanes, rest) = rest.split_first_chunk::<4>()?;
        let (_, rest) = rest.split_first_chunk::<4>()?;
        let (salt, mut rest) = rest.split_first_chunk::<32>()?;
        let mut slots = [[0; SLOT_LEN]; SLOTS];
        for slot in &mut slots {
            let (bytes, behind) = rest.split_first_chunk::<SLOT_LEN>()?;
            (*slot, rest) = (*bytes, behind);
        }
        let params = Params {
            memory_kib: u32::from_be_bytes(*memory_kib),
            passes: u32::from_be_bytes(*passes),
            lanes: u32::from_be_bytes(*lanes),
        };
        Some(Self {
            sequence: u64::from_be_bytes(*sequence),
            params,
            salt: *salt,
            slots,
        })
    }
}

fn body_context(slot: usize) -> Vec<u8> {
    encode(&(labels::VAULT_BODY, slot as u64))
}

/// The open header file.
#[derive(Debug)]
pub(crate) struct HeaderFile {
    file: File,
    current: Side,
    at: u64,
    twins: bool,
}

impl HeaderFile {
    /// Writes both sides of a new header.
    pub(crate) fn create(mut file: File, side: Side) -> std::io::Result<Self> {
        let bytes = side.encode();
        file.write_all(&[bytes.as_slice(), &bytes].concat())?;
        file.sync_all()?;
        Ok(Self {
            file,
            current: side,
            at: 0,
            twins: true,
        })
    }

    /// Reads the newest whole side; `None` if both are damaged.
    pub(crate) fn read(mut file: File) -> std::io::Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(2 * SIDE_LEN);
        std::io::Read::by_ref(&mut file)
            .take(2 * SIDE_LEN as u64)
            .read_to_end(&mut bytes)?;
        let (first, second) = bytes.split_at_checked(SIDE_LEN).unwrap_or((&bytes, &[]));
        let (first, second) = (Side::decode(first), Side::decode(second));
        let twins = first == second;
        Ok(match (first, second) {
            (Some(side), Some(other)) if side.sequence < other.sequence => Some(Self {
                file,
                current: other,
                at: 1,
                twins,
            }),
            (Some(side), _) => Some(Self {
                file,
                current: side,
                at: 0,
                twins,
            }),
            (None, Some(side)) => Some(Self {
                file,
                current: side,
                at: 1,
                twins,
            }),
            (None, None) => None,
        })
    }

    /// The newest side.
    pub(crate) const fn current(&self) -> &Side {
        &self.current
    }

    /// Replaces an older or torn other side, which a cut has left behind, by a copy of the newest.
    pub(crate) fn mend(&mut self) -> std::io::Result<()> {
        if self.twins {
            Ok(())
        } else {
            self.overwrite_older()
        }
    }

    /// Writes `next` over the older side, durably. The one before it is still there.
    pub(crate) fn write_newer(&mut self, next: Side) -> std::io::Result<()> {
        let at = 1 - self.at;
        self.write_at(at, &next)?;
        (self.current, self.at, self.twins) = (next, at, false);
        Ok(())
    }

    /// Overwrites what was there before the last [`Self::write_newer`], durably.
    pub(crate) fn overwrite_older(&mut self) -> std::io::Result<()> {
        let current = self.current.clone();
        self.write_at(1 - self.at, &current)?;
        self.twins = true;
        Ok(())
    }

    fn write_at(&mut self, at: u64, side: &Side) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(at * SIDE_LEN as u64))?;
        self.file.write_all(&side.encode())?;
        self.file.sync_all()
    }
}
