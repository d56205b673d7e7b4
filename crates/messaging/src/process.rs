//! Following the log: one entry after the other, in order, and what each of them means.
//!
//! The log's order is the order. The first valid commit of an epoch wins; an own commit is merged when the log shows it
//! and not before. Own commits are recognised by the hash of their bytes, never by MLS's word that a message is one's
//! own: under pure ciphertext that claim is unauthenticated.

use crate::commit::{CommitData, DATA_VERSION};
use crate::conversation::{Conversation, PAST_EPOCHS, UseError};
use crate::credential::{Member, member_in_tree, member_of};
use crate::key_package::package_hash;
use crate::message::AppMessage;
use crate::meta::Standing;
use crate::outcome::{Committed, Halt, Processed, Reason};
use crate::roster::{JournalPoint, Knowledge, Roster};
use openmls::prelude::{
    ApplyUpdatePathError, ContentType, LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn, PrivateMessageIn,
    ProcessMessageError, ProcessedMessageContent, Proposal, ProposalOrRefType, ProtocolMessage, Sender,
    StageCommitError, StagedCommit,
};
use primitives::canonical::{decode_canonical_max, sha256};
use primitives::signed::Unverified;
use primitives::{Hash, Time};
use std::collections::BTreeSet;
use tls_codec::DeserializeBytes as _;

/// Most bytes of a commit's authenticated data: a journal point, and demands.
const COMMIT_DATA_BYTES_MAX: usize = 16 << 10;

/// One entry of the log, unwrapped.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The MLS message.
    pub bytes: &'a [u8],
    /// When the log took it.
    pub at: Time,
    /// Whether the entry's hash is in this device's outbox.
    pub own: bool,
}

impl Conversation {
    /// Processes the next entry of the log.
    ///
    /// Cost: 0.2 ms for a message; a commit with a path in a freshly filled tree grows by 0.2 ms per member.
    ///
    /// # Errors
    /// [`UseError`]: the state does not bear it; the step is to be dropped.
    pub fn process(
        &mut self,
        roster: &(impl Roster + ?Sized),
        entry: &Incoming<'_>,
    ) -> Result<Processed, UseError> {
        match self.meta.standing {
            Standing::Active => {}
            Standing::Left => return Ok(Processed::Ignored(Reason::Left)),
            Standing::Halted => return Ok(Processed::Halted(Halt::Earlier)),
        }
        if self.is_pending(sha256(entry.bytes)) {
            return self.process_own_commit(roster, entry.at);
        }
        let message = match self.parse(entry.bytes) {
            Ok(message) => message,
            Err(reason) => return Ok(Processed::Ignored(reason)),
        };
        let outcome = match (message.content_type(), entry.own) {
            (ContentType::Application, true) => Ok(Processed::OwnMessage),
            (ContentType::Application, false) => self.process_message(message),
            (ContentType::Commit, false) => self.process_commit(roster, entry.at, message),
            (ContentType::Commit, true) => Err(Stop::Reason(Reason::ClaimsToBeOurs)),
            (ContentType::Proposal, _) => Err(Stop::Reason(Reason::Proposals)),
        };
        match outcome {
            Ok(processed) => Ok(processed),
            Err(Stop::Reason(reason)) => Ok(Processed::Ignored(reason)),
            Err(Stop::Waits(point)) => Ok(Processed::Waits(point)),
            Err(Stop::Halt) => {
                self.meta.standing = Standing::Halted;
                Ok(Processed::Halted(Halt::PathSecrets))
            }
            Err(Stop::Error(error)) => Err(error),
        }
    }

    /// Entries of the log are gone unread, and a commit may have been among them: this device follows no more, and asks to be
    /// added again.
    pub fn halt(&mut self) {
        if self.meta.standing == Standing::Active {
            self.meta.standing = Standing::Halted;
        }
    }

    fn is_pending(&self, hash: Hash) -> bool {
        let epoch = self.epoch();
        self.meta
            .pending
            .as_ref()
            .is_some_and(|pending| pending.hash == hash && pending.epoch == epoch)
    }

    /// A private message of this group for an epoch that this device holds (MSG-04, MSG-05, MSG-10).
    fn parse(&self, bytes: &[u8]) -> Result<PrivateMessageIn, Reason> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Reason::NotOurs)?;
        let MlsMessageBodyIn::PrivateMessage(message) = message.extract() else {
            return Err(Reason::NotOurs);
        };
        if message.group_id() != self.group.group_id() {
            return Err(Reason::NotOurs);
        }
        let (theirs, ours) = (message.epoch().as_u64(), self.epoch());
        let kept = theirs.saturating_add(PAST_EPOCHS as u64) >= ours;
        match message.content_type() {
            _ if theirs > ours => Err(Reason::EpochAhead),
            ContentType::Application if kept => Ok(message),
            ContentType::Application => Err(Reason::Message),
            _ if theirs < ours => Err(Reason::EpochOver),
            _ => Ok(message),
        }
    }

    fn process_message(&mut self, message: PrivateMessageIn) -> Result<Processed, Stop> {
        let epoch = message.epoch().as_u64();
        let processed = self
            .group
            .process_message(&self.provider, ProtocolMessage::from(message))
            .map_err(|error| Stop::from_mls(&error))?;
        let from = match processed.content() {
            ProcessedMessageContent::ApplicationMessage(_) => {
                member_in_tree(processed.credential()).map_err(|_| Stop::Reason(Reason::Credential))?
            }
            ProcessedMessageContent::OwnPrivateMessage => return Err(Stop::Reason(Reason::ClaimsToBeOurs)),
            _ => return Err(Stop::Reason(Reason::Invalid)),
        };
        let ProcessedMessageContent::ApplicationMessage(message) = processed.into_content() else {
            return Err(Stop::Reason(Reason::Invalid));
        };
        let message = AppMessage::decode(&message.into_bytes()).map_err(|_| Stop::Reason(Reason::Message))?;
        Ok(Processed::Message {
            from,
            epoch,
            message: Box::new(message),
        })
    }

    fn process_commit(
        &mut self,
        roster: &(impl Roster + ?Sized),
        at: Time,
        message: PrivateMessageIn,
    ) -> Result<Processed, Stop> {
        // The authenticated data is judged before anything is decrypted, so that a commit that waits changes nothing.
        // It is authenticated by what follows: MLS binds it into the encryption and the signature.
        let data = commit_data(message.aad())?;
        let journal = self.judge_point(roster, at, data.journal)?;
        let demands = data.demands.unwrap_or_default();
        let processed = self
            .group
            .process_message(&self.provider, ProtocolMessage::from(message))
            .map_err(|error| Stop::from_mls(&error))?;
        let Sender::Member(committer) = *processed.sender() else {
            return Err(Stop::Reason(Reason::NotOurs));
        };
        let staged = match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => staged,
            ProcessedMessageContent::OwnPrivateMessage => return Err(Stop::Reason(Reason::ClaimsToBeOurs)),
            _ => return Err(Stop::Reason(Reason::Invalid)),
        };
        let ground = Ground {
            point: &journal,
            demands: &demands,
            at,
        };
        let change = self.judge_leaves(roster, &ground, committer, &staged)?;
        let lost = self.meta.pending.take().is_some();
        self.group
            .merge_staged_commit(&self.provider, *staged)
            .map_err(|_| Stop::Error(UseError::Library("a commit's merge")))?;
        Ok(Processed::Committed(Box::new(
            self.advance(change, journal, false, lost, None)
                .map_err(Stop::Error)?,
        )))
    }

    /// MSG-02 (with MSG-35) and MSG-03: what the journal point alone decides.
    fn judge_point(
        &self,
        roster: &(impl Roster + ?Sized),
        at: Time,
        point: JournalPoint,
    ) -> Result<JournalPoint, Stop> {
        let last = self.meta.floor();
        if point.size < last.size || (point.size == last.size && point.root != last.root) {
            return Err(Stop::Reason(Reason::JournalWentBack));
        }
        match roster.knows(&point, Some(at)) {
            Knowledge::Known => Ok(point),
            Knowledge::NotYet => Err(Stop::Waits(point)),
            Knowledge::Contradicted => Err(Stop::Reason(Reason::JournalContradicted)),
        }
    }

    /// MSG-01, MSG-06 and MSG-07: every leaf of the tree that the commit leaves behind, its author's included, is one that
    /// the journal admits at the commit's point. MSG-16: none of those that it takes out is, unless it asked for it and
    /// comes back at once (MSG-18), or the demands that the commit carries are enough (MSG-26). MSG-25: whom it adds has a
    /// place under the conversation's terms.
    fn judge_leaves(
        &self,
        roster: &(impl Roster + ?Sized),
        ground: &Ground<'_>,
        committer: LeafNodeIndex,
        staged: &StagedCommit,
    ) -> Result<Change, Stop> {
        let point = ground.point;
        let leaves = self.leaves();
        let at = |index: LeafNodeIndex| {
            leaves
                .iter()
                .find(|(i, _)| *i == index)
                .map(|(_, member)| *member)
        };
        let by = at(committer).ok_or(Stop::Reason(Reason::Credential))?;
        if let Some(leaf) = staged.update_path_leaf_node()
            && member_of(leaf.credential(), leaf.signature_key().as_slice()) != Ok(by)
        {
            return Err(Stop::Reason(Reason::Credential));
        }
        let (mut added, mut back, mut gone) = (Vec::new(), Vec::new(), BTreeSet::new());
        for queued in staged.queued_proposals() {
            if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal {
                return Err(Stop::Reason(Reason::Proposals));
            }
            match queued.proposal() {
                Proposal::Add(add) => {
                    let leaf = add.key_package().leaf_node();
                    let member = member_of(leaf.credential(), leaf.signature_key().as_slice())
                        .map_err(|_| Stop::Reason(Reason::Credential))?;
                    let package = package_hash(add.key_package()).ok_or(Stop::Reason(Reason::Invalid))?;
                    if self.asked(&member, package, point.size) {
                        back.push(member);
                    }
                    added.push(member);
                }
                Proposal::Remove(remove) => {
                    gone.insert(remove.removed());
                }
                _ => return Err(Stop::Reason(Reason::Proposals)),
            }
        }
        let stays = leaves
            .iter()
            .filter(|(index, _)| !gone.contains(index))
            .map(|(_, member)| member);
        let there: BTreeSet<_> = stays
            .clone()
            .chain(&added)
            .map(|member| member.identity)
            .collect();
        if !stays.chain(&added).all(|member| roster.admits(point, member)) {
            return Err(Stop::Reason(Reason::NotAdmitted));
        }
        if !added.iter().all(|member| self.may_add(roster, &by, member)) {
            return Err(Stop::Reason(Reason::NoPlace));
        }
        let removed: Vec<_> = gone.into_iter().filter_map(at).collect();
        let taken_out = |member: &Member| {
            let leaves = || self.is_to_leave(roster, ground.demands, member.identity, ground.at);
            // By demand one goes with all devices, and not to come back at once: a commit that takes a leaf out moves the log.
            let goes = || !there.contains(&member.identity) && leaves();
            roster.admits(point, member) && !back.contains(member) && !goes()
        };
        if removed.iter().any(taken_out) {
            return Err(Stop::Reason(Reason::StillAdmitted));
        }
        Ok(Change {
            by,
            added,
            removed,
            over: staged.self_removed(),
        })
    }

    /// The own commit is judged as everybody judges it: its journal point at its log time, and its leaves.
    fn process_own_commit(
        &mut self,
        roster: &(impl Roster + ?Sized),
        at: Time,
    ) -> Result<Processed, UseError> {
        match self.judge_own(roster, at) {
            Ok((journal, change)) => self.merge_own(journal, change),
            Err(Stop::Waits(point)) => Ok(Processed::Waits(point)),
            Err(Stop::Reason(reason)) => {
                self.drop_pending()?;
                Ok(Processed::Ignored(reason))
            }
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Halt) => Err(UseError::Library("a pending commit")),
        }
    }

    /// Gives the own pending commit up.
    pub(crate) fn drop_pending(&mut self) -> Result<(), UseError> {
        self.meta.pending = None;
        self.group
            .clear_pending_commit(self.provider.records())
            .map_err(|_| UseError::Library("a pending commit"))
    }

    fn judge_own(&self, roster: &(impl Roster + ?Sized), at: Time) -> Result<(JournalPoint, Change), Stop> {
        let missing = Stop::Error(UseError::Library("a pending commit"));
        let (Some(pending), Some(staged)) = (&self.meta.pending, self.group.pending_commit()) else {
            return Err(missing);
        };
        let journal = self.judge_point(roster, at, pending.journal)?;
        let demands = pending.demands.clone().unwrap_or_default();
        let ground = Ground {
            point: &journal,
            demands: &demands,
            at,
        };
        let change = self.judge_leaves(roster, &ground, self.group.own_leaf_index(), staged)?;
        Ok((journal, change))
    }

    fn merge_own(&mut self, journal: JournalPoint, change: Change) -> Result<Processed, UseError> {
        let welcome = self.meta.pending.take().and_then(|pending| pending.welcome);
        self.group
            .merge_pending_commit(&self.provider)
            .map_err(|_| UseError::Library("the own commit's merge"))?;
        let welcome = welcome.map(Vec::from);
        Ok(Processed::Committed(Box::new(
            self.advance(change, journal, true, false, welcome)?,
        )))
    }

    /// What follows from a merged commit, for us.
    fn advance(
        &mut self,
        change: Change,
        journal: JournalPoint,
        own: bool,
        lost: bool,
        welcome: Option<Vec<u8>>,
    ) -> Result<Committed, UseError> {
        let Change {
            by,
            added,
            removed,
            over,
        } = change;
        self.meta.journal = journal;
        // The commit is not below it, and stands in its place: who comes in by the commit need not know of it.
        self.meta.point = None;
        self.meta.asked.clear();
        self.drop_demands(&removed);
        if over {
            self.meta.standing = Standing::Left;
        } else if !removed.is_empty() {
            self.hop()?;
        }
        let new_log = (!over && !removed.is_empty()).then(|| self.log_secret());
        Ok(Committed {
            epoch: self.epoch(),
            by,
            own,
            added,
            removed,
            journal,
            welcome,
            new_log,
            lost,
        })
    }
}

/// A commit's authenticated data (MSG-01).
fn commit_data(aad: &[u8]) -> Result<CommitData, Stop> {
    decode_canonical_max(aad, COMMIT_DATA_BYTES_MAX)
        .ok()
        .filter(|data: &CommitData| data.version == DATA_VERSION)
        .ok_or(Stop::Reason(Reason::NotAdmitted))
}

/// What a commit stands on: a point of the journal, demands, and the log's time.
struct Ground<'a> {
    point: &'a JournalPoint,
    demands: &'a [Unverified],
    at: Time,
}

/// What a valid commit changes.
struct Change {
    by: Member,
    added: Vec<Member>,
    removed: Vec<Member>,
    /// Whether this device is among the removed.
    over: bool,
}

/// Why processing stopped before a result.
enum Stop {
    Reason(Reason),
    Waits(JournalPoint),
    Halt,
    Error(UseError),
}

impl Stop {
    /// Sorts OpenMLS's errors: what everybody sees alike is a reason to skip; what only this device may see halts.
    /// (`MissingSender` is what OpenMLS says when no key of this device fits the path.)
    fn from_mls<E>(error: &ProcessMessageError<E>) -> Self {
        use ApplyUpdatePathError as Path;
        match error {
            ProcessMessageError::StorageError(_) => Self::Error(UseError::Library("its records")),
            ProcessMessageError::InvalidCommit(
                StageCommitError::UpdatePathError(
                    Path::UnableToDecrypt
                    | Path::PathMismatch
                    | Path::MissingCiphertext
                    | Path::MissingOwnLeaf
                    | Path::MissingSender,
                )
                | StageCommitError::MissingDecryptionKey
                | StageCommitError::OwnKeyNotFound,
            ) => Self::Halt,
            _ => Self::Reason(Reason::Invalid),
        }
    }
}
