//! A conversation: an MLS group as one member's device holds it, for the length of one step.
//!
//! Loaded from the step's overlay, changed in memory, written back once by [`Conversation::save`]. A step that fails
//! drops it. Records live under the purpose of their epoch; when the epoch changes, everything is written under
//! the new one and the old one is burnt in the same batch, so that no key of a past epoch remains on the disk.

use crate::credential::{Member, OwnDevice, member_in_tree};
use crate::key_package::{capabilities, unbounded};
use crate::message::AppMessage;
use crate::meta::{Meta, Standing};
use crate::parts::forget_parts;
use crate::provider::{CIPHERSUITE, NoRandomness, Provider};
use crate::records::{DamagedRecord, Records, slot};
use crate::roster::{JournalPoint, Roster};
use crate::terms::Terms;
use openmls::prelude::{
    GroupId, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
    SenderRatchetConfiguration,
};
use openmls_traits::OpenMlsProvider as _;
use primitives::canonical::hash_bytes;
use primitives::store::Store;
use primitives::{ConversationId, Overlay, Purpose, Secret, StoreError, Table, encode, labels};
use std::cell::OnceCell;
use tlog::{CreateLog, LogKeys, LogKind};
use zeroize::Zeroizing;

/// Records of all groups: key = group id (32) || slot (1) || hash (0 or 32).
pub(crate) const GROUPS: Table = Table("mls");

/// More records than a group ever has.
const RECORDS_MAX: usize = 1024;
/// Messages of one sender that may arrive out of order, and generations that may be missing before one.
const OUT_OF_ORDER: u32 = 32;
const FORWARD_MAX: u32 = 2000;
/// Past epochs whose messages can still be read.
pub(crate) const PAST_EPOCHS: usize = 1;

/// One conversation, for one step. Holds secrets; prints none.
pub struct Conversation {
    pub(crate) id: ConversationId,
    pub(crate) provider: Provider,
    pub(crate) group: MlsGroup,
    pub(crate) meta: Meta,
    /// The epoch under whose purpose the store has it, if it has it.
    pub(crate) stored_epoch: Option<u64>,
    /// All records are written anew although the epoch is the same.
    renewed: bool,
    /// The present log's wrap key, once it was derived: deriving it costs as much as a signature.
    wrap_key: OnceCell<Secret<32>>,
}

impl core::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Conversation({} at epoch {})", self.id.short(), self.epoch())
    }
}

/// Why a conversation could not be loaded. Absence is `Ok(None)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Records are there that cannot be read, or some are missing.
    #[error(transparent)]
    Damaged(#[from] DamagedRecord),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Why a message or a group could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UseError {
    /// This device was removed, or has halted.
    #[error("this device does not take part in the conversation any more")]
    NotActive,
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// OpenMLS refused; should not happen.
    #[error("the conversation's state does not allow this: {0}")]
    Library(&'static str),
}

impl Conversation {
    /// Makes a group with this device alone in it. `journal` is the point that the founder has folded.
    ///
    /// # Errors
    /// [`UseError`].
    pub fn create(
        id: ConversationId,
        device: &OwnDevice<'_>,
        journal: JournalPoint,
    ) -> Result<Self, UseError> {
        Self::found(id, None, device, journal)
    }

    /// Makes a conversation besides the plenary, with this device alone in it. Its id follows from its terms.
    ///
    /// # Errors
    /// [`UseError`].
    pub fn create_with(
        terms: Terms,
        device: &OwnDevice<'_>,
        journal: JournalPoint,
    ) -> Result<Self, UseError> {
        Self::found(terms.id(), Some(terms), device, journal)
    }

    fn found(
        id: ConversationId,
        terms: Option<Terms>,
        device: &OwnDevice<'_>,
        journal: JournalPoint,
    ) -> Result<Self, UseError> {
        let provider = Provider::new(Records::default())?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(CIPHERSUITE)
            .capabilities(capabilities())
            .lifetime(unbounded())
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(PAST_EPOCHS)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD_MAX))
            .build();
        let group = MlsGroup::new_with_group_id(
            &provider,
            device,
            &config,
            GroupId::from_slice(id.as_bytes()),
            device.credential(),
        )
        .map_err(|_| UseError::Library("a new group"))?;
        let mut conversation = Self::assemble(id, provider, group, Meta::new(journal, terms));
        conversation.hop()?;
        conversation.meta.hops = 0;
        Ok(conversation)
    }

    pub(crate) fn assemble(id: ConversationId, provider: Provider, group: MlsGroup, meta: Meta) -> Self {
        Self {
            id,
            provider,
            group,
            meta,
            stored_epoch: None,
            renewed: false,
            wrap_key: OnceCell::new(),
        }
    }

    /// Loads the conversation as the step sees it; `None` if there is none.
    ///
    /// Cost: reads all its records (86 KB at 10 members).
    ///
    /// # Errors
    /// [`LoadError`]: what fails to load is never taken for absent.
    pub fn load<S: Store + ?Sized>(
        overlay: &Overlay<'_, S>,
        id: ConversationId,
    ) -> Result<Option<Self>, LoadError> {
        let found = overlay.scan(GROUPS, id.as_bytes(), &[], RECORDS_MAX)?;
        if found.is_empty() {
            return Ok(None);
        }
        let records = Records::default();
        for (key, value) in found {
            let name = key.get(id.as_bytes().len()..).unwrap_or_default();
            records.preload(name.to_vec(), value);
        }
        let meta = records
            .bytes(&[slot::META])
            .and_then(|bytes| Meta::decode(&bytes));
        let meta = meta.ok_or(DamagedRecord { slot: slot::META })?;
        let provider = Provider::new(records)?;
        let group = MlsGroup::load(provider.storage(), &GroupId::from_slice(id.as_bytes()))?.ok_or(
            DamagedRecord {
                slot: slot::GROUP_STATE,
            },
        )?;
        let stored_epoch = Some(meta.stored_epoch);
        Ok(Some(Self {
            id,
            provider,
            group,
            meta,
            stored_epoch,
            renewed: false,
            wrap_key: OnceCell::new(),
        }))
    }

    /// Writes what has changed to `overlay`: a few records, or all of them under a new purpose if the epoch
    /// has changed or [`Conversation::renew`] asks for it. Called once, at the end of a step.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save<S: Store + ?Sized>(&mut self, overlay: &mut Overlay<'_, S>) -> Result<(), StoreError> {
        let epoch = self.epoch();
        self.write_secrets()?;
        self.meta.stored_epoch = epoch;
        self.provider
            .records()
            .put(vec![slot::META], Zeroizing::new(encode(&self.meta)));
        let changes = self.provider.records().take_changes();
        let purpose = purpose(self.id, epoch);
        let key = |name: &[u8]| [self.id.as_bytes().as_slice(), name].concat();
        for (name, _) in changes.iter().filter(|(_, value)| value.is_none()) {
            overlay.delete(GROUPS, key(name));
        }
        let moved = self.stored_epoch != Some(epoch) || self.renewed;
        let written = if moved {
            self.provider.records().all()
        } else {
            changes
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect()
        };
        for (name, value) in written {
            overlay.put_for(purpose.clone(), GROUPS, key(&name), value.to_vec());
        }
        if let (true, Some(old)) = (moved, self.stored_epoch) {
            overlay.burn(self::purpose(self.id, old));
            forget_parts(overlay, self.id, Some(epoch))?;
        }
        self.stored_epoch = Some(epoch);
        self.renewed = false;
        Ok(())
    }

    /// Brings the record of the message secrets up to what OpenMLS has in memory. It offers nothing that only writes them:
    /// the policy by which past epochs go is set to what it is.
    fn write_secrets(&mut self) -> Result<(), StoreError> {
        let (group, provider) = (&mut self.group, &self.provider);
        provider
            .records()
            .catch_up(|| {
                let policy = group.past_epoch_deletion_policy().clone();
                group.set_past_epoch_deletion_policy(provider, policy)
            })
            .map_err(|_| StoreError::Damaged { table: GROUPS.0 })
    }

    /// Lets [`Conversation::save`] write all records under a fresh key and burn the one that they are under. What old blocks of a
    /// disk still have of this and the past epoch, and with it the keys of messages that were read since, does not open
    /// any more: for a message that is to be forgotten.
    pub fn renew(&mut self) {
        self.renewed = true;
    }

    /// Destroys everything this device has of the conversation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget<S: Store + ?Sized>(self, overlay: &mut Overlay<'_, S>) -> Result<(), StoreError> {
        forget(overlay, self.id, self.stored_epoch)
    }

    /// Its id, which is the MLS group id.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// What it is, if it is not the plenary.
    #[must_use]
    pub fn terms(&self) -> Option<&Terms> {
        self.meta.terms.as_ref()
    }

    /// MSG-25: in the plenary the journal alone decides; a direct conversation has its two members' devices, which both
    /// of them add; into a working group a deputy brings any member, and everybody one's own devices.
    pub(crate) fn may_add(&self, roster: &(impl Roster + ?Sized), by: &Member, added: &Member) -> bool {
        self.meta.terms.as_ref().is_none_or(|terms| {
            let known = self
                .leaves()
                .iter()
                .any(|(_, leaf)| leaf.identity == added.identity);
            let brings = !terms.is_group() || known || roster.is_deputy(&by.identity);
            terms.admits(&added.identity) && brings
        })
    }

    /// The MLS epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }

    /// How this device stands in it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.meta.standing
    }

    /// The journal point of the last commit (or of the creation): later ones are not lower, nor than a point that stands.
    #[must_use]
    pub fn journal(&self) -> JournalPoint {
        self.meta.journal
    }

    /// How many log hops this device has seen.
    #[must_use]
    pub fn hops(&self) -> u32 {
        self.meta.hops
    }

    /// Whether an own commit waits to be seen in the log.
    #[must_use]
    pub fn commit_pending(&self) -> bool {
        self.meta.pending.is_some()
    }

    /// All leaves, in leaf order.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.leaves().into_iter().map(|(_, member)| member).collect()
    }

    /// The secret from which the present log's keys derive.
    #[must_use]
    pub fn log_secret(&self) -> Secret<32> {
        self.meta.log_secret()
    }

    /// The present log's keys.
    #[must_use]
    pub fn log_keys(&self) -> LogKeys {
        log_keys(&self.log_secret(), self.id)
    }

    /// The key that seals the present log's entries.
    pub(crate) fn wrap_key(&self) -> &Secret<32> {
        self.wrap_key.get_or_init(|| self.log_keys().wrap)
    }

    /// The record that creates the present log; whoever knows the log secret computes the same.
    #[must_use]
    pub fn log_record(&self) -> CreateLog {
        log_record(&self.log_keys())
    }

    /// A journal key from this epoch: MLS-Exporter("veche/v1/journal", context, 32).
    ///
    /// # Errors
    /// [`UseError::NotActive`] if this device was removed.
    pub fn export_journal_key(&self, context: &[u8]) -> Result<Secret<32>, UseError> {
        self.export(labels::EXPORT_JOURNAL, context)
    }

    /// The epoch's code, 30 digits in groups of five: whoever shows the same sees the same group.
    #[must_use]
    pub fn epoch_code(&self) -> String {
        let digest = hash_bytes(labels::EPOCH_CODE, self.group.epoch_authenticator().as_slice());
        let group = |chunk: &[u8]| {
            let number = chunk
                .iter()
                .fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
            format!("{:05}", number % 100_000)
        };
        digest
            .as_bytes()
            .chunks_exact(5)
            .map(group)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Encrypts a message for the present epoch. The sender keeps the message itself: MLS cannot open one's own.
    ///
    /// # Errors
    /// [`UseError`].
    pub fn encrypt(&mut self, device: &OwnDevice<'_>, message: &AppMessage) -> Result<Vec<u8>, UseError> {
        if self.meta.standing != Standing::Active {
            return Err(UseError::NotActive);
        }
        self.group
            .create_message(&self.provider, device, &message.encode())
            .ok()
            .and_then(|message| message.to_bytes().ok())
            .ok_or(UseError::Library("a message"))
    }

    /// Moves to the log of this epoch's exporter secret.
    pub(crate) fn hop(&mut self) -> Result<(), UseError> {
        let secret = self.export(labels::EXPORT_LOG, self.id.as_bytes())?;
        self.set_log_secret(&secret);
        self.meta.hops = self.meta.hops.saturating_add(1);
        Ok(())
    }

    pub(crate) fn set_log_secret(&mut self, secret: &Secret<32>) {
        self.meta.set_log_secret(secret);
        self.wrap_key = OnceCell::new();
    }

    fn export(&self, label: primitives::Label, context: &[u8]) -> Result<Secret<32>, UseError> {
        let bytes = self
            .group
            .export_secret(self.provider.crypto(), label.as_str(), context, 32)
            .map(Zeroizing::new)
            .map_err(|_| UseError::NotActive)?;
        Secret::from_slice(&bytes).ok_or(UseError::Library("an exported secret"))
    }

    /// The leaves with their indices. Every leaf was checked when it came in, so none is left out here.
    pub(crate) fn leaves(&self) -> Vec<(openmls::prelude::LeafNodeIndex, Member)> {
        self.group
            .members()
            .filter_map(|leaf| Some((leaf.index, member_in_tree(&leaf.credential).ok()?)))
            .collect()
    }
}

/// The keys of a conversation's log, from its log secret.
#[must_use]
pub fn log_keys(secret: &Secret<32>, id: ConversationId) -> LogKeys {
    LogKeys::derive(secret, labels::CONVERSATION_LOG, id.as_bytes())
}

/// The record of a conversation's log with these keys: bodies go after 30 days.
#[must_use]
pub fn log_record(keys: &LogKeys) -> CreateLog {
    keys.record(LogKind::Ephemeral)
}

/// How groups that this device joins behave.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(PAST_EPOCHS)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD_MAX))
        .build()
}

/// Destroys the records of a group.
pub(crate) fn forget<S: Store + ?Sized>(
    overlay: &mut Overlay<'_, S>,
    id: ConversationId,
    stored_epoch: Option<u64>,
) -> Result<(), StoreError> {
    for (key, _) in overlay.scan(GROUPS, id.as_bytes(), &[], RECORDS_MAX)? {
        overlay.delete(GROUPS, key);
    }
    if let Some(epoch) = stored_epoch {
        overlay.burn(purpose(id, epoch));
    }
    forget_parts(overlay, id, None)
}

/// The epoch under whose purpose the store has a group, read without its MLS state: to replace a group that may be
/// damaged.
pub(crate) fn stored_epoch<S: Store + ?Sized>(
    overlay: &Overlay<'_, S>,
    id: ConversationId,
) -> Result<Option<u64>, StoreError> {
    let key = [id.as_bytes().as_slice(), &[slot::META]].concat();
    Ok(overlay
        .get(GROUPS, &key)?
        .and_then(|bytes| Meta::decode(&bytes))
        .map(|meta| meta.stored_epoch))
}

fn purpose(id: ConversationId, epoch: u64) -> Purpose {
    Purpose::burnable([b"mls/".as_slice(), id.as_bytes(), b"/", &epoch.to_be_bytes()].concat())
}
