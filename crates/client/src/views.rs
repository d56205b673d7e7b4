//! What a person is shown: plain values, read from the folded state, with no secret in them.
//!
//! Every front end (window, command line, agent) shows these and nothing else. Ids are lower-case hexadecimal,
//! times are milliseconds since the Unix epoch as the relay stamped them, spans end in `_ms`.

use serde::{Deserialize, Serialize};

macro_rules! view {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    };
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }
    };
}

view! {
    /// The first thing every screen needs.
    pub struct Overview {
        /// The assembly, if this vault belongs to one.
        pub assembly: Option<AssemblyView>,
        /// How the relay is reached right now.
        pub connection: ConnectionView,
        /// Bytes in the outbox that no relay has confirmed yet, counted in entries.
        pub outbox_entries: u32,
        /// Lies and breaches with proof, newest first.
        pub evidence: Vec<EvidenceView>,
        /// The last complaint of the machine about itself or its surroundings, for a quiet line.
        pub notice: Option<NoticeCode>,
    }
}

view! {
    /// The assembly and one's own place in it.
    pub struct AssemblyView {
        /// Assembly id.
        pub id: String,
        /// Its name.
        pub name: String,
        /// The founding declaration.
        pub declaration: String,
        /// Where one's own admission stands.
        pub standing: Standing,
        /// Why a join request came to nothing.
        pub refused: Option<String>,
        /// One's own seat, once admitted.
        pub seat: Option<u32>,
        /// One's own role, once admitted.
        pub role: Option<Role>,
        /// Whether the founding is still going on (one endorsement admits).
        pub founding: bool,
        /// Seats by now, of all roles.
        pub seats: u32,
        /// Entries of the journal that this device has folded.
        pub journal_entries: u64,
        /// Journal checkpoints: how many witnesses' cosignatures the last covered one carries, and the quorum.
        pub witnessed: Witnessed,
        /// The relay's address line.
        pub relay: String,
        /// The charter's numbers.
        pub charter: CharterView,
        /// Keys that the trustees have ready: so many secret motions can open.
        pub sealing_keys: u32,
    }
}

view! {
    /// A count of cosignatures against a quorum.
    pub struct Witnessed {
        /// Journal entries that a quorum has cosigned.
        pub entries: u64,
        /// Cosignatures on it.
        pub cosignatures: u32,
        /// How many make a quorum.
        pub quorum: u32,
    }
}

view! {
    /// Where one's own admission stands.
    pub enum Standing {
        /// The join request has been posted or waits in the outbox.
        Requested,
        /// A sponsor has proposed the admission and endorsements are being gathered.
        Proposed,
        /// A member.
        Admitted,
        /// No longer a member.
        Removed,
        /// The join request came to nothing; another invitation may be used.
        Refused,
    }
}

view! {
    /// What a seat may do.
    pub enum Role {
        /// Speaks, proposes, votes.
        Deputy,
        /// Speaks.
        Expert,
        /// Reads.
        Observer,
    }
}

view! {
    /// The charter, in the units of its fields.
    pub struct CharterView {
        /// Endorsements for an admission after the founding.
        pub endorsements: u32,
        /// Founding ends when so many seats are taken.
        pub founding_seats: u32,
        /// Objection window of an admission.
        pub objection_ms: u64,
        /// Cooling-off before a new seat votes.
        pub cooling_off_ms: u64,
        /// Signers of a detention.
        pub detain_signers: u32,
        /// Seconders of a motion.
        pub seconders: u32,
        /// Notice before the opening.
        pub notice_ms: u64,
        /// Least voting time.
        pub voting_least_ms: u64,
        /// Greatest voting time.
        pub voting_greatest_ms: u64,
        /// Least roll of a secret vote.
        pub roll_floor: u32,
        /// Least ballots of a secret vote.
        pub ballots_floor: u32,
        /// Trustees by seat number.
        pub trustees: Vec<u32>,
        /// Shares that open a vote.
        pub threshold: u32,
    }
}

view! {
    /// State of the way to the relay.
    pub struct ConnectionView {
        /// What it is doing.
        pub state: ConnectionState,
        /// Which way it goes.
        pub carrier: Carrier,
        /// How far the local clock is from the relay's, when it matters (more than a minute).
        pub clock_skew_ms: Option<i64>,
    }
}

view! {
    /// State of the way to the relay.
    #[derive(Default)]
    pub enum ConnectionState {
        /// Nothing to reach yet.
        #[default]
        Idle,
        /// Trying.
        Connecting,
        /// Reached.
        Online,
        /// Not reached; trying again by itself.
        Offline,
        /// Something answers there, and it is not the relay that the address names.
        WrongRelay,
    }
}

/// A way to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Carrier {
    /// A TCP connection of our own.
    Direct,
    /// Through a SOCKS5 proxy (a local Tor or another circumvention tool).
    Socks5 {
        /// `host:port` of the proxy.
        address: String,
    },
}

view! {
    /// A lie or breach that this device can prove.
    pub struct EvidenceView {
        /// What it shows.
        pub kind: EvidenceKind,
        /// Which log.
        pub log: String,
        /// When this device noticed.
        pub noticed: u64,
        /// The details, for one click deeper.
        pub details: String,
    }
}

view! {
    /// What evidence shows.
    pub enum EvidenceKind {
        /// Two checkpoints of one log that contradict each other.
        Fork,
        /// A receipt was given and the entry is not there.
        DroppedReceipt,
        /// Times go backwards.
        TimesDecrease,
        /// The relay shows less than it had shown.
        Shrunk,
        /// Entries do not match the checkpoint that came with them.
        WrongRoot,
    }
}

view! {
    /// A quiet line about the machine's surroundings.
    pub enum NoticeCode {
        /// The relay answered something that is not its protocol.
        RelayAnswersNonsense,
        /// The relay has no space left.
        RelayFull,
        /// A statement of a newer version stands in the journal: update needed.
        UpdateNeeded,
        /// The journal's key has not arrived yet.
        JournalKeyMissing,
        /// The conversation cannot be followed and needs a resync.
        ResyncNeeded,
        /// The vault was put back to an older state.
        VaultRolledBack,
        /// The local clock is far from the relay's.
        ClockWrong,
        /// A motion was opened with a box that is not the members': whoever did it wanted to spoil the vote.
        FalseBox,
    }
}

view! {
    /// A member, for the list.
    pub struct MemberView {
        /// Seat number.
        pub seat: u32,
        /// Name as opened to members.
        pub name: String,
        /// Role.
        pub role: Role,
        /// Whether the seat acts.
        pub state: SeatState,
        /// Whether it is one's own.
        pub own: bool,
        /// When it was admitted.
        pub since: u64,
        /// Certified devices.
        pub devices: u32,
        /// Whether it is a trustee.
        pub trustee: bool,
        /// Unused ballot keys that the seat has published.
        pub ballot_keys: u32,
    }
}

view! {
    /// Whether a seat acts.
    pub enum SeatState {
        /// Yes.
        Active,
        /// Detained: out of everything until it returns.
        Detained,
        /// Removed.
        Removed,
        /// Left by itself.
        Left,
    }
}

view! {
    /// Somebody who wants in.
    pub struct AdmissionView {
        /// Id to endorse or object by.
        pub id: String,
        /// Name as given.
        pub name: String,
        /// Role asked for.
        pub role: Role,
        /// Where it stands.
        pub state: AdmissionState,
        /// Seats that endorsed.
        pub endorsed_by: Vec<u32>,
        /// Endorsements needed.
        pub needed: u32,
        /// Seats that objected.
        pub objected_by: Vec<u32>,
        /// Whether one's own endorsement is among them.
        pub endorsed_by_me: bool,
    }
}

view! {
    /// Where an admission stands.
    pub enum AdmissionState {
        /// A join request in one's own inbox; endorsing it proposes it to the assembly.
        Requested,
        /// Proposed in the journal.
        Proposed,
        /// Enough endorsements; the objection window runs.
        Waiting,
        /// Admitted; the member is being let in.
        Admitted,
        /// Turned down or expired.
        Refused,
    }
}

view! {
    /// An invitation read from a link, before anybody joins by it.
    pub struct InvitationView {
        /// Name of the assembly, as the invitation says.
        pub assembly_name: String,
        /// Assembly id.
        pub assembly: String,
        /// The relay's address line.
        pub relay: String,
        /// Role offered.
        pub role: Role,
        /// Until when it can be used.
        pub expires: u64,
        /// A way to the relay that came with it.
        pub carrier: Option<Carrier>,
    }
}

view! {
    /// A conversation, for the list.
    pub struct ConversationView {
        /// Conversation id.
        pub id: String,
        /// What it is.
        pub kind: ConversationKind,
        /// Its title; empty for the plenary, which every language names itself.
        pub title: String,
        /// Members in it.
        pub members: u32,
        /// Messages in it.
        pub messages: u64,
        /// Messages not read yet.
        pub unread: u64,
        /// The last message.
        pub last: Option<MessageView>,
        /// The MLS epoch.
        pub epoch: u64,
        /// Short code of the epoch authenticator: everybody sees the same.
        pub code: String,
    }
}

view! {
    /// Kinds of conversation.
    pub enum ConversationKind {
        /// All members.
        Plenary,
    }
}

view! {
    /// A message.
    pub struct MessageView {
        /// Message id.
        pub id: String,
        /// Position in the conversation, ascending; the cursor of paging.
        pub position: u64,
        /// Seat of the sender.
        pub seat: u32,
        /// Name of the sender.
        pub name: String,
        /// Whether it is one's own.
        pub own: bool,
        /// What it is.
        pub content: MessageContent,
        /// When the relay took it, or when it was written if it has not.
        pub time: u64,
        /// Where it is.
        pub state: MessageState,
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MessageContent {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A change of the roster, set by the journal.
    Roster {
        /// Seats that came in.
        added: Vec<u32>,
        /// Seats that are out.
        removed: Vec<u32>,
    },
    /// Something that a newer version understands.
    NeedsNewerVersion,
}

view! {
    /// Where one's own message is.
    pub enum MessageState {
        /// In the outbox.
        Waiting,
        /// In the log.
        Sent,
        /// Read from the log.
        Received,
    }
}

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
        /// Not open.
        NotOpen,
    }
}

view! {
    /// Choices of for/against/abstain.
    pub enum Choice {
        /// For.
        For,
        /// Against.
        Against,
        /// Abstain.
        Abstain,
    }
}

view! {
    /// Outcome of a motion.
    pub struct ResultView {
        /// Whether it is adopted.
        pub adopted: bool,
        /// Votes for.
        pub votes_for: u32,
        /// Votes against.
        pub votes_against: u32,
        /// Abstentions.
        pub votes_abstain: u32,
        /// Ballots whose content is none of the choices.
        pub spoilt: u32,
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
