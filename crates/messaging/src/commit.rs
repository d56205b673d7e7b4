//! Making commits: add, remove, refresh; one pending at a time, merged only when the log shows it.

use crate::conversation::Conversation;
use crate::credential::{Member, OwnDevice};
use crate::key_package::KeyPackage;
use crate::meta::{Pending, Standing};
use crate::provider::NoRandomness;
use crate::roster::{JournalPoint, Knowledge, Roster};
use crate::terms::GROUP_DEVICES_MAX;
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use openmls::prelude::{Extension, UnknownExtension};
use openmls_traits::OpenMlsProvider as _;
use primitives::canonical::sha256;
use primitives::signed::Unverified;
use primitives::{Time, VerifyingKey, encode};
use std::collections::BTreeSet;

/// Most devices added by one commit.
pub const ADDED_MAX: usize = 64;
/// Type of our extension of the GroupInfo inside a Welcome (private use range of RFC 9420).
pub(crate) const WELCOME_EXTENSION: u16 = 0xF0_5C;

/// What a commit's author had folded; the commit's authenticated data (MSG-01): `CBOR [version, [size, root]]`, followed by
/// the demands on which it takes somebody out, if it does (MSG-26).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct CommitData {
    #[n(0)]
    pub(crate) version: u8,
    #[n(1)]
    pub(crate) journal: JournalPoint,
    #[n(2)]
    pub(crate) demands: Option<Vec<Unverified>>,
}

/// What a joiner must know beside MLS; in the encrypted and signed GroupInfo: `CBOR [version, [size, root], secret]`.
/// The secret is absent if the commit hops, for then the joiner exports it like everybody.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct WelcomeData {
    #[n(0)]
    pub(crate) version: u8,
    #[n(1)]
    pub(crate) journal: JournalPoint,
    #[n(2)]
    pub(crate) log_secret: Option<ByteArray<32>>,
}

pub(crate) const DATA_VERSION: u8 = 1;

/// What somebody wants a commit to do. Kept by the caller, to be made again if another commit wins.
#[derive(Debug, Clone, Default)]
pub struct Intent {
    /// Devices to add, up to [`ADDED_MAX`].
    pub add: Vec<KeyPackage>,
    /// Members to remove, with all their devices: nobody whom the journal admits (MSG-16), unless devices of a working group
    /// have demanded it (MSG-26). A device that has asked to be added again, and whose package is in `add`, is taken out by
    /// the same commit (MSG-18) without being named here.
    pub remove: Vec<VerifyingKey>,
    /// Whether to renew this device's leaf. A removal renews it anyhow.
    pub refresh: bool,
}

/// A commit made and pending.
#[derive(Debug)]
pub struct Committing {
    /// The message for the log.
    pub message: Vec<u8>,
    /// Leaves that it removes: those asked for, and those that the journal no longer admits.
    pub removed: Vec<Member>,
}

/// Why a commit was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// This device was removed, or has halted.
    #[error("this device does not take part in the conversation any more")]
    NotActive,
    /// An own commit waits to be seen in the log.
    #[error("a commit of this device waits to be seen in the log")]
    Pending,
    /// The intent changes nothing.
    #[error("nothing to commit")]
    Nothing,
    /// More than [`ADDED_MAX`] devices.
    #[error("too many devices in one commit")]
    TooMany,
    /// The journal point is lower than the last commit's or the point that stands, or not one the roster knows (MSG-02, MSG-03).
    #[error("the journal has not been folded far enough for a commit")]
    JournalBehind,
    /// The journal does not admit this device, at this point (MSG-01).
    #[error("the journal does not admit {0:?} (MSG-01)")]
    NotAdmitted(Member),
    /// One to be added has no place under the conversation's terms, or by this member (MSG-25).
    #[error("{0:?} has no place in this conversation, or not by this member (MSG-25)")]
    NoPlace(Member),
    /// More than [`GROUP_DEVICES_MAX`](crate::GROUP_DEVICES_MAX) devices in a conversation besides the plenary.
    #[error("a conversation besides the plenary has at most 50 devices")]
    Full,
    /// One to be removed is one that the journal admits, and has not asked to be added again.
    #[error("the journal admits {0:?}, so that no commit removes it (MSG-16)")]
    StillAdmitted(Member),
    /// One to be removed is not there.
    #[error("{0} is not a member of the conversation")]
    NotAMember(VerifyingKey),
    /// One to be added is there already.
    #[error("{0:?} is in the conversation already")]
    AlreadyThere(Member),
    /// A member asked to remove itself: others do that.
    #[error("a device cannot remove itself")]
    Oneself,
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// OpenMLS refused; should not happen.
    #[error("the commit could not be made")]
    Library,
}

impl Conversation {
    /// Makes a commit for the present epoch and keeps it pending; nothing is merged and no Welcome given out before
    /// the log shows it. Leaves that the journal at `journal` no longer admits are removed along: a commit
    /// that kept them would be refused by everybody (MSG-01).
    ///
    /// - `now`: the log's time as far as it is known here, at which demands must still count (MSG-26).
    ///
    /// Size: below 1 KB plus 2.7 KB per added device without a path; a removal or refresh in a freshly filled tree
    /// adds 1.2 KB per member, less as members refresh.
    ///
    /// # Errors
    /// [`CommitError`]; nothing has changed then.
    pub fn commit(
        &mut self,
        device: &OwnDevice<'_>,
        roster: &(impl Roster + ?Sized),
        journal: JournalPoint,
        now: Time,
        intent: &Intent,
    ) -> Result<Committing, CommitError> {
        if self.meta.standing != Standing::Active {
            return Err(CommitError::NotActive);
        }
        if self.meta.pending.is_some() {
            return Err(CommitError::Pending);
        }
        if intent.add.len() > ADDED_MAX {
            return Err(CommitError::TooMany);
        }
        let floor = self.meta.floor();
        let follows = journal.size > floor.size || journal == floor;
        if !follows || roster.knows(&journal, None) != Knowledge::Known {
            return Err(CommitError::JournalBehind);
        }
        let leaves = self.leaves();
        let own = device.member();
        if !roster.admits(&journal, &own) {
            return Err(CommitError::NotAdmitted(own));
        }
        if intent.remove.contains(&own.identity) {
            return Err(CommitError::Oneself);
        }
        let there: BTreeSet<_> = leaves.iter().map(|(_, member)| member.identity).collect();
        if let Some(stranger) = intent.remove.iter().find(|identity| !there.contains(identity)) {
            return Err(CommitError::NotAMember(*stranger));
        }
        let comes_back = |member: &Member| {
            let mut packages = intent.add.iter().filter(|package| package.member() == *member);
            packages.any(|package| {
                let hash = package.hash();
                hash.is_some_and(|hash| self.asked(member, hash, journal.size))
            })
        };
        let removed: Vec<_> = leaves
            .iter()
            .filter(|(_, member)| {
                let leaves = intent.remove.contains(&member.identity);
                leaves || comes_back(member) || !roster.admits(&journal, member)
            })
            .copied()
            .collect();
        for package in &intent.add {
            let member = package.member();
            if !roster.admits(&journal, &member) {
                return Err(CommitError::NotAdmitted(member));
            }
            let stays = |(index, leaf): &(_, Member)| *leaf == member && !removed.contains(&(*index, *leaf));
            if leaves.iter().any(stays) {
                return Err(CommitError::AlreadyThere(member));
            }
            if !self.may_add(roster, &own, &member) {
                return Err(CommitError::NoPlace(member));
            }
        }
        let after = leaves
            .len()
            .saturating_sub(removed.len())
            .saturating_add(intent.add.len());
        if self.meta.terms.is_some() && after > GROUP_DEVICES_MAX {
            return Err(CommitError::Full);
        }
        let demands = self.demands_about(&intent.remove);
        let leaves_by_demand = |member: &Member| {
            let mut added = intent.add.iter().map(KeyPackage::member);
            let stays_out = added.all(|added| added.identity != member.identity);
            stays_out && self.is_to_leave(roster, &demands, member.identity, now)
        };
        let taken_out = |member: &&Member| {
            roster.admits(&journal, member) && !comes_back(member) && !leaves_by_demand(member)
        };
        if let Some(member) = removed.iter().map(|(_, member)| member).find(taken_out) {
            return Err(CommitError::StillAdmitted(*member));
        }
        if intent.add.is_empty() && removed.is_empty() && !intent.refresh {
            return Err(CommitError::Nothing);
        }
        let hops = !removed.is_empty();
        let data = CommitData {
            version: DATA_VERSION,
            journal,
            demands: (!demands.is_empty()).then_some(demands),
        };
        let (message, welcome) = self.stage(device, &data, intent, &removed, hops)?;
        self.meta.pending = Some(Pending {
            hash: sha256(&message),
            epoch: self.epoch(),
            journal,
            welcome: welcome.map(ByteVec::from),
            demands: data.demands,
        });
        Ok(Committing {
            message,
            removed: removed.into_iter().map(|(_, member)| member).collect(),
        })
    }

    fn stage(
        &mut self,
        device: &OwnDevice<'_>,
        commit: &CommitData,
        intent: &Intent,
        removed: &[(openmls::prelude::LeafNodeIndex, Member)],
        hops: bool,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), CommitError> {
        let data = WelcomeData {
            version: DATA_VERSION,
            journal: commit.journal,
            log_secret: (!hops).then(|| ByteArray::from(*self.log_secret().expose())),
        };
        let extension = Extension::Unknown(WELCOME_EXTENSION, UnknownExtension(encode(&data)));
        self.group.set_aad(encode(commit));
        let bundle = self
            .group
            .commit_builder()
            .consume_proposal_store(false)
            .force_self_update(intent.refresh || hops)
            .propose_removals(removed.iter().map(|(index, _)| *index))
            .propose_adds(intent.add.iter().map(|package| package.mls().clone()))
            .load_psks(self.provider.storage())
            .and_then(|builder| Ok(builder.create_group_info_with_extensions([extension])?))
            .and_then(|builder| builder.build(self.provider.rand(), self.provider.crypto(), device, |_| true))
            .map_err(|_| CommitError::Library)?
            .stage_commit(&self.provider)
            .map_err(|_| CommitError::Library)?;
        let (commit, welcome, _) = bundle.into_messages();
        let message = commit.to_bytes().map_err(|_| CommitError::Library)?;
        let welcome = welcome
            .map(|welcome| welcome.to_bytes())
            .transpose()
            .map_err(|_| CommitError::Library)?;
        Ok((message, welcome))
    }
}
