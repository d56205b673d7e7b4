//! Joining by a Welcome.

use crate::commit::{DATA_VERSION, WELCOME_EXTENSION, WelcomeData};
use crate::conversation::{Conversation, LoadError, forget, join_config, stored_epoch};
use crate::credential::{Member, OwnDevice, member_of};
use crate::key_package::{destroy, waiting};
use crate::meta::{Meta, Standing};
use crate::provider::{CIPHERSUITE, NoRandomness, Provider};
use crate::records::{DamagedRecord, Records, slot};
use crate::roster::{Knowledge, Roster};
use crate::terms::Terms;
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn, StagedWelcome, WelcomeError};
use primitives::canonical::decode_canonical_max;
use primitives::store::Store;
use primitives::{ConversationId, Overlay, Secret, StoreError, VerifyingKey};
use tls_codec::DeserializeBytes as _;

/// Most bytes of our extension.
const WELCOME_DATA_BYTES_MAX: usize = 128;

/// Why a Welcome was not followed. The key package is not used up then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Not a Welcome of ours, or invalid (MSG-08).
    #[error("the welcome is malformed or invalid (MSG-08)")]
    Invalid,
    /// For a key package that this device does not have, or has used (MSG-14).
    #[error("the welcome is for a key package that this device does not have (MSG-14)")]
    NoKeyPackage,
    /// The journal has not been folded to the welcome's point yet: try again when it has.
    #[error("the journal has not been folded far enough yet")]
    JournalBehind,
    /// Another conversation than the one that was announced, or under other terms (MSG-25).
    #[error("the welcome leads into another conversation than the one that was announced (MSG-25)")]
    OtherTerms,
    /// The journal contradicts the welcome's point (MSG-03).
    #[error("the welcome contradicts the journal (MSG-03)")]
    JournalContradicted,
    /// A leaf is not admitted at that point (MSG-01).
    #[error("the group has a member that the journal does not admit (MSG-01)")]
    NotAdmitted(Member),
    /// A leaf's credential is refused (MSG-07).
    #[error("the group has a leaf without a valid credential (MSG-07)")]
    Credential,
    /// This device is in the group already and follows it: a duplicate, or somebody's attempt to replace a live group.
    #[error("this device is in the conversation already")]
    AlreadyThere,
    /// By somebody who may not bring anybody into this conversation (MSG-37).
    #[error("the welcome is by a member who has not signed that the conversation begins (MSG-37)")]
    NotByFounder(Member),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Whether a Welcome may take the place of a group that this device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Only if there is none: the ordinary case.
    Never,
    /// Also if this device has left, has halted, or cannot load what it has: the way back in.
    Broken,
}

/// What a Welcome is expected to lead into.
#[derive(Debug, Clone)]
pub struct Place {
    /// The conversation.
    pub conversation: ConversationId,
    /// What it is, if it is not the plenary, as the letter named it (MSG-25).
    pub terms: Option<Terms>,
    /// Whether it may take the place of a group that is here.
    pub replace: Replace,
    /// Members of whom one has to have signed the Welcome; anybody in the group if absent (MSG-37).
    pub founders: Option<Vec<VerifyingKey>>,
}

impl Conversation {
    /// Joins by a Welcome, checks every leaf against the roster at the welcome's journal point (MSG-01), writes the new
    /// group to `overlay` and destroys the key package that was used (a last-resort one stays).
    ///
    /// - `place`: what it must lead into.
    ///
    /// # Errors
    /// [`JoinError`]; nothing has changed then.
    pub fn join<S: Store + ?Sized>(
        overlay: &mut Overlay<'_, S>,
        device: &OwnDevice<'_>,
        roster: &(impl Roster + ?Sized),
        welcome: &[u8],
        place: &Place,
    ) -> Result<Self, JoinError> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome).map_err(|_| JoinError::Invalid)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err(JoinError::Invalid);
        };
        if welcome.ciphersuite() != CIPHERSUITE {
            return Err(JoinError::Invalid);
        }
        let records = Records::default();
        for (name, value) in waiting(overlay)? {
            records.preload(name, value);
        }
        let provider = Provider::new(records)?;
        let builder = StagedWelcome::build_from_welcome(&provider, &join_config(), welcome)
            .map_err(from_mls)?
            .skip_lifetime_validation();
        let data = builder
            .processed_welcome()
            .unverified_group_info()
            .extensions()
            .unknown(WELCOME_EXTENSION)
            .and_then(|extension| {
                decode_canonical_max::<WelcomeData>(&extension.0, WELCOME_DATA_BYTES_MAX).ok()
            })
            .filter(|data| data.version == DATA_VERSION)
            .ok_or(JoinError::Invalid)?;
        // Building verifies the GroupInfo's signature, and with it the data that was read above.
        let staged = builder.build().map_err(from_mls)?;
        let group_id: [u8; 32] = staged
            .group_context()
            .group_id()
            .as_slice()
            .try_into()
            .map_err(|_| JoinError::Invalid)?;
        let id = ConversationId::new(group_id);
        let terms = place.terms.as_ref();
        if id != place.conversation || terms.is_some_and(|terms| terms.id() != id) {
            return Err(JoinError::OtherTerms);
        }
        match roster.knows(&data.journal, None) {
            Knowledge::Known => {}
            Knowledge::NotYet => return Err(JoinError::JournalBehind),
            Knowledge::Contradicted => return Err(JoinError::JournalContradicted),
        }
        for leaf in staged.members() {
            let member =
                member_of(&leaf.credential, &leaf.signature_key).map_err(|_| JoinError::Credential)?;
            if !roster.admits(&data.journal, &member)
                || terms.is_some_and(|terms| !terms.admits(&member.identity))
            {
                return Err(JoinError::NotAdmitted(member));
            }
        }
        if let Some(founders) = &place.founders {
            let leaf = staged.welcome_sender().map_err(|_| JoinError::Invalid)?;
            let by = member_of(leaf.credential(), leaf.signature_key().as_slice())
                .map_err(|_| JoinError::Credential)?;
            if !founders.contains(&by.identity) {
                return Err(JoinError::NotByFounder(by));
            }
        }
        let own = staged.own_leaf_node().ok_or(JoinError::Invalid)?;
        if own.signature_key().as_slice() != device.member().device.as_bytes() {
            return Err(JoinError::Credential);
        }
        let stored = make_room(overlay, id, place.replace)?;
        let group = staged.into_group(&provider).map_err(from_mls)?;
        let meta = Meta::new(data.journal, terms.cloned());
        let mut conversation = Self::assemble(id, provider, group, meta);
        match data.log_secret {
            Some(secret) => conversation.set_log_secret(&Secret::take(&mut secret.into())),
            None => conversation.hop().map_err(|_| JoinError::Invalid)?,
        }
        conversation.meta.hops = 0;
        conversation.use_up(overlay);
        if let Some(epoch) = stored {
            forget(overlay, id, Some(epoch))?;
        }
        conversation.save(overlay)?;
        Ok(conversation)
    }

    /// Takes the key packages out of the group's records and destroys those that the Welcome has used up.
    fn use_up<S: Store + ?Sized>(&mut self, overlay: &mut Overlay<'_, S>) {
        let records = self.provider.records();
        for (name, value) in records.snapshot().take_changes() {
            if name.first() == Some(&slot::KEY_PACKAGE) && value.is_none() {
                destroy(overlay, name);
            }
        }
        records.forget_slot(slot::KEY_PACKAGE);
    }
}

/// Whether the place is free; the epoch under whose purpose a replaced group is stored.
fn make_room<S: Store + ?Sized>(
    overlay: &Overlay<'_, S>,
    id: ConversationId,
    replace: Replace,
) -> Result<Option<u64>, JoinError> {
    match Conversation::load(overlay, id) {
        Ok(None) => Ok(None),
        Ok(Some(there)) if there.standing() != Standing::Active && replace == Replace::Broken => {
            Ok(there.stored_epoch)
        }
        Ok(Some(_)) => Err(JoinError::AlreadyThere),
        Err(LoadError::Damaged(_)) if replace == Replace::Broken => {
            Ok(stored_epoch(overlay, id)?.or(Some(0)))
        }
        Err(LoadError::Damaged(_)) => Err(JoinError::AlreadyThere),
        Err(LoadError::Store(error)) => Err(error.into()),
        Err(LoadError::NoRandomness(error)) => Err(error.into()),
    }
}

fn from_mls(error: WelcomeError<DamagedRecord>) -> JoinError {
    match error {
        WelcomeError::NoMatchingKeyPackage => JoinError::NoKeyPackage,
        WelcomeError::StorageError(damaged) => JoinError::Store(damaged.into()),
        _ => JoinError::Invalid,
    }
}
