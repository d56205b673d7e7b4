//! Statements: what members say in the journal, and what each kind carries.
//!
//! The envelope ([`Statement`]) never changes. A new kind or a new version of one is a new number of [`Body`] that belongs
//! to a newer [`VERSION`] of the assembly's rules. Until the deputies take that version up it has no effect, for anybody;
//! from then on who does not know the version cannot fold on ("update needed"), for ignoring it would compute another truth.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use primitives::canonical::{hash, hash_bytes};
use primitives::{
    AssemblyId, ConversationId, Hash, LogId, MotionId, OpeningId, RelayId, SeatNumber, Signed, SigningSecret,
    StatementId, Time, VerifyingKey, decode_canonical, encode, labels, signed::Unverified,
};
use tlog::{Cosignature, CosigningKey, CreateLog, SignedCheckpoint};

pub use ballot::PublishedKey;
pub use sealing::{Complaint, Share};

use crate::charter::Charter;
use crate::keys::{AnnouncedKey, BoxKeys};
use crate::motion::MotionText;

/// The version of an assembly's rules that this code knows: which kinds of statements there are and what they do.
pub const VERSION: u32 = 1;

/// The envelope of every statement; signed by `device` under `labels::STATEMENT`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Statement {
    /// The assembly; zero in the founding statement, whose hash is the assembly's id.
    #[n(0)]
    pub assembly: AssemblyId,
    /// The seat that speaks.
    #[n(1)]
    pub seat: SeatNumber,
    /// Its device that signs.
    #[n(2)]
    pub device: VerifyingKey,
    /// The author's journal checkpoint; absent in the founding statement only.
    #[n(3)]
    pub seen: Option<SignedCheckpoint>,
    /// The statement has no effect in entries later than this.
    #[n(4)]
    pub expires: Time,
    #[cbor(n(5), with = "minicbor::bytes")]
    body: Vec<u8>,
}

/// Why a statement's body was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadBody {
    /// A kind that [`VERSION`] does not have.
    #[error("a statement of kind {0}, which a newer version may understand")]
    UnknownKind(u32),
    /// A kind that it knows, wrongly made: the statement is rejected.
    #[error("the statement's body is malformed")]
    Malformed,
}

impl Statement {
    /// Puts a statement together.
    #[must_use]
    pub fn new(
        assembly: AssemblyId,
        seat: SeatNumber,
        device: VerifyingKey,
        seen: Option<SignedCheckpoint>,
        expires: Time,
        body: &Body,
    ) -> Self {
        Self {
            assembly,
            seat,
            device,
            seen,
            expires,
            body: encode(body),
        }
    }

    /// Signs with the device's key.
    #[must_use]
    pub fn sign(self, key: &SigningSecret) -> Signed<Self> {
        Signed::sign(labels::STATEMENT, self, key)
    }

    /// The body.
    ///
    /// # Errors
    /// [`BadBody`].
    pub fn body(&self) -> Result<Body, BadBody> {
        let kind = kind_of(&self.body).ok_or(BadBody::Malformed)?;
        if kind > Body::LAST_KIND {
            return Err(BadBody::UnknownKind(kind));
        }
        decode_canonical(&self.body).map_err(|_| BadBody::Malformed)
    }
}

/// The id of a statement: the hash of the bytes that were signed.
#[must_use]
pub fn statement_id(bytes: &[u8]) -> StatementId {
    hash_bytes(labels::STATEMENT_ID, bytes).into()
}

/// The id of the assembly that a founding statement founds.
#[must_use]
pub fn assembly_id(founding: &[u8]) -> AssemblyId {
    AssemblyId::new(*statement_id(founding).as_bytes())
}

/// The id of the motion that a statement proposes.
#[must_use]
pub fn motion_id(statement: StatementId) -> MotionId {
    MotionId::new(*statement.as_bytes())
}

/// The id of the plenary when it has been founded anew for the `nth` time. No terms and no other founding lead to it, so that
/// nobody can propose a conversation that is there already.
#[must_use]
pub fn plenary_id(assembly: AssemblyId, nth: u32, salt: &ByteArray<32>) -> ConversationId {
    hash(labels::CONVERSATION_PLENARY, &(assembly, nth, salt)).into()
}

/// `CBOR[kind, ..]`: the number in front of a body.
fn kind_of(body: &[u8]) -> Option<u32> {
    let mut decoder = minicbor::Decoder::new(body);
    decoder.array().ok()?;
    decoder.u32().ok()
}

/// What a seat may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Speaks, proposes, votes.
    #[n(0)]
    Deputy,
    /// Speaks.
    #[n(1)]
    Expert,
    /// Reads.
    #[n(2)]
    Observer,
}

/// Somebody who is to have a seat.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Candidate {
    /// In which role.
    #[n(0)]
    pub role: Role,
    /// Commitment to the name; its opening lies beside the statement.
    #[n(1)]
    pub name: Hash,
    /// `DeviceCertificate` of the first device, which is the voting device.
    #[n(2)]
    pub certificate: Unverified,
}

/// The founding statement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Founded {
    /// The assembly's name, 1 to 256 bytes.
    #[n(0)]
    pub name: String,
    /// What it is founded for.
    #[n(1)]
    pub declaration: String,
    /// Its charter.
    #[n(2)]
    pub charter: Charter,
    /// The relay that keeps the journal.
    #[n(3)]
    pub relay: RelayId,
    /// The relay's address line, without a token.
    #[n(4)]
    pub relay_address: String,
    /// The relay's `RelayKeys`, signed by its identity key.
    #[n(5)]
    pub relay_keys: Unverified,
    /// The journal's first log.
    #[n(6)]
    pub journal: LogId,
    /// Journal key 1.
    #[n(7)]
    pub journal_key: AnnouncedKey,
    /// The founder, who takes seat 1.
    #[n(8)]
    pub founder: Candidate,
    /// The version of the rules that it is founded under, from 1 to [`VERSION`].
    #[n(9)]
    pub version: u32,
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $number:literal $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {
        /// What a statement says. The numbers are part of the format and are never used again.
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
        pub enum Body {
            $($(#[$doc])* #[n($number)] #[cbor(array)] $name { $($(#[$field_meta])* $field: $type,)* },)*
        }

        impl Body {
            const LAST_KIND: u32 = { let kinds: &[u32] = &[$($number),*]; kinds.len() as u32 - 1 };

            /// The kind's name, for reports.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name),)* }
            }
        }

        #[cfg(test)]
        #[test]
        fn kinds_are_numbered_without_gaps() {
            let kinds: &[u32] = &[$($number),*];
            assert!(kinds.iter().copied().eq(0..=Body::LAST_KIND));
        }
    };
}

bodies! {
    /// Founds the assembly: the journal's first statement.
    0 Founded {
        /// It.
        #[n(0)]
        founded: Founded,
    }
    /// A founder signs the declaration.
    1 FoundingSigned {}
    /// The founder ends the founding before all founding seats are taken.
    2 FoundingEnded {}
    /// Proposes somebody for a seat; counts as the proposer's endorsement.
    3 AdmissionProposed {
        /// Who.
        #[n(0)]
        candidate: Candidate,
    }
    /// Endorses an admission.
    4 Endorsed {
        /// Which: the proposing statement.
        #[n(0)]
        admission: StatementId,
    }
    /// Objects to an admission.
    5 Objected {
        /// Which.
        #[n(0)]
        admission: StatementId,
    }
    /// Says that a member is in others' hands; in force with the charter's signers.
    6 Detained {
        /// Who.
        #[n(0)]
        seat: SeatNumber,
    }
    /// The author leaves.
    7 Left {}
    /// Ballot keys numbered from `first`, by the seat's voting device.
    8 BallotKeysPublished {
        /// Number of the first key, at least 1.
        #[n(0)]
        first: u32,
        /// The keys, 1 to 64.
        #[n(1)]
        keys: Vec<PublishedKey>,
    }
    /// The author's device was out of its hands: all its unused ballot keys are void.
    9 BallotKeysVoided {}
    /// The journal goes on in another log, sealed under the next journal key; in force when the witnesses' quorum has said
    /// the same, and then the last effective statement here.
    10 Continues {
        /// The journal key there.
        #[n(0)]
        journal_key: AnnouncedKey,
        /// The creation record of the log there; `previous` names this log as the last removal left it.
        #[n(1)]
        record: CreateLog,
    }
    /// The author's device knows a newer version of the rules; taken up when more than half of the acting deputies say so.
    11 VersionKnown {
        /// The version.
        #[n(0)]
        version: u32,
    }
    /// Proposes a motion.
    12 MotionProposed {
        /// It.
        #[n(0)]
        motion: MotionText,
    }
    /// Seconds a motion.
    13 Seconded {
        /// Which.
        #[n(0)]
        motion: MotionId,
    }
    /// Opens a motion whose notice is over. Everything else about the opening is computed by the fold.
    14 MotionOpened {
        /// Which.
        #[n(0)]
        motion: MotionId,
        /// The next box of the journal key, for a secret vote; absent for a roll-call.
        #[n(1)]
        ballot_box: Option<BoxKeys>,
    }
    /// The proposer withdraws a motion that is not open yet.
    15 MotionWithdrawn {
        /// Which.
        #[n(0)]
        motion: MotionId,
    }
    /// A named vote.
    16 RollCallVote {
        /// Which motion.
        #[n(0)]
        motion: MotionId,
        /// The vote, in the form of the motion's question.
        #[n(1)]
        vote: ByteVec,
    }
    /// Taken at or after the close: shows that the set of named votes is complete.
    17 RollCallClosed {
        /// Which motion.
        #[n(0)]
        motion: MotionId,
    }
    /// A ballot that the box refused, posted for anybody by anybody.
    18 BallotForwarded {
        /// The vote.
        #[n(0)]
        opening: OpeningId,
        /// The ballot's bytes.
        #[cbor(n(1), with = "minicbor::bytes")]
        ballot: Vec<u8>,
    }
    /// The closed box as the witnesses' quorum cosigned it.
    19 BoxClosed {
        /// The vote.
        #[n(0)]
        opening: OpeningId,
        /// The box's last checkpoint.
        #[n(1)]
        checkpoint: SignedCheckpoint,
        /// A quorum of cosignatures on it.
        #[n(2)]
        cosignatures: Vec<Cosignature>,
    }
    /// A trustee's share of the key that opens a vote.
    20 ShareReleased {
        /// The vote.
        #[n(0)]
        opening: OpeningId,
        /// The share.
        #[n(1)]
        share: Share,
    }
    /// First round of a run of the trustees' key generation; the first one starts the run.
    21 SealingRound1 {
        /// The run's number.
        #[n(0)]
        run: u32,
        /// The trustee's round-1 package.
        #[cbor(n(1), with = "minicbor::bytes")]
        package: Vec<u8>,
    }
    /// Second round: sealed packages for all other participants.
    22 SealingRound2 {
        /// The run's number.
        #[n(0)]
        run: u32,
        /// The trustee's round 2.
        #[cbor(n(1), with = "minicbor::bytes")]
        packages: Vec<u8>,
    }
    /// The trustee has checked everything sent to it and vouches for this transcript.
    23 SealingConfirmed {
        /// The run's number.
        #[n(0)]
        run: u32,
        /// Hash of the transcript of both rounds.
        #[n(1)]
        transcript: Hash,
    }
    /// The trustee got a bad package and opens its run key, so that everybody can judge.
    24 SealingComplaint {
        /// The run's number.
        #[n(0)]
        run: u32,
        /// The complaint.
        #[n(1)]
        complaint: Complaint,
    }
    /// The author's seat has a further device; said by its first one.
    25 DeviceAdded {
        /// Its `DeviceCertificate`, by the seat's identity key.
        #[n(0)]
        certificate: Unverified,
        /// The device's signature of its `DeviceClaim`.
        #[n(1)]
        claim: ByteArray<64>,
    }
    /// A further device of the author's seat is its own no more; said by the first one, or by the device itself.
    26 DeviceRevoked {
        /// Which.
        #[n(0)]
        device: VerifyingKey,
    }
    /// The plenary goes on in a new conversation, whose id follows from what is said here; in force with as many signers as a
    /// detention takes.
    27 Refounded {
        /// How many times it has been founded anew then.
        #[n(0)]
        nth: u32,
        /// Drawn by whoever proposes it, and repeated by those who sign.
        #[n(1)]
        salt: ByteArray<32>,
    }
    /// The author's device cosigns with this key, too: from now on its cosignatures of boxes count only with both.
    28 CosigningKeyAnnounced {
        /// The key.
        #[n(0)]
        key: CosigningKey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(body: Vec<u8>) -> Statement {
        Statement {
            assembly: AssemblyId::new([1; 32]),
            seat: SeatNumber(1),
            device: VerifyingKey::new([2; 32]),
            seen: None,
            expires: Time(5),
            body,
        }
    }

    #[test]
    fn a_kind_of_a_newer_version_is_known_to_be_one() {
        let body = encode(&(Body::LAST_KIND + 1, ("anything", 7u8)));
        assert_eq!(
            envelope(body).body(),
            Err(BadBody::UnknownKind(Body::LAST_KIND + 1))
        );
    }

    #[test]
    fn a_known_kind_with_surplus_elements_is_malformed() {
        let body = encode(&(13u32, (MotionId::new([1; 32]), 7u8)));
        assert_eq!(envelope(body).body(), Err(BadBody::Malformed));
        assert_eq!(envelope(vec![]).body(), Err(BadBody::Malformed));
    }

    #[test]
    fn every_body_decodes_to_itself() {
        let motion = MotionId::new([3; 32]);
        let bodies = [
            Body::FoundingSigned {},
            Body::Seconded { motion },
            Body::RollCallVote {
                motion,
                vote: ByteVec::from(vec![3]),
            },
            Body::BallotForwarded {
                opening: OpeningId::new([4; 32]),
                ballot: vec![1, 2],
            },
            Body::SealingRound2 {
                run: 1,
                packages: vec![9],
            },
            Body::DeviceAdded {
                certificate: Unverified::new(vec![5], [6; 64]),
                claim: [7; 64].into(),
            },
            Body::DeviceRevoked {
                device: VerifyingKey::new([7; 32]),
            },
            Body::Refounded {
                nth: 2,
                salt: [8; 32].into(),
            },
        ];
        for body in bodies {
            assert_eq!(envelope(encode(&body)).body(), Ok(body));
        }
    }
}
