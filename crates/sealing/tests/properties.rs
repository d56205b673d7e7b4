//! Whatever is sealed opens, and no bytes make a decoder panic.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use primitives::{AssemblyId, Hash, OpeningId, SeatNumber};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sealing::{
    OpeningSecret, Round1, Run, SealContext, SealingKey, ShareSecret, check_sealed, open, open_all, seal,
    sealed_len,
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
    fn choices_opened_together_open_as_they_do_alone(
        kinds in prop::collection::vec(0u8..5, 0..12),
        bytes: Vec<u8>,
        seed: u64,
    ) {
        let key = SealingKey::from_bytes(secret().key_bytes()).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let sealed: Vec<_> = kinds.iter().map(|kind| {
            let mut sealed = seal(&key, &context([*kind; 32]), &bytes, &mut rng);
            match kind {
                0 => sealed.truncate(20),
                1 => sealed.iter_mut().take(32).for_each(|byte| *byte = 0xff),
                2 => sealed.iter_mut().skip(32).for_each(|byte| *byte ^= 1),
                _ => {}
            }
            (context([*kind; 32]), sealed)
        }).collect();
        let choices: Vec<_> = sealed.iter().map(|(context, sealed)| (*context, sealed.as_slice())).collect();
        let alone: Vec<_> = choices.iter().map(|(context, sealed)| open(&secret(), context, sealed)).collect();
        prop_assert!(alone.iter().zip(&kinds).all(|(opened, kind)| opened.is_ok() == (*kind > 2)));
        prop_assert_eq!(open_all(&secret(), &choices), alone);
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
