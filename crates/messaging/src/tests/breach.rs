//! Members that break the protocol with an MLS library of their own.

use super::support::*;
use crate::commit::{CommitData, DATA_VERSION};
use crate::conversation::GROUPS;
use crate::provider::Provider;
use crate::records::slot;
use crate::*;
use openmls::prelude::{Extensions, LeafNodeParameters, MlsGroup, MlsMessageOut, NewSignerBundle};
use openmls_traits::OpenMlsProvider as _;
use primitives::store::Store as _;
use primitives::{DeviceCertificate, Secret, SigningSecret, Time, encode};
use proptest::prelude::*;

/// What desk `by` can make with the group's keys in its hand.
fn made(
    desk: &mut Desk,
    make: impl FnOnce(&mut MlsGroup, &Provider, &OwnDevice<'_>) -> MlsMessageOut,
) -> Vec<u8> {
    desk.step(|overlay, device, _, _| {
        let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
        let data = CommitData {
            demands: None,
            version: DATA_VERSION,
            journal: group.journal(),
        };
        group.group.set_aad(encode(&data));
        make(&mut group.group, &group.provider, device)
            .to_bytes()
            .unwrap()
    })
    .unwrap()
}

fn outcome(desk: &Desk, bytes: &[u8]) -> Processed {
    let incoming = Incoming {
        bytes,
        at: Time(0),
        own: false,
    };
    desk.conversation().process(&desk.journal, &incoming).unwrap()
}

#[track_caller]
fn refuses(desk: &Desk, bytes: &[u8], reason: Reason) {
    let processed = outcome(desk, bytes);
    assert!(
        matches!(processed, Processed::Ignored(given) if given == reason),
        "{}: {processed:?}",
        reason.rule()
    );
}

#[test]
fn msg_06_proposals_on_their_own_are_skipped() {
    let (_, mut desks) = gathered(3);
    let bytes = made(&mut desks[0], |group, provider, device| {
        group
            .propose_self_update(provider, device, LeafNodeParameters::default())
            .unwrap()
            .0
    });
    refuses(&desks[1], &bytes, Reason::Proposals);
    let bytes = made(&mut desks[0], |group, provider, device| {
        group.leave_group(provider, device).unwrap()
    });
    refuses(&desks[1], &bytes, Reason::Proposals);
}

#[test]
fn msg_06_a_commit_with_other_proposals_than_add_and_remove_is_refused() {
    let (_, mut desks) = gathered(3);
    let bytes = made(&mut desks[0], |group, provider, device| {
        group
            .commit_builder()
            .propose_group_context_extensions(Extensions::empty())
            .unwrap()
            .load_psks(provider.storage())
            .unwrap()
            .build(provider.rand(), provider.crypto(), device, |_| true)
            .unwrap()
            .stage_commit(provider)
            .unwrap()
            .into_commit()
    });
    refuses(&desks[1], &bytes, Reason::Proposals);
}

#[test]
fn msg_01_a_commit_without_a_journal_point_is_refused() {
    let (_, mut desks) = gathered(3);
    for aad in [
        Vec::new(),
        vec![0x82],
        encode(&(9u8, point(1))),
        [encode(&(1u8, point(1))), vec![0]].concat(),
    ] {
        let bytes = made(&mut desks[0], |group, provider, device| {
            group.set_aad(aad);
            group
                .self_update(provider, device, LeafNodeParameters::default())
                .unwrap()
                .into_commit()
        });
        refuses(&desks[1], &bytes, Reason::NotAdmitted);
    }
}

#[test]
fn msg_07_a_commit_that_changes_its_authors_device_is_refused() {
    let (_, mut desks) = gathered(3);
    let bytes = made(&mut desks[0], |group, provider, device| {
        let identity = SigningSecret::from_seed(&Secret::take(&mut [1; 32]));
        let key = SigningSecret::from_seed(&Secret::take(&mut [77; 32]));
        let certificate = DeviceCertificate::issue(&identity, key.verifying_key(), [0; 32], Time(0));
        let other = OwnDevice::new(&certificate, &key).unwrap();
        let signer = NewSignerBundle {
            signer: &other,
            credential_with_key: other.credential(),
        };
        group
            .self_update_with_new_signer(provider, device, signer, LeafNodeParameters::default())
            .unwrap()
            .into_commit()
    });
    refuses(&desks[1], &bytes, Reason::Credential);
}

#[test]
fn msg_04_an_external_commit_is_refused() {
    let (_, mut desks) = gathered(2);
    let info = made(&mut desks[0], |group, provider, device| {
        group.export_group_info(provider.crypto(), device, true).unwrap()
    });
    refuses(&desks[1], &info, Reason::NotOurs);
}

#[test]
fn msg_09_a_commit_whose_path_does_not_open_here_halts_and_the_way_back_is_a_welcome() {
    let (mut relay, mut desks) = gathered(3);
    spoil_path_keys(&mut desks);
    desks[0]
        .commit(&Intent {
            refresh: true,
            ..Intent::default()
        })
        .unwrap();
    desks[0].flush(&mut relay);
    desks[0].say("unreadable for two").unwrap();
    desks[0].flush(&mut relay);
    let seen = desks[1].follow(&relay).unwrap();
    assert!(
        matches!(seen[..], [Processed::Halted(Halt::PathSecrets)]),
        "{seen:?}"
    );
    assert_eq!(desks[1].conversation().standing(), Standing::Halted);
    let seen = desks[1].follow(&relay).unwrap();
    assert!(
        matches!(seen[..], [Processed::Halted(Halt::Earlier)]),
        "it does not go on: {seen:?}"
    );

    desks[0].follow(&relay).unwrap();
    desks[2].follow(&relay).unwrap();
    journal_says(&mut desks, &[1, 2, 3]);
    desks[1].ask_again();
    desks[1].flush(&mut relay);
    desks[0].follow(&relay).unwrap();
    desks[2].follow(&relay).unwrap();
    let add = desks[0].conversation().requests(u64::MAX);
    let intent = Intent {
        add,
        remove: vec![member(2).identity],
        refresh: false,
    };
    desks[0].commit(&intent).unwrap();
    desks[0].flush(&mut relay);
    desks[0].follow(&relay).unwrap();
    desks[2].follow(&relay).unwrap();
    let welcome = desks[0].welcome().unwrap();
    desks[1].join_as(&welcome, Replace::Broken).unwrap();
    desks[1].say("back").unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(desks[2].texts(), ["unreadable for two", "back"]);
    assert_eq!(desks[1].texts(), ["back"]);
}

/// Gives desk 2 the path keys of desk 3, so that it stands where a malicious path would leave it.
fn spoil_path_keys(desks: &mut [Desk]) {
    let prefix = [CONVERSATION.as_bytes().as_slice(), &[slot::EPOCH_KEY_PAIRS]].concat();
    let (_, foreign) = desks[2].store.scan(GROUPS, &prefix, b"", 9).unwrap().remove(0);
    let (key, _) = desks[1].store.scan(GROUPS, &prefix, b"", 9).unwrap().remove(0);
    desks[1]
        .step(|overlay, _, _, _| overlay.put(GROUPS, key, foreign.to_vec()))
        .unwrap();
}

#[test]
fn a_damaged_record_is_never_an_absent_conversation() {
    let (_, mut desks) = gathered(2);
    let start = desks[1].store.clone();
    for (key, value) in start.scan(GROUPS, CONVERSATION.as_bytes(), b"", 99).unwrap() {
        let mut changed = value.to_vec();
        changed[0] = 0xff;
        desks[1].store = start.clone();
        desks[1]
            .step(|overlay, _, _, _| overlay.put(GROUPS, key.clone(), changed))
            .unwrap();
        let loaded = Conversation::load(&primitives::Overlay::new(&desks[1].store), CONVERSATION);
        let read_at_load = ![slot::EPOCH_KEY_PAIRS, slot::PROPOSALS].contains(&key[32]);
        assert_eq!(loaded.is_err(), read_at_load, "slot {}", key[32]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn msg_04_any_bytes_are_skipped(bytes: Vec<u8>) {
        let (_, desks) = gathered(2);
        prop_assert!(matches!(outcome(&desks[1], &bytes), Processed::Ignored(Reason::NotOurs)));
        let framed = [&[0, 1, 0, 2, 32], CONVERSATION.as_bytes().as_slice(), &[0; 8], &bytes].concat();
        prop_assert!(matches!(outcome(&desks[1], &framed), Processed::Ignored(_)));
    }
}
