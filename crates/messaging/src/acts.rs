//! What one message may do to another: the rules by which every receiver judges, each alike.
//!
//! Judged are the authenticated author (the credential's identity, never a claim), the log's order and the log's times.

use crate::emoji::Emoji;
use minicbor::{Decode, Encode};
use primitives::{SeatNumber, Time, VerifyingKey};

/// How often a message's words may be changed.
pub const EDITS_MAX: u32 = 16;
/// How long after its message, by the log's times, an edit may stand.
pub const EDIT_WITHIN_MS: u64 = 24 * 3_600_000;
/// Different emoji of one member on one message.
pub const EMOJI_OF_MEMBER_MAX: usize = 4;
/// Different emoji on one message.
pub const EMOJI_OF_MESSAGE_MAX: usize = 32;

/// The message that another one is about, as far as the rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Who said it.
    pub author: VerifyingKey,
    /// When the log took it.
    pub time: Time,
    /// What is left of it.
    pub words: Words,
}

/// What a message has that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Words that were changed so often.
    Text {
        /// Edits that counted.
        edits: u32,
    },
    /// Something that this version cannot read.
    Unreadable,
    /// It was taken back.
    Gone,
}

/// What becomes of an edit, a deletion or a reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It takes effect.
    Counts,
    /// It changes nothing, and nobody is to blame: what it is about has gone, or is so already.
    Idle,
    /// It breaks the rule with this id: skipped, and counted as a finding.
    Breaks(&'static str),
}

/// MSG-20: one's own words, [`EDITS_MAX`] times at most, within [`EDIT_WITHIN_MS`].
#[must_use]
pub fn judge_edit(by: &VerifyingKey, at: Time, target: &Target) -> Verdict {
    if target.author != *by {
        return Verdict::Breaks("MSG-20");
    }
    match target.words {
        Words::Gone => Verdict::Idle,
        Words::Text { edits } if edits < EDITS_MAX && at.since_ms(target.time) <= EDIT_WITHIN_MS => {
            Verdict::Counts
        }
        Words::Text { .. } | Words::Unreadable => Verdict::Breaks("MSG-20"),
    }
}

/// MSG-21: one's own message, at any time.
#[must_use]
pub fn judge_delete(by: &VerifyingKey, target: &Target) -> Verdict {
    match target.words {
        _ if target.author != *by => Verdict::Breaks("MSG-21"),
        Words::Gone => Verdict::Idle,
        Words::Text { .. } | Words::Unreadable => Verdict::Counts,
    }
}

/// The reactions to one message: each emoji once, in the order in which they came, each with the seats that set it, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Reactions(#[n(0)] Vec<Reaction>);

/// One emoji and who set it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reaction {
    /// The emoji.
    #[n(0)]
    pub emoji: Emoji,
    /// Who set it, ascending.
    #[n(1)]
    pub seats: Vec<SeatNumber>,
}

impl Reactions {
    /// Those that there are.
    #[must_use]
    pub fn all(&self) -> &[Reaction] {
        &self.0
    }

    /// Sets or takes back `by`'s reaction (MSG-22): each member has an emoji once, [`EMOJI_OF_MEMBER_MAX`] of them on a
    /// message, and a message has [`EMOJI_OF_MESSAGE_MAX`].
    pub fn change(&mut self, by: SeatNumber, emoji: &Emoji, set: bool) -> Verdict {
        let there = self.0.iter().position(|reaction| reaction.emoji == *emoji);
        let place = there
            .and_then(|at| self.0.get(at))
            .map(|it| it.seats.binary_search(&by));
        match (set, place) {
            (true, Some(Ok(_))) | (false, None | Some(Err(_))) => return Verdict::Idle,
            (true, _) if self.of(by) >= EMOJI_OF_MEMBER_MAX => return Verdict::Breaks("MSG-22"),
            (true, None) if self.0.len() >= EMOJI_OF_MESSAGE_MAX => return Verdict::Breaks("MSG-22"),
            (true, None) => self.0.push(Reaction {
                emoji: emoji.clone(),
                seats: vec![by],
            }),
            (true, Some(Err(place))) => {
                let reaction = there.and_then(|at| self.0.get_mut(at));
                reaction.into_iter().for_each(|it| it.seats.insert(place, by));
            }
            (false, Some(Ok(_))) => {
                let reaction = there.and_then(|at| self.0.get_mut(at));
                reaction
                    .into_iter()
                    .for_each(|it| it.seats.retain(|seat| *seat != by));
                self.0.retain(|reaction| !reaction.seats.is_empty());
            }
        }
        Verdict::Counts
    }

    fn of(&self, by: SeatNumber) -> usize {
        let set = |reaction: &&Reaction| reaction.seats.binary_search(&by).is_ok();
        self.0.iter().filter(set).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Secret, SigningSecret};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn key(seed: u8) -> VerifyingKey {
        SigningSecret::from_seed(&Secret::take(&mut [seed; 32])).verifying_key()
    }

    fn target(words: Words) -> Target {
        Target {
            author: key(1),
            time: Time(1_000),
            words,
        }
    }

    #[test]
    fn msg_20_only_the_author_changes_words_and_only_so_often_and_so_long() {
        let text = |edits| target(Words::Text { edits });
        let soon = Time(2_000);
        assert_eq!(judge_edit(&key(1), soon, &text(0)), Verdict::Counts);
        assert_eq!(judge_edit(&key(1), soon, &text(EDITS_MAX - 1)), Verdict::Counts);
        assert_eq!(
            judge_edit(&key(1), soon, &text(EDITS_MAX)),
            Verdict::Breaks("MSG-20")
        );
        assert_eq!(judge_edit(&key(2), soon, &text(0)), Verdict::Breaks("MSG-20"));
        let last = Time(1_000 + EDIT_WITHIN_MS);
        assert_eq!(judge_edit(&key(1), last, &text(0)), Verdict::Counts);
        assert_eq!(
            judge_edit(&key(1), last.after(1), &text(0)),
            Verdict::Breaks("MSG-20")
        );
        assert_eq!(
            judge_edit(&key(1), soon, &target(Words::Unreadable)),
            Verdict::Breaks("MSG-20")
        );
        assert_eq!(judge_edit(&key(1), soon, &target(Words::Gone)), Verdict::Idle);
        assert_eq!(
            judge_edit(&key(2), soon, &target(Words::Gone)),
            Verdict::Breaks("MSG-20")
        );
    }

    #[test]
    fn msg_21_only_the_author_takes_a_message_back() {
        for words in [Words::Text { edits: EDITS_MAX }, Words::Unreadable] {
            assert_eq!(judge_delete(&key(1), &target(words)), Verdict::Counts);
            assert_eq!(judge_delete(&key(2), &target(words)), Verdict::Breaks("MSG-21"));
        }
        assert_eq!(judge_delete(&key(1), &target(Words::Gone)), Verdict::Idle);
    }

    fn emoji(number: usize) -> Emoji {
        let c = char::from_u32(0x1f600 + u32::try_from(number).unwrap()).unwrap();
        Emoji::new(&c.to_string()).unwrap()
    }

    #[test]
    fn msg_22_a_flood_of_reactions_is_bounded() {
        let mut reactions = Reactions::default();
        for number in 0..EMOJI_OF_MEMBER_MAX {
            assert_eq!(
                reactions.change(SeatNumber(1), &emoji(number), true),
                Verdict::Counts
            );
        }
        assert_eq!(
            reactions.change(SeatNumber(1), &emoji(EMOJI_OF_MEMBER_MAX), true),
            Verdict::Breaks("MSG-22")
        );
        assert_eq!(reactions.change(SeatNumber(1), &emoji(0), true), Verdict::Idle);
        for seat in 2..100 {
            for number in 0..40 {
                reactions.change(SeatNumber(seat), &emoji(number * 7 % 40), true);
            }
        }
        assert!(reactions.all().len() <= EMOJI_OF_MESSAGE_MAX);
    }

    proptest! {
        #[test]
        fn reactions_are_a_set_of_seat_and_emoji(
            steps in proptest::collection::vec((1u32..4, 0usize..6, any::<bool>()), 0..60)
        ) {
            let mut reactions = Reactions::default();
            let mut model: BTreeSet<(u32, usize)> = BTreeSet::new();
            for (seat, number, set) in steps {
                let full = model.iter().filter(|(by, _)| *by == seat).count() >= EMOJI_OF_MEMBER_MAX;
                let there = model.contains(&(seat, number));
                let expected = match (set, there) {
                    (true, false) if full => Verdict::Breaks("MSG-22"),
                    (true, false) => { model.insert((seat, number)); Verdict::Counts }
                    (false, true) => { model.remove(&(seat, number)); Verdict::Counts }
                    _ => Verdict::Idle,
                };
                prop_assert_eq!(reactions.change(SeatNumber(seat), &emoji(number), set), expected);
                let count: usize = reactions.all().iter().map(|reaction| reaction.seats.len()).sum();
                prop_assert_eq!(count, model.len());
                for reaction in reactions.all() {
                    prop_assert!(reaction.seats.is_sorted() && !reaction.seats.is_empty());
                }
            }
        }
    }
}
