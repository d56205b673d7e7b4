//! The event a ballot is for: everything that the proof's challenge binds.

use crate::VERSION;
use crate::generators::{generators, hash_to_group};
use crate::key::BallotSecret;
use crate::roll::Roll;
use core::fmt;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use minicbor::bytes::ByteArray;
use minicbor::encode::{Encoder, Error, Write};
use minicbor::{Decode, Encode};
use primitives::{AssemblyId, Hash, OpeningId, encode, labels};
use sha2::{Digest, Sha512};
use std::sync::Arc;

/// What a proof is made for. A proof of one kind never verifies as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A ballot of a secret vote.
    Ballot,
    /// Anonymous speech in a thread.
    Speech,
    /// An anonymous signature under a document.
    Signature,
}

impl Kind {
    /// The kind's name, as it is hashed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ballot => "ballot",
            Self::Speech => "speech",
            Self::Signature => "signature",
        }
    }
}

/// The tag `T = xE` that one member has at one event, as its 32 canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct LinkTag(#[n(0)] ByteArray<32>);

impl LinkTag {
    /// Takes 32 bytes as a tag; whether they are one shows when a ballot verifies.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(ByteArray::from(bytes))
    }

    /// The tag's 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for LinkTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkTag({})", Hash::new(*self.as_bytes()))
    }
}

/// One vote, thread or document, with the roll of those who may take part.
#[derive(Debug, Clone)]
pub struct Event {
    kind: Kind,
    assembly: AssemblyId,
    subject: [u8; 32],
    roll: Arc<Roll>,
    sealing_key: [u8; 32],
    point: RistrettoPoint,
    /// The bytes of `point`.
    point_bytes: [u8; 32],
}

impl Event {
    /// A secret vote: its opening id, its roll, and the trustees' key Y under which choices are sealed.
    #[must_use]
    pub fn ballot(assembly: AssemblyId, opening: OpeningId, roll: Arc<Roll>, sealing_key: [u8; 32]) -> Self {
        Self::new(Kind::Ballot, assembly, *opening.as_bytes(), roll, sealing_key)
    }

    /// Anonymous speech in a thread; nothing is sealed, so Y is 32 zero bytes.
    #[must_use]
    pub fn speech(assembly: AssemblyId, thread: [u8; 32], roll: Arc<Roll>) -> Self {
        Self::new(Kind::Speech, assembly, thread, roll, [0; 32])
    }

    /// Anonymous signatures under a document; nothing is sealed, so Y is 32 zero bytes.
    #[must_use]
    pub fn signature(assembly: AssemblyId, document: [u8; 32], roll: Arc<Roll>) -> Self {
        Self::new(Kind::Signature, assembly, document, roll, [0; 32])
    }

    fn new(
        kind: Kind,
        assembly: AssemblyId,
        subject: [u8; 32],
        roll: Arc<Roll>,
        sealing_key: [u8; 32],
    ) -> Self {
        let point = hash_to_group(labels::BALLOT_EVENT, &(kind.name(), ByteArray::from(subject)));
        Self {
            kind,
            assembly,
            subject,
            roll,
            sealing_key,
            point,
            point_bytes: point.compress().to_bytes(),
        }
    }

    /// What the proofs are for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The roll.
    #[must_use]
    pub fn roll(&self) -> &Roll {
        &self.roll
    }

    /// The generator E of this event.
    pub(crate) const fn point(&self) -> &RistrettoPoint {
        &self.point
    }

    /// The secret's tag at this event, `T = xE`.
    #[must_use]
    pub fn tag(&self, secret: &BallotSecret) -> LinkTag {
        LinkTag::new((secret.x * self.point).compress().to_bytes())
    }

    /// Hash of the statement alone, for the prover's hedge.
    pub(crate) fn statement(&self, tag: &LinkTag, sealed_hash: &Hash) -> Hash {
        let input = Transcript {
            event: self,
            tag,
            sealed_hash,
            commitments: &[],
        };
        primitives::canonical::sha256(&encode(&input))
    }

    /// The challenge xi over the statement and `commitments` (A, B, `Q_0..`, `S_0..`).
    pub(crate) fn challenge(&self, tag: &LinkTag, sealed_hash: &Hash, commitments: &[[u8; 32]]) -> Scalar {
        let input = Transcript {
            event: self,
            tag,
            sealed_hash,
            commitments,
        };
        Scalar::from_bytes_mod_order_wide(&Sha512::digest(encode(&input)).into())
    }
}

/// `[label, kind, version, assembly, subject, roll root, N, n, m, generator digest, Y, E, T, SHA-256(sealed), A, ..]`
struct Transcript<'a> {
    event: &'a Event,
    tag: &'a LinkTag,
    sealed_hash: &'a Hash,
    commitments: &'a [[u8; 32]],
}

impl<C> Encode<C> for Transcript<'_> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), Error<W::Error>> {
        let event = self.event;
        let params = event.roll.params();
        e.array(14 + self.commitments.len() as u64)?
            .encode_with(labels::BALLOT_CHALLENGE, ctx)?
            .str(event.kind.name())?
            .u8(VERSION)?
            .encode_with(event.assembly, ctx)?
            .bytes(&event.subject)?
            .encode_with(event.roll.root(), ctx)?
            .u64(event.roll.len() as u64)?
            .u64(params.n as u64)?
            .u64(params.m as u64)?
            .encode_with(generators().digest, ctx)?
            .bytes(&event.sealing_key)?
            .bytes(&event.point_bytes)?
            .bytes(self.tag.as_bytes())?
            .encode_with(self.sealed_hash, ctx)?;
        for commitment in self.commitments {
            e.bytes(commitment)?;
        }
        Ok(())
    }
}
