//! Motions, votes and results.

use super::votes::{Choice, OptionsView, QuestionView};
use serde::{Deserialize, Serialize};

view! {
    /// A motion, for list and page.
    pub struct MotionView {
        /// Motion id.
        pub id: String,
        /// Title.
        pub title: String,
        /// Text.
        pub text: String,
        /// Seat that proposed it.
        pub proposer: u32,
        /// Kind of vote.
        pub kind: VoteKind,
        /// What is asked.
        pub question: QuestionView,
        /// Rule of decision.
        pub rule: RuleView,
        /// Where it stands.
        pub phase: Phase,
        /// When it was proposed.
        pub proposed: u64,
        /// Seats that seconded it.
        pub seconded_by: Vec<u32>,
        /// Seconders needed.
        pub seconders_needed: u32,
        /// Earliest opening, once seconded.
        pub may_open: Option<u64>,
        /// When it opened.
        pub opened: Option<u64>,
        /// When it closes.
        pub closes: Option<u64>,
        /// Electorate, frozen at the opening.
        pub electorate: Option<u32>,
        /// Voters on the roll of a secret vote: among how many a ballot hides.
        pub roll: Option<u32>,
        /// Ballots so far (votes of a roll-call), for the quorum; who took part is not shown.
        pub ballots: u32,
        /// Ballots that make the quorum.
        pub quorum: Option<u32>,
        /// One's own part in it.
        pub mine: OwnVote,
        /// Shares released, of the threshold.
        pub shares: u32,
        /// Shares that open the vote.
        pub threshold: u32,
        /// Outcome, once decided.
        pub result: Option<ResultView>,
    }
}

view! {
    /// Kind of vote.
    pub enum VoteKind {
        /// Names stand next to votes.
        RollCall,
        /// Anonymous.
        Secret,
    }
}

view! {
    /// Rule of decision: a share of the electorate must take part, and a majority decides.
    pub struct RuleView {
        /// Quorum, numerator: at least `quorum_numerator / quorum_denominator` of the electorate.
        pub quorum_numerator: u32,
        /// Quorum, denominator.
        pub quorum_denominator: u32,
        /// Majority.
        pub majority: Majority,
    }
}

view! {
    /// Majorities.
    pub enum Majority {
        /// More for than against, of the votes cast for or against.
        Simple,
        /// More than half of the electorate is for.
        Absolute,
        /// At least two thirds of for and against.
        TwoThirds,
        /// At least three quarters of for and against.
        ThreeQuarters,
        /// Nobody is against, somebody is for.
        Consensus,
    }
}

view! {
    /// Phases of a motion; they only go down this list.
    pub enum Phase {
        /// Proposed; seconders are awaited.
        Proposed,
        /// Seconded; the notice runs.
        Noticed,
        /// Voting goes on.
        Open,
        /// Closed; shares are awaited (secret) or the last entry (roll-call).
        Closed,
        /// Decided.
        Decided,
        /// Void: below a floor, not closed in time, or not opened by shares.
        Void,
        /// Withdrawn by its proposer.
        Withdrawn,
    }
}

view! {
    /// One's own part in a vote.
    pub struct OwnVote {
        /// Where one's own vote is.
        pub state: OwnVoteState,
        /// When the ballot leaves at the latest.
        pub cast_by: Option<u64>,
        /// In a roll-call, one's own choice; in a secret vote never known after it was cast.
        pub choice: Option<Choice>,
        /// Why one cannot vote.
        pub barred: Option<Barred>,
    }
}

view! {
    /// Where one's own vote is.
    pub enum OwnVoteState {
        /// Not voted.
        None,
        /// Waiting for the witnesses to cosign the opening.
        AwaitingWitnesses,
        /// The ballot is being proven.
        Preparing,
        /// Durable in the outbox, its secrets burnt; it leaves after its random wait.
        Prepared,
        /// Taken by the relay.
        Cast,
        /// Found in the box under a cosigned checkpoint, everything burnt.
        Counted,
        /// The box refused or did not show it in time; it went through the journal.
        Forwarded,
    }
}

view! {
    /// Why one cannot vote in a motion.
    pub enum Barred {
        /// The role does not vote.
        Role,
        /// Not in the electorate (admitted later, or cooling off).
        NotInElectorate,
        /// No ballot key for this vote's number was on the roll.
        NoBallotKey,
        /// Secret votes are cast on the seat's first device, and this is another.
        OtherDevice,
        /// Not open.
        NotOpen,
    }
}

view! {
    /// Outcome of a motion.
    pub struct ResultView {
        /// Whether it is adopted; with options: whether one is elected.
        pub adopted: bool,
        /// Votes for; 0 with options.
        pub votes_for: u32,
        /// Votes against; 0 with options.
        pub votes_against: u32,
        /// Abstentions.
        pub votes_abstain: u32,
        /// Ballots whose content is no vote.
        pub spoilt: u32,
        /// The votes among options, if such are asked.
        pub options: Option<OptionsView>,
        /// Whether the quorum was there.
        pub quorum_met: bool,
        /// Devices that published the same result.
        pub agree: u32,
        /// Devices that published another one: an alarm.
        pub disagree: u32,
        /// In a roll-call, who voted what.
        pub roll_call: Vec<SeatVote>,
        /// Hash of the result that devices confirm.
        pub hash: String,
        /// The proof, in labelled lines, for one click deeper.
        pub proof: Vec<ProofLine>,
    }
}

view! {
    /// One named vote.
    pub struct SeatVote {
        /// Seat.
        pub seat: u32,
        /// Choice.
        pub choice: Choice,
    }
}

view! {
    /// One line of a proof.
    pub struct ProofLine {
        /// What it is; a key of the catalogues.
        pub label: ProofLabel,
        /// Its value.
        pub value: String,
    }
}

view! {
    /// Labels of the lines of a proof.
    pub enum ProofLabel {
        /// Opening id.
        Opening,
        /// Roll root.
        RollRoot,
        /// Box checkpoint: size and root.
        BoxCheckpoint,
        /// Cosignatures on it.
        Cosignatures,
        /// Shares used.
        Shares,
        /// Ballots refused, with rule ids.
        Refused,
        /// Repeated link tags, reported and not counted.
        Repeated,
        /// Journal size at the result.
        Journal,
        /// A finding of the tally.
        Finding,
    }
}
