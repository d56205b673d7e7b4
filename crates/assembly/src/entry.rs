//! Sealing of journal entries, so that members read all of them and an auditor those that are opened to him.
//!
//! ```text
//! entry = CBOR[ key number, day, nonce (24), commitment (32), main, beside ]
//! entry key  = HKDF-SHA-256(day key; salt nonce; info "veche/v1/journal/entry-key")
//! beside key = HKDF-SHA-256(journal key; salt nonce; info "veche/v1/journal/beside-key")
//! commitment = H("veche/v1/journal/entry-commitment", entry key)
//! main   = ChaCha20-Poly1305(entry key, nonce 0, ad, u32 length || bytes || zeros)
//! beside = ChaCha20-Poly1305(beside key, nonce 0, ad, u16 length || bytes || zeros), always 400 bytes
//! ad     = CBOR[ label entry-key or beside-key, key number, day, nonce ]
//! ```
//!
//! Each derived key seals one text only, so the AEAD's nonce is zero. The commitment binds the entry to one
//! key: the AEAD alone would let its author make a text that opens differently under two keys. The part *beside* has a key
//! of its own: an auditor who is given the entry key does not read the names. Day keys ([`crate::keys::day_key`]) are
//! announced with the journal key, so that an auditor can be shown that an entry commits to a key that is not its own.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical_max, hash_bytes};
use primitives::{Hash, Label, Malformed, Secret, encode, labels};
use rand_core::CryptoRng;
use sha2::Sha256;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq as _;

use crate::keys::{Day, day_key};
use crate::limits;

/// Sizes to which whole entries are padded (the encoding's few bytes come on top).
const BUCKETS: [usize; 6] = [1_024, 2_048, 8_192, 32_768, 131_072, 262_000];
/// Bytes of the part beside, sealed.
const BESIDE_SEALED: usize = 400;
const TAG: usize = 16;

/// A sealed journal entry, as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealedEntry {
    /// Number of the journal key it is sealed under.
    #[n(0)]
    pub key_number: u32,
    /// The day on which it was made, by its author's clock.
    #[n(1)]
    pub day: Day,
    /// Random; makes the entry's keys its own.
    #[n(2)]
    pub nonce: ByteArray<24>,
    /// Commitment to the entry key.
    #[n(3)]
    pub commitment: Hash,
    #[cbor(n(4), with = "minicbor::bytes")]
    main: Vec<u8>,
    #[cbor(n(5), with = "minicbor::bytes")]
    beside: Vec<u8>,
}

/// The key of one entry's main part.
#[derive(Debug)]
pub struct EntryKey(Secret<32>);

/// The key of what lies beside one entry.
#[derive(Debug)]
pub struct BesideKey(Secret<32>);

impl EntryKey {
    /// Takes 32 bytes of an audit file as an entry key.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        Self(Secret::take(&mut bytes))
    }

    /// The bytes, for an audit file.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// What an entry sealed under this key commits to.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        hash_bytes(labels::JOURNAL_ENTRY_COMMITMENT, self.0.expose())
    }
}

impl BesideKey {
    /// Takes 32 bytes of an audit file as a key of what lies beside.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        Self(Secret::take(&mut bytes))
    }

    /// The bytes, for an audit file.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// Why an entry does not open although its key is at hand: it is not one, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEntry {
    /// Not the encoding of an entry.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The entry commits to another key.
    #[error("the entry commits to another key")]
    Commitment,
    /// It does not decrypt, or its padding is not one.
    #[error("the entry does not decrypt")]
    Undecryptable,
}

/// What does not fit into an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes are too long for an entry")]
pub struct EntryTooLong {
    /// How long it is.
    pub len: usize,
}

impl SealedEntry {
    /// Seals `main` (a signed statement) and `beside` (opened names, or nothing) under a journal key.
    ///
    /// - `day`: that of the author's clock; an entry counts if the relay takes it on that day, the one before or after.
    ///
    /// # Errors
    /// [`EntryTooLong`].
    pub fn seal(
        key_number: u32,
        day: Day,
        journal_key: &Secret<32>,
        main: &[u8],
        beside: &[u8],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, EntryTooLong> {
        let too_long = EntryTooLong {
            len: main.len().max(beside.len()),
        };
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        let entry_key = EntryKey(derive(
            &day_key(journal_key, day),
            &nonce,
            labels::JOURNAL_ENTRY_KEY,
        ));
        let beside_key = beside_key(journal_key, &nonce);
        let bucket = BUCKETS
            .into_iter()
            .find(|bucket| main.len() + 4 + TAG + BESIDE_SEALED <= *bucket)
            .ok_or(too_long)?;
        let length = u32::try_from(main.len()).map_err(|_| too_long)?;
        let main = padded(&length.to_be_bytes(), main, bucket - BESIDE_SEALED - TAG).ok_or(too_long)?;
        let length = u16::try_from(beside.len()).map_err(|_| too_long)?;
        let beside = padded(&length.to_be_bytes(), beside, BESIDE_SEALED - TAG).ok_or(too_long)?;
        let ad = |label| associated(label, key_number, day, &nonce);
        Ok(Self {
            key_number,
            day,
            nonce: ByteArray::from(nonce),
            commitment: entry_key.commitment(),
            main: lock(&entry_key.0, &ad(labels::JOURNAL_ENTRY_KEY), &main).ok_or(too_long)?,
            beside: lock(&beside_key.0, &ad(labels::JOURNAL_BESIDE_KEY), &beside).ok_or(too_long)?,
        })
    }

    /// Reads an entry's encoding.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        decode_canonical_max(bytes, limits::ENTRY_BYTES_MAX)
    }

    /// The entry as it goes into the log.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// The key of the main part.
    #[must_use]
    pub fn entry_key(&self, journal_key: &Secret<32>) -> EntryKey {
        self.key_of_day(&day_key(journal_key, self.day))
    }

    /// The key of the main part, from the key of the entry's day.
    #[must_use]
    pub fn key_of_day(&self, day_key: &Secret<32>) -> EntryKey {
        EntryKey(derive(day_key, &self.nonce, labels::JOURNAL_ENTRY_KEY))
    }

    /// The key of what lies beside.
    #[must_use]
    pub fn beside_key(&self, journal_key: &Secret<32>) -> BesideKey {
        beside_key(journal_key, &self.nonce)
    }

    /// Opens the main part.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn open(&self, key: &EntryKey) -> Result<Vec<u8>, BadEntry> {
        if !bool::from(key.commitment().as_bytes().ct_eq(self.commitment.as_bytes())) {
            return Err(BadEntry::Commitment);
        }
        let ad = associated(labels::JOURNAL_ENTRY_KEY, self.key_number, self.day, &self.nonce);
        unpadded::<4>(&unlock(&key.0, &ad, &self.main).ok_or(BadEntry::Undecryptable)?)
    }

    /// The same entry with another main part under the same key: what a forger who was given the key can make.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn with_main(&self, key: &EntryKey, main: &[u8]) -> Option<Self> {
        let length = u32::try_from(main.len()).ok()?;
        let text = padded(&length.to_be_bytes(), main, self.main.len().checked_sub(TAG)?)?;
        let ad = associated(labels::JOURNAL_ENTRY_KEY, self.key_number, self.day, &self.nonce);
        Some(Self {
            main: lock(&key.0, &ad, &text)?,
            ..self.clone()
        })
    }

    /// Opens what lies beside; empty if nothing does.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn open_beside(&self, key: &BesideKey) -> Result<Vec<u8>, BadEntry> {
        let ad = associated(labels::JOURNAL_BESIDE_KEY, self.key_number, self.day, &self.nonce);
        unpadded::<2>(&unlock(&key.0, &ad, &self.beside).ok_or(BadEntry::Undecryptable)?)
    }
}

/// Where the fold gets the keys of entries: from journal keys (members) or from an audit file (auditors).
pub trait EntryKeys {
    /// The key of `entry`, which is number `index` of log number `log` of the journal (both from 0); `None` if it is not at hand.
    fn entry_key(&self, log: usize, index: u64, entry: &SealedEntry) -> Option<EntryKey>;
    /// The key of what lies beside `entry`; `None` if it is not at hand.
    fn beside_key(&self, log: usize, index: u64, entry: &SealedEntry) -> Option<BesideKey>;
    /// The journal key with this number, if the reader is a member: what the founding announces of it is compared.
    fn journal_key(&self, _number: u32) -> Option<&Secret<32>> {
        None
    }
}

/// The journal keys that a member holds, by number.
#[derive(Debug, Default)]
pub struct JournalKeys(BTreeMap<u32, Secret<32>>);

impl JournalKeys {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key. The caller compares it with what the journal announced ([`crate::AnnouncedKey`]).
    pub fn insert(&mut self, number: u32, key: Secret<32>) {
        self.0.insert(number, key);
    }

    /// The key with this number.
    #[must_use]
    pub fn key(&self, number: u32) -> Option<&Secret<32>> {
        self.0.get(&number)
    }

    /// All keys, by number, for handing them to a newcomer.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Secret<32>)> {
        self.0.iter().map(|(number, key)| (*number, key))
    }
}

impl EntryKeys for JournalKeys {
    fn entry_key(&self, _: usize, _: u64, entry: &SealedEntry) -> Option<EntryKey> {
        Some(entry.entry_key(self.key(entry.key_number)?))
    }

    fn beside_key(&self, _: usize, _: u64, entry: &SealedEntry) -> Option<BesideKey> {
        Some(entry.beside_key(self.key(entry.key_number)?))
    }

    fn journal_key(&self, number: u32) -> Option<&Secret<32>> {
        self.key(number)
    }
}

fn beside_key(journal_key: &Secret<32>, nonce: &[u8; 24]) -> BesideKey {
    BesideKey(derive(journal_key, nonce, labels::JOURNAL_BESIDE_KEY))
}

#[expect(
    clippy::expect_used,
    reason = "32 bytes are within what HKDF-SHA-256 can give"
)]
fn derive(secret: &Secret<32>, nonce: &[u8; 24], label: Label) -> Secret<32> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(nonce), secret.expose())
        .expand(label.as_bytes(), &mut key)
        .expect("32 bytes are not too many");
    Secret::take(&mut key)
}

fn associated(label: Label, key_number: u32, day: Day, nonce: &[u8; 24]) -> Vec<u8> {
    encode(&(label, key_number, day, ByteArray::<24>::from(*nonce)))
}

fn lock(key: &Secret<32>, ad: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let cipher = ChaCha20Poly1305::new(&Key::from(*key.expose()));
    cipher
        .encrypt(&Nonce::default(), Payload { msg: text, aad: ad })
        .ok()
}

fn unlock(key: &Secret<32>, ad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let cipher = ChaCha20Poly1305::new(&Key::from(*key.expose()));
    cipher
        .decrypt(&Nonce::default(), Payload { msg: sealed, aad: ad })
        .ok()
}

fn padded(length: &[u8], bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(size);
    text.extend_from_slice(length);
    text.extend_from_slice(bytes);
    (text.len() <= size).then(|| {
        text.resize(size, 0);
        text
    })
}

/// Takes `N` bytes of length, so many bytes of content, and zeros up to the end.
fn unpadded<const N: usize>(text: &[u8]) -> Result<Vec<u8>, BadEntry> {
    let (length, rest) = text.split_first_chunk::<N>().ok_or(BadEntry::Undecryptable)?;
    let length = length
        .iter()
        .fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    let (content, padding) = rest.split_at_checked(length).ok_or(BadEntry::Undecryptable)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(BadEntry::Undecryptable);
    }
    Ok(content.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    fn key(seed: u8) -> Secret<32> {
        Secret::take(&mut [seed; 32])
    }

    #[test]
    fn an_entry_key_does_not_open_what_lies_beside() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let entry = SealedEntry::seal(1, Day(20_000), &key(1), b"statement", b"name", &mut rng).unwrap();
        let stolen = BesideKey::from_bytes(*entry.entry_key(&key(1)).expose());
        assert_eq!(entry.open_beside(&stolen), Err(BadEntry::Undecryptable));
        assert_eq!(entry.open_beside(&entry.beside_key(&key(1))).unwrap(), b"name");
    }

    #[test]
    fn an_entry_opens_under_the_key_that_it_commits_to_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let entry = SealedEntry::seal(1, Day(20_000), &key(1), b"statement", b"", &mut rng).unwrap();
        assert_eq!(entry.open(&entry.entry_key(&key(2))), Err(BadEntry::Commitment));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        assert!(SealedEntry::seal(1, Day(20_000), &key(1), &[0; 262_000], b"", &mut rng).is_err());
        assert!(SealedEntry::seal(1, Day(20_000), &key(1), b"", &[0; 400], &mut rng).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_sealed_opens_and_its_size_is_a_bucket(main: Vec<u8>, beside in proptest::collection::vec(any::<u8>(), 0..382)) {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let entry = SealedEntry::seal(3, Day(20_000), &key(1), &main, &beside, &mut rng).unwrap();
            let again = SealedEntry::parse(&entry.to_bytes()).unwrap();
            prop_assert_eq!(again.open(&again.entry_key(&key(1))).unwrap(), main);
            prop_assert_eq!(again.open_beside(&again.beside_key(&key(1))).unwrap(), beside);
            prop_assert!(BUCKETS.contains(&(again.main.len() + again.beside.len())));
        }

        #[test]
        fn a_flipped_bit_does_not_open(at in 0usize..600) {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let mut entry = SealedEntry::seal(3, Day(20_000), &key(1), b"statement", b"", &mut rng).unwrap();
            entry.main[at] ^= 1;
            prop_assert_eq!(entry.open(&entry.entry_key(&key(1))), Err(BadEntry::Undecryptable));
        }
    }
}
