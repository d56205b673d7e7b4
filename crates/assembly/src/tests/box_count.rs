//! The incremental count of a box: however its entries come, they come to the same.

use ballot::{Alone, BallotIn, Crew, Piece};
use primitives::{OpeningId, Time};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use tlog::{CloseEntry, Entry};

use crate::box_count::BoxCount;
use crate::motion::{Choice, VoteKind};
use crate::result::TallyResult;
use crate::statement::Body;
use crate::tally::{TallyError, tally, valid_ballots};
use crate::testing::World;

/// A vote whose time is over, with ballots of every kind for its box.
struct Setting {
    world: World,
    opening: OpeningId,
    pool: Vec<Vec<u8>>,
}

static SETTING: LazyLock<Mutex<Setting>> = LazyLock::new(|| Mutex::new(Setting::new()));

fn setting() -> MutexGuard<'static, Setting> {
    SETTING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Setting {
    fn new() -> Self {
        let mut world = World::ready(61);
        let motion = world.notice(world.motion_text(VoteKind::Secret));
        let opening = world.open(motion);
        let other = world.notice(world.motion_text(VoteKind::Secret));
        let other = world.open(other);
        let mut pool: Vec<_> = (1..=4)
            .map(|seat| world.ballot(seat, opening, &Choice::For.to_plaintext()))
            .collect();
        // A second ballot of a member, one for another vote, one with a longer vote.
        pool.push(world.ballot(1, opening, &Choice::Against.to_plaintext()));
        pool.push(world.ballot(2, other, &Choice::For.to_plaintext()));
        pool.push(world.ballot(3, opening, &[1, 1]));
        let good = pool[0].clone();
        // Version, tag, R, ciphertext, and every point and scalar of the proof.
        let proof = good.len() - crate::fold::ballot_len(ballot::Params::of_roll(5).unwrap(), 1) as usize
            + (good.len() - ballot::Params::of_roll(5).unwrap().proof_len());
        let places = [1, 5, 40, 80].into_iter().chain((proof..good.len()).step_by(32));
        for place in places {
            let mut altered = good.clone();
            altered[place] ^= 1;
            pool.push(altered);
        }
        let mut point = good.clone();
        point[proof..proof + 32].fill(0xff);
        pool.push(point);
        let sealed = BallotIn::decode(&good).unwrap().sealed().to_vec();
        let at = good
            .windows(sealed.len())
            .position(|window| window == sealed)
            .unwrap();
        let mut no_point = good.clone();
        no_point[at..at + 32].fill(0xff);
        pool.push(no_point);
        pool.push(b"noise".to_vec());
        pool.push(vec![7; ballot::BALLOT_BYTES_MAX + 1]);
        pool.push(CloseEntry { opening }.to_bytes());
        pool.push(CloseEntry { opening: other }.to_bytes());
        let forwarded = [
            world.ballot(5, opening, &Choice::For.to_plaintext()),
            pool[0].clone(),
        ];
        for ballot in forwarded {
            world.says(5, &Body::BallotForwarded { opening, ballot });
        }
        world.await_close(opening);
        Self { world, opening, pool }
    }

    /// A box with these ballots, and when they were taken.
    fn entries(&self, picked: &[(usize, u64)], closing: Option<u64>) -> Vec<Entry> {
        let (_, opening, _) = self.world.assembly.secret_vote_of(self.opening).unwrap();
        // Times around slots and around the close, in any order.
        let time = |late: u64| Time(opening.closes.0 - 2_000 + late);
        let entry = |(pick, late): &(usize, u64)| Entry {
            time: time(*late),
            bytes: self.pool[pick % self.pool.len()].clone(),
        };
        let closing = closing.map(|late| Entry {
            time: Time(opening.closes.0 - 1 + late),
            bytes: CloseEntry {
                opening: self.opening,
            }
            .to_bytes(),
        });
        picked.iter().map(entry).chain(closing).collect()
    }
}

type Counted = Result<TallyResult, TallyError>;

/// As it was done before there was anything incremental: all at once, the checkpoint being known.
fn at_once(world: &World, opening: OpeningId, entries: &[Entry]) -> Counted {
    tally(
        &world.assembly,
        opening,
        entries,
        &mut ChaCha20Rng::seed_from_u64(1),
    )
}

/// Two threads.
struct Two;

impl Crew for Two {
    fn hands(&self) -> usize {
        2
    }

    fn run(&self, pieces: Vec<Piece<'_>>) {
        std::thread::scope(|scope| pieces.into_iter().for_each(|piece| drop(scope.spawn(piece))));
    }
}

fn picked() -> impl Strategy<Value = Vec<(usize, u64)>> {
    prop::collection::vec(
        (any::<usize>(), prop_oneof![Just(1_000), Just(2_000), 0u64..3_000]),
        0..14,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_split_into_portions_comes_to_the_same(
        picked in picked(),
        beyond in picked(),
        closing in prop::option::weighted(0.9, 0u64..10),
        cuts in prop::collection::vec(0usize..30, 0..4),
        forged: bool,
    ) {
        let mut setting = setting();
        let (opening, entries) = (setting.opening, setting.entries(&picked, closing));
        let before = setting.world.assembly.clone();
        let logs = setting.world.logs.clone();
        let now = setting.world.now;
        setting.world.boxes.get_mut(&opening).unwrap().entries = entries.clone();
        let closed = setting.world.box_closed(opening);
        setting.world.says(1, &closed);
        for seat in [1, 2] {
            let share = setting.world.share(seat, opening);
            setting.world.says(seat, &share);
        }
        let mut all = entries;
        all.extend(setting.entries(&beyond, None));
        if forged && let Some(first) = all.first_mut() {
            first.bytes.push(0);
        }
        let expected = at_once(&setting.world, opening, &all);

        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(all.len())).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        let weights = &mut ChaCha20Rng::seed_from_u64(2);
        let crews: [&dyn Crew; 2] = [&Alone, &Two];
        // Begun while the vote was on, and begun when its checkpoint was known.
        for begun in [&before, &setting.world.assembly] {
            let mut count = BoxCount::new(begun, opening, &Two).unwrap();
            for (number, cut) in cuts.windows(2).enumerate() {
                count.push(all[cut[0]..cut[1]].to_vec(), weights, crews[number % 2]);
            }
            prop_assert_eq!(count.given(), all.len() as u64);
            let valid = count.finish(&setting.world.assembly, weights, &Two);
            let counted = valid.and_then(|valid| valid.count(&setting.world.assembly, &Two));
            // Who has gone beyond an end that was no close entry cannot tell; counting again does.
            let lost = std::ptr::eq(begun, &raw const before) && counted == Err(TallyError::Recount);
            if lost {
                prop_assert!(expected.is_err() && !beyond.is_empty());
            } else {
                prop_assert_eq!(&counted, &expected);
            }
        }
        setting.world.assembly = before;
        setting.world.logs = logs;
        setting.world.now = now;
    }
}

#[test]
fn what_stands_in_a_box_of_every_kind_is_named_in_order() {
    let mut setting = setting();
    let opening = setting.opening;
    let picked: Vec<_> = (0..setting.pool.len()).map(|pick| (pick, 2_000)).collect();
    let entries = setting.entries(&picked, Some(1));
    let before = setting.world.assembly.clone();
    let logs = setting.world.logs.clone();
    setting.world.boxes.get_mut(&opening).unwrap().entries = entries.clone();
    let closed = setting.world.box_closed(opening);
    setting.world.says(1, &closed);
    let weights = &mut ChaCha20Rng::seed_from_u64(3);
    let valid = valid_ballots(&setting.world.assembly, opening, &entries, weights).unwrap();
    assert_eq!(valid.ballots.len(), 5);
    let rules: std::collections::BTreeSet<_> = valid
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect();
    let expected = [
        "BAL-01", "BAL-03", "BAL-07", "BAL-08", "LOG-11", "SEA-01", "SEA-02", "TAL-01",
    ];
    assert!(expected.iter().all(|rule| rules.contains(rule)), "{rules:?}");
    setting.world.assembly = before;
    setting.world.logs = logs;
}

#[test]
fn a_count_that_does_not_know_where_the_box_ends_says_so_and_one_that_does_ends_there() {
    let mut setting = setting();
    let opening = setting.opening;
    let before = setting.world.assembly.clone();
    let logs = setting.world.logs.clone();
    let picked: Vec<_> = (0..4).map(|pick| (pick, 2_000)).collect();
    let entries = setting.entries(&picked, None);
    setting.world.boxes.get_mut(&opening).unwrap().entries = entries.clone();
    let closed = setting.world.box_closed(opening);
    setting.world.says(1, &closed);
    let mut more = entries.clone();
    more.extend(entries);
    let weights = &mut ChaCha20Rng::seed_from_u64(4);
    let mut finish = |begun: &crate::fold::Assembly| {
        let mut count = BoxCount::new(begun, opening, &Alone).unwrap();
        count.push(more.clone(), weights, &Alone);
        count
            .finish(&setting.world.assembly, weights, &Alone)
            .unwrap_err()
    };
    assert_eq!(finish(&before), TallyError::Recount);
    assert_eq!(finish(&setting.world.assembly), TallyError::NotClosed);
    setting.world.assembly = before;
    setting.world.logs = logs;
}
