//! The roll: the keys among which a ballot's maker hides.

use crate::crew::{Alone, Crew, each};
use crate::error::RollError;
use crate::key::BallotKey;
use crate::params::{Params, ROLL_MAX};
use core::fmt;
use minicbor::bytes::ByteArray;
use minicbor::encode::{Encode, Encoder, Error, Write};
use primitives::{Hash, canonical, encode, labels};

/// The ballot keys of one vote in ascending order of their bytes, with their root.
#[derive(Clone, PartialEq, Eq)]
pub struct Roll {
    keys: Vec<BallotKey>,
    root: Hash,
    params: Params,
}

impl Roll {
    /// Makes a roll of keys in any order.
    ///
    /// # Errors
    /// [`RollError::Size`] (BAL-12) or, of two equal keys, [`RollError::Order`] (BAL-13).
    pub fn new(mut keys: Vec<BallotKey>) -> Result<Self, RollError> {
        keys.sort_unstable();
        Self::in_order(keys)
    }

    /// Takes a roll as received: keys as 32 bytes each, which must be in roll order already.
    ///
    /// # Errors
    /// [`RollError::Key`] (BAL-10), [`RollError::Size`] (BAL-12), [`RollError::Order`] (BAL-13).
    pub fn from_bytes<'a>(keys: impl IntoIterator<Item = &'a [u8; 32]>) -> Result<Self, RollError> {
        Self::from_bytes_by(keys, &Alone)
    }

    /// As [`Self::from_bytes`], with the crew's hands: decoding is most of the work before the first ballot.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_bytes_by<'a>(
        keys: impl IntoIterator<Item = &'a [u8; 32]>,
        crew: &dyn Crew,
    ) -> Result<Self, RollError> {
        let keys: Vec<&[u8; 32]> = keys.into_iter().take(ROLL_MAX + 1).collect();
        if keys.len() > ROLL_MAX {
            return Err(RollError::Size(keys.len()));
        }
        let decoded = each(crew, &keys, |key| BallotKey::from_bytes(key));
        Self::in_order(decoded.into_iter().collect::<Result<_, _>>()?)
    }

    fn in_order(keys: Vec<BallotKey>) -> Result<Self, RollError> {
        let params = Params::of_roll(keys.len()).ok_or(RollError::Size(keys.len()))?;
        if !keys.is_sorted_by(|a, b| a < b) {
            return Err(RollError::Order);
        }
        let root = canonical::sha256(&encode(&Labelled(&keys)));
        Ok(Self { keys, root, params })
    }

    /// `SHA-256(CBOR[label, keys...])`: one array of the label and every key in order.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// How many keys there are, `N`. Never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a roll is never empty")]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys in roll order.
    #[must_use]
    pub fn keys(&self) -> &[BallotKey] {
        &self.keys
    }

    /// Whether `key` is on the roll. Variable time: for public questions only.
    #[must_use]
    pub fn contains(&self, key: &BallotKey) -> bool {
        self.keys.binary_search(key).is_ok()
    }

    /// Shape of the proofs over this roll.
    #[must_use]
    pub const fn params(&self) -> Params {
        self.params
    }
}

impl fmt::Debug for Roll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roll({} keys, root {})", self.keys.len(), self.root)
    }
}

struct Labelled<'a>(&'a [BallotKey]);

impl<C> Encode<C> for Labelled<'_> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), Error<W::Error>> {
        e.array(1 + self.0.len() as u64)?
            .encode_with(labels::BALLOT_ROLL, ctx)?;
        for key in self.0 {
            e.encode_with(ByteArray::from(*key.as_bytes()), ctx)?;
        }
        Ok(())
    }
}
