//! Whatever is sealed opens, and no bytes make a decoder panic.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use primitives::{AssemblyId, Hash, OpeningId, SeatNumber};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sealing::{
    OpeningSecret, Round1, Run, SealContext, SealingKey, ShareSecret, check_sealed, open, seal, sealed_len,
};

const RUN: Run = Run {
    assembly: AssemblyId::new([1; 32]),
    number: 1,
    threshold: 2,
    keys: 1,
};

fn context(tag: [u8; 32]) -> SealContext {
    SealContext {
        opening: OpeningId::new([1; 32]),
        roll_root: Hash::new([2; 32]),
        tag,
    }
}

fn secret() -> OpeningSecret {
    OpeningSecret::from_bytes(&[7; 32]).unwrap()
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_is_hidden(plaintext: Vec<u8>, tag: [u8; 32], seed: u64) {
        let key = SealingKey::from_bytes(secret().key_bytes()).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let sealed = seal(&key, &context(tag), &plaintext, &mut rng);
        prop_assert_eq!(sealed.len(), sealed_len(plaintext.len()));
        prop_assert!(check_sealed(&sealed, plaintext.len()).is_ok());
        let opened = open(&secret(), &context(tag), &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        let again = seal(&key, &context(tag), &plaintext, &mut rng);
        prop_assert_ne!(again, sealed);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>, share: [u8; 32]) {
        prop_assert!(open(&secret(), &context([3; 32]), &bytes).is_err());
        prop_assert!(Round1::decode(&RUN, SeatNumber(1), &bytes).is_err());
        let mut stored = [0; 68];
        stored.iter_mut().skip(36).zip(share).for_each(|(to, from)| *to = from);
        let taken = ShareSecret::from_bytes(&stored);
        prop_assert_eq!(taken.is_some(), OpeningSecret::from_bytes(&share).is_some());
    }
}
