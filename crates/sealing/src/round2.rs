//! Round 2: each trustee's shares for each other, sealed; and what everybody makes of them.
//!
//! ```text
//! round 2 = CBOR [ package for each other trustee in seat order ]
//! package = ChaCha20-Poly1305(key, nonce 0, share of key 0 (32 bytes) || share of key 1 || .., info)
//! key     = HKDF-SHA-512(X25519(sender, recipient); salt sender key || recipient key; info), 32 bytes
//! info    = CBOR [ label, hash of all round 1, sender's seat, recipient's seat ]
//! ```

use crate::kdf::{self, TAG_LEN};
use crate::round1::Round1;
use crate::run::{RunSecret, run_public};
use crate::share::ShareSecret;
use crate::trustees::Trustees;
use frost_ristretto255::Identifier;
use frost_ristretto255::keys::{SecretShare, SigningShare, dkg};
use minicbor::bytes::ByteVec;
use primitives::{Hash, SeatNumber, canonical, encode, labels};
use std::collections::BTreeMap;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// Why a round 2 is refused, or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Round2Error {
    /// Not canonical, or not one package of the right length for each other trustee.
    #[error("SEA-07: a malformed round 2 of the key generation")]
    Malformed,
    /// The seat is not a trustee of this run, or the secret is not the one behind its round 1.
    #[error("seat {0} takes no part in this run with this secret")]
    NotMine(SeatNumber),
}

impl Round2Error {
    /// The rule that was broken by a peer, if it was one.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Malformed => Some("SEA-07"),
            Self::NotMine(_) => None,
        }
    }
}

/// Why a trustee cannot finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// This trustee's package is false (SEA-08): complain about it.
    #[error("SEA-08: seat {0} sent a false package")]
    False(SeatNumber),
    /// This trustee's round 2 is not there: the run waits, or starts again without it.
    #[error("the round 2 of seat {0} is missing")]
    Silent(SeatNumber),
    /// Misuse: not this trustee's run or secret.
    #[error("seat {0} takes no part in this run with this secret")]
    NotMine(SeatNumber),
}

impl FinishError {
    /// The rule that a peer broke, if one did.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::False(_) => Some("SEA-08"),
            Self::Silent(_) | Self::NotMine(_) => None,
        }
    }
}

/// A trustee's round 2, of the right form; whether its packages are true only their recipients see.
#[derive(Debug, Clone)]
pub struct Round2 {
    /// By recipient.
    packages: BTreeMap<SeatNumber, Vec<u8>>,
    pub(crate) hash: Hash,
}

impl Round2 {
    /// Decodes the round 2 that `seat` posted.
    ///
    /// # Errors
    /// [`Round2Error::Malformed`] (SEA-07): everybody refuses it, so the trustee is silent.
    /// [`Round2Error::NotMine`] if `seat` takes no part.
    pub fn decode(trustees: &Trustees, seat: SeatNumber, bytes: &[u8]) -> Result<Self, Round2Error> {
        trustees.round1_of(seat).ok_or(Round2Error::NotMine(seat))?;
        let package_len = 32 * usize::from(trustees.run().keys) + TAG_LEN;
        let max = 8 + usize::from(trustees.count()) * (package_len + 8);
        let packages: Vec<ByteVec> =
            canonical::decode_canonical_max(bytes, max).map_err(|_| Round2Error::Malformed)?;
        let fits = packages.len() + 1 == usize::from(trustees.count())
            && packages.iter().all(|package| package.len() == package_len);
        if !fits {
            return Err(Round2Error::Malformed);
        }
        let recipients = trustees.others(seat).map(|r| r.seat);
        let packages = recipients.zip(packages.into_iter().map(Vec::from)).collect();
        Ok(Self {
            packages,
            hash: canonical::sha256(bytes),
        })
    }
}

/// The bytes of `seat`'s round 2. Repeating it with the same secret gives the same bytes.
///
/// # Errors
/// [`Round2Error::NotMine`].
pub fn round2(trustees: &Trustees, seat: SeatNumber, secret: &RunSecret) -> Result<Vec<u8>, Round2Error> {
    let mine = Mine::of(trustees, seat, secret).ok_or(Round2Error::NotMine(seat))?;
    let mut shares: BTreeMap<Identifier, Zeroizing<Vec<u8>>> = BTreeMap::new();
    for index in 0..trustees.run().keys {
        let (_, packages) = mine.part2(index).ok_or(Round2Error::NotMine(seat))?;
        for (identifier, package) in packages {
            let share = Zeroizing::new(package.signing_share().serialize());
            let capacity = 32 * usize::from(trustees.run().keys);
            let all = shares
                .entry(identifier)
                .or_insert_with(|| Zeroizing::new(Vec::with_capacity(capacity)));
            all.extend_from_slice(&share);
        }
    }
    let packages: Option<Vec<_>> = trustees
        .others(seat)
        .map(|to| {
            let channel = Channel::of(trustees, mine.round1, to, &mine.key, to.run_key);
            Some(ByteVec::from(kdf::encrypt(
                &channel.key,
                shares.get(&to.identifier)?,
                &channel.info,
            )))
        })
        .collect();
    Ok(encode(&packages.ok_or(Round2Error::NotMine(seat))?))
}

/// Opens and checks everybody's packages for `seat`, and adds up its share of every key of the run.
///
/// # Errors
/// [`FinishError::False`] with the first trustee (in seat order) whose package is false, [`FinishError::Silent`],
/// [`FinishError::NotMine`].
pub fn finish(
    trustees: &Trustees,
    round2: &BTreeMap<SeatNumber, Round2>,
    seat: SeatNumber,
    secret: &RunSecret,
) -> Result<Vec<ShareSecret>, FinishError> {
    let mine = Mine::of(trustees, seat, secret).ok_or(FinishError::NotMine(seat))?;
    let mut received = Vec::new();
    for from in trustees.others(seat) {
        let posted = round2.get(&from.seat).ok_or(FinishError::Silent(from.seat))?;
        let channel = Channel::of(trustees, from, mine.round1, &mine.key, from.run_key);
        let shares =
            open_package(posted, from, mine.round1, &channel).ok_or(FinishError::False(from.seat))?;
        received.push((from.identifier, shares));
    }
    let public_keys = trustees.public_keys();
    (0..trustees.run().keys)
        .zip(&public_keys)
        .map(|(index, public)| {
            let packages = received
                .iter()
                .filter_map(|(from, shares)| Some((*from, shares.get(usize::from(index))?.clone())))
                .collect();
            let (part2, _) = mine.part2(index)?;
            let round1 = trustees.packages(seat, usize::from(index));
            let (key_package, _) = dkg::part3(&part2, &round1, &packages).ok()?;
            let share = Zeroizing::new(key_package.signing_share().serialize());
            ShareSecret::new(public.y(), seat, &share)
        })
        .collect::<Option<Vec<_>>>()
        .ok_or(FinishError::NotMine(seat))
}

/// A trustee's own view of its run.
struct Mine<'a> {
    trustees: &'a Trustees,
    round1: &'a Round1,
    secret: &'a RunSecret,
    key: StaticSecret,
}

impl<'a> Mine<'a> {
    /// `None` unless the secret is the one behind the round 1 that `seat` posted.
    fn of(trustees: &'a Trustees, seat: SeatNumber, secret: &'a RunSecret) -> Option<Self> {
        let round1 = trustees.round1_of(seat)?;
        let key = secret.run_key(trustees.run(), seat);
        let same = run_public(&key) == round1.run_key;
        same.then_some(Self {
            trustees,
            round1,
            secret,
            key,
        })
    }

    fn part2(
        &self,
        index: u16,
    ) -> Option<(
        dkg::round2::SecretPackage,
        BTreeMap<Identifier, dkg::round2::Package>,
    )> {
        let seat = self.round1.seat;
        let (part1, package) = self
            .secret
            .part1(self.trustees.run(), seat, index, self.trustees.count())?;
        if self.round1.packages.get(usize::from(index)) != Some(&package) {
            return None;
        }
        dkg::part2(part1, &self.trustees.packages(seat, usize::from(index))).ok()
    }
}

/// The key between two trustees for one direction.
pub(crate) struct Channel {
    key: Zeroizing<[u8; 32]>,
    info: Vec<u8>,
}

impl Channel {
    /// The channel `from -> to`, computed by whoever holds `own`; `peer` is the other side's public key.
    pub(crate) fn of(
        trustees: &Trustees,
        from: &Round1,
        to: &Round1,
        own: &StaticSecret,
        peer: [u8; 32],
    ) -> Self {
        let info = encode(&(
            labels::SEALING_PACKAGE,
            trustees.round1_hash(),
            from.seat,
            to.seat,
        ));
        let shared = own.diffie_hellman(&PublicKey::from(peer));
        let salt = [from.run_key, to.run_key].concat();
        Self {
            key: kdf::derive(shared.as_bytes(), &salt, &info),
            info,
        }
    }
}

/// The shares in the package `from -> to`, one per key; `None` if it does not open or one share is false (SEA-08).
pub(crate) fn open_package(
    posted: &Round2,
    from: &Round1,
    to: &Round1,
    channel: &Channel,
) -> Option<Vec<dkg::round2::Package>> {
    let package = posted.packages.get(&to.seat)?;
    let plaintext = kdf::decrypt(&channel.key, package, &channel.info)?;
    let (chunks, []) = plaintext.as_chunks::<32>() else {
        return None;
    };
    if chunks.len() != from.packages.len() {
        return None;
    }
    chunks
        .iter()
        .zip(&from.packages)
        .map(|(chunk, package)| {
            let share = SigningShare::deserialize(chunk).ok()?;
            SecretShare::new(to.identifier, share, package.commitment().clone())
                .verify()
                .ok()?;
            Some(dkg::round2::Package::new(share))
        })
        .collect()
}
