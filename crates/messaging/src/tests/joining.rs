//! Key packages, Welcomes, coming back, and the invitation's log.

use super::support::*;
use crate::*;
use minicbor::bytes::ByteArray;
use primitives::{AssemblyId, Secret, Time, labels};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Desk 1 alone, and desk 2 with a Welcome in hand.
fn invited(last_resort: bool) -> (Relay, Desk, Desk, Vec<u8>) {
    let journal = Journal::of(&[1, 2, 3]);
    let (mut one, mut two) = (Desk::new(1, &journal), Desk::new(2, &journal));
    let mut relay = Relay::default();
    one.found();
    one.commit(&Intent {
        add: vec![two.key_package(last_resort)],
        ..Intent::default()
    })
    .unwrap();
    one.flush(&mut relay);
    one.follow(&relay).unwrap();
    let welcome = one.welcome().unwrap();
    (relay, one, two, welcome)
}

#[test]
fn a_joiner_skips_the_commit_that_added_it_and_reads_what_follows() {
    let (mut relay, mut one, mut two, welcome) = invited(false);
    one.say("welcome").unwrap();
    one.flush(&mut relay);
    two.join(&welcome).unwrap();
    let seen = two.follow(&relay).unwrap();
    assert!(
        matches!(seen[0], Processed::Ignored(Reason::EpochOver)),
        "{seen:?}"
    );
    assert_eq!(two.texts(), ["welcome"]);
}

#[test]
fn a_welcome_is_followed_once() {
    let (_, one, mut two, welcome) = invited(false);
    two.join(&welcome).unwrap();
    assert_eq!(two.join(&welcome), Err(JoinError::NoKeyPackage), "MSG-14");
    assert_eq!(two.conversation().epoch(), one.conversation().epoch());
}

#[test]
fn a_last_resort_package_stays_and_does_not_replace_a_live_group() {
    let (_, _, mut two, welcome) = invited(true);
    two.join(&welcome).unwrap();
    assert_eq!(two.join(&welcome), Err(JoinError::AlreadyThere));
    assert_eq!(
        two.join_as(&welcome, Replace::Broken),
        Err(JoinError::AlreadyThere)
    );
}

#[test]
fn a_cut_or_changed_welcome_is_a_typed_error_and_uses_nothing_up() {
    let (_, _, mut two, welcome) = invited(false);
    for at in (0..welcome.len()).step_by(211) {
        assert!(two.join(&welcome[..at]).is_err());
        let mut changed = welcome.clone();
        changed[at] ^= 1;
        assert!(two.join(&changed).is_err(), "at {at}");
    }
    two.join(&welcome).unwrap();
}

#[test]
fn a_welcome_for_another_device_finds_no_key_package() {
    let (_, _, two, welcome) = invited(false);
    let mut three = Desk::new(3, &two.journal);
    assert_eq!(three.join(&welcome), Err(JoinError::NoKeyPackage));
}

#[test]
fn voided_key_packages_open_no_welcome() {
    let (_, _, mut two, welcome) = invited(false);
    two.step(|overlay, _, _, _| forget_key_packages(overlay).unwrap())
        .unwrap();
    assert_eq!(two.join(&welcome), Err(JoinError::NoKeyPackage));
}

#[test]
fn a_welcome_whose_journal_point_is_ahead_waits_without_using_the_package_up() {
    let (_, _, mut two, welcome) = invited(false);
    two.journal.known = 0;
    assert_eq!(two.join(&welcome), Err(JoinError::JournalBehind));
    two.journal.known = 1;
    two.join(&welcome).unwrap();
}

#[test]
fn a_member_removed_and_added_again_comes_back_with_its_history() {
    let (mut relay, mut desks) = gathered(3);
    desks[0].say("before").unwrap();
    settle(&mut relay, &mut desks);
    journal_says(&mut desks, &[1, 2]);
    desks[0]
        .commit(&Intent {
            remove: vec![member(3).identity],
            ..Intent::default()
        })
        .unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(desks[2].conversation().standing(), Standing::Left);
    journal_says(&mut desks, &[1, 2, 3]);
    let add = vec![desks[2].key_package(false)];
    desks[1]
        .commit(&Intent {
            add,
            ..Intent::default()
        })
        .unwrap();
    settle(&mut relay, &mut desks);
    let welcome = desks[1].welcome().unwrap();
    assert_eq!(desks[2].join(&welcome), Err(JoinError::AlreadyThere));
    desks[2].join_as(&welcome, Replace::Broken).unwrap();
    desks[1].say("after").unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.texts() == ["before", "after"]));
}

#[test]
fn a_device_is_replaced_in_one_commit_and_follows_to_the_new_log() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2, 3]);
    desks[2].ask_again();
    settle(&mut relay, &mut desks);
    let intent = Intent {
        add: desks[0].conversation().requests(u64::MAX),
        remove: vec![member(3).identity],
        refresh: false,
    };
    desks[0].commit(&intent).unwrap();
    settle(&mut relay, &mut desks);
    let welcome = desks[0].welcome().unwrap();
    desks[2].join_as(&welcome, Replace::Broken).unwrap();
    desks[0].say("here again").unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.texts() == ["here again"]));
    assert!(desks.iter().all(|desk| desk.log() == desks[0].log()));
}

#[test]
fn a_key_package_with_any_changed_byte_is_refused() {
    let mut desk = Desk::new(1, &Journal::of(&[1]));
    let bytes = desk
        .step(|overlay, device, _, _| new_key_package(overlay, device, false).unwrap())
        .unwrap();
    for at in (0..bytes.len()).step_by(53) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(KeyPackage::parse(&changed).is_err(), "at {at}");
        assert!(KeyPackage::parse(&bytes[..at]).is_err(), "cut at {at}");
    }
    assert!(KeyPackage::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert_eq!(KeyPackage::parse(&bytes).unwrap().member(), member(1));
}

fn invitation() -> Invitation {
    Invitation {
        relay: "veche-relay://abc@127.0.0.1:7000".into(),
        carrier: None,
        assembly: AssemblyId::new([1; 32]),
        assembly_name: "Council".into(),
        inviter: member(1).identity,
        role: 0,
        secret: Secret::take(&mut [5; 32]),
        expires: Time(1000),
    }
}

fn request(desk: &mut Desk, secret: &EnvelopeSecret) -> (JoinRequest, Wrapped) {
    desk.step(|overlay, device, _, rng| {
        let request = JoinRequest {
            name: "Anna".into(),
            salt: ByteArray::from([4; 32]),
            certificate: device.certificate().unverified().clone(),
            key_package: new_key_package(overlay, device, false).unwrap(),
            envelope_key: secret.key().unwrap(),
        };
        (
            request.clone(),
            post_request(&invitation(), device, request, rng).unwrap(),
        )
    })
    .unwrap()
}

#[test]
fn joiner_and_sponsor_meet_in_the_invitations_log() {
    let journal = Journal::of(&[1, 2]);
    let (mut one, mut two) = (Desk::new(1, &journal), Desk::new(2, &journal));
    let secret = EnvelopeSecret::random(&mut rng(1));
    let (asked, posted) = request(&mut two, &secret);
    let opened = open_posted(&invitation(), &posted.entry).unwrap();
    let Posted::Request {
        id,
        member: from,
        key_package,
        request,
        ..
    } = opened
    else {
        panic!("no request")
    };
    assert_eq!((from, &*request, id), (member(2), &asked, asked.id()));

    let mut relay = Relay::default();
    one.found();
    one.commit(&Intent {
        add: vec![*key_package],
        ..Intent::default()
    })
    .unwrap();
    one.flush(&mut relay);
    one.follow(&relay).unwrap();
    let admitted = Admitted {
        journal_keys: vec![JournalKey {
            number: 0,
            key: Secret::take(&mut [8; 32]),
        }],
        conversation: CONVERSATION,
        log_secret: one.conversation().log_secret(),
        log_start: relay.len(one.log()) as u64,
        welcome: one.welcome().unwrap(),
    };
    let answer = post_admitted(&invitation(), id, &request.envelope_key, &admitted, &mut rng(2)).unwrap();
    let Posted::Admitted { envelope } = open_posted(&invitation(), &answer.entry).unwrap() else {
        panic!("not admitted")
    };
    let other = EnvelopeSecret::random(&mut rng(3));
    assert!(matches!(
        open_admitted(&other, id, &envelope),
        Err(BadRendezvous::NotForUs(_))
    ));
    let read = open_admitted(&secret, id, &envelope).unwrap();
    assert_eq!(read.log_secret.expose(), admitted.log_secret.expose());
    assert_eq!(read.journal_keys[0].key.expose(), &[8; 32]);
    two.join(&read.welcome).unwrap();
    assert_eq!(two.log(), one.log());
}

#[test]
fn msg_14_a_request_cannot_be_given_another_envelope_key_or_certificate() {
    let journal = Journal::of(&[1, 2, 3]);
    let (mut two, mut three) = (Desk::new(2, &journal), Desk::new(3, &journal));
    let secret = EnvelopeSecret::random(&mut rng(1));
    let (asked, _) = request(&mut two, &secret);
    // Desk 3 has the link too, and signs desk 2's request with its own key in it.
    let stolen = JoinRequest {
        envelope_key: EnvelopeSecret::random(&mut rng(9)).key().unwrap(),
        ..asked.clone()
    };
    let posted = three.step(|_, device, _, rng| post_request(&invitation(), device, stolen, rng).unwrap());
    let result = open_posted(&invitation(), &posted.unwrap().entry);
    assert!(matches!(result, Err(BadRendezvous::Signature(_))), "{result:?}");
    // Or puts desk 2's key package beside its own certificate.
    let mixed = three.step(|_, device, _, rng| {
        let mixed = JoinRequest {
            certificate: device.certificate().unverified().clone(),
            ..asked
        };
        post_request(&invitation(), device, mixed, rng).unwrap()
    });
    let result = open_posted(&invitation(), &mixed.unwrap().entry);
    assert!(matches!(result, Err(BadRendezvous::Mixed)), "{result:?}");
}

#[test]
fn msg_14_what_is_not_sealed_for_the_invitation_is_skipped() {
    let entry = wrap(
        &invitation().log_keys().wrap,
        labels::RENDEZVOUS,
        &[1, 2],
        &mut rng(1),
    )
    .unwrap()
    .entry;
    assert!(matches!(
        open_posted(&invitation(), &entry),
        Err(BadRendezvous::Malformed(_))
    ));
    let refused = post_refused(&invitation(), "the invitation has been used", &mut rng(1)).unwrap();
    let Posted::Refused { text } = open_posted(&invitation(), &refused.entry).unwrap() else {
        panic!("?")
    };
    assert_eq!(text, "the invitation has been used");
    let other = Invitation {
        secret: Secret::take(&mut [6; 32]),
        ..invitation()
    };
    assert!(matches!(
        open_posted(&other, &refused.entry),
        Err(BadRendezvous::Unreadable(_))
    ));
}

#[test]
fn msg_37_a_welcome_leads_in_only_if_one_of_the_founders_has_signed_it() {
    let journal = Journal::of(&[1, 2, 3]);
    let (mut founder, mut newcomer) = (Desk::new(1, &journal), Desk::new(3, &journal));
    let mut relay = Relay::default();
    founder.found();
    let add = vec![newcomer.key_package(true)];
    founder
        .commit(&Intent {
            add,
            ..Intent::default()
        })
        .unwrap();
    founder.flush(&mut relay);
    founder.follow(&relay).unwrap();
    let welcome = founder.welcome().unwrap();
    let others = Some(vec![member(2).identity]);
    assert_eq!(
        newcomer.join_led_by(&welcome, others),
        Err(JoinError::NotByFounder(member(1)))
    );
    assert!(newcomer.load().is_none());
    let both = Some(vec![member(2).identity, member(1).identity]);
    newcomer.join_led_by(&welcome, both).unwrap();
}
