//! Points of the journal: what was made before the journal went on does not count after it (MSG-35).

use super::support::*;
use crate::*;
use primitives::signed::Unverified;
use primitives::store::Crash;
use primitives::{Time, labels};

fn refresh() -> Intent {
    Intent {
        refresh: true,
        ..Intent::default()
    }
}

/// What the last entry came to at this desk.
fn last(desk: &mut Desk, relay: &Relay) -> Option<Reason> {
    match desk.follow(relay).unwrap().last() {
        Some(Processed::Ignored(reason)) => Some(*reason),
        _ => None,
    }
}

fn pointed(desk: &mut Desk, relay: &Relay) -> Option<(JournalPoint, bool)> {
    match desk.follow(relay).unwrap().last() {
        Some(Processed::Pointed { journal, lost }) => Some((*journal, *lost)),
        _ => None,
    }
}

/// Puts a point into the log of `desk` that the device of `seed` has signed.
fn point_by(relay: &mut Relay, desk: &Desk, seed: u8, journal: JournalPoint) {
    let (certificate, key) = device(seed);
    let by = OwnDevice::new(&certificate, &key).unwrap();
    let entry = desk.conversation().point(&by, journal, &mut rng()).unwrap();
    relay.append(desk.log(), entry);
}

/// Takes an entry apart, changes what it says, and puts it together for the present log.
fn changed(desk: &Desk, entry: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let key = desk.conversation().log_keys().wrap;
    let Ok(Opened::Point(point)) = open(&key, labels::CONVERSATION_WRAP, entry) else {
        panic!("not a point")
    };
    let mut content = primitives::encode(&point);
    change(&mut content);
    crate::wrap::seal_entry(
        &key,
        labels::CONVERSATION_WRAP,
        crate::wrap::POINT,
        &content,
        &mut rng(),
    )
    .unwrap()
}

/// Commits that `desk` makes one after the other without showing them to anybody, each for the epoch that the one before it
/// begins: entries of the present log.
fn chain(relay: &Relay, desk: &mut Desk, count: usize) -> Vec<Vec<u8>> {
    let mut own = Relay {
        logs: relay.logs.clone(),
    };
    let from = own.len(desk.log());
    for _ in 0..count {
        desk.commit(&refresh()).unwrap();
        desk.flush(&mut own);
        desk.follow(&own).unwrap();
    }
    own.logs[&desk.log()][from..].to_vec()
}

/// Everybody but the one whom the journal has removed tries to commit; his entry is in the log before theirs.
fn race(relay: &mut Relay, desks: &mut [Desk], his: &[u8]) {
    for desk in desks.iter_mut() {
        desk.commit(&refresh()).unwrap();
    }
    relay.append(desks[0].log(), his.to_vec());
    settle(relay, desks);
}

#[test]
fn msg_35_who_was_removed_does_not_stay_by_a_chain_of_commits_made_beforehand() {
    let (mut relay, mut desks) = gathered(4);
    let mut removed = desks.pop().unwrap();
    let made = chain(&relay, &mut removed, 6);
    journal_says(&mut desks, &[1, 2, 3]);
    let before = desks[0].conversation().epoch();
    // Each of them is valid where it stands, and wins.
    for (round, entry) in made[..3].iter().enumerate() {
        race(&mut relay, &mut desks, entry);
        for desk in &mut desks {
            assert!(desk.lost());
            assert_eq!(desk.conversation().epoch(), before + 1 + round as u64);
            assert!(desk.conversation().members().contains(&member(4)));
            let (group, journal) = (desk.conversation(), desk.journal.clone());
            assert!(group.needs_point(&journal, &journal.point()));
        }
    }
    // A point is for no epoch: it stands, whoever wins the epoch meanwhile.
    desks[1].point();
    relay.append(desks[0].log(), made[3].clone());
    settle(&mut relay, &mut desks);
    for desk in &desks {
        let (group, journal) = (desk.conversation(), desk.journal.clone());
        assert_eq!(group.epoch(), before + 4);
        assert!(group.members().contains(&member(4)));
        assert!(!group.needs_point(&journal, &journal.point()));
    }
    race(&mut relay, &mut desks, &made[4]);
    for desk in &desks {
        assert_eq!(
            desk.conversation().members(),
            [member(1), member(2), member(3)],
            "he is out with the first commit"
        );
        assert_ne!(desk.log(), removed.log());
    }
    relay.append(desks[0].log(), made[5].clone());
    desks[2].say("among ourselves").unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.texts() == ["among ourselves"]));
}

#[test]
fn msg_35_an_own_commit_below_a_point_is_given_up_and_made_again() {
    let (mut relay, mut desks) = gathered(3);
    // The first has read less of the journal than the second.
    desks[0].commit(&refresh()).unwrap();
    journal_says(&mut desks, &[1, 2, 3]);
    desks[1].point();
    desks[1].flush(&mut relay);
    assert_eq!(pointed(&mut desks[0], &relay), Some((point(2), true)));
    assert!(!desks[0].conversation().commit_pending());
    assert!(desks[0].lost());
    // It is on its way already, and comes too late for everybody.
    let before = desks[0].conversation().epoch();
    desks[0].flush(&mut relay);
    assert_eq!(last(&mut desks[1], &relay), Some(Reason::JournalWentBack));
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().epoch() == before));
    desks[0].journal.known = 1;
    assert_eq!(
        desks[0].commit(&refresh()).unwrap_err(),
        CommitError::JournalBehind
    );
    desks[0].journal.known = 2;
    desks[0].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().epoch() == before + 1));
    // One of the same size stays.
    journal_says(&mut desks, &[1, 2, 3]);
    desks[2].commit(&refresh()).unwrap();
    point_by(&mut relay, &desks[1], 2, point(3));
    assert_eq!(pointed(&mut desks[2], &relay), Some((point(3), false)));
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().epoch() == before + 2));
}

#[test]
fn msg_35_a_point_is_of_a_device_of_this_epoch_that_the_journal_admits_there() {
    let (mut relay, mut desks) = gathered(4);
    journal_says(&mut desks, &[1, 2, 3, 9]);
    // Of one who is not in the group, and of one who is in it still and not admitted there.
    for seed in [9, 4] {
        point_by(&mut relay, &desks[0], seed, point(2));
        for desk in &mut desks[..3] {
            assert_eq!(last(desk, &relay), Some(Reason::NoPoint), "{seed}");
        }
    }
    assert_eq!(Reason::NoPoint.rule(), "MSG-35");
    // What somebody else has signed, or nobody.
    let (certificate, key) = device(1);
    let by = OwnDevice::new(&certificate, &key).unwrap();
    let good = desks[0].conversation().point(&by, point(2), &mut rng()).unwrap();
    let spoilt = changed(&desks[0], &good, |content| *content.last_mut().unwrap() ^= 1);
    relay.append(desks[0].log(), spoilt);
    // What was said about another conversation.
    let terms = Terms::group(primitives::AssemblyId::new([7; 32]), "Other".into(), [1; 32]).unwrap();
    let other = Conversation::create_with(terms, &by, point(1)).unwrap();
    let elsewhere = other.point(&by, point(2), &mut rng()).unwrap();
    let Ok(Opened::Point(said)) = open(&other.log_keys().wrap, labels::CONVERSATION_WRAP, &elsewhere) else {
        panic!("not a point")
    };
    let content = primitives::encode(&said);
    relay.append(
        desks[0].log(),
        changed(&desks[0], &good, |there| *there = content),
    );
    for desk in &mut desks[..3] {
        let seen = desk.follow(&relay).unwrap();
        assert_eq!(seen.len(), 2);
        let skipped = |seen: &Processed| matches!(seen, Processed::Ignored(Reason::NoPoint));
        assert!(seen.iter().all(skipped), "{seen:?}");
    }
    relay.append(desks[0].log(), good);
    for desk in &mut desks[..3] {
        assert_eq!(pointed(desk, &relay), Some((point(2), false)));
    }
}

#[test]
fn msg_35_a_point_is_above_what_stands_so_that_one_counts_for_an_entry_of_the_journal() {
    let (mut relay, mut desks) = gathered(3);
    // The last commit's is no news.
    desks[0].point();
    desks[0].flush(&mut relay);
    assert_eq!(last(&mut desks[1], &relay), Some(Reason::NoPoint));
    for _ in 0..3 {
        journal_says(&mut desks, &[1, 2, 3]);
    }
    let mut counted = 0;
    for size in [3, 2, 3, 4, 1, 4] {
        for seed in 1..=3 {
            point_by(&mut relay, &desks[0], seed, point(size));
        }
    }
    for seen in desks[1].follow(&relay).unwrap() {
        match seen {
            Processed::Pointed { .. } => counted += 1,
            seen => assert!(matches!(seen, Processed::Ignored(Reason::NoPoint)), "{seen:?}"),
        }
    }
    assert_eq!(counted, 2, "3 and 4");
}

/// A journal whose entries after the first were all stamped at the same time.
struct Stamped(Journal, Time);

impl Roster for Stamped {
    fn knows(&self, point: &JournalPoint, at: Option<Time>) -> Knowledge {
        if point.size > 1 && at.is_some_and(|at| at < self.1) {
            return Knowledge::Contradicted;
        }
        self.0.knows(point, at)
    }

    fn admits(&self, point: &JournalPoint, member: &Member) -> bool {
        self.0.admits(point, member)
    }

    fn is_deputy(&self, identity: &primitives::VerifyingKey) -> bool {
        self.0.is_deputy(identity)
    }
}

fn unwrapped(desk: &mut Desk, entry: &[u8]) -> Unverified {
    let mut group = desk.conversation();
    let unwrapped = desk.step(|overlay, _, _, _| group.unwrap(overlay, entry).unwrap());
    let Ok(Unwrapped::Point(point)) = unwrapped else {
        panic!("not a point")
    };
    point
}

#[test]
fn msg_35_a_point_that_the_journal_contradicts_is_skipped() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2, 3]);
    desks[0].point();
    let entry = desks[0].waiting();
    desks[1].journal.forked_at = Some(2);
    desks[0].flush(&mut relay);
    assert_eq!(last(&mut desks[1], &relay), Some(Reason::JournalContradicted));
    // What it names was not there yet when the log took it.
    let point = unwrapped(&mut desks[2], &entry);
    let stamped = Stamped(desks[2].journal.clone(), Time(100));
    for (at, counts) in [(99, false), (100, true)] {
        let taken = desks[2].conversation().take_point(&stamped, Time(at), &point);
        let pointed = matches!(taken, Ok(Processed::Pointed { .. }));
        assert_eq!(pointed, counts, "{taken:?}");
    }
}

#[test]
fn msg_35_a_point_ahead_of_the_journal_waits_and_only_if_a_member_has_signed_it() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2, 3]);
    point_by(&mut relay, &desks[0], 9, point(7));
    assert_eq!(last(&mut desks[1], &relay), Some(Reason::NoPoint));
    desks[0].point();
    desks[0].flush(&mut relay);
    desks[0].say("after it").unwrap();
    settle(&mut relay, &mut desks[..1]);
    desks[1].journal.known = 1;
    for _ in 0..2 {
        let seen = desks[1].follow(&relay).unwrap();
        assert!(
            matches!(seen[..], [Processed::Waits(at)] if at == point(2)),
            "{seen:?}"
        );
        assert_eq!(desks[1].texts(), [""; 0]);
    }
    desks[1].journal.known = 2;
    desks[1].follow(&relay).unwrap();
    assert_eq!(desks[1].texts(), ["after it"]);
}

#[test]
fn msg_35_who_comes_in_by_a_welcome_judges_as_everybody() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2, 3, 5]);
    desks[1].point();
    settle(&mut relay, &mut desks);
    let mut five = Desk::new(5, &desks[0].journal);
    let add = vec![five.key_package(false)];
    desks[0]
        .commit(&Intent {
            add,
            ..Intent::default()
        })
        .unwrap();
    settle(&mut relay, &mut desks);
    five.join(&desks[0].welcome().unwrap()).unwrap();
    // It reads on from the commit, or from before it: what counted there is not above the commit's own.
    five.follow(&relay).unwrap();
    desks.push(five);
    let floor = |desk: &Desk| desk.conversation().meta.floor();
    assert!(desks.iter().all(|desk| floor(desk) == point(2)));
    // Made before the next point, and in the log behind it.
    desks[2].commit(&refresh()).unwrap();
    journal_says(&mut desks, &[1, 2, 3, 5]);
    point_by(&mut relay, &desks[0], 1, point(3));
    desks[2].flush(&mut relay);
    for desk in &mut desks {
        // To its author it is nobody's any more.
        let reason = match desk.seed {
            3 => Reason::ClaimsToBeOurs,
            _ => Reason::JournalWentBack,
        };
        assert_eq!(last(desk, &relay), Some(reason));
        assert_eq!(floor(desk), point(3));
    }
    desks[3].point();
    desks[3].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    desks[3].say("one of them").unwrap();
    settle(&mut relay, &mut desks);
    let heard = |desk: &Desk| desk.texts() == ["one of them"];
    assert!(desks.iter().all(heard));
}

#[test]
fn msg_35_who_asks_to_be_added_again_is_heard_below_a_point_and_followed_above_it() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2, 3]);
    desks[2].ask_again();
    journal_says(&mut desks, &[1, 2, 3]);
    desks[1].point();
    desks[1].flush(&mut relay);
    desks[2].flush(&mut relay);
    settle(&mut relay, &mut desks);
    let packages = desks[0].conversation().requests(u64::MAX);
    assert_eq!(packages.len(), 1);
    let again = Intent {
        add: packages,
        remove: vec![member(3).identity],
        refresh: false,
    };
    desks[0].commit(&again).unwrap();
    settle(&mut relay, &mut desks);
    let welcome = desks[0].welcome().unwrap();
    desks[2].join_as(&welcome, Replace::Broken).unwrap();
    desks[2].say("back").unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.texts() == ["back"]));
}

#[test]
fn who_has_left_takes_no_point() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2]);
    desks[0].point();
    let point = {
        let entry = desks[0].waiting();
        unwrapped(&mut desks[1], &entry)
    };
    desks[0].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    let taken = desks[2]
        .conversation()
        .take_point(&desks[2].journal, Time(0), &point);
    assert!(matches!(taken, Ok(Processed::Ignored(Reason::Left))), "{taken:?}");
}

#[test]
fn a_point_survives_a_crash_at_every_write() {
    let (relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2]);
    for how in [Crash::BeforeWrite, Crash::AfterWrite] {
        for k in 0..4 {
            let mut relay = Relay {
                logs: relay.logs.clone(),
            };
            let mut desk = Desk::new(1, &desks[0].journal);
            desk.store = desks[0].store.clone();
            desk.store.crash_at(k, how);
            // A step that failed may have been durable: the store says so, not the error.
            while desk.outbox_is_empty() {
                let _ = desk.try_point();
            }
            desk.flush(&mut relay);
            while desk.follow(&relay).is_err() {}
            assert_eq!(desk.conversation().meta.floor(), point(2), "{how:?} at {k}");
            assert!(desk.outbox_is_empty());
            while !desk.conversation().commit_pending() {
                let _ = desk.try_commit(&refresh());
            }
            desk.flush(&mut relay);
            while desk.follow(&relay).is_err() {}
            assert_eq!(desk.conversation().members(), [member(1), member(2)]);
        }
    }
}
