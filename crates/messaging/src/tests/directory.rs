//! The directory: cards by which devices are reached, and letters that only one of them opens.

use super::support::*;
use crate::*;
use primitives::{AssemblyId, Secret, Time, labels};

fn keys() -> tlog::LogKeys {
    directory_keys(&Secret::take(&mut [5; 32]))
}

fn letter() -> Letter {
    let terms = Terms::group(AssemblyId::new([7; 32]), "Бюджет".into(), [1; 32]).unwrap();
    Letter {
        conversation: terms.id(),
        terms: Some(terms),
        journal_keys: Vec::new(),
        log_secret: Secret::take(&mut [9; 32]),
        log_start: 3,
        lines: 7,
    }
}

fn card_of(desk: &mut Desk, secret: &EnvelopeSecret) -> Card {
    let bytes = desk
        .step(|overlay, device, _, _| new_key_package(overlay, device, true).unwrap())
        .unwrap();
    Card {
        key_package: bytes,
        envelope_key: secret.key().unwrap(),
        made: Time(4),
    }
}

fn list(desk: &mut Desk, card: &Card) -> Vec<u8> {
    let card = card.clone();
    desk.step(|_, device, _, rng| list_card(&keys(), device, card, rng).unwrap())
        .unwrap()
}

#[test]
fn a_card_is_read_as_its_devices() {
    let mut desk = Desk::new(1, &Journal::of(&[1]));
    let card = card_of(&mut desk, &EnvelopeSecret::random(&mut rng()));
    let entry = list(&mut desk, &card);
    let Listed::Card {
        member: whose,
        card: read,
    } = open_listed(&keys(), &entry).unwrap()
    else {
        panic!("no card")
    };
    assert_eq!((whose, *read), (member(1), card));
}

#[test]
fn msg_27_a_card_with_somebody_elses_key_package_is_refused() {
    let (mut one, mut two) = (
        Desk::new(1, &Journal::of(&[1, 2])),
        Desk::new(2, &Journal::of(&[1, 2])),
    );
    let card = card_of(&mut two, &EnvelopeSecret::random(&mut rng()));
    let entry = list(&mut one, &card);
    assert!(matches!(
        open_listed(&keys(), &entry),
        Err(BadListing::Signature(_))
    ));
}

#[test]
fn a_letter_opens_for_whom_it_is_and_nobody_else() {
    let (ours, theirs) = (
        EnvelopeSecret::random(&mut rng()),
        EnvelopeSecret::from_seed(Secret::take(&mut [8; 32])),
    );
    let mut desk = Desk::new(1, &Journal::of(&[1]));
    let to = ours.key().unwrap();
    let entry = write(&mut desk, &to, &letter());
    assert_eq!(entry.len(), 2048, "one size for all but long names");
    let envelope = envelope(&entry);
    let (by, read) = open_letter(&ours, &envelope).unwrap();
    assert_eq!(by, member(1));
    assert_eq!((read.terms, read.log_start, read.lines), (letter().terms, 3, 7));
    assert_eq!(read.log_secret.expose(), letter().log_secret.expose());
    assert!(open_letter(&theirs, &envelope).is_err());
    let other = Letter {
        conversation: CONVERSATION,
        ..letter()
    };
    let more = Letter {
        lines: (1 << 40) + 1,
        ..letter()
    };
    for (bad, why) in [
        (other, "terms of another conversation"),
        (more, "more lines than are ever said"),
    ] {
        let entry = write(&mut desk, &to, &bad);
        assert!(
            open_letter(&ours, &super::directory::envelope(&entry)).is_err(),
            "{why}"
        );
    }
}

#[test]
fn msg_27_nobody_hands_on_a_letter_or_writes_one_in_anothers_name() {
    let ours = EnvelopeSecret::random(&mut rng());
    let theirs = EnvelopeSecret::from_seed(Secret::take(&mut [8; 32]));
    let (mut one, mut two) = (
        Desk::new(1, &Journal::of(&[1, 2])),
        Desk::new(2, &Journal::of(&[1, 2])),
    );
    let label = labels::DIRECTORY_LETTER.as_bytes();
    let entry = write(&mut one, &ours.key().unwrap(), &letter());
    let inside = open_envelope(&ours, label, &envelope(&entry)).unwrap();
    let handed_on = seal_envelope(&theirs.key().unwrap(), label, &inside).unwrap();
    assert!(
        open_letter(&theirs, &handed_on).is_err(),
        "it was written for another card"
    );
    // The second member's letter under the first one's certificate.
    let entry = write(&mut two, &ours.key().unwrap(), &letter());
    let other = open_envelope(&ours, label, &envelope(&entry)).unwrap();
    let mut mixed = other.to_vec();
    let at = inside.len() - 66;
    mixed[..at].copy_from_slice(&inside[..at]);
    assert_ne!(mixed, inside.to_vec());
    let mixed = seal_envelope(&ours.key().unwrap(), label, &mixed).unwrap();
    assert!(open_letter(&ours, &mixed).is_err());
}

fn write(desk: &mut Desk, to: &EnvelopeKey, letter: &Letter) -> Vec<u8> {
    desk.step(|_, device, _, rng| list_letter(&keys(), device, to, letter, rng).unwrap())
        .unwrap()
}

fn envelope(entry: &[u8]) -> Vec<u8> {
    match open_listed(&keys(), entry).unwrap() {
        Listed::Letter(envelope) => envelope,
        other => panic!("{other:?}"),
    }
}

#[test]
fn msg_27_entries_of_another_directory_and_garbage_are_refused() {
    let mut desk = Desk::new(1, &Journal::of(&[1]));
    let card = card_of(&mut desk, &EnvelopeSecret::random(&mut rng()));
    let entry = list(&mut desk, &card);
    let other = directory_keys(&Secret::take(&mut [6; 32]));
    assert!(matches!(
        open_listed(&other, &entry),
        Err(BadListing::Unreadable(_))
    ));
    for at in [0, 30, 100, entry.len() - 1] {
        let mut changed = entry.clone();
        changed[at] ^= 1;
        assert!(open_listed(&keys(), &changed).is_err());
    }
}

#[test]
fn a_renewed_cards_package_lets_nobody_in_any_more() {
    let mut relay = Relay::default();
    let journal = Journal::of(&[1, 2]);
    let (mut one, mut two) = (Desk::new(1, &journal), Desk::new(2, &journal));
    one.found();
    let bytes = two
        .step(|overlay, device, _, _| new_key_package(overlay, device, true).unwrap())
        .unwrap();
    one.commit(&Intent {
        add: vec![KeyPackage::parse(&bytes).unwrap()],
        ..Intent::default()
    })
    .unwrap();
    one.flush(&mut relay);
    one.follow(&relay).unwrap();
    two.step(|overlay, _, _, _| forget_key_package(overlay, &bytes).unwrap())
        .unwrap();
    assert_eq!(two.join(&one.welcome().unwrap()), Err(JoinError::NoKeyPackage));
}
