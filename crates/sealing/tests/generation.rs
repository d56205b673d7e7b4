//! Whole runs of the key generation: honest, lying, silent and slandering trustees, and those who get lost later.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use minicbor::bytes::ByteVec;
use primitives::{AssemblyId, Hash, OpeningId, SeatNumber, decode_canonical, encode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sealing::{
    CombineError, Complaint, ComplaintError, FinishError, Guilty, OpeningSecret, PublicKey, Round1,
    Round1Error, Round2, Round2Error, Run, RunSecret, SealContext, SealedError, Share, ShareSecret, Trustees,
    TrusteesError, check_sealed, combine, complain, default_threshold, finish, judge_complaint, open,
    release, round1, round2, seal, sealed_len, verify_share,
};
use std::collections::BTreeMap;

const CONTEXT: SealContext = SealContext {
    opening: OpeningId::new([1; 32]),
    roll_root: Hash::new([2; 32]),
    tag: [3; 32],
};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn run(number: u64, threshold: u16) -> Run {
    Run {
        assembly: AssemblyId::new([9; 32]),
        number,
        threshold,
        keys: 3,
    }
}

/// A run at the point where both rounds have been posted.
struct Posted {
    secrets: BTreeMap<SeatNumber, RunSecret>,
    trustees: Trustees,
    round2: BTreeMap<SeatNumber, Round2>,
    bytes2: BTreeMap<SeatNumber, Vec<u8>>,
}

fn posted(run: &Run, seats: &[u32]) -> Posted {
    let secret = |seat: &u32| {
        (
            SeatNumber(*seat),
            RunSecret::random(&mut rng(run.number * 100 + u64::from(*seat))),
        )
    };
    let secrets: BTreeMap<_, _> = seats.iter().map(secret).collect();
    let statements = secrets
        .iter()
        .map(|(seat, secret)| Round1::decode(run, *seat, &round1(run, *seat, secret).unwrap()).unwrap());
    let trustees = Trustees::new(run, statements).unwrap();
    let bytes2: BTreeMap<_, _> = secrets
        .iter()
        .map(|(seat, secret)| (*seat, round2(&trustees, *seat, secret).unwrap()))
        .collect();
    let round2 = bytes2
        .iter()
        .map(|(seat, bytes)| (*seat, Round2::decode(&trustees, *seat, bytes).unwrap()))
        .collect();
    Posted {
        secrets,
        trustees,
        round2,
        bytes2,
    }
}

impl Posted {
    fn finish(&self, seat: u32) -> Result<Vec<ShareSecret>, FinishError> {
        let seat = SeatNumber(seat);
        finish(&self.trustees, &self.round2, seat, &self.secrets[&seat])
    }

    /// Replaces the package at `index` of what `seat` posted.
    fn lie(&mut self, seat: u32, index: usize, package: impl FnOnce(&mut Vec<u8>)) {
        let seat = SeatNumber(seat);
        let mut packages: Vec<ByteVec> = decode_canonical(&self.bytes2[&seat]).unwrap();
        let mut altered = Vec::from(packages[index].clone());
        package(&mut altered);
        packages[index] = ByteVec::from(altered);
        self.round2.insert(
            seat,
            Round2::decode(&self.trustees, seat, &encode(&packages)).unwrap(),
        );
    }

    fn complain(&self, seat: u32, accused: u32) -> Complaint {
        let seat = SeatNumber(seat);
        complain(&self.trustees, seat, &self.secrets[&seat], SeatNumber(accused)).unwrap()
    }

    fn judge(&self, complainer: u32, complaint: &Complaint) -> Result<Guilty, ComplaintError> {
        judge_complaint(&self.trustees, &self.round2, SeatNumber(complainer), complaint)
    }
}

fn sealed_to(key: &PublicKey) -> Vec<u8> {
    seal(&key.sealing_key().unwrap(), &CONTEXT, b"y", &mut rng(77))
}

#[test]
fn any_threshold_of_trustees_opens_after_the_others_are_lost() {
    let posted = posted(&run(1, 3), &[2, 3, 5, 8, 13]);
    let keys = posted.trustees.public_keys();
    assert_eq!(keys.len(), 3);
    let shares: Vec<_> = [2, 3, 5, 8, 13]
        .iter()
        .map(|seat| posted.finish(*seat).unwrap())
        .collect();
    for (index, key) in keys.iter().enumerate() {
        let sealed = sealed_to(key);
        for kept in [[0, 1, 2], [2, 3, 4], [0, 2, 4]] {
            let released: Vec<_> = kept
                .iter()
                .map(|holder: &usize| release(&shares[*holder][index]))
                .collect();
            assert!(released.iter().all(|share| verify_share(key, share).is_ok()));
            let secret = combine(key, &released).unwrap();
            assert_eq!(secret.key_bytes(), key.y());
            assert_eq!(open(&secret, &CONTEXT, &sealed).unwrap().as_slice(), b"y");
            let too_few = combine(key, &released[..2]).unwrap_err();
            assert_eq!(too_few, CombineError::TooFew { valid: 2, needed: 3 });
        }
    }
}

#[test]
fn every_step_repeats_to_the_same_bytes_after_a_crash() {
    let posted = posted(&run(1, 2), &[1, 2, 3]);
    for (seat, secret) in &posted.secrets {
        let restored = RunSecret::from_bytes(&mut secret.to_bytes());
        assert_eq!(
            round1(posted.trustees.run(), *seat, &restored),
            round1(posted.trustees.run(), *seat, secret)
        );
        assert_eq!(
            round2(&posted.trustees, *seat, &restored).unwrap(),
            posted.bytes2[seat]
        );
    }
    let share = &posted.finish(1).unwrap()[0];
    let restored = ShareSecret::from_bytes(&share.to_bytes()).unwrap();
    assert_eq!(release(&restored), release(share));
    assert_eq!(
        format!("{share:?} {:?}", posted.secrets[&SeatNumber(1)]),
        "ShareSecret(seat 1, ..) RunSecret(..)"
    );
    assert_eq!(
        decode_canonical::<Share>(&encode(&release(share))).unwrap(),
        release(share)
    );
    let key = &posted.trustees.public_keys()[0];
    assert_eq!(decode_canonical::<PublicKey>(&encode(key)).unwrap(), *key);
}

#[test]
fn all_trustees_confirm_the_same_transcript_and_any_change_shows() {
    let mut posted = posted(&run(1, 2), &[1, 2, 3]);
    let before = posted.trustees.transcript(&posted.round2).unwrap();
    posted.lie(2, 0, |package| package[0] ^= 1);
    assert_ne!(posted.trustees.transcript(&posted.round2).unwrap(), before);
    posted.round2.remove(&SeatNumber(2));
    assert_eq!(posted.trustees.transcript(&posted.round2), None);
}

#[test]
fn sea_08_a_lying_trustee_is_found_accused_and_left_out() {
    let mut posted = posted(&run(1, 2), &[1, 2, 3, 4]);
    // Seat 2 sends seat 3 (second in its list) something else.
    posted.lie(2, 1, |package| package[5] ^= 1);
    assert!(posted.finish(1).is_ok());
    assert_eq!(posted.finish(3).unwrap_err(), FinishError::False(SeatNumber(2)));
    assert_eq!(posted.finish(3).unwrap_err().rule(), Some("SEA-08"));
    let complaint = posted.complain(3, 2);
    assert_eq!(
        decode_canonical::<Complaint>(&encode(&complaint)).unwrap(),
        complaint
    );
    assert_eq!(posted.judge(3, &complaint), Ok(Guilty::Accused));

    let again = self::posted(&run(2, 2), &[1, 3, 4]);
    assert!([1, 3, 4].iter().all(|seat| again.finish(*seat).is_ok()));
}

#[test]
fn sea_08_shares_that_do_not_fit_the_commitments_are_false() {
    // Two openings of round 2 by seat 2, whose second one answers to other commitments: a true package of
    // another polynomial, correctly sealed in its own run, does not open here.
    let mut posted = posted(&run(1, 2), &[1, 2, 3]);
    let other = self::posted(&run(2, 2), &[1, 2, 3]);
    let foreign: Vec<ByteVec> = decode_canonical(&other.bytes2[&SeatNumber(2)]).unwrap();
    posted.lie(2, 0, |package| *package = foreign[0].to_vec());
    assert_eq!(posted.finish(1).unwrap_err(), FinishError::False(SeatNumber(2)));
    assert_eq!(posted.judge(1, &posted.complain(1, 2)), Ok(Guilty::Accused));
}

#[test]
fn sea_09_a_false_complaint_falls_back_on_the_complainer() {
    let posted = posted(&run(1, 2), &[1, 2, 3]);
    let slander = posted.complain(3, 2);
    assert_eq!(posted.judge(3, &slander), Ok(Guilty::Complainer));
    assert_eq!(Guilty::Complainer.rule(), "SEA-09");
    // The same key revealed by somebody else, or a key that is nobody's.
    assert_eq!(posted.judge(1, &slander), Ok(Guilty::Complainer));
    let nobody = Complaint {
        accused: SeatNumber(2),
        run_key: [5; 32].into(),
    };
    assert_eq!(posted.judge(3, &nobody), Ok(Guilty::Complainer));
}

#[test]
fn complaints_that_concern_nobody_are_not_judged() {
    let mut posted = posted(&run(1, 2), &[1, 2, 3]);
    let about = |accused| Complaint {
        accused: SeatNumber(accused),
        ..posted.complain(3, 2)
    };
    assert_eq!(
        posted.judge(3, &about(7)),
        Err(ComplaintError::NoParty(SeatNumber(7)))
    );
    assert_eq!(
        posted.judge(3, &about(3)),
        Err(ComplaintError::NoParty(SeatNumber(3)))
    );
    assert_eq!(
        posted.judge(7, &about(2)),
        Err(ComplaintError::NoParty(SeatNumber(7)))
    );
    let complaint = about(2);
    posted.round2.remove(&SeatNumber(2));
    assert_eq!(
        posted.judge(3, &complaint),
        Err(ComplaintError::Silent(SeatNumber(2)))
    );
    let stranger = RunSecret::random(&mut rng(1));
    assert!(complain(&posted.trustees, SeatNumber(3), &stranger, SeatNumber(2)).is_err());
}

#[test]
fn a_silent_trustee_is_named_and_the_rest_start_again() {
    let mut first = posted(&run(1, 2), &[1, 2, 3]);
    first.round2.remove(&SeatNumber(3));
    assert_eq!(first.finish(1).unwrap_err(), FinishError::Silent(SeatNumber(3)));
    let second = posted(&run(2, 2), &[1, 2]);
    let key = &second.trustees.public_keys()[1];
    let shares = [1, 2].map(|seat| release(&second.finish(seat).unwrap()[1]));
    let secret = combine(key, &shares).unwrap();
    assert_eq!(open(&secret, &CONTEXT, &sealed_to(key)).unwrap().as_slice(), b"y");
}

#[test]
fn sea_10_false_shares_are_findings_and_never_block() {
    let posted = posted(&run(1, 2), &[1, 2, 3, 4]);
    let key = &posted.trustees.public_keys()[0];
    let mut shares: Vec<_> = (1..=4)
        .map(|seat| release(&posted.finish(seat).unwrap()[0]))
        .collect();
    shares[0].share = [4; 32].into();
    shares[1].share = [0xff; 32].into();
    for share in &shares[..2] {
        let finding = verify_share(key, share).unwrap_err();
        assert_eq!((finding.seat, finding.rule()), (share.seat, "SEA-10"));
    }
    assert!(combine(key, &shares).is_ok());
    // A repetition is not a second share.
    let twice = [shares[2].clone(), shares[2].clone()];
    assert_eq!(
        combine(key, &twice).unwrap_err(),
        CombineError::TooFew { valid: 1, needed: 2 }
    );
    let stolen = Share {
        seat: SeatNumber(3),
        ..shares[3].clone()
    };
    assert!(verify_share(key, &stolen).is_err());
    assert!(
        verify_share(
            key,
            &Share {
                seat: SeatNumber(9),
                ..shares[3].clone()
            }
        )
        .is_err()
    );
}

#[test]
fn shares_of_another_run_or_another_key_are_refused() {
    let one = posted(&run(1, 2), &[1, 2, 3]);
    let two = posted(&run(2, 2), &[1, 2, 3]);
    let (here, there) = (&one.trustees.public_keys()[0], &two.trustees.public_keys()[0]);
    let shares: Vec<_> = (1..=3)
        .map(|seat| release(&two.finish(seat).unwrap()[0]))
        .collect();
    assert!(combine(there, &shares).is_ok());
    assert_eq!(
        combine(here, &shares).unwrap_err(),
        CombineError::TooFew { valid: 0, needed: 2 }
    );
    let relabelled: Vec<_> = shares
        .iter()
        .map(|s| Share {
            y: (*here.y()).into(),
            ..s.clone()
        })
        .collect();
    assert_eq!(
        combine(here, &relabelled).unwrap_err(),
        CombineError::TooFew { valid: 0, needed: 2 }
    );
    let other_key = release(&one.finish(1).unwrap()[1]);
    assert!(verify_share(here, &other_key).is_err());
}

#[test]
fn sea_04_to_06_reject_round_1_that_is_malformed_copied_or_replayed() {
    let run = run(1, 2);
    let secret = RunSecret::random(&mut rng(1));
    let bytes = round1(&run, SeatNumber(1), &secret).unwrap();
    Round1::decode(&run, SeatNumber(1), &bytes).unwrap();
    let rule = |run: &Run, seat, bytes: &[u8]| Round1::decode(run, SeatNumber(seat), bytes).unwrap_err();
    // The same commitments posted by somebody else, or in another run: the proofs do not fit.
    assert_eq!(rule(&run, 2, &bytes), Round1Error::Knowledge { index: 0 });
    assert_eq!(rule(&Run { number: 2, ..run }, 1, &bytes).rule(), "SEA-06");
    assert_eq!(rule(&Run { keys: 2, ..run }, 1, &bytes).rule(), "SEA-04");
    assert_eq!(rule(&Run { threshold: 3, ..run }, 1, &bytes).rule(), "SEA-04");
    assert_eq!(
        rule(&run, 1, &[&bytes[..], &[0]].concat()),
        Round1Error::Malformed
    );
    for len in 0..bytes.len() {
        assert_eq!(rule(&run, 1, &bytes[..len]), Round1Error::Malformed);
    }
    // The run key stands in bytes 3 to 34; 0 and 1 are of small order.
    for small in [0, 1] {
        let mut altered = bytes.clone();
        altered[3..35].fill(0);
        altered[3] = small;
        assert_eq!(rule(&run, 1, &altered), Round1Error::RunKey);
        assert_eq!(rule(&run, 1, &altered).rule(), "SEA-05");
    }
    // The identity and other bytes in place of the first commitment.
    for bad in [0, 0xff] {
        let mut altered = bytes.clone();
        altered[38..70].fill(bad);
        assert_eq!(rule(&run, 1, &altered), Round1Error::Malformed);
    }
    let impossible = Run { threshold: 1, ..run };
    assert_eq!(
        round1(&impossible, SeatNumber(1), &secret),
        Err(Round1Error::Malformed)
    );
}

#[test]
fn every_bit_of_round_1_counts() {
    let run = Run { keys: 1, ..run(1, 2) };
    let secret = RunSecret::random(&mut rng(1));
    let bytes = round1(&run, SeatNumber(1), &secret).unwrap();
    let hash = |bytes: &[u8]| {
        let statement = Round1::decode(&run, SeatNumber(1), bytes)?;
        let other = RunSecret::random(&mut rng(2));
        let second =
            Round1::decode(&run, SeatNumber(2), &round1(&run, SeatNumber(2), &other).unwrap()).unwrap();
        let trustees = Trustees::new(&run, [statement, second]).unwrap();
        Ok::<_, Round1Error>(round2(&trustees, SeatNumber(1), &secret).map(|_| ()))
    };
    assert_eq!(hash(&bytes), Ok(Ok(())));
    for bit in 0..8 * bytes.len() {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        // Refused, or not what the trustee posted: then its own client takes no part.
        assert_ne!(hash(&altered), Ok(Ok(())), "bit {bit}");
    }
}

#[test]
fn sea_07_rejects_a_malformed_round_2() {
    let posted = posted(&run(1, 2), &[1, 2, 3]);
    let seat = SeatNumber(1);
    let bytes = &posted.bytes2[&seat];
    let rule = |bytes: &[u8]| Round2::decode(&posted.trustees, seat, bytes).unwrap_err();
    assert_eq!(rule(&[&bytes[..], &[0]].concat()).rule(), Some("SEA-07"));
    for len in 0..bytes.len() {
        assert_eq!(rule(&bytes[..len]), Round2Error::Malformed);
    }
    let packages: Vec<ByteVec> = decode_canonical(bytes).unwrap();
    assert_eq!(rule(&encode(&packages[..1].to_vec())), Round2Error::Malformed);
    assert_eq!(
        rule(&encode(&vec![packages[0].clone(); 3])),
        Round2Error::Malformed
    );
    let unknown = Round2::decode(&posted.trustees, SeatNumber(9), bytes).unwrap_err();
    assert_eq!(unknown, Round2Error::NotMine(SeatNumber(9)));
    let stranger = RunSecret::random(&mut rng(5));
    assert_eq!(
        round2(&posted.trustees, seat, &stranger),
        Err(Round2Error::NotMine(seat))
    );
    assert_eq!(
        finish(&posted.trustees, &posted.round2, seat, &stranger).unwrap_err(),
        FinishError::NotMine(seat)
    );
}

#[test]
fn trustees_are_one_run_with_enough_different_seats() {
    let run = run(1, 3);
    let statement = |run: &Run, seat| {
        let secret = RunSecret::random(&mut rng(u64::from(seat)));
        Round1::decode(
            run,
            SeatNumber(seat),
            &round1(run, SeatNumber(seat), &secret).unwrap(),
        )
        .unwrap()
    };
    let refusal = |statements: Vec<Round1>| Trustees::new(&run, statements).unwrap_err();
    let two = || vec![statement(&run, 1), statement(&run, 2)];
    assert_eq!(
        refusal(two()),
        TrusteesError::TooFew {
            count: 2,
            threshold: 3
        }
    );
    let mut twice = two();
    twice.push(statement(&run, 2));
    assert_eq!(refusal(twice), TrusteesError::Twice(SeatNumber(2)));
    let mut mixed = two();
    mixed.push(statement(&Run { number: 8, ..run }, 3));
    assert_eq!(refusal(mixed), TrusteesError::OtherRun(SeatNumber(3)));
}

#[test]
fn a_sealed_choice_opens_only_where_it_belongs() {
    let posted = posted(&run(1, 2), &[1, 2]);
    let keys = posted.trustees.public_keys();
    let secrets: Vec<_> = (0..2)
        .map(|index| {
            let shares = [1, 2].map(|seat| release(&posted.finish(seat).unwrap()[index]));
            combine(&keys[index], &shares).unwrap()
        })
        .collect();
    let sealed = sealed_to(&keys[0]);
    assert_eq!(sealed.len(), sealed_len(1));
    check_sealed(&sealed, 1).unwrap();
    assert_eq!(open(&secrets[0], &CONTEXT, &sealed).unwrap().as_slice(), b"y");
    let contexts = [
        SealContext {
            opening: OpeningId::new([5; 32]),
            ..CONTEXT
        },
        SealContext {
            roll_root: Hash::new([5; 32]),
            ..CONTEXT
        },
        SealContext {
            tag: [5; 32],
            ..CONTEXT
        },
    ];
    for context in &contexts {
        assert_eq!(open(&secrets[0], context, &sealed), Err(SealedError::Ciphertext));
    }
    assert_eq!(open(&secrets[1], &CONTEXT, &sealed).unwrap_err().rule(), "SEA-03");
    for bit in 0..8 * sealed.len() {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&secrets[0], &CONTEXT, &altered).is_err(), "bit {bit}");
    }
    let restored = OpeningSecret::from_bytes(&secrets[0].to_bytes()).unwrap();
    assert_eq!(restored.key_bytes(), keys[0].y());
}

#[test]
fn sea_01_and_02_reject_what_everybody_sees_before_the_close() {
    let posted = posted(&run(1, 2), &[1, 2]);
    let sealed = sealed_to(&posted.trustees.public_keys()[0]);
    assert_eq!(check_sealed(&sealed, 2).unwrap_err().rule(), "SEA-01");
    assert_eq!(
        check_sealed(&sealed[..48], 1),
        Err(SealedError::Length {
            len: 48,
            expected: 49
        })
    );
    for bad in [0, 0xff] {
        let mut altered = sealed.clone();
        altered[..32].fill(bad);
        assert_eq!(check_sealed(&altered, 1), Err(SealedError::Point));
        assert_eq!(SealedError::Point.rule(), "SEA-02");
        assert!(sealing::SealingKey::from_bytes(&[bad; 32]).is_err());
    }
}

#[test]
fn the_default_threshold_is_a_third_but_not_too_few() {
    let expected = [
        (1, 2),
        (2, 2),
        (3, 2),
        (4, 2),
        (5, 3),
        (9, 3),
        (10, 4),
        (21, 7),
        (1_000, 64),
    ];
    for (trustees, threshold) in expected {
        assert_eq!(default_threshold(trustees), threshold, "{trustees}");
    }
}
