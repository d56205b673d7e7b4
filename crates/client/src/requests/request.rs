//! What a front end asks for.

use crate::views::{Carrier, Choice, QuestionView, ReceiptLevel, Role, RuleView, Ties, VoteKind};
use serde::{Deserialize, Serialize};

/// What a front end asks for. `{"request": "send", "conversation": "…", "text": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "request", deny_unknown_fields)]
pub enum Request {
    /// The first thing every screen needs. Answer: [`Answer::Overview`].
    Overview,
    /// Founds an assembly on a relay. Answer: [`Answer::Founded`].
    Found {
        /// Its name, 1 to 200 characters.
        name: String,
        /// Founding declaration, at most 20,000 characters.
        declaration: String,
        /// The relay's address line.
        relay: String,
        /// The founder's name as members see it.
        member_name: String,
        /// Numbers of the charter that differ from the defaults.
        #[serde(default)]
        charter: CharterChanges,
    },
    /// Makes an invitation for one person. Answer: [`Answer::Invitation`].
    Invite {
        /// Role offered.
        role: Role,
        /// For how long it can be used; 7 days if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        valid_ms: Option<u64>,
        /// A way to the relay to send along.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        carrier: Option<Carrier>,
    },
    /// Reads an invitation without using it. Answer: [`Answer::InvitationRead`].
    ReadInvitation {
        /// The link.
        link: String,
    },
    /// Asks to be let in by an invitation. Answer: [`Answer::Done`]; progress shows in the overview.
    Join {
        /// The link.
        link: String,
        /// One's own name as members will see it.
        member_name: String,
    },
    /// Admissions that wait for something. Answer: [`Answer::Admissions`].
    Admissions,
    /// Endorses an admission (or proposes a join request from one's own inbox). Answer: [`Answer::Done`].
    Endorse {
        /// The admission.
        admission: String,
    },
    /// Objects to an admission. Answer: [`Answer::Done`].
    Object {
        /// The admission.
        admission: String,
    },
    /// All members. Answer: [`Answer::Members`].
    Members,
    /// The safety number with a member: whoever reads the same one knows that no other keys stand between the two. Answer:
    /// [`Answer::SafetyNumber`].
    SafetyNumber {
        /// The member's seat.
        seat: u32,
    },
    /// Notes that the safety number with a member has been compared and is the same, or takes that back. Answer:
    /// [`Answer::Done`].
    MarkVerified {
        /// The member's seat.
        seat: u32,
        /// Whether it is the same.
        verified: bool,
    },
    /// Sets whether [`Event::Notice`] tells that something has happened. Answer: [`Answer::Done`].
    SetNotices {
        /// Whether it does.
        on: bool,
    },
    /// Reports a member as detained; in force when the charter's signers have joined. Answer: [`Answer::Done`].
    Detain {
        /// The seat.
        seat: u32,
    },
    /// Proposes that the plenary be founded anew, because nobody can follow it any more, or signs a proposal; deputies only. In
    /// force with as many signers as a detention takes. Whoever proposed it founds the group, so a proposal is signed by its
    /// name. Answer: [`Answer::Conversation`], the plenary that it means.
    Refound {
        /// The proposal to sign, as [`PlenaryView`](crate::views::PlenaryView) names it; a new one if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
    },
    /// Conversations. Answer: [`Answer::Conversations`].
    Conversations,
    /// The direct conversation with a member, begun if there is none. Answer: [`Answer::Conversation`].
    Direct {
        /// The member's seat.
        seat: u32,
    },
    /// Founds a working group; deputies only. Answer: [`Answer::Conversation`].
    FoundGroup {
        /// Its name, 1 to 200 characters.
        name: String,
        /// Seats of the members to bring in, at most 49; more can be brought in later.
        #[serde(default)]
        seats: Vec<u32>,
    },
    /// Brings members into a working group; deputies only. They come in as soon as their devices can be reached through the
    /// directory. Answer: [`Answer::Done`].
    Bring {
        /// The working group.
        conversation: String,
        /// The members' seats.
        seats: Vec<u32>,
    },
    /// Leaves a working group, or asks that somebody else leave it, which happens when more than half of the other deputies in
    /// it ask within 7 days. Answer: [`Answer::Done`].
    AskToLeave {
        /// The working group.
        conversation: String,
        /// Who is to leave: one's own seat, or another's.
        seat: u32,
    },
    /// How one has a conversation before oneself; what is absent stays as it is. Answer: [`Answer::Done`].
    Arrange {
        /// The conversation.
        conversation: String,
        /// Nothing is told when something is said in it.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        muted: Option<bool>,
        /// It is put away.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        archived: Option<bool>,
        /// It stands before the others.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pinned: Option<bool>,
        /// What the others are told of how far this device has come; nothing can be told in the plenary.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        receipts: Option<ReceiptLevel>,
    },
    /// Gives a working group another name; deputies only. Answer: [`Answer::Done`].
    Rename {
        /// The working group.
        conversation: String,
        /// Its name, 1 to 200 characters.
        name: String,
    },
    /// The devices of one's own seat. Answer: [`Answer::Devices`].
    Devices,
    /// Makes a link by which a further device of one's own comes in, within an hour; on the seat's first device only. A link
    /// made before is void. Answer: [`Answer::DeviceLink`].
    LinkDevice,
    /// Reads a device's link without using it. Answer: [`Answer::DeviceLinkRead`].
    ReadDeviceLink {
        /// The link.
        link: String,
    },
    /// Makes this vault that of a further device: it waits until the first device lets it in. Answer: [`Answer::Done`].
    JoinAsDevice {
        /// The first device's link.
        link: String,
        /// What one's own devices call it, 1 to 60 characters.
        device_name: String,
    },
    /// Gives up the link behind which this device waits: nothing that comes by it counts any more, and the vault takes another
    /// link or an invitation. Answer: [`Answer::Done`].
    GiveUpDeviceLink,
    /// Lets the device in that waits behind the link; once both devices show their code. Answer: [`Answer::Done`].
    AdmitDevice {
        /// The code that the waiting device shows.
        code: String,
        /// Whether it gets what was said so far; else it has what is said from now on.
        history: bool,
    },
    /// Makes the link void, and refuses the device that waits behind it. Answer: [`Answer::Done`].
    CancelDeviceLink,
    /// Revokes a further device: on the first one, or on the device itself. It follows nothing from then on. Answer:
    /// [`Answer::Done`].
    RevokeDevice {
        /// Its key.
        device: String,
    },
    /// Its user has seen that a device has come to their seat, and is told of it no longer on this device. Answer:
    /// [`Answer::Done`].
    AcknowledgeDevice {
        /// Its key, as the overview gives it.
        device: String,
    },
    /// Sends words. Answer: [`Answer::Sent`] when they are durable in the outbox.
    Send {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The words, at most 20,000 characters and 32,765 bytes. `*bold*`, `_italic_`, `~struck out~`, `` `code` ``, lines
        /// that begin with `> `, and `@{7}` for seat 7 are marks in them.
        text: String,
        /// The message that they answer.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        reply_to: Option<String>,
    },
    /// Sends a file, which is copied into the vault before the answer; its message follows when the relay has all of it.
    /// Answer: [`Answer::Sent`].
    Attach {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// Where the file is; at most 64 MiB. A picture (JPEG, PNG, WebP) has at most 50 megapixels and loses what cameras
        /// write into it; other files go as they are, with whatever they say of their author.
        path: String,
        /// Words that go with it; as in `send`, or none.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<String>"))]
        text: String,
        /// The message that it answers.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        reply_to: Option<String>,
    },
    /// Begins to fetch a message's file, or goes on. Answer: [`Answer::Done`]; progress comes as [`Event::Transfer`].
    Fetch {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The message.
        message: String,
    },
    /// Stops sending a file, and its message is never sent; or stops fetching it, and what is there is dropped.
    /// Answer: [`Answer::Done`].
    CancelTransfer {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The message.
        message: String,
    },
    /// Writes a file that is here to the disk. Answer: [`Answer::Exported`].
    SaveAttachment {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The message.
        message: String,
        /// Where to; must not exist.
        path: String,
    },
    /// A picture that is here, to be looked at. Answer: [`Answer::Picture`].
    Picture {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The message.
        message: String,
    },
    /// Changes the words of one's own message, 16 times at most and for 24 hours. Answer: [`Answer::Done`].
    Edit {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The message.
        message: String,
        /// Its words from now on.
        text: String,
    },
    /// Takes one's own message back from everybody; one that has not left yet never does. Answer: [`Answer::Done`].
    Delete {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The message.
        message: String,
    },
    /// Sets a reaction to a message, or takes it back. Answer: [`Answer::Done`].
    React {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The message.
        message: String,
        /// One character.
        emoji: String,
        /// Whether to take it back.
        #[serde(default)]
        take_back: bool,
    },
    /// Sets after which time messages disappear from now on; deputies only. Answer: [`Answer::Done`].
    SetTimer {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// After which, 10 seconds to 366 days; never if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        timer_ms: Option<u64>,
    },
    /// Keeps what is being written; empty words are no draft. Answer: [`Answer::Done`].
    SetDraft {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// The words.
        text: String,
        /// The message that they answer.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        reply_to: Option<String>,
    },
    /// Looks for messages that have words which begin with all of these. Answer: [`Answer::Found`].
    Search {
        /// 1 to 16 words.
        text: String,
        /// The conversation; all if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// At most so many; 50 if absent, 500 at most.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        limit: Option<u32>,
    },
    /// A page of messages, ascending. Answer: [`Answer::Messages`].
    Read {
        /// The conversation; the plenary if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        conversation: Option<String>,
        /// Only messages at positions below this one; the last ones if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        before: Option<u64>,
        /// At most so many; 50 if absent, 500 at most.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        limit: Option<u32>,
        /// Whether to count them as read.
        #[serde(default)]
        mark_read: bool,
    },
    /// Proposes a motion. Answer: [`Answer::Proposed`].
    Propose {
        /// Title, 1 to 200 characters.
        title: String,
        /// Text, at most 50,000 characters.
        text: String,
        /// Roll-call or secret.
        kind: VoteKind,
        /// What is asked; for, against or abstain if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<QuestionView>"))]
        question: QuestionView,
        /// Rule of decision; the charter's default if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        rule: Option<RuleView>,
        /// Notice before the opening; the charter's if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        notice_ms: Option<u64>,
        /// Voting time; the charter's least if absent.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(optional))]
        voting_ms: Option<u64>,
    },
    /// Seconds a motion. Answer: [`Answer::Done`].
    Second {
        /// The motion.
        motion: String,
    },
    /// Opens a motion whose notice is over (clients do it by themselves). Answer: [`Answer::Done`].
    Open {
        /// The motion.
        motion: String,
    },
    /// Withdraws one's own motion before it opens. Answer: [`Answer::Done`].
    Withdraw {
        /// The motion.
        motion: String,
    },
    /// All motions, newest first. Answer: [`Answer::Motions`].
    Motions,
    /// One motion. Answer: [`Answer::Motion`].
    Motion {
        /// The motion.
        motion: String,
    },
    /// Votes. In a secret vote the answer comes when the wish is durable; proof, wait and casting follow by themselves.
    /// Answer: [`Answer::Motion`] with one's own part in it.
    Vote {
        /// The motion.
        motion: String,
        /// The choice.
        choice: Choice,
    },
    /// One's own ballot, while it waits, for somebody else to carry. Answer: [`Answer::Ballot`].
    Ballot {
        /// The motion.
        motion: String,
    },
    /// Takes one's own secret vote back while its ballot is not made yet, and calls the proof off: one may vote anew. A
    /// ballot that is made cannot be taken back. Answer: [`Answer::Done`].
    Cancel {
        /// The motion.
        motion: String,
    },
    /// Posts somebody else's ballot through the journal. Answer: [`Answer::Done`].
    ForwardBallot {
        /// The motion.
        motion: String,
        /// The ballot, in hexadecimal.
        ballot: String,
    },
    /// Writes an audit file. Answer: [`Answer::Exported`].
    ExportAudit {
        /// Where to; must not exist.
        path: String,
        /// Whose eyes it is for.
        level: AuditLevel,
    },
    /// Sets the way to the relay; before there is an assembly, the way that the first one is founded or joined by.
    /// Answer: [`Answer::Done`].
    SetCarrier {
        /// The way.
        carrier: Carrier,
    },
}

/// Numbers of the charter that a founder may change; absent means the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "typescript", ts(optional_fields))]
pub struct CharterChanges {
    /// Endorsements for an admission after the founding.
    pub endorsements: Option<u32>,
    /// Founding ends when so many seats are taken.
    pub founding_seats: Option<u32>,
    /// Objection window of an admission.
    pub objection_ms: Option<u64>,
    /// Objectors that turn an admission into a motion.
    pub objectors: Option<u32>,
    /// Cooling-off before a new seat votes (not for founders).
    pub cooling_off_ms: Option<u64>,
    /// Signers of a detention.
    pub detain_signers: Option<u32>,
    /// Seconders of a motion.
    pub seconders: Option<u32>,
    /// Notice before the opening.
    pub notice_ms: Option<u64>,
    /// Least voting time.
    pub voting_least_ms: Option<u64>,
    /// Greatest voting time.
    pub voting_greatest_ms: Option<u64>,
    /// How long after the close the box may be sealed, before the motion is void.
    pub closing_ms: Option<u64>,
    /// Slot of ballot boxes.
    pub slot_ms: Option<u64>,
    /// How long a round of the trustees' key generation waits for a silent trustee.
    pub sealing_round_ms: Option<u64>,
    /// How often witnesses cosign.
    pub cosign_ms: Option<u64>,
    /// Least roll of a secret vote.
    pub roll_floor: Option<u32>,
    /// Least ballots of a secret vote.
    pub ballots_floor: Option<u32>,
    /// How many of the first deputies' seats are trustees.
    pub trustees: Option<u32>,
    /// Shares that open a vote; a third of the trustees (at least 3 of 5 or more, else 2) if absent.
    pub threshold: Option<u32>,
    /// What a tie for a seat does in a vote among options.
    pub ties: Option<Ties>,
}

/// Whose eyes an audit file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum AuditLevel {
    /// Names opened.
    Members,
    /// Seat numbers only.
    Public,
}
