//! What goes through a device link's log: read by whom it is for, and by nobody else.

use crate::{
    Certified, DeviceCode, DeviceLink, DeviceRequest, EnvelopeSecret, History, JournalKey, Linked,
    device_commitment, open_certified, open_device_challenge, open_device_opening, open_history, open_linked,
    post_certified, post_device_challenge, post_device_opening, post_device_request, post_history,
};
use primitives::{AssemblyId, ConversationId, DeviceCertificate, Hash, Secret, SigningSecret, Time};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

fn key(seed: u8) -> SigningSecret {
    SigningSecret::from_seed(&Secret::take(&mut [seed; 32]))
}

fn link() -> DeviceLink {
    DeviceLink {
        relay: "veche-relay://abc@127.0.0.1:7000".into(),
        carrier: None,
        assembly: AssemblyId::new([1; 32]),
        assembly_name: "Совет".into(),
        identity: key(1).verifying_key(),
        secret: Secret::take(&mut [3; 32]),
        expires: Time(1000),
    }
}

fn secret(seed: u8) -> EnvelopeSecret {
    EnvelopeSecret::from_seed(Secret::take(&mut [seed; 32]))
}

fn nonce(device: u8) -> Secret<32> {
    Secret::take(&mut [device ^ 9; 32])
}

fn request(device: u8) -> DeviceRequest {
    DeviceRequest {
        name: "laptop".into(),
        device: key(device).verifying_key(),
        sealing_key: [5; 32].into(),
        envelope_key: secret(device).key().unwrap(),
        commitment: device_commitment(&nonce(device)),
        claim: [6; 64].into(),
    }
}

fn certified(identity: u8, device: u8) -> Certified {
    Certified {
        certificate: DeviceCertificate::issue(&key(identity), key(device).verifying_key(), [5; 32], Time(4)),
        name_opening: vec![1, 2],
        plenary: ConversationId::new([6; 32]),
        journal_keys: vec![JournalKey {
            number: 1,
            key: Secret::take(&mut [8; 32]),
        }],
    }
}

#[test]
fn msg_33_a_request_is_by_the_device_that_it_names() {
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let wrapped = post_device_request(&link(), request(2), &key(2), rng).unwrap();
    let Ok(Linked::Request(read)) = open_linked(&link(), &wrapped.entry) else {
        panic!("no request")
    };
    assert_eq!(*read, request(2));
    let forged = post_device_request(&link(), request(2), &key(3), rng).unwrap();
    assert!(open_linked(&link(), &forged.entry).is_err());
    let long = DeviceRequest {
        name: "x".repeat(241),
        ..request(2)
    };
    assert!(post_device_request(&link(), long, &key(2), rng).is_err());
}

#[test]
fn msg_33_the_code_depends_on_the_request_the_identity_and_what_both_devices_drew() {
    let code = DeviceCode {
        request: request(2).id(),
        identity: link().identity,
        challenge: [1; 32].into(),
        opening: [2; 32].into(),
    };
    let renamed = DeviceRequest {
        name: "other".into(),
        ..request(2)
    };
    let others = [
        DeviceCode {
            request: renamed.id(),
            ..code
        },
        DeviceCode {
            identity: key(4).verifying_key(),
            ..code
        },
        DeviceCode {
            challenge: [3; 32].into(),
            ..code
        },
        DeviceCode {
            opening: [3; 32].into(),
            ..code
        },
        // What the two drew does not change places.
        DeviceCode {
            challenge: code.opening,
            opening: code.challenge,
            ..code
        },
    ];
    for other in others {
        assert_ne!(other.digits(), code.digits());
    }
    assert_eq!(code.digits().len(), 11);
    assert!(
        code.digits()
            .chars()
            .all(|digit| digit.is_ascii_digit() || digit == ' ')
    );
}

#[test]
fn msg_33_a_challenge_is_for_one_request_and_by_the_identity_of_the_link() {
    let rng = &mut ChaCha20Rng::seed_from_u64(4);
    let envelope = |signer: u8, rng: &mut ChaCha20Rng| {
        let wrapped = post_device_challenge(&link(), &request(2), [1; 32].into(), &key(signer), rng).unwrap();
        match open_linked(&link(), &wrapped.entry).unwrap() {
            Linked::Challenge(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    };
    let (good, forged) = (envelope(1, rng), envelope(4, rng));
    let id = request(2).id();
    let read = open_device_challenge(&link(), &secret(2), id, &good).unwrap();
    assert_eq!(*read, [1; 32]);
    assert!(open_device_challenge(&link(), &secret(2), id, &forged).is_err());
    assert!(open_device_challenge(&link(), &secret(2), request(3).id(), &good).is_err());
    assert!(open_device_challenge(&link(), &secret(3), id, &good).is_err());
    // Whoever gave the new device a link of his own cannot hand on what the true identity said.
    let swapped = DeviceLink {
        identity: key(4).verifying_key(),
        ..link()
    };
    assert!(open_device_challenge(&swapped, &secret(2), id, &good).is_err());
    // An answer is no challenge, and the other way round.
    let wrapped = post_certified(&link(), &request(2), &certified(1, 2), &key(1), rng).unwrap();
    let Ok(Linked::Certified(answer)) = open_linked(&link(), &wrapped.entry) else {
        panic!("no answer")
    };
    assert!(open_device_challenge(&link(), &secret(2), id, &answer).is_err());
    assert!(open_certified(&link(), &secret(2), id, key(2).verifying_key(), &good).is_err());
}

#[test]
fn msg_33_an_opening_is_by_the_device_that_asked_and_of_the_nonce_that_it_is_bound_to() {
    let rng = &mut ChaCha20Rng::seed_from_u64(5);
    let opening = |request: Hash, nonce: Secret<32>, signer: u8, rng: &mut ChaCha20Rng| {
        let wrapped = post_device_opening(&link(), request, &nonce, &key(signer), rng).unwrap();
        match open_linked(&link(), &wrapped.entry).unwrap() {
            Linked::Opening(opening) => opening,
            other => panic!("{other:?}"),
        }
    };
    let id = request(2).id();
    let good = opening(id, nonce(2), 2, rng);
    let read = open_device_opening(&request(2), good).unwrap();
    assert_eq!(&*read, nonce(2).expose());
    let bad = [
        // Another nonce, chosen once the first device's is known; by another device; of another request.
        opening(id, nonce(3), 2, rng),
        opening(id, nonce(2), 3, rng),
        opening(request(3).id(), nonce(2), 2, rng),
    ];
    for bad in bad {
        assert!(open_device_opening(&request(2), bad).is_err());
    }
}

#[test]
fn msg_33_an_answer_counts_for_its_request_by_the_identity_of_the_link_and_about_this_device() {
    let rng = &mut ChaCha20Rng::seed_from_u64(2);
    let device = key(2).verifying_key();
    let (to, id) = (request(2), request(2).id());
    let sealed = |signer: u8, certified: &Certified, rng: &mut ChaCha20Rng| {
        let wrapped = post_certified(&link(), &to, certified, &key(signer), rng).unwrap();
        match open_linked(&link(), &wrapped.entry).unwrap() {
            Linked::Certified(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    };
    let good = sealed(1, &certified(1, 2), rng);
    let read = open_certified(&link(), &secret(2), id, device, &good).unwrap();
    assert_eq!(
        (read.plenary, read.name_opening.as_slice()),
        (ConversationId::new([6; 32]), &[1, 2][..])
    );
    assert_eq!(read.journal_keys[0].key.expose(), &[8; 32]);
    // Somebody else's request, somebody else's envelope, another device.
    assert!(open_certified(&link(), &secret(2), request(3).id(), device, &good).is_err());
    assert!(open_certified(&link(), &secret(3), id, device, &good).is_err());
    assert!(open_certified(&link(), &secret(2), id, key(3).verifying_key(), &good).is_err());
    // Signed by who has the link and not the identity; a certificate by another identity.
    let forged = sealed(4, &certified(1, 2), rng);
    assert!(open_certified(&link(), &secret(2), id, device, &forged).is_err());
    let foreign = sealed(1, &certified(4, 2), rng);
    assert!(open_certified(&link(), &secret(2), id, device, &foreign).is_err());
}

#[test]
fn msg_33_history_comes_whole_and_by_nobody_else() {
    let rng = &mut ChaCha20Rng::seed_from_u64(3);
    let history = History {
        conversation: ConversationId::new([6; 32]),
        from: 3,
        last: false,
        lines: vec![(4, vec![1; 100]), (3, vec![2; 10])],
    };
    let envelope = |signer: u8, rng: &mut ChaCha20Rng| {
        let wrapped = post_history(&link(), &request(2), history.clone(), &key(signer), rng).unwrap();
        match open_linked(&link(), &wrapped.entry).unwrap() {
            Linked::History(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    };
    let (good, forged) = (envelope(1, rng), envelope(4, rng));
    assert_eq!(
        open_history(&link(), &secret(2), request(2).id(), &good).unwrap(),
        history
    );
    assert!(open_history(&link(), &secret(2), request(2).id(), &forged).is_err());
    assert!(open_history(&link(), &secret(2), request(3).id(), &good).is_err());
}
