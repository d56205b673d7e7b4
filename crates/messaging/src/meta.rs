//! What we keep of a group beside what OpenMLS keeps: one record.

use crate::roster::JournalPoint;
use crate::terms::Terms;
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use primitives::canonical::decode_canonical;
use primitives::signed::Unverified;
use primitives::{Hash, Secret, VerifyingKey};
use zeroize::Zeroize as _;

const META_VERSION: u8 = 1;

/// How this device stands in the conversation.
///
/// `Active -> Left` by a commit that removes this device; `Active -> Halted` by a commit that others may find valid and
/// this device cannot follow. Both end: the way back is a Welcome, which replaces the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Standing {
    /// Follows the log.
    #[n(0)]
    Active,
    /// Was removed.
    #[n(1)]
    Left,
    /// Cannot follow; asks to be added again.
    #[n(2)]
    Halted,
}

/// An own commit that waits to be seen in the log.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct Pending {
    #[n(0)]
    pub(crate) hash: Hash,
    #[n(1)]
    pub(crate) epoch: u64,
    #[n(2)]
    pub(crate) journal: JournalPoint,
    #[n(3)]
    pub(crate) welcome: Option<ByteVec>,
    /// The demands that it carries.
    #[n(4)]
    pub(crate) demands: Option<Vec<Unverified>>,
}

/// A device that asks to be added again, in this epoch.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct Asked {
    #[n(0)]
    pub(crate) device: VerifyingKey,
    #[n(1)]
    pub(crate) journal_size: u64,
    /// Hash of the key package.
    #[n(2)]
    pub(crate) package: Hash,
    #[n(3)]
    pub(crate) key_package: ByteVec,
}

/// What we keep of a group beside what OpenMLS keeps.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct Meta {
    #[n(0)]
    version: u8,
    #[n(1)]
    pub(crate) standing: Standing,
    #[n(2)]
    pub(crate) journal: JournalPoint,
    #[n(3)]
    log_secret: ByteArray<32>,
    #[n(4)]
    pub(crate) hops: u32,
    #[n(5)]
    pub(crate) pending: Option<Pending>,
    #[n(6)]
    pub(crate) stored_epoch: u64,
    /// Who asked to be added again since the last commit.
    #[n(7)]
    pub(crate) asked: Vec<Asked>,
    /// What it is, if it is not the plenary.
    #[n(8)]
    pub(crate) terms: Option<Terms>,
    /// Who is to leave, as devices of this epoch have asked. Absent in records of the first version.
    #[n(9)]
    kept_demands: Option<Vec<Unverified>>,
    /// The last point of the journal that counted since the last commit, and is above that commit's.
    #[n(10)]
    pub(crate) point: Option<JournalPoint>,
}

impl Meta {
    pub(crate) fn new(journal: JournalPoint, terms: Option<Terms>) -> Self {
        Self {
            version: META_VERSION,
            standing: Standing::Active,
            journal,
            log_secret: ByteArray::from([0; 32]),
            hops: 0,
            pending: None,
            stored_epoch: 0,
            asked: Vec::new(),
            terms,
            kept_demands: None,
            point: None,
        }
    }

    /// Where the next commit may stand at the earliest (MSG-02): the last point that counted, or the last commit's.
    pub(crate) fn floor(&self) -> JournalPoint {
        self.point.unwrap_or(self.journal)
    }

    pub(crate) fn demands(&self) -> &[Unverified] {
        self.kept_demands.as_deref().unwrap_or_default()
    }

    pub(crate) fn set_demands(&mut self, demands: Vec<Unverified>) {
        self.kept_demands = (!demands.is_empty()).then_some(demands);
    }

    /// `None` if the bytes are damaged or of another version.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        decode_canonical(bytes)
            .ok()
            .filter(|meta: &Self| meta.version == META_VERSION)
    }

    pub(crate) fn log_secret(&self) -> Secret<32> {
        Secret::take(&mut self.log_secret.into())
    }

    pub(crate) fn set_log_secret(&mut self, secret: &Secret<32>) {
        self.log_secret = ByteArray::from(*secret.expose());
    }
}

impl Drop for Meta {
    fn drop(&mut self) {
        self.log_secret.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::encode;

    /// The record as it was before there were points, without demands and with one.
    #[derive(Encode)]
    #[cbor(array)]
    struct Before {
        #[n(0)]
        version: u8,
        #[n(1)]
        standing: Standing,
        #[n(2)]
        journal: JournalPoint,
        #[n(3)]
        log_secret: ByteArray<32>,
        #[n(4)]
        hops: u32,
        #[n(5)]
        pending: Option<Pending>,
        #[n(6)]
        stored_epoch: u64,
        #[n(7)]
        asked: Vec<Asked>,
        #[n(8)]
        terms: Option<Terms>,
        #[n(9)]
        demands: Option<Vec<Unverified>>,
    }

    fn point(size: u64) -> JournalPoint {
        JournalPoint {
            size,
            root: Hash::new([7; 32]),
        }
    }

    #[test]
    fn a_record_without_a_point_is_read_and_written_as_it_was() {
        for demands in [None, Some(Vec::new())] {
            let bytes = encode(&Before {
                version: META_VERSION,
                standing: Standing::Active,
                journal: point(3),
                log_secret: ByteArray::from([1; 32]),
                hops: 2,
                pending: None,
                stored_epoch: 4,
                asked: Vec::new(),
                terms: None,
                demands,
            });
            let mut meta = Meta::decode(&bytes).unwrap();
            assert_eq!(meta.floor(), point(3));
            assert_eq!(encode(&meta), bytes);
            meta.point = Some(point(5));
            let again = Meta::decode(&encode(&meta)).unwrap();
            assert_eq!((again.journal, again.floor()), (point(3), point(5)));
        }
    }
}
