//! OpenMLS's storage port over records in memory, written back once per step.
//!
//! One [`Records`] belongs to one group (or to the act of joining one), so the group id that OpenMLS passes along
//! is not part of a record's name. A name is a slot byte and, where there can be several, a hash. A content is one
//! version byte and the CBOR of the serde value. A content that does not decode is a fault, never an absence.
//!
//! OpenMLS writes its message secrets, a record that grows with the group, after every message. Here such a write is only
//! noted; the record is made once, when the step is saved.

use openmls_traits::storage::{CURRENT_VERSION as V, StorageProvider, traits};
use primitives::canonical::sha256;
use primitives::store::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// Version of a record's content; another one is a fault.
const VERSION: u8 = 1;

/// The slots. A number never changes its meaning.
pub(crate) mod slot {
    pub(crate) const META: u8 = 0;
    pub(crate) const TREE: u8 = 1;
    pub(crate) const CONTEXT: u8 = 2;
    pub(crate) const INTERIM_HASH: u8 = 3;
    pub(crate) const CONFIRMATION_TAG: u8 = 4;
    pub(crate) const GROUP_STATE: u8 = 5;
    pub(crate) const MESSAGE_SECRETS: u8 = 6;
    pub(crate) const RESUMPTION: u8 = 7;
    pub(crate) const OWN_LEAF_INDEX: u8 = 8;
    pub(crate) const EPOCH_SECRETS: u8 = 9;
    pub(crate) const CONFIG: u8 = 10;
    pub(crate) const OWN_LEAVES: u8 = 11;
    pub(crate) const PROPOSALS: u8 = 12;
    pub(crate) const EPOCH_KEY_PAIRS: u8 = 13;
    pub(crate) const KEY_PAIR: u8 = 14;
    pub(crate) const KEY_PACKAGE: u8 = 15;
    pub(crate) const SIGNATURE_KEY: u8 = 16;
    pub(crate) const PSK: u8 = 17;
}

/// A record that cannot be read or written as what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record {slot} of a conversation is damaged or of an unknown version")]
pub struct DamagedRecord {
    /// The slot's number.
    pub slot: u8,
}

/// The records of one group, and which of them this step has changed.
#[derive(Default)]
pub(crate) struct Records {
    map: RefCell<BTreeMap<Vec<u8>, Value>>,
    changed: RefCell<BTreeSet<Vec<u8>>>,
    secrets: Cell<Secrets>,
}

/// Whether the record of the message secrets is what OpenMLS has in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Secrets {
    /// It is.
    #[default]
    Written,
    /// A write came and was only noted.
    Behind,
    /// The next write is made.
    Wanted,
}

impl Records {
    /// Has OpenMLS write its message secrets by `write` if a write of them was only noted.
    pub(crate) fn catch_up<E>(&self, write: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if self.secrets.get() == Secrets::Written {
            return Ok(());
        }
        self.secrets.set(Secrets::Wanted);
        write()
    }

    /// Puts a record in as it was read from the store: unchanged.
    pub(crate) fn preload(&self, name: Vec<u8>, value: Value) {
        self.map.borrow_mut().insert(name, value);
    }

    /// The bytes of one record.
    pub(crate) fn bytes(&self, name: &[u8]) -> Option<Value> {
        self.map.borrow().get(name).cloned()
    }

    /// Writes the bytes of one record; a write of what is there already is no change.
    pub(crate) fn put(&self, name: Vec<u8>, value: Value) {
        if self.map.borrow().get(&name) != Some(&value) {
            self.changed.borrow_mut().insert(name.clone());
            self.map.borrow_mut().insert(name, value);
        }
    }

    /// Names of all records, with their bytes.
    pub(crate) fn all(&self) -> Vec<(Vec<u8>, Value)> {
        self.map
            .borrow()
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Takes the list of what has changed since the last call: the new bytes, or `None` if removed.
    pub(crate) fn take_changes(&self) -> Vec<(Vec<u8>, Option<Value>)> {
        let names = core::mem::take(&mut *self.changed.borrow_mut());
        let map = self.map.borrow();
        names
            .into_iter()
            .map(|name| (name.clone(), map.get(&name).cloned()))
            .collect()
    }

    /// A copy.
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            map: RefCell::new(self.map.borrow().clone()),
            changed: RefCell::new(self.changed.borrow().clone()),
            secrets: Cell::new(self.secrets.get()),
        }
    }

    /// Drops all records of a slot as if they had never been here.
    pub(crate) fn forget_slot(&self, slot: u8) {
        self.map
            .borrow_mut()
            .retain(|name, _| name.first() != Some(&slot));
        self.changed
            .borrow_mut()
            .retain(|name| name.first() != Some(&slot));
    }

    fn write<T: Serialize + ?Sized>(&self, name: Vec<u8>, value: &T) -> Result<(), DamagedRecord> {
        let slot = name.first().copied().unwrap_or_default();
        self.put(name, encode(slot, value)?);
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, name: &[u8]) -> Result<Option<T>, DamagedRecord> {
        let slot = name.first().copied().unwrap_or_default();
        self.map
            .borrow()
            .get(name)
            .map(|bytes| decode(slot, bytes))
            .transpose()
    }

    fn remove(&self, name: &[u8]) {
        if self.map.borrow_mut().remove(name).is_some() {
            self.changed.borrow_mut().insert(name.to_vec());
        }
    }
}

/// The name of the record of a key package with this reference.
pub(crate) fn key_package_name(reference: &openmls::prelude::KeyPackageRef) -> Option<Vec<u8>> {
    keyed(slot::KEY_PACKAGE, reference).ok()
}

/// The name of the record of `slot` that belongs to `key`.
pub(crate) fn keyed<T: Serialize + ?Sized>(slot: u8, key: &T) -> Result<Vec<u8>, DamagedRecord> {
    let mut name = vec![slot];
    name.extend_from_slice(sha256(&encode(slot, key)?).as_bytes());
    Ok(name)
}

fn encode<T: Serialize + ?Sized>(slot: u8, value: &T) -> Result<Value, DamagedRecord> {
    let cbor = Zeroizing::new(minicbor_serde::to_vec(value).map_err(|_| DamagedRecord { slot })?);
    let mut bytes = Zeroizing::new(Vec::with_capacity(cbor.len().saturating_add(1)));
    bytes.push(VERSION);
    bytes.extend_from_slice(&cbor);
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(slot: u8, bytes: &[u8]) -> Result<T, DamagedRecord> {
    match bytes.split_first() {
        Some((&VERSION, cbor)) => minicbor_serde::from_slice(cbor).map_err(|_| DamagedRecord { slot }),
        _ => Err(DamagedRecord { slot }),
    }
}

macro_rules! single {
    ($($kind:ident: $write:ident, $read:ident, $slot:ident;)*) => {$(
        fn $write<G: traits::GroupId<V>, T: traits::$kind<V>>(&self, _: &G, value: &T) -> Result<(), DamagedRecord> {
            self.write(vec![slot::$slot], value)
        }

        fn $read<G: traits::GroupId<V>, T: traits::$kind<V>>(&self, _: &G) -> Result<Option<T>, DamagedRecord> {
            self.read(&[slot::$slot])
        }
    )*};
}

macro_rules! forget {
    ($($delete:ident, $slot:ident;)*) => {$(
        fn $delete<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), DamagedRecord> {
            self.remove(&[slot::$slot]);
            Ok(())
        }
    )*};
}

impl StorageProvider<V> for Records {
    type Error = DamagedRecord;

    single! {
        TreeSync: write_tree, tree, TREE;
        GroupContext: write_context, group_context, CONTEXT;
        InterimTranscriptHash: write_interim_transcript_hash, interim_transcript_hash, INTERIM_HASH;
        ConfirmationTag: write_confirmation_tag, confirmation_tag, CONFIRMATION_TAG;
        ResumptionPskStore: write_resumption_psk_store, resumption_psk_store, RESUMPTION;
        LeafNodeIndex: write_own_leaf_index, own_leaf_index, OWN_LEAF_INDEX;
        GroupEpochSecrets: write_group_epoch_secrets, group_epoch_secrets, EPOCH_SECRETS;
        MlsGroupJoinConfig: write_mls_join_config, mls_group_join_config, CONFIG;
    }

    fn write_message_secrets<G: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        _: &G,
        value: &T,
    ) -> Result<(), DamagedRecord> {
        if self.secrets.get() != Secrets::Wanted {
            self.secrets.set(Secrets::Behind);
            return Ok(());
        }
        self.write(vec![slot::MESSAGE_SECRETS], value)?;
        self.secrets.set(Secrets::Written);
        Ok(())
    }

    fn message_secrets<G: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        _: &G,
    ) -> Result<Option<T>, DamagedRecord> {
        self.read(&[slot::MESSAGE_SECRETS])
    }

    forget! {
        delete_tree, TREE;
        delete_context, CONTEXT;
        delete_interim_transcript_hash, INTERIM_HASH;
        delete_confirmation_tag, CONFIRMATION_TAG;
        delete_group_state, GROUP_STATE;
        delete_message_secrets, MESSAGE_SECRETS;
        delete_all_resumption_psk_secrets, RESUMPTION;
        delete_own_leaf_index, OWN_LEAF_INDEX;
        delete_group_epoch_secrets, EPOCH_SECRETS;
        delete_group_config, CONFIG;
        delete_own_leaf_nodes, OWN_LEAVES;
    }

    fn write_group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        _: &G,
        value: &T,
    ) -> Result<(), DamagedRecord> {
        self.write(vec![slot::GROUP_STATE], value)
    }

    fn group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        _: &G,
    ) -> Result<Option<T>, DamagedRecord> {
        self.read(&[slot::GROUP_STATE])
    }

    fn append_own_leaf_node<G: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        group: &G,
        leaf: &T,
    ) -> Result<(), DamagedRecord> {
        let mut leaves: Vec<Vec<u8>> = self.read(&[slot::OWN_LEAVES])?.unwrap_or_default();
        let _ = group;
        leaves.push(encode(slot::OWN_LEAVES, leaf)?.to_vec());
        self.write(vec![slot::OWN_LEAVES], &leaves)
    }

    fn own_leaf_nodes<G: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        _: &G,
    ) -> Result<Vec<T>, DamagedRecord> {
        let leaves: Vec<Vec<u8>> = self.read(&[slot::OWN_LEAVES])?.unwrap_or_default();
        leaves.iter().map(|leaf| decode(slot::OWN_LEAVES, leaf)).collect()
    }

    fn queue_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        group: &G,
        reference: &R,
        proposal: &P,
    ) -> Result<(), DamagedRecord> {
        let mut queue = self.queued_proposals_bytes()?;
        let _ = group;
        queue.push((
            encode(slot::PROPOSALS, reference)?.to_vec(),
            encode(slot::PROPOSALS, proposal)?.to_vec(),
        ));
        self.write(vec![slot::PROPOSALS], &queue)
    }

    fn queued_proposal_refs<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &G,
    ) -> Result<Vec<R>, DamagedRecord> {
        self.queued_proposals_bytes()?
            .iter()
            .map(|(reference, _)| decode(slot::PROPOSALS, reference))
            .collect()
    }

    fn queued_proposals<G: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        _: &G,
    ) -> Result<Vec<(R, P)>, DamagedRecord> {
        self.queued_proposals_bytes()?
            .iter()
            .map(|(reference, proposal)| {
                Ok((
                    decode(slot::PROPOSALS, reference)?,
                    decode(slot::PROPOSALS, proposal)?,
                ))
            })
            .collect()
    }

    fn remove_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &G,
        reference: &R,
    ) -> Result<(), DamagedRecord> {
        let gone = encode(slot::PROPOSALS, reference)?;
        let mut queue = self.queued_proposals_bytes()?;
        queue.retain(|(reference, _)| *reference != *gone);
        self.write(vec![slot::PROPOSALS], &queue)
    }

    fn clear_proposal_queue<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &G,
    ) -> Result<(), DamagedRecord> {
        self.remove(&[slot::PROPOSALS]);
        Ok(())
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        K: traits::HpkeKeyPair<V>,
    >(
        &self,
        _: &G,
        epoch: &E,
        leaf: u32,
        pairs: &[K],
    ) -> Result<(), DamagedRecord> {
        self.write(keyed(slot::EPOCH_KEY_PAIRS, &(epoch, leaf))?, pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        K: traits::HpkeKeyPair<V>,
    >(
        &self,
        _: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<K>, DamagedRecord> {
        Ok(self
            .read(&keyed(slot::EPOCH_KEY_PAIRS, &(epoch, leaf))?)?
            .unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        _: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), DamagedRecord> {
        self.remove(&keyed(slot::EPOCH_KEY_PAIRS, &(epoch, leaf))?);
        Ok(())
    }

    fn write_signature_key_pair<P: traits::SignaturePublicKey<V>, K: traits::SignatureKeyPair<V>>(
        &self,
        key: &P,
        pair: &K,
    ) -> Result<(), DamagedRecord> {
        self.write(keyed(slot::SIGNATURE_KEY, key)?, pair)
    }

    fn signature_key_pair<P: traits::SignaturePublicKey<V>, K: traits::SignatureKeyPair<V>>(
        &self,
        key: &P,
    ) -> Result<Option<K>, DamagedRecord> {
        self.read(&keyed(slot::SIGNATURE_KEY, key)?)
    }

    fn delete_signature_key_pair<P: traits::SignaturePublicKey<V>>(
        &self,
        key: &P,
    ) -> Result<(), DamagedRecord> {
        self.remove(&keyed(slot::SIGNATURE_KEY, key)?);
        Ok(())
    }

    fn write_encryption_key_pair<E: traits::EncryptionKey<V>, K: traits::HpkeKeyPair<V>>(
        &self,
        key: &E,
        pair: &K,
    ) -> Result<(), DamagedRecord> {
        self.write(keyed(slot::KEY_PAIR, key)?, pair)
    }

    fn encryption_key_pair<K: traits::HpkeKeyPair<V>, E: traits::EncryptionKey<V>>(
        &self,
        key: &E,
    ) -> Result<Option<K>, DamagedRecord> {
        self.read(&keyed(slot::KEY_PAIR, key)?)
    }

    fn delete_encryption_key_pair<E: traits::EncryptionKey<V>>(&self, key: &E) -> Result<(), DamagedRecord> {
        self.remove(&keyed(slot::KEY_PAIR, key)?);
        Ok(())
    }

    fn write_key_package<R: traits::HashReference<V>, K: traits::KeyPackage<V>>(
        &self,
        reference: &R,
        package: &K,
    ) -> Result<(), DamagedRecord> {
        self.write(keyed(slot::KEY_PACKAGE, reference)?, package)
    }

    fn key_package<R: traits::HashReference<V>, K: traits::KeyPackage<V>>(
        &self,
        reference: &R,
    ) -> Result<Option<K>, DamagedRecord> {
        self.read(&keyed(slot::KEY_PACKAGE, reference)?)
    }

    fn delete_key_package<R: traits::HashReference<V>>(&self, reference: &R) -> Result<(), DamagedRecord> {
        self.remove(&keyed(slot::KEY_PACKAGE, reference)?);
        Ok(())
    }

    fn write_psk<I: traits::PskId<V>, B: traits::PskBundle<V>>(
        &self,
        id: &I,
        psk: &B,
    ) -> Result<(), DamagedRecord> {
        self.write(keyed(slot::PSK, id)?, psk)
    }

    fn psk<B: traits::PskBundle<V>, I: traits::PskId<V>>(&self, id: &I) -> Result<Option<B>, DamagedRecord> {
        self.read(&keyed(slot::PSK, id)?)
    }

    fn delete_psk<I: traits::PskId<V>>(&self, id: &I) -> Result<(), DamagedRecord> {
        self.remove(&keyed(slot::PSK, id)?);
        Ok(())
    }
}

type QueuedBytes = Vec<(Vec<u8>, Vec<u8>)>;

impl Records {
    fn queued_proposals_bytes(&self) -> Result<QueuedBytes, DamagedRecord> {
        Ok(self.read(&[slot::PROPOSALS])?.unwrap_or_default())
    }
}
