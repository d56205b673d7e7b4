//! Why a statement has no effect: the rules of `docs/spec/journal.md`, by id.

use minicbor::{Decode, Encode};

macro_rules! rules {
    ($($number:literal $name:ident $id:literal $text:literal;)*) => {
        /// The rule that a statement breaks. It stays in the log without effect, and every client records the same id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error, Encode, Decode)]
        #[cbor(index_only)]
        #[non_exhaustive]
        pub enum Rejection {
            $(#[doc = concat!($id, ": ", $text, ".")] #[error("{}: {}", $id, $text)] #[n($number)] $name,)*
        }

        impl Rejection {
            /// All rules, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The rule's id.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

rules! {
    1 NotAnEntry "ASM-01" "not an entry sealed under this log's journal key, of the day on which the relay took it or one beside it";
    2 DoesNotOpen "ASM-02" "the entry does not open under the key that it should commit to";
    3 NotOfThisAssembly "ASM-03" "not a signed statement of this assembly";
    4 NotByAMember "ASM-04" "not signed by a device of a seat that acts";
    5 SeenUnusable "ASM-05" "what the author has seen is not a recent checkpoint of this journal";
    6 SeenContradicts "ASM-06" "what the author has seen contradicts this journal";
    7 Expired "ASM-07" "expired, or expiring too late";
    8 TakenAlready "ASM-08" "has taken effect already";
    9 BodyMalformed "ASM-09" "the body is malformed or beyond its limits";
    10 FoundedAgain "ASM-10" "an assembly is founded once";
    11 RoleForbids "ASM-11" "the seat's role does not allow it";
    12 FoundingOver "ASM-12" "the founding is over, or was signed by this seat already";
    13 CandidateUnfit "ASM-13" "the candidate's certificate does not verify, or its keys are in use already";
    14 NoSuchAdmission "ASM-14" "no admission that waits for this";
    15 EndorserBarred "ASM-15" "the endorser's seat is too young, or its endorsements of the month are used up";
    16 SignedAlready "ASM-16" "the seat has endorsed, objected or signed already";
    17 DetentionUnfit "ASM-17" "the seat to be detained does not act, is the author's own, or the author's budget is used up";
    18 KeyNumbers "ASM-18" "ballot keys come from the voting device, numbered onwards, not too far ahead";
    19 KeyUnproven "ASM-19" "a ballot key repeats or its possession is not proven";
    20 HopUnfit "ASM-20" "after a removal each witness says once where the journal goes on: a plain log that follows what the removal left";
    21 MotionUnfit "ASM-21" "the motion's text, rule or times are beyond the charter's bounds";
    22 WrongPhase "ASM-22" "no such motion in this phase";
    23 SecondedAlready "ASM-23" "a motion is seconded once by each deputy but its proposer";
    24 NoticeRuns "ASM-24" "the notice is not over";
    25 RollTooSmall "ASM-25" "the roll is below the floor or does not cover enough of the electorate";
    26 NoSealingKey "ASM-26" "no sealing key is ready, or too many secret votes are open";
    27 BoxUnfit "ASM-27" "a secret vote is given the next box of the journal key, a roll-call none";
    28 NotInElectorate "ASM-28" "the seat is not in the electorate";
    29 VotedAlready "ASM-29" "the first vote counts, and it is there";
    30 VoteNotOpen "ASM-30" "the vote is not open";
    31 CloseUntimely "ASM-31" "before the close, or after the charter's time for it";
    32 BoxCheckpoint "ASM-32" "not a checkpoint of this vote's box by the relay";
    33 NoQuorum "ASM-33" "the witnesses' quorum has not cosigned it";
    34 ShareUnfit "ASM-34" "no share is due from this seat for this vote";
    35 SealingOutOfTurn "ASM-35" "out of turn in the trustees' key generation";
    36 SealingMalformed "ASM-36" "not a well-formed message of the trustees' key generation";
    37 NotTheProposer "ASM-37" "only the proposer withdraws a motion";
    38 ForwardedTooMuch "ASM-38" "the forwarded ballot is too long, or one too many by this seat";
    39 KindNotTakenUp "ASM-39" "of a kind that belongs to no version of the rules which the assembly has taken up";
    40 VersionUnfit "ASM-40" "not a newer version than the assembly's, or said by this deputy already";
    41 VoteUnfit "ASM-41" "not a vote on this motion's question";
    42 DeviceUnfit "ASM-42" "a device is added by the seat's first device, certified by the seat's identity, new, and not one too many";
    43 RevocationUnfit "ASM-43" "a further device is revoked by the seat's first device, or by itself";
    44 RefoundingUnfit "ASM-44" "the plenary is founded anew under the next number, and the author's budget is not used up";
    45 LeavingUnfit "ASM-45" "a seat leaves by its first device";
    46 CosigningKeyUnfit "ASM-46" "a device announces one cosigning key, for good";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_ids_are_in_order_and_stand_in_the_message() {
        for (index, rejection) in Rejection::ALL.iter().enumerate() {
            assert_eq!(rejection.rule(), format!("ASM-{:02}", index + 1));
            assert!(rejection.to_string().starts_with(rejection.rule()));
        }
    }
}
